//! `base64Encode`, and the two decoders: both take what no strict one would, so they are our own.

use std::borrow::Cow;

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

use crate::rewrite::changed;

/// `base64Encode`.
pub(crate) fn encode(value: &[u8]) -> Cow<'_, [u8]> {
    changed(value, STANDARD.encode(value).into_bytes())
}

/// `base64Decode`: up to the first byte that is none of the alphabet; line ends do not count.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    let sextets =
        value.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).map_while(|byte| sextet(*byte));
    changed(value, joined(sextets, value.len()))
}

/// `base64DecodeExt`: whatever is none of the alphabet is passed over; a space is a `+` that was decoded once too often.
pub(crate) fn decode_leniently(value: &[u8]) -> Cow<'_, [u8]> {
    let sextets = value.iter().filter_map(|byte| match byte {
        b' ' => sextet(b'+'),
        byte => sextet(*byte),
    });
    changed(value, joined(sextets, value.len()))
}

const fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The bytes of which these are the sixths of three; bits that make no whole byte are dropped.
fn joined(sextets: impl Iterator<Item = u8>, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u16, 0_u32);
    for sextet in sextets {
        bits = bits << 6 | u16::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [_, byte] = (bits >> count).to_be_bytes();
            out.push(byte);
        }
    }
    out
}
