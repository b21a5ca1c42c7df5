//! References to characters: the five predefined entities and numbers (XML 1.0 §4.1 and §4.6).

use memchr::memchr;

/// The longest reference, with zeros in front: what is longer is none.
const LONGEST: usize = 32;

/// The character that a reference names, without its `&` and `;`.
pub(super) fn character(name: &[u8]) -> Option<char> {
    if name.len() > LONGEST {
        return None;
    }
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"apos" => Some('\''),
        b"quot" => Some('"'),
        [b'#', b'x', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

fn number(digits: &[u8], base: u32) -> Option<char> {
    let code = digits.iter().try_fold(0_u32, |code, digit| {
        code.checked_mul(base)?.checked_add(char::from(*digit).to_digit(base)?)
    });
    code.filter(|code| *code > 0).and_then(char::from_u32)
}

/// An attribute's value: white space is blanks unless it is written as a reference (XML 1.0 §3.3.3), and references are
/// resolved; false if there was one that names nothing, which stays as it is.
pub(super) fn normalize(text: &[u8]) -> (Vec<u8>, bool) {
    let blank = |byte: &u8| if matches!(byte, b'\t' | b'\n') { b' ' } else { *byte };
    let (mut out, mut is_known, mut rest) = (Vec::with_capacity(text.len()), true, text);
    while let Some(place) = memchr(b'&', rest) {
        let (before, reference) = rest.split_at_checked(place).unwrap_or_default();
        out.extend(before.iter().map(blank));
        let name = reference.get(1..).unwrap_or_default();
        let near = name.get(..LONGEST + 1).unwrap_or(name);
        let end = memchr(b';', near);
        let found = end.and_then(|end| Some((character(name.get(..end)?)?, end)));
        match found {
            Some((character, end)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = name.get(end + 1..).unwrap_or_default();
            }
            None => {
                is_known = false;
                out.push(b'&');
                rest = name;
            }
        }
    }
    out.extend(rest.iter().map(blank));
    (out, is_known)
}
