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

/// The boundary of a content type that has exactly one (RFC 2046 §5.1.1), and one that every reader sees: some join
/// `boundary*0` and its like (RFC 2231), some know no backslash, and some end a boundary without quotes at a comma.
#[must_use]
pub fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    if content_type.contains(&b'\\') || has_extended(content_type, b"boundary") {
        return None;
    }
    let parameters = parameters(content_type)?;
    let parameter = only(&parameters, b"boundary")?;
    let boundary = parameter.value();
    let is_one = boundary.len() <= MAX_BOUNDARY
        && boundary.iter().all(|byte| is_of_boundary(*byte))
        && boundary.last().is_some_and(|byte| *byte != b' ')
        && (parameter.is_quoted() || !boundary.iter().any(|byte| matches!(byte, b',' | b' ')));
    is_one.then_some(boundary)
}

/// `bchars`.
fn is_of_boundary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

/// The type without its parameters (RFC 9110 §8.3.1), as it is written.
#[must_use]
pub fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// The value of a parameter that stands exactly once (RFC 9110 §5.6.6).
#[must_use]
pub fn parameter(field: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    only(&parameters(field)?, wanted).map(Parameter::value)
}

/// The same, if it is also without a backslash: some readers know none, and find another value or more parameters.
#[must_use]
pub fn plain_parameter(field: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let parameters = parameters(field)?;
    if parameters.iter().any(Parameter::hides_others) {
        return None;
    }
    only(&parameters, wanted).filter(|found| !found.raw.contains(&b'\\')).map(Parameter::value)
}

/// True if some parameter is an extended or continued spelling of this one (RFC 2231): `name*`, `name*0`, `name*0*`. It
/// is also true where parameters cannot be told apart.
#[must_use]
pub fn has_extended(field: &[u8], wanted: &[u8]) -> bool {
    let is_extended = |parameter: &Parameter<'_>| {
        let parts = parameter.name.split_at_checked(wanted.len());
        parts.is_some_and(|(name, behind)| {
            name.eq_ignore_ascii_case(wanted) && behind.starts_with(b"*")
        })
    };
    parameters(field).is_none_or(|parameters| parameters.iter().any(is_extended))
}

/// A parameter as it is written.
struct Parameter<'f> {
    name: &'f [u8],
    /// With its quotes.
    raw: &'f [u8],
}

impl Parameter<'_> {
    fn is_quoted(&self) -> bool {
        self.raw.starts_with(b"\"")
    }

    fn value(&self) -> Vec<u8> {
        let quoted = self.raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
        let Some(quoted) = quoted else { return self.raw.to_vec() };
        let mut value = Vec::with_capacity(quoted.len());
        let mut bytes = quoted.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                // Browsers write `%22` for a quote and a backslash as it is; what else it could mean is another's name.
                b'\\' => value.extend(bytes.next()),
                _ => value.push(*byte),
            }
        }
        value
    }

    /// True if a reader that knows no backslash ends this value early, and takes what follows for parameters.
    fn hides_others(&self) -> bool {
        let escaped = self.raw.windows(2).position(|pair| pair == b"\\\"");
        let behind = escaped.and_then(|place| self.raw.get(place..));
        behind.is_some_and(|behind| behind.contains(&b';'))
    }
}

/// The parameter that stands exactly once.
fn only<'p, 'f>(parameters: &'p [Parameter<'f>], wanted: &[u8]) -> Option<&'p Parameter<'f>> {
    let mut found =
        parameters.iter().filter(|parameter| parameter.name.eq_ignore_ascii_case(wanted));
    found.next().filter(|_| found.next().is_none())
}

/// All parameters of a field; none if they cannot be told apart.
fn parameters(field: &[u8]) -> Option<Vec<Parameter<'_>>> {
    let mut found = Vec::new();
    let mut rest = match field.iter().position(|byte| *byte == b';') {
        Some(place) => field.get(place..)?,
        None => return Some(found),
    };
    while let Some(text) = rest.strip_prefix(b";") {
        let text = text.trim_ascii_start();
        let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
        let (name, behind) = text.split_at_checked(end)?;
        let (raw, behind) = match behind.strip_prefix(b"=") {
            Some(behind) => value(behind.trim_ascii_start())?,
            None => (&[][..], behind),
        };
        found.push(Parameter { name: name.trim_ascii(), raw });
        rest = behind.trim_ascii_start();
    }
    rest.is_empty().then_some(found)
}

/// A token or a quoted text with its quotes, and what stands behind it.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end)?;
        return Some((value.trim_ascii(), behind));
    };
    let mut bytes = quoted.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            // Both quotes belong to it.
            b'"' => return text.split_at_checked(place.checked_add(2)?),
            b'\\' => drop(bytes.next()?),
            _ => {}
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
            ("multipart/form-data;x=\"a;b\";BOUNDARY = \"a b\" ; y", Some("a b")),
            ("multipart/form-data; boundary=\"'()+_,-./:=? 0Z\"", Some("'()+_,-./:=? 0Z")),
            ("multipart/form-data; boundary=----=_Part/1", Some("----=_Part/1")),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a", None),
            ("multipart/form-data; boundary=\"a\"b", None),
            ("multipart/form-data", None),
            // Readers differ on them.
            ("multipart/form-data; boundary*=utf-8''b", None),
            ("multipart/form-data; boundary*0=a; boundary*1=b", None),
            ("multipart/form-data; boundary=a; boundary*=utf-8''b", None),
            ("multipart/form-data; boundary=a; Boundary*0=b", None),
            ("multipart/form-data; boundary=a; boundary*=b; boundary*=c", None),
            ("multipart/form-data; boundary=a; boundaries=b", Some("a")),
            ("multipart/form-data; boundary=\"a\\b\"", None),
            ("multipart/form-data; boundary=a\\b", None),
            ("multipart/form-data; x=\"\\\"; boundary=a; y=\"; boundary=b", None),
            ("multipart/form-data; boundary=\"a;b\"", None),
            ("multipart/form-data; boundary=a\"b", None),
            ("multipart/form-data; boundary=a\u{e9}", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=a, text/plain", None),
            ("multipart/form-data; boundary=a,b", None),
            ("multipart/form-data; boundary=a b", None),
            ("multipart/form-data; boundary=\"", None),
            (&format!("multipart/mixed; boundary={longest}"), Some(&longest)),
            (&format!("multipart/mixed; boundary={longest}b"), None),
        ] {
            let found = boundary(field.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{field}");
        }
    }

    #[test]
    fn a_parameter_stands_exactly_once_and_may_be_quoted() {
        for (field, expected, plain) in [
            ("x; n=a", Some("a"), Some("a")),
            ("x; N = a ; m", Some("a"), Some("a")),
            ("x;n=\"a;b\"", Some("a;b"), Some("a;b")),
            ("x;n=\"a\\\"b\"", Some("a\"b"), None),
            ("x;n=\"a\\\\\"", Some("a\\"), None),
            ("x;n=a\\b", Some("a\\b"), None),
            ("x;n=a; m=\"b\\\"c\"", Some("a"), Some("a")),
            ("x;n=a; m=\"\\\"; n=b; o=\"", Some("a"), None),
            ("x;n", Some(""), Some("")),
            ("x;n=\"\"", Some(""), Some("")),
            ("x;n=a;n=a", None, None),
            ("x;n=\"a", None, None),
            ("x;n=\"a\\\"", None, None),
            ("x;n=\"a\"b", None, None),
            ("x;n=a;m=\"b\"c", None, None),
            ("x n=a", None, None),
        ] {
            let text =
                |value: Option<Vec<u8>>| value.map(|value| String::from_utf8(value).unwrap());
            let found = text(parameter(field.as_bytes(), b"n"));
            assert_eq!(found.as_deref(), expected, "{field}");
            let found = text(plain_parameter(field.as_bytes(), b"n"));
            assert_eq!(found.as_deref(), plain, "{field}, plain");
        }
    }

    #[test]
    fn extended_spellings_are_found_however_often_they_stand() {
        for (field, expected) in [
            ("x; n=a", false),
            ("x; na*=a; m*=b; y=\"; n*=c\"", false),
            ("x; n*=a", true),
            ("x; n=a; n*=b; n*=c", true),
            ("x; N*0=a", true),
            ("x; n*1*=a", true),
            ("x; n*", true),
            ("x; m=\"", true),
        ] {
            assert_eq!(has_extended(field.as_bytes(), b"n"), expected, "{field}");
        }
    }
}
