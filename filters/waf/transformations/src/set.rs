//! Sets of bytes, as four words: what a value holds, and what a transformation acts on.

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    /// Every byte.
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// The bytes that occur in a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let mut words = [0_u64; 4];
        for byte in value {
            if let Some(word) = words.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
        ByteSet(words)
    }

    /// With one more byte.
    #[must_use]
    pub const fn with(self, byte: u8) -> Self {
        let [a, b, c, d] = self.0;
        let bit = 1_u64 << (byte & 63);
        match byte >> 6 {
            0 => ByteSet([a | bit, b, c, d]),
            1 => ByteSet([a, b | bit, c, d]),
            2 => ByteSet([a, b, c | bit, d]),
            _ => ByteSet([a, b, c, d | bit]),
        }
    }

    /// With all bytes from one to another, both of them among these.
    #[must_use]
    pub const fn with_range(self, first: u8, last: u8) -> Self {
        let mut set = self;
        let mut byte = first;
        while byte < last {
            set = set.with(byte);
            byte += 1;
        }
        if first <= last { set.with(last) } else { set }
    }

    /// With each of these bytes.
    #[must_use]
    pub const fn with_each(self, bytes: &[u8]) -> Self {
        let (mut set, mut rest) = (self, bytes);
        while let Some((byte, tail)) = rest.split_first() {
            set = set.with(*byte);
            rest = tail;
        }
        set
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: ByteSet) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        ByteSet([a & e, b & f, c & g, d & h])
    }

    /// What is in one of them.
    #[must_use]
    pub const fn or(self, other: ByteSet) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        ByteSet([a | e, b | f, c | g, d | h])
    }

    /// True if they have a byte in common.
    #[must_use]
    pub const fn meets(self, other: ByteSet) -> bool {
        let [a, b, c, d] = self.and(other).0;
        a | b | c | d != 0
    }

    /// True if the byte is one of them.
    #[must_use]
    pub const fn contains(self, byte: u8) -> bool {
        self.meets(ByteSet::EMPTY.with(byte))
    }

    /// The four words: byte `b` is bit `b % 64` of word `b / 64`.
    #[must_use]
    pub const fn words(self) -> [u64; 4] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for byte in 0..=255 {
            let set = ByteSet::EMPTY.with(byte);
            assert!((0..=255).all(|other| set.contains(other) == (other == byte)));
            assert_eq!(ByteSet::of(&[byte, byte]), set);
            assert_eq!(set.words()[usize::from(byte / 64)], 1 << (byte % 64));
        }
        assert_eq!(ByteSet::EMPTY.with_range(0, 255), ByteSet::ALL);
        assert_eq!(ByteSet::EMPTY.with_range(2, 1), ByteSet::EMPTY);
        assert_eq!(ByteSet::EMPTY.with_range(255, 255), ByteSet::of(b"\xff"));
        let (left, right) = (ByteSet::of(b"a\xff"), ByteSet::EMPTY.with_each(b"b\xff"));
        assert_eq!(
            (left.and(right), left.or(right)),
            (ByteSet::of(b"\xff"), ByteSet::of(b"ab\xff"))
        );
        assert!(left.meets(right) && !left.meets(ByteSet::of(b"b")));
    }
}
