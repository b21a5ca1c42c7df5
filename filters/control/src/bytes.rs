//! Looking at bytes eight at a time.

/// A byte of ones in each place.
const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES * 0x80;

/// True if no byte is a control byte below the space, nor one of `others`, which are below 0x80.
#[must_use]
pub fn has_none_of(text: &[u8], others: [u8; 2]) -> bool {
    let [one, other] = others.map(|byte| ONES * u64::from(byte));
    // Where a byte of `word` is below `least`, a bit of HIGH is set; and none is set in a word without such a byte.
    let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word & HIGH;
    let is_plain = |word: u64| {
        below(word, u64::from(b' ')) | below(word ^ one, 1) | below(word ^ other, 1) == 0
    };
    let (words, rest) = text.as_chunks();
    // What is neither stands behind the end.
    let last = rest.iter().rev().fold(HIGH, |word, byte| (word << 8) | u64::from(*byte));
    words.iter().all(|word| is_plain(u64::from_le_bytes(*word))) && is_plain(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_must_not_be_there_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for length in 1..20 {
                for place in 0..length {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    let expected = byte >= 0x20 && byte != b'"' && byte != 0x7f;
                    assert_eq!(has_none_of(&text, [b'"', 0x7f]), expected, "{byte}, {place}");
                    let expected = byte >= 0x20 && byte != b'~';
                    assert_eq!(has_none_of(&text, [b'~', b'~']), expected, "{byte}, {place}");
                }
            }
        }
        assert!(has_none_of(b"", [b'"', 0x7f]));
    }
}
