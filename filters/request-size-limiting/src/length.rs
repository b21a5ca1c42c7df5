//! What `Content-Length` says (RFC 9110 §8.6).

/// The length that a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// This; what has more digits than a number can hold is the largest.
    Told(u64),
    /// None, or nothing that is one number.
    Untold,
}

impl Length {
    /// Reads the field's value. A list of one number many times is that number, as some proxies join it.
    pub(crate) fn of(field: Option<&[u8]>) -> Self {
        let mut numbers = field.unwrap_or_default().split(|byte| *byte == b',').map(number);
        match numbers.next().flatten() {
            Some(first) if numbers.all(|other| other == Some(first)) => Length::Told(first),
            _ => Length::Untold,
        }
    }
}

/// Digits alone: `+5` and `0x5` are what servers read differently.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| {
        digits.iter().fold(0_u64, |number, digit| {
            number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_a_length_and_all_numbers_of_a_list_must_be_the_same() {
        for (field, expected) in [
            ("0", Length::Told(0)),
            ("5", Length::Told(5)),
            ("005", Length::Told(5)),
            (" 5 ", Length::Told(5)),
            ("5,5 , 5", Length::Told(5)),
            ("18446744073709551615", Length::Told(u64::MAX)),
            ("18446744073709551616", Length::Told(u64::MAX)),
            ("99999999999999999999999999", Length::Told(u64::MAX)),
            ("", Length::Untold),
            ("+5", Length::Untold),
            ("-5", Length::Untold),
            ("0x5", Length::Untold),
            ("5.0", Length::Untold),
            ("5 5", Length::Untold),
            ("5,6", Length::Untold),
            ("5,", Length::Untold),
            (",5", Length::Untold),
            ("five", Length::Untold),
        ] {
            assert_eq!(Length::of(Some(field.as_bytes())), expected, "{field}");
        }
        assert_eq!(Length::of(Some(b"5\xff")), Length::Untold);
        assert_eq!(Length::of(None), Length::Untold);
    }
}
