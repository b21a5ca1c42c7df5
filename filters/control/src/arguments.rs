//! Arguments as HTML forms and queries write them (`a=1&b=2`): read without loss, and taken out byte for byte.

use crate::exchange::Exchange;
use crate::headers::{Edit, FieldName, FieldValue};

/// The arguments in order: name and value, percent-decoded and with `+` as space; the value is `None` for `name`
/// without `=`. Empty pairs are none.
pub fn arguments(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        (decode_form(parts.next().unwrap_or_default()), parts.next().map(decode_form))
    })
}

/// What is left without the arguments of these names, every other byte in its place; `None` if none of them is there.
pub fn without(text: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let ours = |pair: &&[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        !pair.is_empty() && is_ours(&decode_form(name))
    };
    let pairs = || text.split(|byte| *byte == b'&');
    pairs()
        .any(|pair| ours(&pair))
        .then(|| pairs().filter(|pair| !ours(pair)).collect::<Vec<_>>().join(&b'&'))
}

/// The change that takes arguments out of the query; `None` if none of them is there. It is made of the path as it is
/// now: an earlier control may have taken out its own.
pub fn hide_from_query(exchange: &Exchange, is_ours: impl Fn(&[u8]) -> bool) -> Option<Edit> {
    let path = exchange.request_headers().first(":path")?;
    let place = path.iter().position(|byte| *byte == b'?')?;
    let (before, query) = path.split_at_checked(place)?;
    let query = query.get(1..)?;
    let rest = without(query, is_ours)?;
    // An empty argument that was there stays, and so does its question mark.
    let nothing_else = rest.is_empty() && !query.split(|byte| *byte == b'&').any(<[u8]>::is_empty);
    let separator: &[u8] = if nothing_else { b"" } else { b"?" };
    let changed = [before, separator, &rest].concat();
    Some(Edit::Set(FieldName::from_static(":path"), FieldValue::new(changed)?))
}

/// Decodes `%XX` and `+` as HTML forms do; a broken escape stays as it is.
#[must_use]
pub fn decode_form(text: &[u8]) -> Vec<u8> {
    decoded_form(text).collect()
}

/// As [`decode_form`], byte by byte, for who only compares.
pub fn decoded_form(text: &[u8]) -> impl Iterator<Item = u8> {
    decoded(text).map(|(byte, escaped)| if byte == b'+' && !escaped { b' ' } else { byte })
}

/// Decodes `%XX` as paths do; a broken escape stays as it is.
#[must_use]
pub fn decode_percent(text: &[u8]) -> Vec<u8> {
    decoded(text).map(|(byte, _)| byte).collect()
}

/// Each byte, and whether it was written as an escape.
fn decoded(mut rest: &[u8]) -> impl Iterator<Item = (u8, bool)> {
    std::iter::from_fn(move || {
        let (byte, tail) = rest.split_first()?;
        let value = if *byte == b'%' { hex_byte(tail) } else { None };
        rest = if value.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        Some((value.unwrap_or(*byte), value.is_some()))
    })
}

/// The byte that the two hexadecimal digits at the start stand for.
#[must_use]
pub fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (high, low) = (digits.first().and_then(digit)?, digits.get(1).and_then(digit)?);
    Some(high << 4 | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_out_keeps_every_byte_and_its_place() {
        for (text, rest) in [
            ("key=1", Some("")),
            ("a=1&key=2&b=%zz", Some("a=1&b=%zz")),
            ("&&a=%41+&key&=x&k%65y=3&", Some("&&a=%41+&=x&")),
            ("key=1&key=1", Some("")),
            ("keys=1&ke%zzy=2&KEY=3", None),
            ("a=key", None),
            ("a;key=1", None),
            ("", None),
            ("&", None),
        ] {
            let found = without(text.as_bytes(), |name| name == b"key");
            assert_eq!(found.as_deref(), rest.map(str::as_bytes), "{text}");
        }
    }
}
