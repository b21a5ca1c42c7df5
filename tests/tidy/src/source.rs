//! Rust source with comments and literals blanked out, so that a rule sees code and nothing that only speaks of it.

/// The text with every byte of comments, strings and characters as a space; lines and offsets stay.
#[must_use]
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        match literal_end(text, at) {
            Some(end) => {
                for byte in &mut out[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            None => at += 1,
        }
    }
    String::from_utf8(out).expect("whole characters are blanked")
}

/// Where the comment or literal that starts here ends; `None` where none starts.
fn literal_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| at + n));
    }
    if rest.starts_with(b"/*") {
        return Some(block_comment_end(bytes, at));
    }
    match rest[0] {
        b'"' => Some(string_end(bytes, at + 1)),
        b'\'' => character_end(text, at),
        b'r' if !is_name_byte(at.checked_sub(1).map_or(b' ', |before| bytes[before]))
            || (at > 0 && matches!(bytes[at - 1], b'b' | b'c')) =>
        {
            raw_string_end(bytes, at + 1)
        }
        _ => None,
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let body = at + hashes + 1;
    let found = bytes[body..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(bytes.len(), |n| body + n + close.len()))
}

/// A character ends with a quote after one character or an escape; a lifetime does not.
fn character_end(text: &str, at: usize) -> Option<usize> {
    let text = text.get(at + 1..)?;
    let first = text.chars().next()?;
    if first == '\\' {
        let escaped = text.char_indices().nth(1).map_or(1, |(place, c)| place + c.len_utf8());
        return text[escaped..].find('\'').map(|n| at + 1 + escaped + n + 1);
    }
    let end = first.len_utf8();
    text[end..].starts_with('\'').then_some(at + 1 + end + 1)
}

/// The lines of code before the tests at a file's end: neither blank nor comment. `code` is the text blanked out.
#[must_use]
pub fn lines_of_code(text: &str, code: &str) -> usize {
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let both = text[..end].lines().zip(code.lines());
    both.filter(|(line, code)| {
        // A line of a long string is blanked out too, but counts.
        let comment = line.trim_start().starts_with("//") && code.trim().is_empty();
        !comment && !line.trim().is_empty()
    })
    .count()
}

/// True if `word` stands at this place of the text, not as a part of a longer name.
#[must_use]
pub fn stands_alone(text: &str, start: usize, word: &str) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).map_or(b' ', |place| bytes[place]);
    let after = bytes.get(start + word.len()).copied().unwrap_or(b' ');
    let starts_as_name = word.bytes().next().is_some_and(is_name_byte);
    let ends_as_name = word.bytes().last().is_some_and(is_name_byte);
    let goes_on = (starts_as_name && is_name_byte(before)) || (ends_as_name && is_name_byte(after));
    !goes_on
}

/// The places of a word in a text, where it stands alone.
pub fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let found = text.match_indices(word).map(|(start, _)| start);
    found.filter(move |start| stands_alone(text, *start, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_speaks_of_code_is_blanked() {
        for (text, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y", 'z')"#, "f(      ,    )"),
            ("r#\"a\"b\"# + c", "         + c"),
            ("br\"x\" c", "b     c"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("'\\'' x '\\u{e9}' 'é'", "     x              "),
            ("for r in x {}", "for r in x {}"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_blank_lines_and_tests_are_no_lines_of_code() {
        let text =
            "//! a\n\nfn f() {\n    // b\n    g(\"\nc\n\");\n}\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(lines_of_code(text, &code(text)), 5);
    }

    #[test]
    fn a_part_of_a_name_is_another_word() {
        assert_eq!(places("sleep sleepy _sleep x.sleep()", "sleep").collect::<Vec<_>>(), [0, 22]);
    }
}
