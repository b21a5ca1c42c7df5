//! `utf8toUnicode`: characters beyond ASCII as `%uhhhh`.

use std::borrow::Cow;

use crate::hex;
use crate::rewrite::changed;

/// Writes each sequence of UTF-8 as `%u` and four lower-case digits, five beyond the basic plane. Overlong forms and
/// surrogates count as what they say, since a lenient decoder behind us reads them so; all else stays.
pub(crate) fn escape(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = value.iter().position(|byte| !byte.is_ascii()) else {
        return Cow::Borrowed(value);
    };
    let (plain, mut rest) = value.split_at_checked(first).unwrap_or_default();
    let mut out = plain.to_vec();
    while let Some((byte, behind)) = rest.split_first() {
        match character(rest) {
            Some((code, length)) => {
                out.extend(*b"%u");
                let [_, plane, high, low] = code.to_be_bytes();
                if plane > 0 {
                    // The planes that UTF-8 can name here are 1 to 16; the last needs a sixth digit.
                    let [tens, ones] = hex::digits(plane);
                    out.extend((tens != b'0').then_some(tens));
                    out.push(ones);
                }
                out.extend(hex::digits(high));
                out.extend(hex::digits(low));
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    changed(value, out)
}

/// The code of the sequence at the start, and its length.
fn character(text: &[u8]) -> Option<(u32, usize)> {
    let lead = *text.first()?;
    let (bits, length) = match lead {
        0xc0..=0xdf => (lead & 0x1f, 2),
        0xe0..=0xef => (lead & 0x0f, 3),
        0xf0..=0xf4 => (lead & 0x07, 4),
        _ => return None,
    };
    let mut code = u32::from(bits);
    for byte in text.get(1..length)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    (code <= u32::from(char::MAX)).then_some((code, length))
}
