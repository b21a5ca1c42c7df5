//! Whether a link runs something: its scheme, behind what browsers skip and references to characters.

use super::names::SCHEMES;

/// True where following the link runs what it holds.
pub(super) fn runs(url: &[u8]) -> bool {
    // A char has a sign in C: what is no ASCII is skipped too.
    let start = url.iter().position(|byte| (33..127).contains(byte)).unwrap_or(url.len());
    let url = url.get(start..).unwrap_or_default();
    SCHEMES.iter().any(|scheme| begins_with(url, scheme.as_bytes()))
}

fn begins_with(mut url: &[u8], mut scheme: &[u8]) -> bool {
    let mut is_first = true;
    while let (Some((expected, rest)), false) = (scheme.split_first(), url.is_empty()) {
        let (character, length) = character(url);
        url = url.get(length..).unwrap_or_default();
        if is_first && character <= 32 || character == 0 || character == u32::from(b'\n') {
            continue;
        }
        is_first = false;
        // C compares the lowest byte alone.
        if !(character as u8).eq_ignore_ascii_case(expected) {
            return false;
        }
        scheme = rest;
    }
    scheme.is_empty()
}

/// The largest number that a reference may have; what is larger is no reference.
const MAX_CHARACTER: u32 = 0x10_00ff;

/// The next character, of a numeric reference too, and how many bytes it takes.
fn character(url: &[u8]) -> (u32, usize) {
    let first = url.first().copied().map_or(0, u32::from);
    let (radix, start) = match url {
        [b'&', b'#', b'x' | b'X', ..] => (16, 3),
        [b'&', b'#', ..] => (10, 2),
        _ => return (first, 1),
    };
    let digits = url.get(start..).unwrap_or_default();
    let mut value = 0;
    let mut length = start;
    for byte in digits {
        let Some(digit) = char::from(*byte).to_digit(radix) else { break };
        value = value * radix + digit;
        length += 1;
        if value > MAX_CHARACTER {
            return (first, 1);
        }
    }
    if length == start {
        return (first, 1);
    }
    (value, length + usize::from(url.get(length) == Some(&b';')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_seen_behind_what_browsers_skip() {
        for (url, expected) in [
            (&b"javascript:alert(1)"[..], true),
            (b"JaVaScript:x", true),
            (b" \t\xa0\x7fjavascript:x", true),
            (b"ja\nva\0script:x", true),
            (b"&#106;&#x61;&#X56;&#97script:x", true),
            (b"&#1;java", true),
            (b"data:text/html,x", true),
            (b"vbscript:x", true),
            (b"view-source:x", true),
            (b"java", true),
            (b"jav", false),
            (b"jav&#", false),
            (b"jav&#x", false),
            (b"jav&#99999999999999;", false),
            (b"", false),
            (b"  ", false),
            (b"https://example.com/javascript:", false),
            (b"/data", false),
        ] {
            assert_eq!(runs(url), expected, "{}", url.escape_ascii());
        }
    }
}
