//! A prefix code of DEFLATE (RFC 1951 §3.2.2).

/// Bits of a code word, at most.
const MAX_BITS: usize = 15;

/// Symbols of a code, at most: literals and lengths.
pub(super) const MAX_SYMBOLS: usize = 288;

/// Words of up to so many bits are looked up; longer ones, which are rare, are found bit by bit.
const FAST_BITS: u32 = 9;
const FAST: usize = 1 << FAST_BITS;

/// What the next bits are.
pub(super) enum Word {
    /// This symbol, of so many bits.
    Symbol(u16, u32),
    /// Not a whole word yet.
    More,
    /// No word of the code.
    None,
}

/// A code: how many words there are of each length, and their symbols in order. Words are numbers that follow from that.
pub(super) struct Code {
    counts: [u16; MAX_BITS + 1],
    symbols: [u16; MAX_SYMBOLS],
    /// By the next `fast_bits` bits: symbol and length, 0 where the word is longer.
    fast: [u16; FAST],
    /// Bits of the longest word, but for those that are not looked up: a small code is built in little time.
    fast_bits: u32,
}

impl Code {
    pub(super) const fn new() -> Self {
        Code { counts: [0; MAX_BITS + 1], symbols: [0; MAX_SYMBOLS], fast: [0; FAST], fast_bits: 0 }
    }

    /// Becomes the code whose symbols have words of these lengths, 0 for none. False if there is none: too many words,
    /// or too few, but for the code of a single word of one bit or of no word at all.
    pub(super) fn build(&mut self, lengths: &[u8]) -> bool {
        self.counts = [0; MAX_BITS + 1];
        for length in lengths {
            let Some(count) = self.counts.get_mut(usize::from(*length)) else { return false };
            *count = count.saturating_add(1);
        }
        let mut left = 1_i32;
        let (mut starts, mut start) = ([0_usize; MAX_BITS + 2], 0_usize);
        let mut words = [0_u32; MAX_BITS + 1];
        let mut word = 0_u32;
        for (length, count) in self.counts.iter().enumerate().skip(1) {
            left = (left << 1) - i32::from(*count);
            if left < 0 {
                return false;
            }
            word <<= 1;
            if let (Some(first), Some(place)) = (words.get_mut(length), starts.get_mut(length)) {
                (*first, *place) = (word, start);
            }
            word += u32::from(*count);
            start += usize::from(*count);
        }
        let single = start == 1 && self.counts.get(1) == Some(&1);
        if left > 0 && start > 0 && !single {
            return false;
        }
        let longest = self.counts.iter().rposition(|count| *count > 0).unwrap_or_default();
        self.fast_bits = u32::try_from(longest).unwrap_or(FAST_BITS).min(FAST_BITS);
        self.fast.iter_mut().take(1 << self.fast_bits).for_each(|slot| *slot = 0);
        for (symbol, length) in (0_u16..).zip(lengths) {
            let place = usize::from(*length);
            let (Some(start), Some(word)) = (starts.get_mut(place), words.get_mut(place)) else {
                return false;
            };
            if *length == 0 {
                continue;
            }
            if let Some(slot) = self.symbols.get_mut(*start) {
                *slot = symbol;
            }
            self.remember(symbol, *word, u32::from(*length));
            *start += 1;
            *word += 1;
        }
        true
    }

    /// Notes a word wherever the next bits begin with it.
    fn remember(&mut self, symbol: u16, word: u32, length: u32) {
        if length > FAST_BITS {
            return;
        }
        // Words come with their highest bit first, everything else with its lowest.
        let first = (word.reverse_bits() >> (u32::BITS - length)) as usize;
        let entry = symbol << 4 | u16::try_from(length).unwrap_or_default();
        let size = 1 << self.fast_bits;
        for slot in self.fast.iter_mut().take(size).skip(first).step_by(1 << length) {
            *slot = entry;
        }
    }

    /// The word at the beginning of these bits, of which there are `count`.
    pub(super) fn next(&self, bits: u64, count: u32) -> Word {
        let index = (bits & ((1 << self.fast_bits) - 1)) as usize;
        let entry = self.fast.get(index).copied().unwrap_or_default();
        let length = u32::from(entry & 15);
        if length > 0 {
            return if length <= count { Word::Symbol(entry >> 4, length) } else { Word::More };
        }
        self.search(bits, count)
    }

    fn search(&self, bits: u64, count: u32) -> Word {
        let (mut word, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for (length, words) in (1_u32..).zip(self.counts.iter().skip(1)) {
            if length > count {
                return Word::More;
            }
            word |= u32::from(bits >> (length - 1) & 1 == 1);
            let words = u32::from(*words);
            if word < first + words {
                let place = usize::try_from(index + (word - first)).unwrap_or(usize::MAX);
                return match self.symbols.get(place) {
                    Some(symbol) => Word::Symbol(*symbol, length),
                    None => Word::None,
                };
            }
            index += words;
            first = (first + words) << 1;
            word <<= 1;
        }
        Word::None
    }
}
