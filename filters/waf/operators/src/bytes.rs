//! A set of bytes: what a class of a pattern holds, which bytes a value has, what a range allows.

/// A set of byte values, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    /// Every byte.
    pub const FULL: ByteSet = ByteSet([u64::MAX; 4]);

    /// The set whose words are these, the lowest bytes first.
    #[must_use]
    pub const fn from_words(words: [u64; 4]) -> Self {
        Self(words)
    }

    /// Its words, the lowest bytes first.
    #[must_use]
    pub const fn words(self) -> [u64; 4] {
        self.0
    }

    /// The bytes that a value has.
    ///
    /// A flag for each value of a byte is set without a branch and without reading it first: a bit set would make each
    /// byte wait for the one before.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        if value.len() < SHORT {
            return Self::of_short(value);
        }
        let mut seen = [0_u8; 256];
        for &byte in value {
            if let Some(flag) = seen.get_mut(usize::from(byte)) {
                *flag = 1;
            }
        }
        let mut words = [0_u64; 4];
        for (word, flags) in words.iter_mut().zip(seen.chunks_exact(64)) {
            for (eight, flags) in flags.chunks_exact(8).enumerate() {
                let flags = flags.first_chunk().map_or(0, |flags| u64::from_le_bytes(*flags));
                // One multiplication moves the lowest bit of each of eight flags into the highest byte.
                *word |= (flags.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * eight);
            }
        }
        Self(words)
    }

    /// The same of a few, of which most are below 128: of those only the word has to be told, and without a branch.
    fn of_short(value: &[u8]) -> Self {
        let (mut low, mut high, mut all) = (0_u64, 0_u64, 0_u8);
        for &byte in value {
            let (bit, is_high) = (1_u64 << (byte & 63), (u64::from(byte) >> 6 & 1).wrapping_neg());
            low |= bit & !is_high;
            high |= bit & is_high;
            all |= byte;
        }
        if all.is_ascii() { Self([low, high, 0, 0]) } else { value.iter().copied().collect() }
    }

    /// With one more byte.
    #[must_use]
    pub const fn with(mut self, byte: u8) -> Self {
        self.insert(byte);
        self
    }

    /// With all bytes from one to another, both of them among these.
    #[must_use]
    pub const fn with_range(self, first: u8, last: u8) -> Self {
        let (mut set, mut byte) = (self, first);
        while byte < last {
            set.insert(byte);
            byte += 1;
        }
        if first <= last { set.with(last) } else { set }
    }

    /// With each of these bytes.
    #[must_use]
    pub const fn with_each(self, bytes: &[u8]) -> Self {
        let (mut set, mut rest) = (self, bytes);
        while let Some((byte, tail)) = rest.split_first() {
            set.insert(*byte);
            rest = tail;
        }
        set
    }

    /// Adds a byte.
    pub const fn insert(&mut self, byte: u8) {
        let [a, b, c, d] = self.0;
        // Without a branch, which nobody could foresee.
        self.0 = [a | bit(byte, 0), b | bit(byte, 1), c | bit(byte, 2), d | bit(byte, 3)];
    }

    /// Adds every byte from the first to the last, both of them too.
    pub fn insert_range(&mut self, first: u8, last: u8) {
        (first..=last).for_each(|byte| self.insert(byte));
    }

    /// True when the byte is in it.
    #[must_use]
    pub const fn contains(&self, byte: u8) -> bool {
        let [a, b, c, d] = self.0;
        // Without a branch, which nobody could foresee.
        let (low, high) = if byte & 64 == 0 { (a, c) } else { (b, d) };
        let word = if byte & 128 == 0 { low } else { high };
        word & (1 << (byte & 63)) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: ByteSet) -> ByteSet {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        ByteSet([a | e, b | f, c | g, d | h])
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: ByteSet) -> ByteSet {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        ByteSet([a & e, b & f, c & g, d & h])
    }

    /// What is not in it.
    #[must_use]
    pub const fn complement(self) -> ByteSet {
        let [a, b, c, d] = self.0;
        ByteSet([!a, !b, !c, !d])
    }

    /// True when a byte is in both.
    #[must_use]
    pub const fn meets(&self, other: &ByteSet) -> bool {
        !self.intersection(*other).is_empty()
    }

    /// True when every byte of it is in the other.
    #[must_use]
    pub const fn is_subset(&self, other: &ByteSet) -> bool {
        self.intersection(other.complement()).is_empty()
    }

    /// True when it has no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Its bytes, the lowest first.
    pub fn iter(&self) -> impl Iterator<Item = u8> + use<> {
        let [mut a, mut b, mut c, mut d] = self.0;
        std::iter::from_fn(move || {
            let (word, base) = match (a, b, c, d) {
                (0, 0, 0, _) => (&mut d, 192),
                (0, 0, ..) => (&mut c, 128),
                (0, ..) => (&mut b, 64),
                _ => (&mut a, 0),
            };
            // Of an empty word this is 64, and past the last byte only where the set is empty too.
            let bit = word.trailing_zeros() as u8;
            *word &= word.wrapping_sub(1);
            (bit < 64).then(|| base + bit)
        })
    }

    /// Runs of neighbouring bytes, the lowest first.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if u16::from(*last) + 1 == u16::from(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }

    /// The set with both cases of each ASCII letter that is in it.
    #[must_use]
    pub fn caseless(self) -> ByteSet {
        self.iter()
            .flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()])
            .collect()
    }
}

/// A byte's bit in one of the words.
const fn bit(byte: u8, word: u8) -> u64 {
    if byte >> 6 == word { 1 << (byte & 63) } else { 0 }
}

/// From so many bytes on the 256 flags cost less than they save.
const SHORT: usize = 48;

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        let mut set = ByteSet::EMPTY;
        bytes.into_iter().for_each(|byte| set.insert(byte));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_a_value_is_the_same_short_and_long() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 300, 5_000] {
            let value: Vec<u8> = (0..length).map(|index| (index * 37 % 251) as u8).collect();
            let expected: ByteSet = value.iter().copied().collect();
            assert_eq!(ByteSet::of(&value), expected, "{length} bytes");
            assert!(value.iter().all(|byte| expected.contains(*byte)));
            let ascii: Vec<u8> = value.iter().map(|byte| byte & 0x7f).collect();
            assert_eq!(ByteSet::of(&ascii), ascii.iter().copied().collect(), "{length} bytes");
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(ByteSet::of(&all), ByteSet::FULL);
        for byte in 0..=255 {
            assert_eq!(ByteSet::of(&[byte; 100]).iter().collect::<Vec<_>>(), [byte]);
        }
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for byte in 0..=255 {
            let set = ByteSet::EMPTY.with(byte);
            assert!((0..=255).all(|other| set.contains(other) == (other == byte)));
            assert_eq!(set.words()[usize::from(byte / 64)], 1 << (byte % 64));
        }
        assert_eq!(ByteSet::EMPTY.with_range(0, 255), ByteSet::FULL);
        assert_eq!(ByteSet::EMPTY.with_range(2, 1), ByteSet::EMPTY);
        assert_eq!(ByteSet::EMPTY.with_range(255, 255), ByteSet::EMPTY.with(255));
        assert_eq!(ByteSet::EMPTY.with_each(b"b\xffb"), ByteSet::of(b"b\xff"));
    }

    #[test]
    fn sets_are_united_met_and_turned_round() {
        let low: ByteSet = (0..128).collect();
        let high = low.complement();
        assert_eq!(low.union(high), ByteSet::FULL);
        assert!(!low.meets(&high) && low.intersection(high).is_empty());
        assert_eq!((low.len(), high.len(), ByteSet::FULL.len()), (128, 128, 256));
        assert_eq!(high.ranges(), [(128, 255)]);
        assert!(low.is_subset(&ByteSet::FULL) && !ByteSet::FULL.is_subset(&low));
        let letters: ByteSet = b"aZ0".iter().copied().collect();
        assert_eq!(letters.caseless().iter().collect::<Vec<_>>(), *b"0AZaz");
    }
}
