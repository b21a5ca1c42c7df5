//! Numbers, literals and escapes of JSON (RFC 8259 §3, §6 and §7).

/// The length of the number or literal at the start, if it is one and ends there.
pub(super) fn scalar(text: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
    let length = text.iter().position(ends).unwrap_or(text.len());
    let word = text.get(..length)?;
    (matches!(word, b"true" | b"false" | b"null") || is_number(word)).then_some(length)
}

fn is_number(word: &[u8]) -> bool {
    let unsigned = word.strip_prefix(b"-").unwrap_or(word);
    let (whole, behind) = digits(unsigned);
    let is_whole = matches!(whole, [b'0'] | [b'1'..=b'9', ..]);
    let (is_fraction, behind) = match behind.strip_prefix(b".") {
        Some(fraction) => {
            let (digits, behind) = digits(fraction);
            (!digits.is_empty(), behind)
        }
        None => (true, behind),
    };
    let is_exponent = match behind {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            let (digits, behind) = digits(exponent);
            !digits.is_empty() && behind.is_empty()
        }
        _ => false,
    };
    is_whole && is_fraction && is_exponent
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(count).unwrap_or_default()
}

/// Writes what the escape at the start stands for; how long it is. Half of a surrogate pair is U+FFFD.
pub(super) fn unescape(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let byte = match escape.get(1)? {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'u' => return unit(escape, out),
        _ => return None,
    };
    out.push(byte);
    Some(2)
}

fn unit(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let first = code(escape)?;
    let second = escape.get(6..).and_then(code);
    let (code, length) = match (first, second) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        _ => (first, 6),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

/// The number of `\uhhhh`.
fn code(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}
