//! Hexadecimal: the digits that all decoders share, `hexEncode`, `hexDecode` and `sqlHexDecode`.

use std::borrow::Cow;

use crate::rewrite::{changed, rewrite};

/// What a hexadecimal digit stands for.
pub(crate) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that two hexadecimal digits at the start stand for.
pub(crate) fn pair(digits: &[u8]) -> Option<u8> {
    let (high, rest) = digits.split_first()?;
    Some(digit(*high)? << 4 | digit(*rest.first()?)?)
}

/// The byte that four digits of a UTF-16 unit stand for: ASCII for its full-width form (U+FF01 to U+FF5E), else the low one.
pub(crate) fn unit(digits: &[u8]) -> Option<u8> {
    let (high, low) = (pair(digits)?, pair(digits.get(2..)?)?);
    Some(narrow(high, low))
}

/// ASCII for a full-width form, else the low byte.
pub(crate) const fn narrow(high: u8, low: u8) -> u8 {
    if high == 0xff && low >= 0x01 && low <= 0x5e { low + 0x20 } else { low }
}

/// A byte's two digits, in lower case.
pub(crate) const fn digits(byte: u8) -> [u8; 2] {
    [lower_digit(byte >> 4), lower_digit(byte & 15)]
}

const fn lower_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

/// `hexEncode`.
pub(crate) fn encode(value: &[u8]) -> Cow<'_, [u8]> {
    changed(value, value.iter().flat_map(|byte| digits(*byte)).collect())
}

/// `hexDecode`. As in ModSecurity, what is no digit counts as one by its place in the alphabet, and an odd one at the end
/// is dropped: garbage decodes to garbage, so that one wrong digit hides nothing behind it.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    const fn value_of(byte: u8) -> u8 {
        if byte >= b'A' {
            (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10)
        } else {
            byte.wrapping_sub(b'0')
        }
    }
    let (pairs, _) = value.as_chunks();
    let out = pairs.iter().map(|[high, low]| (value_of(*high) << 4).wrapping_add(value_of(*low)));
    changed(value, out.collect())
}

/// `sqlHexDecode`: `0x414243` becomes `ABC`.
pub(crate) fn decode_sql(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, [b'0'], |rest, out| {
        let [b'0', b'x' | b'X', digits @ ..] = rest else { return 0 };
        let before = out.len();
        out.extend(digits.chunks(2).map_while(pair));
        match out.len() - before {
            0 => 0,
            bytes => 2 + 2 * bytes,
        }
    })
}
