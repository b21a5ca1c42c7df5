//! `headers`: which claims go to the upstream, under which names.

use portcullis_control::authentication::says_who_is_calling;
use portcullis_control::config::Node;
use portcullis_control::headers::{FieldName, has_own_meaning, same_name_for_a_backend};
use portcullis_control::template::{Scope, Template};

/// Reads `headers`; tokens are looked for in the headers `places`.
pub(super) fn read(node: &Node<'_>, places: &[FieldName]) -> Vec<(FieldName, Template)> {
    let mut headers: Vec<(FieldName, Template)> = Vec::new();
    for (name, value) in node.members().unwrap_or_default() {
        let Some(field) = FieldName::parse(name).filter(|field| !field.as_str().contains('*'))
        else {
            value.fault(format!("expected a header name, but found `{name}`"));
            continue;
        };
        if has_own_meaning(&field) {
            value
                .fault(format!("expected a header of your own, but `{field}` has its own meaning"));
            continue;
        }
        let bytes = field.as_str().as_bytes();
        // Also those of other controls: an upstream believes them, whichever of them stand on this route.
        if says_who_is_calling(&field) {
            value.fault(format!(
                "expected a header of your own, but `{field}` says who is calling: a claim in it could name another"
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
        match value.text().map(|text| Template::parse(text, Scope::CLAIMS)) {
            Some(Ok(template)) => headers.push((field, template)),
            Some(Err(fault)) => value.fault(format!("expected a template: {fault}")),
            None => {}
        }
    }
    headers
}
