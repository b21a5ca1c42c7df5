//! A class (`[…]`) of PCRE, read to its bytes.
//!
//! `regex-syntax` knows classes within classes, intersections and differences; PCRE knows none of them. What is written
//! out is a list of ranges of escaped bytes, which mean the same to everybody.

use crate::bytes::ByteSet;

use super::PatternError;
use super::escape::{self, Escape};
use super::translate::literal;

/// What one piece of a class is.
enum Item {
    Byte(u8),
    Set(ByteSet),
}

/// Reads a class after its `[`, writes it, and gives what follows its `]`.
pub(super) fn read<'p>(rest: &'p [u8], out: &mut String) -> Result<&'p [u8], PatternError> {
    const UNCLOSED: PatternError = PatternError::Unclosed("a class");
    let (negated, mut rest) = match rest.strip_prefix(b"^") {
        Some(after) => (true, after),
        None => (false, rest),
    };
    let mut set = ByteSet::EMPTY;
    // The byte that a range may begin with.
    let mut from: Option<u8> = None;
    // A bracket that comes first is a member.
    let mut first = true;
    loop {
        let (&next, after) = rest.split_first().ok_or(UNCLOSED)?;
        if next == b']' && !first {
            write_set(&set, negated, out);
            return Ok(after);
        }
        first = false;
        if next == b'\\' {
            if after.first() == Some(&b'Q') {
                let (text, behind) = escape::quoted(after.get(1..).unwrap_or_default());
                text.iter().for_each(|byte| set.insert(*byte));
                (from, rest) = (None, behind);
                continue;
            }
            if let Some(behind) = after.strip_prefix(b"E") {
                rest = behind;
                continue;
            }
        }
        // A hyphen is a range's only between two bytes.
        if next == b'-' && from.is_some() && after.first().is_some_and(|byte| *byte != b']') {
            let (item, behind) = item(after)?;
            match (from.take(), item) {
                (Some(low), Item::Byte(high)) if low <= high => set.insert_range(low, high),
                (_, Item::Byte(_)) => {
                    return Err(PatternError::Class("a range that runs backwards"));
                }
                (_, Item::Set(more)) => {
                    set.insert(b'-');
                    set = set.union(more);
                }
            }
            rest = behind;
            continue;
        }
        let (item, behind) = item(rest)?;
        match item {
            Item::Byte(byte) => {
                set.insert(byte);
                from = Some(byte);
            }
            Item::Set(more) => {
                set = set.union(more);
                from = None;
            }
        }
        rest = behind;
    }
}

fn item(rest: &[u8]) -> Result<(Item, &[u8]), PatternError> {
    const UNCLOSED: PatternError = PatternError::Unclosed("a class");
    let (&next, after) = rest.split_first().ok_or(UNCLOSED)?;
    match (next, after.first()) {
        (b'[', Some(b':')) => match posix(after.get(1..).unwrap_or_default())? {
            Some((set, behind)) => Ok((Item::Set(set), behind)),
            None => Ok((Item::Byte(b'['), after)),
        },
        (b'[', Some(b'.' | b'=')) if collates(after) => {
            Err(PatternError::Class("a collating element"))
        }
        (b'\\', Some(b'b')) => Ok((Item::Byte(0x08), after.get(1..).unwrap_or_default())),
        (b'\\', Some(digit @ (b'8' | b'9'))) => {
            Err(PatternError::Escape(format!("\\{}", char::from(*digit))))
        }
        (b'\\', kind) => match escape::read(after, None)? {
            (Escape::Byte(byte), behind) => Ok((Item::Byte(byte), behind)),
            (Escape::Set(set), behind) => Ok((Item::Set(set), behind)),
            _ => Err(PatternError::Escape(format!(
                "\\{}",
                char::from(kind.copied().unwrap_or(b'?'))
            ))),
        },
        _ => Ok((Item::Byte(next), after)),
    }
}

/// True for `.x.]` and `=x=]`, which PCRE refuses too.
fn collates(rest: &[u8]) -> bool {
    let Some((mark, rest)) = rest.split_first() else { return false };
    rest.windows(2).take_while(|two| two.first() != Some(&b']')).any(|two| two == [*mark, b']'])
}

/// A named set after its `[:`; none where no `:]` closes one, and the bracket is a bracket.
#[allow(clippy::type_complexity, reason = "the set and what follows it")]
fn posix(rest: &[u8]) -> Result<Option<(ByteSet, &[u8])>, PatternError> {
    let Some(end) = rest.iter().position(|byte| !byte.is_ascii_alphabetic() && *byte != b'^')
    else {
        return Ok(None);
    };
    let Some((name, after)) = rest.split_at_checked(end) else { return Ok(None) };
    let Some(after) = after.strip_prefix(b":]") else { return Ok(None) };
    let (negated, name) = match name.strip_prefix(b"^") {
        Some(name) => (true, name),
        None => (false, name),
    };
    let holds: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"ascii" => u8::is_ascii,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, 0x09..=0x0d | b' '),
        b"upper" => u8::is_ascii_uppercase,
        b"word" => |byte| byte.is_ascii_alphanumeric() || *byte == b'_',
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return Err(PatternError::Class("an unknown name")),
    };
    let set: ByteSet = (0..=u8::MAX).filter(holds).collect();
    Ok(Some((if negated { set.complement() } else { set }, after)))
}

/// Writes a set; the `(?i)` around it is left to say what it says, so a negated one stays negated.
pub(super) fn write_set(set: &ByteSet, negated: bool, out: &mut String) {
    if set.is_empty() {
        // An empty list of members would make the bracket that closes it the first of them.
        return out.push_str(if negated { r"[\x00-\xFF]" } else { r"[^\x00-\xFF]" });
    }
    out.push_str(if negated { "[^" } else { "[" });
    for (first, last) in set.ranges() {
        literal(first, out);
        if first != last {
            out.push('-');
            literal(last, out);
        }
    }
    out.push(']');
}
