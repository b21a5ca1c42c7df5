//! `headers`: which claims go to the upstream, under which names.

use portcullis_control::config::Node;
use portcullis_control::headers::FieldName;

use crate::template::Template;

/// Names that a claim must not be put under: they steer the connection, the message or the next authentication
/// (RFC 9110 §7.6.1). Pseudo-headers are no field names at all.
const FORBIDDEN: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
];

pub(super) fn read(node: &Node<'_>) -> Vec<(FieldName, Template)> {
    let mut headers: Vec<(FieldName, Template)> = Vec::new();
    for (name, value) in node.members().unwrap_or_default() {
        let Some(field) = FieldName::parse(name).filter(|field| !field.as_str().contains('*'))
        else {
            value.fault(format!("expected a header name, but found `{name}`"));
            continue;
        };
        if FORBIDDEN.contains(&field.as_str()) || field.as_str().starts_with("x-envoy-") {
            value.fault(format!(
                "expected a header of your own, but `{field}` steers the connection or the message"
            ));
            continue;
        }
        if headers.iter().any(|(other, _)| *other == field) {
            value.fault(format!("expected each header once, but `{field}` stands twice"));
            continue;
        }
        match value.text().map(Template::parse) {
            Some(Ok(template)) => headers.push((field, template)),
            Some(Err(fault)) => value.fault(format!("expected a template: {fault}")),
            None => {}
        }
    }
    headers
}
