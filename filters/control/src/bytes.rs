//! Looking at bytes eight at a time: in wasm the library's own comparisons go byte by byte.

/// A byte of ones in each place.
const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES * 0x80;

/// True if two texts are the same.
#[must_use]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let is_same = |(left, right): (&[u8; 8], &[u8; 8])| {
        u64::from_le_bytes(*left) == u64::from_le_bytes(*right)
    };
    // The last eight may be ones that were looked at: that is less than one after the other.
    match left.last_chunk().zip(right.last_chunk()) {
        Some(last) => {
            is_same(last) && left.as_chunks().0.iter().zip(right.as_chunks().0).all(is_same)
        }
        None => left.iter().zip(right).all(|(left, right)| left == right),
    }
}

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
    fn texts_are_the_same_that_have_the_same_bytes() {
        let text: Vec<u8> = (0..40).collect();
        for length in 0..=text.len() {
            let own = &text[..length];
            assert!(same(own, &[own, b""].concat()));
            for place in 0..length {
                let mut other = own.to_vec();
                other[place] ^= 0x80;
                assert!(!same(own, &other), "{length}, {place}");
            }
            assert!(length == 0 || !same(own, &text[..length - 1]));
            assert!(!same(own, &[own, b"x"].concat()));
        }
    }

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
