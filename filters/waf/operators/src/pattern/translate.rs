//! From PCRE's syntax to that of `regex-syntax`, on bytes.
//!
//! Two languages that look the same: `\<` is a word's edge in one and a character in the other, `[a&&b]` an intersection
//! or three characters, `\x{c2}` one byte or two. So nothing is passed on as written but what means the same in both;
//! a class is read here, and what comes out of it are bytes. What cannot be said is refused.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::PatternError;
use super::class;
use super::escape::{self, Escape};
use super::group;

/// Bytes of a pattern: the longest of the Core Rule Set has 12 kB.
pub(super) const MAX_PATTERN: usize = 64 * 1024;

/// Groups within groups, at most: the parser and the compiler walk them with a stack of their own, but not for free.
const MAX_NESTING: u32 = 128;

/// Whether a pattern looks at the case of ASCII letters where it does not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `@rx`.
    Sensitive,
    /// A selector (`ARGS_NAMES:/…/`), `ByTag` and `ByMsg`.
    Insensitive,
}

/// Reads a translated pattern: bytes, `.` is every byte, `$` the very end, letters are ASCII's.
pub fn parse(translated: &str) -> Result<Hir, PatternError> {
    ParserBuilder::new()
        .utf8(false)
        .unicode(false)
        .dot_matches_new_line(true)
        .nest_limit(MAX_NESTING)
        .build()
        .parse(translated)
        .map_err(|error| PatternError::Syntax(reason(&error)))
}

/// The engine's errors draw the pattern over several lines; the reason is enough for one.
fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

/// The pattern in the syntax of `regex-syntax`, to be read by [`parse`].
pub fn translate(pattern: &[u8], case: Case) -> Result<String, PatternError> {
    if pattern.len() > MAX_PATTERN {
        return Err(PatternError::TooLong);
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    if case == Case::Insensitive {
        out.push_str("(?i)");
    }
    // At most: some of them are no groups, or capture nothing.
    let groups = pattern.iter().filter(|byte| **byte == b'(').count();
    let mut rest = pattern;
    // Whether spaces are ignored, for each group that is open.
    let mut extended = vec![false];
    // What a quantifier can follow has just been written by one.
    let mut quantified = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let was_quantified = std::mem::take(&mut quantified);
        match byte {
            b'\\' => rest = outside(rest, groups, &mut out)?,
            b'[' => rest = class::read(rest, &mut out)?,
            b'(' => rest = group::open(rest, &mut out, &mut extended)?,
            b')' => {
                extended.pop();
                if extended.is_empty() {
                    return Err(PatternError::Syntax("unopened group".into()));
                }
                out.push(')');
            }
            b'*' | b'+' | b'?' => {
                if was_quantified && byte == b'+' {
                    return Err(PatternError::Backtracking("a possessive quantifier"));
                }
                // After a quantifier `?` makes it lazy, and nothing may follow that.
                quantified = !(was_quantified && byte == b'?');
                out.push(char::from(byte));
            }
            b'{' => match counted(rest) {
                Some((count, after)) => {
                    out.push('{');
                    out.push_str(count);
                    out.push('}');
                    rest = after;
                    quantified = true;
                }
                None => out.push_str(r"\{"),
            },
            b'.' | b'^' | b'$' | b'|' => out.push(char::from(byte)),
            _ if extended.last() == Some(&true) && is_pattern_space(byte) => {
                quantified = was_quantified
            }
            b'#' if extended.last() == Some(&true) => {
                let end =
                    rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                rest = rest.get(end..).unwrap_or_default();
                quantified = was_quantified;
            }
            _ => literal(byte, &mut out),
        }
    }
    if extended.len() > 1 {
        return Err(PatternError::Unclosed("a group"));
    }
    Ok(out)
}

/// What `x` ignores.
fn is_pattern_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Writes a byte that stands for itself.
pub(super) fn literal(byte: u8, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    if byte.is_ascii_alphanumeric() {
        out.push(char::from(byte));
    } else {
        out.push_str(r"\x");
        out.extend([byte >> 4, byte & 15].iter().filter_map(|digit| HEX.get(usize::from(*digit))));
    }
}

/// `{2}`, `{2,}` and `{2,3}` are quantifiers; with anything else in them they are braces.
fn counted(rest: &[u8]) -> Option<(&str, &[u8])> {
    let end = rest.iter().position(|byte| *byte == b'}')?;
    let (inside, after) = rest.split_at_checked(end)?;
    let inside = std::str::from_utf8(inside).ok()?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_counted = match inside.split_once(',') {
        None => number(inside),
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
    };
    is_counted.then_some((inside, after.get(1..)?))
}

/// Reads an escape outside a class, after its backslash, in a pattern of at most so many groups.
fn outside<'p>(rest: &'p [u8], groups: usize, out: &mut String) -> Result<&'p [u8], PatternError> {
    if let Some(quoted) = rest.strip_prefix(b"Q") {
        let (text, after) = escape::quoted(quoted);
        text.iter().for_each(|byte| literal(*byte, out));
        return Ok(after);
    }
    if let Some(after) = rest.strip_prefix(b"E") {
        return Ok(after);
    }
    let (escape, after) = escape::read(rest, Some(groups))?;
    match escape {
        Escape::Byte(byte) => literal(byte, out),
        Escape::Set(set) => class::write_set(&set, false, out),
        Escape::Outside(text) => out.push_str(text),
        Escape::Refused(what) => return Err(PatternError::Backtracking(what)),
    }
    Ok(after)
}
