//! What an opening parenthesis opens.

use super::PatternError;

/// Reads what follows a `(`, writes it, and gives what comes after.
pub(super) fn open<'p>(
    rest: &'p [u8],
    out: &mut String,
    extended: &mut Vec<bool>,
) -> Result<&'p [u8], PatternError> {
    let outer = extended.last() == Some(&true);
    if rest.first() == Some(&b'*') {
        return Err(PatternError::Backtracking("a verb"));
    }
    let Some(rest) = rest.strip_prefix(b"?") else {
        out.push('(');
        extended.push(outer);
        return Ok(rest);
    };
    for (prefix, what) in BACKTRACKING {
        if rest.starts_with(prefix) {
            return Err(PatternError::Backtracking(what));
        }
    }
    if let Some(comment) = rest.strip_prefix(b"#") {
        let end = comment
            .iter()
            .position(|byte| *byte == b')')
            .ok_or(PatternError::Unclosed("a comment"))?;
        return Ok(comment.get(end + 1..).unwrap_or_default());
    }
    if let Some(rest) = named(rest) {
        out.push('(');
        extended.push(outer);
        return rest;
    }
    flags(rest, out, extended)
}

/// What needs more than to go through a value once; the longer beginning first.
const BACKTRACKING: &[(&[u8], &str)] = &[
    (b"=", "a lookahead"),
    (b"!", "a lookahead"),
    (b"<=", "a lookbehind"),
    (b"<!", "a lookbehind"),
    (b">", "an atomic group"),
    (b"|", "a branch reset"),
    (b"(", "a conditional"),
    (b"R", "recursion"),
    (b"&", "recursion"),
    (b"P>", "recursion"),
    (b"P=", "a back reference"),
    (b"C", "a callout"),
];

/// `?<name>`, `?P<name>` and `?'name'`: the name is of no use here. None where it is no such group.
fn named(rest: &[u8]) -> Option<Result<&[u8], PatternError>> {
    let (name, close) =
        if let Some(name) = rest.strip_prefix(b"P<").or_else(|| rest.strip_prefix(b"<")) {
            (name, b'>')
        } else {
            (rest.strip_prefix(b"'")?, b'\'')
        };
    let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let Some((_, after)) =
        end.and_then(|end| name.split_at_checked(end)).filter(|(name, _)| !name.is_empty())
    else {
        return Some(Err(PatternError::Unclosed("a group's name")));
    };
    Some(match after.split_first() {
        Some((first, after)) if *first == close => Ok(after),
        _ => Err(PatternError::Unclosed("a group's name")),
    })
}

/// `?i)` changes the rest of the group it stands in, `?i:` opens one of its own.
fn flags<'p>(
    rest: &'p [u8],
    out: &mut String,
    extended: &mut Vec<bool>,
) -> Result<&'p [u8], PatternError> {
    let mut spaces = extended.last() == Some(&true);
    let (mut on, mut off, mut negative) = (String::new(), String::new(), false);
    let mut rest = rest;
    loop {
        let (&flag, after) = rest.split_first().ok_or(PatternError::Unclosed("a group's flags"))?;
        rest = after;
        match flag {
            b'-' if !negative => negative = true,
            b'x' => spaces = !negative,
            b'i' | b's' | b'm' | b'U' if negative => off.push(char::from(flag)),
            b'i' | b's' | b'm' | b'U' => on.push(char::from(flag)),
            b':' | b')' => {
                let opens = flag == b':';
                if opens {
                    extended.push(spaces);
                } else if let Some(innermost) = extended.last_mut() {
                    *innermost = spaces;
                }
                if !opens && on.is_empty() && off.is_empty() {
                    return Ok(rest);
                }
                out.push_str("(?");
                out.push_str(&on);
                if !off.is_empty() {
                    out.push('-');
                    out.push_str(&off);
                }
                out.push(char::from(flag));
                return Ok(rest);
            }
            b'0'..=b'9' | b'+' => return Err(PatternError::Backtracking("recursion")),
            _ => {
                return Err(PatternError::Syntax(format!(
                    "the flag {:?} is not supported",
                    char::from(flag)
                )));
            }
        }
    }
}
