//! What follows a backslash, in a class and outside of one.

use crate::bytes::ByteSet;

use super::PatternError;

/// What an escape stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// A byte.
    Byte(u8),
    /// One byte of a set.
    Set(ByteSet),
    /// What only has a meaning outside a class, as `regex-syntax` writes it.
    Outside(&'static str),
    /// What only a backtracking engine knows.
    Refused(&'static str),
}

/// Line ends of one byte: `\v`.
fn vertical() -> ByteSet {
    [0x0a, 0x0b, 0x0c, 0x0d, 0x85].into_iter().collect()
}

/// Spaces within a line: `\h`.
fn horizontal() -> ByteSet {
    [0x09, 0x20, 0xa0].into_iter().collect()
}

pub(super) fn digits() -> ByteSet {
    (b'0'..=b'9').collect()
}

pub(super) fn spaces() -> ByteSet {
    [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20].into_iter().collect()
}

pub(super) fn word() -> ByteSet {
    (0..=0x7f).filter(|byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_').collect()
}

/// Reads an escape after its backslash, and gives what follows it. `groups`: how many a number could refer back to, at
/// most; `None` within a class, where nothing refers.
pub(super) fn read(rest: &[u8], groups: Option<usize>) -> Result<(Escape, &[u8]), PatternError> {
    let whole = rest;
    let Some((&kind, rest)) = rest.split_first() else {
        return Err(PatternError::Unclosed("an escape"));
    };
    let escape = match kind {
        b'a' => Escape::Byte(0x07),
        b'e' => Escape::Byte(0x1b),
        b'f' => Escape::Byte(0x0c),
        b'n' => Escape::Byte(b'\n'),
        b'r' => Escape::Byte(b'\r'),
        b't' => Escape::Byte(b'\t'),
        b'd' => Escape::Set(digits()),
        b'D' => Escape::Set(digits().complement()),
        b'h' => Escape::Set(horizontal()),
        b'H' => Escape::Set(horizontal().complement()),
        b's' => Escape::Set(spaces()),
        b'S' => Escape::Set(spaces().complement()),
        b'v' => Escape::Set(vertical()),
        b'V' => Escape::Set(vertical().complement()),
        b'w' => Escape::Set(word()),
        b'W' => Escape::Set(word().complement()),
        b'b' => Escape::Outside(r"\b"),
        b'B' => Escape::Outside(r"\B"),
        b'A' | b'G' => Escape::Outside(r"\A"),
        b'z' => Escape::Outside(r"\z"),
        b'Z' => Escape::Outside(r"(?:\n?\z)"),
        b'R' => Escape::Outside(r"(?:\r\n|[\x0A-\x0D\x85])"),
        b'N' => Escape::Outside(r"[^\n]"),
        b'C' => Escape::Outside(r"(?s:.)"),
        b'K' => Escape::Refused(r"\K"),
        b'1'..=b'7' if !may_refer(whole, groups) => {
            let (value, after) = number(whole, 8, 3);
            return Ok((byte(value)?, after));
        }
        b'1'..=b'9' | b'g' | b'k' => Escape::Refused("a back reference"),
        b'x' => return hex(rest),
        b'0' => {
            let (value, after) = number(rest, 8, 2);
            return Ok((byte(value)?, after));
        }
        b'o' => return braced(rest, 8),
        b'c' => {
            let Some((&control, after)) = rest.split_first() else {
                return Err(PatternError::Unclosed("an escape"));
            };
            return Ok((Escape::Byte(control.to_ascii_uppercase() ^ 0x40), after));
        }
        _ if kind.is_ascii_alphanumeric() => {
            return Err(PatternError::Escape(format!("\\{}", char::from(kind))));
        }
        _ => Escape::Byte(kind),
    };
    Ok((escape, rest))
}

/// True if a number may be that of a group: one of two digits and more is a byte where there are not so many.
fn may_refer(digits: &[u8], groups: Option<usize>) -> bool {
    /// Digits of a number that is compared: no pattern has so many groups.
    const DIGITS: usize = 6;
    let (number, _) = number(digits, 10, DIGITS);
    groups.is_some_and(|groups| number < 10 || usize::try_from(number).is_ok_and(|it| it <= groups))
}

/// What stands between `\Q` and `\E`, or the pattern's end, and what follows.
pub(super) fn quoted(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.windows(2).position(|two| two == br"\E") {
        Some(end) => (rest.get(..end).unwrap_or_default(), rest.get(end + 2..).unwrap_or_default()),
        None => (rest, &[]),
    }
}

/// `\x41`, `\x4`, `\x{41}`; `\x` alone is the byte zero.
fn hex(rest: &[u8]) -> Result<(Escape, &[u8]), PatternError> {
    if rest.first() == Some(&b'{') {
        return braced(rest, 16);
    }
    let (value, after) = number(rest, 16, 2);
    Ok((byte(value)?, after))
}

fn braced(rest: &[u8], radix: u32) -> Result<(Escape, &[u8]), PatternError> {
    /// Digits that any byte needs, with leading zeros to spare.
    const DIGITS: usize = 8;
    let unknown = || PatternError::Escape(if radix == 16 { r"\x{".into() } else { r"\o".into() });
    let inside = rest.strip_prefix(b"{").ok_or_else(unknown)?;
    let (value, after) = number(inside, radix, DIGITS);
    if after.len() == inside.len() {
        return Err(unknown());
    }
    let after = after.strip_prefix(b"}").ok_or_else(unknown)?;
    Ok((byte(value)?, after))
}

fn byte(value: u32) -> Result<Escape, PatternError> {
    u8::try_from(value).map(Escape::Byte).map_err(|_| PatternError::NotAByte)
}

/// Up to so many digits, perhaps none.
fn number(mut rest: &[u8], radix: u32, most: usize) -> (u32, &[u8]) {
    let mut value: u32 = 0;
    for _ in 0..most {
        let Some((first, after)) = rest.split_first() else { break };
        let Some(digit) = char::from(*first).to_digit(radix) else { break };
        value = value.saturating_mul(radix).saturating_add(digit);
        rest = after;
    }
    (value, rest)
}
