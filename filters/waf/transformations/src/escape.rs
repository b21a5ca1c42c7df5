//! `escapeSeqDecode`: the escapes of ANSI C.

use std::borrow::Cow;

use crate::hex;
use crate::rewrite::rewrite;

/// Decodes `\n`, `\xhh`, `\ooo` and their like; an unknown escape loses its backslash.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"\\", |rest, out| {
        let [_, escape, behind @ ..] = rest else { return 0 };
        if let b'x' | b'X' = escape
            && let Some(byte) = hex::pair(behind)
        {
            out.push(byte);
            return 4;
        }
        if let Some((byte, digits)) = octal(rest.get(1..).unwrap_or_default(), b'7') {
            out.push(byte);
            return 1 + digits;
        }
        out.push(control(*escape).unwrap_or(*escape));
        2
    })
}

/// The control character that a letter stands for.
pub(crate) const fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

/// The byte that up to three octal digits stand for, and how many they are. Three count only if the first is not above
/// `most`; what is more than a byte loses its high bit.
pub(crate) fn octal(text: &[u8], most: u8) -> Option<(u8, usize)> {
    let all = text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let is_long = all == 3 && text.first().is_some_and(|first| *first > most);
    let count = if is_long { 2 } else { all };
    let digits = text.get(..count).unwrap_or_default();
    let byte = digits.iter().fold(0_u8, |byte, digit| (byte << 3) | (digit & 7));
    (count > 0).then_some((byte, count))
}
