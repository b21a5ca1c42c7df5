//! `@eq`, `@ge`, `@gt`, `@le`, `@lt`: text as a number, as C's `atoi` reads it.

/// So many digits always fit in 64 bits.
const SURE: usize = 18;

/// The number that a text begins with, after white space and a sign; 0 where there is none.
///
/// What no 64 bits hold is the nearest number that they do: wrapped round, a length of twenty digits would be a short
/// one.
#[must_use]
pub fn number(text: &[u8]) -> i64 {
    let text = skip_space(text);
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or(digits);
    // On wasm a multiplication that looks for overflow is a call.
    if digits.len() <= SURE {
        let number = digits.iter().fold(0_i64, |number, byte| number * 10 + i64::from(byte - b'0'));
        return if negative { -number } else { number };
    }
    digits.iter().fold(0_i64, |number, byte| {
        let digit = i64::from(byte - b'0');
        let number = number.saturating_mul(10);
        if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) }
    })
}

/// The vertical tab is a space to C, and not to Rust.
fn skip_space(mut text: &[u8]) -> &[u8] {
    while let Some((byte, rest)) = text.split_first() {
        if !byte.is_ascii_whitespace() && *byte != 0x0b {
            break;
        }
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_number_that_it_begins_with() {
        for (text, expected) in [
            ("", 0),
            ("0", 0),
            ("42", 42),
            ("042", 42),
            ("-7", -7),
            ("+7", 7),
            (" \t\n\x0b\x0c\r 5", 5),
            ("\x0b\x0b5", 5),
            ("\x0b 5 6", 5),
            ("3.9", 3),
            ("12abc", 12),
            ("abc", 0),
            ("0x10", 0),
            ("- 5", 0),
            ("--5", 0),
            ("+-5", 0),
            ("-", 0),
            ("999999999999999999", 999_999_999_999_999_999),
            ("-999999999999999999", -999_999_999_999_999_999),
            ("1000000000000000000", 1_000_000_000_000_000_000),
            ("-1000000000000000000x", -1_000_000_000_000_000_000),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("99999999999999999999999999", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775809", i64::MIN),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(number("٣".as_bytes()), 0);
        assert_eq!(number(&[b'9'; 100_000]), i64::MAX);
    }
}
