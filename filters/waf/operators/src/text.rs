//! Operators that compare a value with a text, byte for byte and with regard to case.

use memchr::memmem;

/// `@contains`, `@strmatch`: the text occurs in the value; one that is empty always does.
#[must_use]
pub fn contains(value: &[u8], text: &[u8]) -> bool {
    occurs(value, text)
}

/// True if a text occurs in another one.
fn occurs(haystack: &[u8], needle: &[u8]) -> bool {
    if haystack.len() > SHORT {
        return memmem::find(haystack, needle).is_some();
    }
    // The first byte of a needle is often what lists of words have between any two.
    let middle = needle.len() / 2;
    let Some(byte) = needle.get(middle) else { return true };
    memchr::memchr_iter(*byte, haystack).any(|at| {
        let start = at.checked_sub(middle);
        start.and_then(|start| haystack.get(start..)).is_some_and(|rest| rest.starts_with(needle))
    })
}

/// Bytes of a text up to which each place with the right byte is tried: to find out how a longer one is best gone through
/// costs a microsecond.
const SHORT: usize = 512;

/// `@containsWord`: the text occurs where no letter, digit or underscore touches it.
#[must_use]
pub fn contains_word(value: &[u8], word: &[u8]) -> bool {
    if word.is_empty() {
        return true;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let finder = memmem::Finder::new(word);
    let mut from = 0;
    // One further and not behind the word: it may overlap with itself.
    while let Some(found) = value.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + found;
        let before = start.checked_sub(1).and_then(|at| value.get(at));
        let after = value.get(start + word.len());
        if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
            return true;
        }
        from = start + 1;
    }
    false
}

/// `@beginsWith`
#[must_use]
pub fn begins_with(value: &[u8], text: &[u8]) -> bool {
    value.starts_with(text)
}

/// `@endsWith`
#[must_use]
pub fn ends_with(value: &[u8], text: &[u8]) -> bool {
    value.ends_with(text)
}

/// `@within`: the value occurs in the text; one that is empty always does.
#[must_use]
pub fn within(value: &[u8], text: &[u8]) -> bool {
    occurs(text, value)
}

/// `@streq`
#[must_use]
pub fn equals(value: &[u8], text: &[u8]) -> bool {
    value == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_occurs_in_short_and_long_ones() {
        let needles: [&[u8]; 7] = [b"", b"a", b"ab", b"aab", b"abab", b"\0\xff", b"abc"];
        for length in [0, 1, 2, 3, 5, 40, SHORT - 1, SHORT, SHORT + 1, SHORT + 7] {
            for (fill, needle) in
                [b'a', b'b', b'.'].iter().flat_map(|fill| needles.map(|needle| (*fill, needle)))
            {
                let empty = vec![fill; length];
                let found = |text: &[u8]| {
                    needle.is_empty() || text.windows(needle.len()).any(|window| window == needle)
                };
                assert_eq!(occurs(&empty, needle), found(&empty), "{length}, {needle:?}");
                for place in [0, 1, length / 2, length.saturating_sub(needle.len())] {
                    let mut text = empty.clone();
                    if let Some(hole) = text.get_mut(place..place + needle.len()) {
                        hole.copy_from_slice(needle);
                    }
                    assert_eq!(
                        occurs(&text, needle),
                        found(&text),
                        "{length}, {place}, {needle:?}"
                    );
                    assert_eq!(contains(&text, needle), within(needle, &text));
                }
            }
        }
    }

    type Compare = fn(&[u8], &[u8]) -> bool;

    #[test]
    fn a_value_is_compared_byte_for_byte() {
        let rows: [(Compare, &str, &str, bool); 22] = [
            (contains, "a select b", "select", true),
            (contains, "a SELECT b", "select", false),
            (contains, "", "", true),
            (contains, "a", "", true),
            (contains, "", "a", false),
            (contains, "a\0b", "\0", true),
            (begins_with, "abc", "ab", true),
            (begins_with, "abc", "bc", false),
            (begins_with, "abc", "", true),
            (begins_with, "a", "ab", false),
            (ends_with, "abc", "bc", true),
            (ends_with, "abc\n", "bc", false),
            (ends_with, "", "", true),
            (within, "GET", "GET POST", true),
            (within, "get", "GET POST", false),
            (within, "", "GET", true),
            (within, "T P", "GET POST", true),
            (within, "GET POST PUT", "GET", false),
            (equals, "a", "a", true),
            (equals, "a", "A", false),
            (equals, "", "", true),
            (equals, "a", "a\0", false),
        ];
        for (compare, value, text, expected) in rows {
            assert_eq!(compare(value.as_bytes(), text.as_bytes()), expected, "{value:?} {text:?}");
        }
    }

    #[test]
    fn a_word_stands_alone() {
        for (value, expected) in [
            ("union", true),
            ("a union b", true),
            ("/union/", true),
            ("unions union", true),
            ("union-all", true),
            ("\u{e9}union", true),
            ("unions", false),
            ("reunion", false),
            ("union_all", false),
            ("union1", false),
            ("1union", false),
            ("", false),
            ("unio", false),
        ] {
            assert_eq!(contains_word(value.as_bytes(), b"union"), expected, "{value:?}");
        }
        assert!(contains_word(b"", b"") && contains_word(b"abc", b""));
        // Each occurrence begins within the one before.
        assert!(contains_word(b"x- - -", b"- -") && !contains_word(b"x- -x", b"- -"));
        assert!(!contains_word(&b"a".repeat(50_000), b"aa"));
    }
}
