//! `headers`: which claims go to the upstream, under which names.

use portcullis_control::authentication::IDENTITY_FAMILY;
use portcullis_control::config::Node;
use portcullis_control::headers::{FieldName, covers, same_name_for_a_backend};

use crate::template::Template;

/// Names that a claim must not be put under: they steer the connection, the message, the next authentication
/// (RFC 9110 §7.6.1), or say where a request comes from. Pseudo-headers are no field names at all.
const FORBIDDEN: [&str; 17] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
];
/// The same for all names that begin so.
const FORBIDDEN_PREFIXES: [&str; 2] = ["x-envoy-", "x-forwarded-"];

/// Reads `headers`; tokens are looked for in the headers `places`.
pub(super) fn read(node: &Node<'_>, places: &[FieldName]) -> Vec<(FieldName, Template)> {
    let mut headers: Vec<(FieldName, Template)> = Vec::new();
    for (name, value) in node.members().unwrap_or_default() {
        let Some(field) = FieldName::parse(name).filter(|field| !field.as_str().contains('*'))
        else {
            value.fault(format!("expected a header name, but found `{name}`"));
            continue;
        };
        let text = field.as_str();
        if FORBIDDEN.contains(&text) || FORBIDDEN_PREFIXES.iter().any(|own| text.starts_with(own)) {
            value
                .fault(format!("expected a header of your own, but `{field}` has its own meaning"));
            continue;
        }
        let bytes = text.as_bytes();
        if IDENTITY_FAMILY.iter().any(|own| covers(own, bytes)) {
            value.fault(format!(
                "expected a header of your own, but `{field}` names the consumer: a claim in it could name another"
            ));
            continue;
        }
        let same = |other: &FieldName| same_name_for_a_backend(other.as_str().as_bytes(), bytes);
        if places.iter().any(same) {
            value.fault(format!(
                "expected a header of your own, but tokens are looked for in `{field}`, and a client's would be removed"
            ));
            continue;
        }
        if let Some((other, _)) = headers.iter().find(|(other, _)| same(other)) {
            value.fault(format!(
                "expected each header once, but `{other}` and `{field}` are one to an upstream"
            ));
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
