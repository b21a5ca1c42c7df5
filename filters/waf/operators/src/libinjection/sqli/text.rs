//! What the tokenizer asks of bytes.

use memchr::{memchr_iter, memmem};

/// White space to SQL, with Oracle's zero byte and Latin-1's unbreakable space.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0xa0 | 0)
}

/// What ends a word.
pub(super) fn ends_word(byte: u8) -> bool {
    is_white(byte)
        || matches!(byte, b'"' | b'\'' | b';' | b'[' | b']' | b'{' | b'}')
        || is_punctuation(byte)
}

/// What ends the name of a variable.
pub(super) fn ends_variable(byte: u8) -> bool {
    (is_white(byte) && byte != 0xa0)
        || matches!(byte, b'"' | b'\'' | b';' | b'`')
        || is_punctuation(byte)
}

fn is_punctuation(byte: u8) -> bool {
    matches!(
        byte,
        b'<' | b'>'
            | b':'
            | b'\\'
            | b'?'
            | b'='
            | b'@'
            | b'!'
            | b'#'
            | b'~'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'&'
            | b'|'
            | b'^'
            | b'%'
            | b'('
            | b')'
            | b','
    )
}

/// How many bytes from the front on hold.
pub(super) fn span(text: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !holds(*byte)).unwrap_or(text.len())
}

/// Where two bytes stand together first.
pub(super) fn find_pair(text: &[u8], pair: [u8; 2]) -> Option<usize> {
    memmem::find(text, &pair)
}

/// Where a string ends: at its quote, unless that is doubled or behind an odd number of backslashes.
pub(super) fn closing_quote(text: &[u8], quote: u8) -> Option<usize> {
    let mut skip_until = 0;
    for at in memchr_iter(quote, text) {
        if at < skip_until {
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            continue;
        }
        if text.get(at + 1) == Some(&quote) {
            skip_until = at + 2;
            continue;
        }
        return Some(at);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_a_quote_of_its_own() {
        for (text, end) in [
            ("abc'd", Some(3)),
            ("'", Some(0)),
            ("", None),
            ("abc", None),
            (r"a\'b'", Some(4)),
            (r"a\\'b'", Some(3)),
            (r"\'", None),
            ("a''b'", Some(4)),
            ("''", None),
            ("'''", Some(2)),
            (r"''\'", None),
            (r"\''", Some(2)),
        ] {
            assert_eq!(closing_quote(text.as_bytes(), b'\''), end, "{text}");
        }
    }
}
