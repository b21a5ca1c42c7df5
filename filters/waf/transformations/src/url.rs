//! `urlDecode`, `urlDecodeUni` and `urlEncode`.

use std::borrow::Cow;

use crate::hex;
use crate::rewrite::{changed, rewrite};

/// `urlDecode`: `%hh` and `+`; what is no escape stays.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, [b'%', b'+'], plain)
}

/// `urlDecodeUni`: as `urlDecode`, and `%uhhhh`.
pub(crate) fn decode_with_unicode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, [b'%', b'+'], |rest, out| match rest {
        [b'%', b'u' | b'U', digits @ ..] => match hex::unit(digits) {
            Some(byte) => {
                out.push(byte);
                6
            }
            None => 0,
        },
        _ => plain(rest, out),
    })
}

fn plain(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let (byte, taken) = match rest {
        [b'+', ..] => (Some(b' '), 1),
        [_, digits @ ..] => (hex::pair(digits), 3),
        [] => (None, 0),
    };
    out.extend(byte);
    if byte.is_some() { taken } else { 0 }
}

/// `urlEncode`, with lower-case digits; letters, digits and `*` stay.
pub(crate) fn encode(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().all(|byte| is_plain(*byte)) {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b' ' => out.push(b'+'),
            byte if is_plain(*byte) => out.push(*byte),
            byte => {
                out.push(b'%');
                out.extend(hex::digits(*byte));
            }
        }
    }
    changed(value, out)
}

/// What `urlEncode` leaves alone.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'*'
}
