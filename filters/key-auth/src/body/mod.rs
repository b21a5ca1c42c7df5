//! Keys in bodies: found in forms, multipart forms and JSON, and cut out so that every other byte stays.
//!
//! What is not what its content type says holds no key: it neither lets anybody in nor is it changed.

mod json;
mod multipart;

use portcullis_control::arguments::{arguments, without};
use portcullis_control::headers::HeaderMap;
use portcullis_control::media_type::boundary;

/// How a body may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` with its boundary.
    Multipart(Vec<u8>),
    /// `application/json` and `application/…+json`.
    Json,
}

/// What a body holds under the names of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The values; one that is no text is left out.
    pub keys: Vec<Vec<u8>>,
    /// The body without them; `None` if there is none.
    pub rest: Option<Vec<u8>>,
}

impl Format {
    /// The format that the headers announce; none for a compressed body, or where there are two content types, as the
    /// upstream may believe either.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let plain = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"identity");
        if !headers.all("content-encoding").all(plain) {
            return None;
        }
        let content_type = headers.only("content-type")?;
        let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
        match media_type.trim_ascii().to_ascii_lowercase().as_slice() {
            b"application/x-www-form-urlencoded" => Some(Format::Form),
            b"multipart/form-data" => boundary(content_type).map(Format::Multipart),
            b"application/json" => Some(Format::Json),
            other => {
                let structured = other.starts_with(b"application/") && other.ends_with(b"+json");
                structured.then_some(Format::Json)
            }
        }
    }

    /// What this body holds under names of ours.
    #[must_use]
    pub fn find(&self, body: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
        match self {
            Format::Form => {
                let ours = arguments(body).filter(|(name, _)| is_ours(name));
                let keys = ours.filter_map(|(_, value)| value).collect();
                Found { keys, rest: without(body, &is_ours) }
            }
            Format::Multipart(boundary) => multipart::find(body, boundary, is_ours),
            Format::Json => json::find(body, is_ours),
        }
    }
}

/// What stays of `body` without `cuts`, which are in order and apart.
fn cut(body: &[u8], cuts: &[std::ops::Range<usize>]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(body.len());
    let mut from = 0;
    for range in cuts {
        rest.extend_from_slice(body.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    rest.extend_from_slice(body.get(from..).unwrap_or_default());
    rest
}

/// Whatever the body: what is left holds no key any more, and nothing that was not there before.
#[doc(hidden)]
pub fn fuzz_body(data: &[u8]) {
    let is_ours = |name: &[u8]| name == b"apikey";
    for format in [Format::Form, Format::Multipart(b"b".to_vec()), Format::Json] {
        let found = format.find(data, is_ours);
        assert!(found.rest.is_some() || found.keys.is_empty(), "a key that cannot be hidden");
        let Some(rest) = found.rest else { continue };
        assert!(rest.len() < data.len(), "hiding made it longer");
        assert_eq!(format.find(&rest, is_ours), Found::default(), "a key was left");
        let mut bytes = data.iter();
        assert!(rest.iter().all(|byte| bytes.any(|other| other == byte)), "not what it was");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(fields: &[(&str, &str)]) -> Option<Format> {
        let mut headers = HeaderMap::default();
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        Format::of(&headers)
    }

    #[test]
    fn the_content_type_says_how_a_body_is_read() {
        let boundary = |text: &str| Some(Format::Multipart(text.as_bytes().to_vec()));
        for (content_type, expected) in [
            ("application/x-www-form-urlencoded", Some(Format::Form)),
            ("Application/X-WWW-Form-URLencoded; charset=utf-8", Some(Format::Form)),
            ("application/json", Some(Format::Json)),
            (" application/JSON ;charset=utf-8", Some(Format::Json)),
            ("application/merge-patch+json", Some(Format::Json)),
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
        assert_eq!(format(&[json, ("content-encoding", "identity")]), Some(Format::Json));
        assert_eq!(format(&[json, ("content-encoding", "gzip")]), None);
        assert_eq!(format(&[json, json]), None);
        assert_eq!(format(&[]), None);
    }

    #[test]
    fn a_form_keeps_every_other_byte() {
        let find = |text: &str| Format::Form.find(text.as_bytes(), |name| name == b"apikey");
        let found = find("a=%zz&api%6Bey=x+y&&b=1+1&apikey=x%20y&apikey&c");
        assert_eq!(found.keys, [b"x y", b"x y"]);
        assert_eq!(found.rest.as_deref(), Some(&b"a=%zz&&b=1+1&c"[..]));
        assert_eq!(find("a=apikey"), Found::default());
    }

    #[test]
    fn hiding_holds_on_odd_input() {
        for data in [
            &br#"{"apikey":"a","b":[{"apikey":1}],"apikey":"c"}"#[..],
            br#" { "b" : 1 , "apikey" : {} } "#,
            b"--b\r\ncontent-disposition: form-data; name=apikey\r\n\r\nx\r\n--b--",
            b"--b\r\n--b\r\n\r\n--b--\r\n--b--",
            b"apikey=&apikey",
            b"{\"apikey\":\"\xff\"}",
            b"",
        ] {
            fuzz_body(data);
        }
    }
}
