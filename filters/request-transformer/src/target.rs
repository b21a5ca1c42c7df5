//! The request target that a request gets: another path, other arguments.

use portcullis_control::config::Node;
use portcullis_control::path::Path;
use portcullis_control::template::{Rendered, Scope, Target, Template, Values};

use crate::arguments;
use crate::fields::{FieldOperations, FieldValues, TooManyFields};

/// Reads `replace.uri`: a path in the one form that all servers read alike, with places in its segments.
pub(crate) fn read_uri(node: &Node<'_>, captures: &[String]) -> Option<Template> {
    let text = node.text()?;
    let scope = Scope { target: Target::Segment, captures, claims_alone: false };
    let template = match Template::parse(text, scope) {
        Ok(template) => template,
        Err(fault) => {
            node.fault(format!("expected a template: {fault}"));
            return None;
        }
    };
    let sample = template.sample();
    let plain = sample.iter().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(byte));
    if sample.first() != Some(&b'/') || !plain || !is_one_path(&sample) {
        node.fault(
            "expected a normalised path that starts with /, without ? and #, such as /users/$(jwt.sub); the query of \
             the request stays",
        );
        return None;
    }
    Some(template)
}

/// The path of a template; `None` if a value is missing or would make another path of it.
pub(crate) fn path_of(template: &Template, values: &Values<'_>) -> Option<Vec<u8>> {
    let Rendered { value, .. } = template.render(values);
    value.filter(|path| has_plain_segments(path) && !has_nul(path))
}

/// Some servers end a path there. As no client may send one (`ambiguous_path`), no value may bring one.
fn has_nul(path: &[u8]) -> bool {
    path.windows(3).any(|text| text == b"%00")
}

/// Normalised, and nothing in it that servers read differently.
fn is_one_path(path: &[u8]) -> bool {
    let parsed = Path::parse(path);
    has_plain_segments(path) && parsed.normalised() == path && !parsed.is_ambiguous()
}

/// No segment of dots, and no empty one but the last.
fn has_plain_segments(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let dots = matches!(segment, b"." | b"..");
        if dots || (segment.is_empty() && segments.peek().is_some()) {
            return false;
        }
    }
    path.first() == Some(&b'/')
}

/// The target with another path, other arguments or both; `None` if it is as it was.
pub(crate) fn changed(
    target: &[u8],
    path: Option<&[u8]>,
    query: (&FieldOperations, &FieldValues),
) -> Result<Option<Vec<u8>>, TooManyFields> {
    let mark = target.iter().position(|byte| *byte == b'?');
    let (before, rest) = target.split_at_checked(mark.unwrap_or(target.len())).unwrap_or_default();
    let arguments = arguments::apply(query.0, query.1, rest.get(1..).unwrap_or_default())?;
    if path.is_none() && arguments.is_none() {
        return Ok(None);
    }
    let path = path.unwrap_or(before);
    Ok(Some(match arguments {
        Some(arguments) if arguments.is_empty() => path.to_vec(),
        Some(arguments) => [path, b"?", &arguments].concat(),
        None => [path, rest].concat(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_is_made_of_dots() {
        for (path, plain) in [
            ("/", true),
            ("/a/b", true),
            ("/a/", true),
            ("/a/..%2Fb", true),
            ("/a/...", true),
            ("/a/..", false),
            ("/a/../b", false),
            ("/./b", false),
            ("/a//b", false),
            ("//a", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(has_plain_segments(path.as_bytes()), plain, "{path}");
        }
    }

    #[test]
    fn a_value_brings_no_nul_into_a_path() {
        for (value, path) in [
            ("a", Some("/u/a")),
            ("%00", Some("/u/%2500")),
            ("\u{0}", None),
            ("..\u{0}", None),
            ("a\u{0}b", None),
        ] {
            let claims = serde_json::json!({"v": value});
            let scope = Scope { target: Target::Segment, captures: &[], claims_alone: false };
            let template = Template::parse("/u/$(jwt.v)", scope).unwrap();
            let found = path_of(&template, &Values::of_claims(claims.as_object().unwrap()));
            let found = found.map(|path| String::from_utf8(path).unwrap());
            assert_eq!(found.as_deref(), path, "{value:?}");
        }
    }

    #[test]
    fn path_and_query_are_changed_apart() {
        let remove = FieldOperations { remove: vec!["k".into()], ..FieldOperations::default() };
        let none = FieldOperations::default();
        let values = FieldValues::default();
        for (target, path, operations, expected) in [
            ("/a?k=1&b=%zz", None, &remove, Some("/a?b=%zz")),
            ("/a?k=1", None, &remove, Some("/a")),
            ("/a?b=1", None, &remove, None),
            ("/a", None, &remove, None),
            ("/a?k=1&?x", Some("/b"), &none, Some("/b?k=1&?x")),
            ("/a?k=1", Some("/b"), &remove, Some("/b")),
            ("/a?", Some("/b"), &remove, Some("/b?")),
            ("/a", Some("/b"), &none, Some("/b")),
        ] {
            let found =
                changed(target.as_bytes(), path.map(str::as_bytes), (operations, &values)).unwrap();
            let found = found.map(|found| String::from_utf8(found).unwrap());
            assert_eq!(found.as_deref(), expected, "{target}");
        }
    }
}
