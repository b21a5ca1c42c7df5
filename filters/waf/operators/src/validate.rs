//! Operators that look for what does not belong in a value.

use crate::bytes::ByteSet;

/// `@validateByteRange`: true where a byte is in none of the inclusive ranges that the set was made of.
#[must_use]
pub fn is_outside(value: &[u8], allowed: &ByteSet) -> bool {
    !ByteSet::of(value).is_subset(allowed)
}

/// The set of bytes of `@validateByteRange`.
#[must_use]
pub fn byte_ranges(ranges: &[(u8, u8)]) -> ByteSet {
    let mut set = ByteSet::EMPTY;
    ranges.iter().for_each(|(first, last)| set.insert_range(*first, *last));
    set
}

/// `@validateUrlEncoding`: true where two hex digits don't follow a percent sign.
#[must_use]
pub fn is_badly_url_encoded(value: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', value)
        .any(|at| !is_hex(value.get(at + 1)) || !is_hex(value.get(at + 2)))
}

/// `@validateUtf8Encoding`: true where it is not UTF-8: cut off, overlong, a surrogate, past the last character.
#[must_use]
pub fn is_badly_utf8_encoded(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_in_none_of_the_ranges_is_found() {
        let set = byte_ranges(&[(9, 10), (13, 13), (32, 126), (128, 255)]);
        assert!(!is_outside(b"", &set) && !is_outside(b"a\r\n\t\xff", &set));
        for byte in [0, 8, 11, 12, 14, 31, 127] {
            assert!(is_outside(&[b'a', byte], &set), "{byte}");
        }
        assert!(is_outside(&[&[b'a'; 300][..], b"\0"].concat(), &set));
        assert!(is_outside(b"a", &byte_ranges(&[])) && !is_outside(b"", &byte_ranges(&[])));
        assert!(!is_outside(&(0..=255).collect::<Vec<u8>>(), &byte_ranges(&[(0, 255)])));
    }

    #[test]
    fn a_percent_sign_wants_two_hex_digits() {
        for (value, bad) in [
            ("", false),
            ("abc", false),
            ("%41", false),
            ("%aF%00", false),
            ("%", true),
            ("%4", true),
            ("%4g", true),
            ("%g4", true),
            ("a%41%", true),
            ("%%41", true),
            ("%u0041", true),
        ] {
            assert_eq!(is_badly_url_encoded(value.as_bytes()), bad, "{value}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_found() {
        for (value, bad) in [
            (&b""[..], false),
            (b"abc\0", false),
            ("é€😀\u{10ffff}".as_bytes(), false),
            (b"\xc3", true),
            (b"\x80", true),
            (b"\xc0\xaf", true),
            (b"\xe0\x80\xaf", true),
            (b"\xed\xa0\x80", true),
            (b"\xf4\x90\x80\x80", true),
            (b"\xff", true),
        ] {
            assert_eq!(is_badly_utf8_encoded(value), bad, "{value:?}");
        }
    }
}
