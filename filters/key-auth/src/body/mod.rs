//! Keys in bodies: found in forms, multipart forms and JSON, and cut out so that every other byte stays.
//!
//! What is not what its content type says holds no key: it neither lets anybody in nor is it changed.

mod json;
mod multipart;

use portcullis_control::arguments::{arguments, without};
use portcullis_control::media_type::BodyFormat;

/// What a body holds under the names of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The values; one that is no text is left out.
    pub keys: Vec<Vec<u8>>,
    /// The body without them; `None` if there is none.
    pub rest: Option<Vec<u8>>,
}

/// What this body holds under names of ours.
#[must_use]
pub fn find(format: &BodyFormat, body: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
    match format {
        BodyFormat::Form => {
            let ours = arguments(body).filter(|(name, _)| is_ours(name));
            let keys = ours.filter_map(|(_, value)| value).collect();
            Found { keys, rest: without(body, &is_ours) }
        }
        BodyFormat::Multipart(boundary) => multipart::find(body, boundary, is_ours),
        BodyFormat::Json => json::find(body, is_ours),
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
    for format in [BodyFormat::Form, BodyFormat::Multipart(b"b".to_vec()), BodyFormat::Json] {
        let found = find(&format, data, is_ours);
        assert!(found.rest.is_some() || found.keys.is_empty(), "a key that cannot be hidden");
        let Some(rest) = found.rest else { continue };
        assert!(rest.len() < data.len(), "hiding made it longer");
        assert_eq!(find(&format, &rest, is_ours), Found::default(), "a key was left");
        let mut bytes = data.iter();
        assert!(rest.iter().all(|byte| bytes.any(|other| other == byte)), "not what it was");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_other_byte() {
        let find = |text: &str| find(&BodyFormat::Form, text.as_bytes(), |name| name == b"apikey");
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
