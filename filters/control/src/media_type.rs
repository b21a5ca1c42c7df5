//! `Content-Type`: how a body may be read, and parameters of it and of fields that are written like it.

use crate::headers::HeaderMap;

/// Bytes of a boundary, at most (RFC 2046 §5.1.1).
pub const MAX_BOUNDARY: usize = 70;

/// How a body may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` with its boundary.
    Multipart(Vec<u8>),
    /// `application/json` and `application/…+json`.
    Json,
}

impl BodyFormat {
    /// The format that the headers announce; none for a compressed body, or where there are two content types, as the
    /// upstream may believe either.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if is_encoded(headers) {
            return None;
        }
        let content_type = headers.only("content-type")?;
        match essence(content_type).to_ascii_lowercase().as_slice() {
            b"application/x-www-form-urlencoded" => Some(BodyFormat::Form),
            b"multipart/form-data" => boundary(content_type).map(BodyFormat::Multipart),
            other => is_json(other).then_some(BodyFormat::Json),
        }
    }
}

/// True if one of the content types that the headers announce, alone or in a list, is JSON: a client may believe any of
/// them. Whether the body is encoded is another question.
#[must_use]
pub fn announces_json(headers: &HeaderMap) -> bool {
    let fields = headers.all("content-type");
    let mut types = fields.flat_map(|field| field.split(|byte| *byte == b','));
    types.any(|field| is_json(&essence(field).to_ascii_lowercase()))
}

/// `application/json` and `application/…+json` (RFC 6839 §3.1), in lower case and without parameters.
#[must_use]
pub fn is_json(essence: &[u8]) -> bool {
    essence == b"application/json"
        || essence.starts_with(b"application/") && essence.ends_with(b"+json")
}

/// True if a body is compressed, or in any other way not what its type says (RFC 9110 §8.4).
#[must_use]
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let plain = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"identity");
    !headers.all("content-encoding").all(plain)
}

/// The boundary of a content type that has exactly one (RFC 2046 §5.1.1).
#[must_use]
pub fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    let boundary = parameter(content_type, b"boundary")?;
    (!boundary.is_empty() && boundary.len() <= MAX_BOUNDARY).then_some(boundary)
}

/// The type without its parameters (RFC 9110 §8.3.1), as it is written.
#[must_use]
pub fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// The value of a parameter that stands exactly once (RFC 9110 §5.6.6).
#[must_use]
pub fn parameter(field: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut found = None;
    let mut rest = field.iter().position(|byte| *byte == b';').and_then(|place| field.get(place..));
    while let Some(text) = rest.and_then(|rest| rest.strip_prefix(b";")) {
        let text = text.trim_ascii_start();
        let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
        let (name, behind) = text.split_at_checked(end)?;
        let (value, behind) = match behind.strip_prefix(b"=") {
            Some(behind) => value(behind.trim_ascii_start())?,
            None => (Vec::new(), behind),
        };
        if name.trim_ascii().eq_ignore_ascii_case(wanted) && found.replace(value).is_some() {
            return None;
        }
        rest = Some(behind.trim_ascii_start());
    }
    found.filter(|_| rest.is_none_or(<[u8]>::is_empty))
}

/// A token or a quoted text, and what stands behind it.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end)?;
        return Some((value.trim_ascii().to_vec(), behind));
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, quoted.get(place.saturating_add(1)..)?)),
            // Browsers write `%22` for a quote and a backslash as it is; what else it could mean is another's name.
            b'\\' => value.push(*bytes.next()?.1),
            _ => value.push(*byte),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(fields: &[(&str, &str)]) -> Option<BodyFormat> {
        let mut headers = HeaderMap::default();
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        BodyFormat::of(&headers)
    }

    #[test]
    fn the_content_type_says_how_a_body_is_read() {
        let boundary = |text: &str| Some(BodyFormat::Multipart(text.as_bytes().to_vec()));
        for (content_type, expected) in [
            ("application/x-www-form-urlencoded", Some(BodyFormat::Form)),
            ("Application/X-WWW-Form-URLencoded; charset=utf-8", Some(BodyFormat::Form)),
            ("application/json", Some(BodyFormat::Json)),
            (" application/JSON ;charset=utf-8", Some(BodyFormat::Json)),
            ("application/merge-patch+json", Some(BodyFormat::Json)),
            ("application/jsonp", None),
            ("text/json", None),
            ("text/plain", None),
            ("", None),
            ("multipart/form-data; boundary=x", boundary("x")),
            ("multipart/form-data; charset=utf-8; BOUNDARY=\"a b\"", boundary("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/mixed; boundary=x", None),
        ] {
            assert_eq!(format(&[("content-type", content_type)]), expected, "{content_type}");
        }
        let json = ("content-type", "application/json");
        assert_eq!(format(&[json, ("content-encoding", "identity")]), Some(BodyFormat::Json));
        assert_eq!(format(&[json, ("content-encoding", "gzip")]), None);
        assert_eq!(format(&[json, json]), None);
        assert_eq!(format(&[]), None);
    }

    #[test]
    fn a_boundary_stands_exactly_once_and_is_not_too_long() {
        let longest = "b".repeat(MAX_BOUNDARY);
        for (field, expected) in [
            ("multipart/form-data; boundary=b", Some("b")),
            ("multipart/form-data;x=1;BOUNDARY = \"a;\\\"b\" ; y", Some("a;\"b")),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a", None),
            ("multipart/form-data; boundary=\"a\"b", None),
            ("multipart/form-data", None),
            (&format!("multipart/mixed; boundary={longest}"), Some(&longest)),
            (&format!("multipart/mixed; boundary={longest}b"), None),
        ] {
            let found = boundary(field.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{field}");
        }
    }
}
