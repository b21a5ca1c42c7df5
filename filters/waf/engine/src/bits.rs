//! A set of small numbers: which rules, which patterns.

/// A set of indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

const WORD: usize = 64;

impl Bits {
    /// True if nothing was put in.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if the number is in it.
    pub(crate) fn has(&self, index: usize) -> bool {
        has(&self.0, index).unwrap_or(false)
    }

    /// Puts a number in.
    pub(crate) fn set(&mut self, index: usize) {
        set(&mut self.0, index);
    }

    /// Puts all of another set in.
    pub(crate) fn unite(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        unite(&mut self.0, &other.0);
    }
}

/// True if a number is among those of these words; none past their end.
pub(crate) fn has(words: &[u64], index: usize) -> Option<bool> {
    words.get(index / WORD).map(|word| word >> (index % WORD) & 1 == 1)
}

/// Puts a number into these words, of which there are as many as it needs then.
pub(crate) fn set(words: &mut Vec<u64>, index: usize) {
    if words.len() <= index / WORD {
        words.resize(index / WORD + 1, 0);
    }
    if let Some(word) = words.get_mut(index / WORD) {
        *word |= 1 << (index % WORD);
    }
}

/// Puts all numbers of other words into these, as far as these go.
pub(crate) fn unite(words: &mut [u64], others: &[u64]) {
    words.iter_mut().zip(others).for_each(|(word, other)| *word |= other);
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(indices: I) -> Self {
        let mut bits = Bits::default();
        indices.into_iter().for_each(|index| bits.set(index));
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_it_once_it_was_put_in() {
        for index in [0, 1, 63, 64, 65, 1000] {
            let mut bits = Bits::default();
            assert!(!bits.has(index));
            bits.set(index);
            assert!(bits.has(index) && !bits.has(index + 1));
        }
    }

    #[test]
    fn a_union_has_both() {
        let mut bits: Bits = [3].into_iter().collect();
        bits.unite(&[200].into_iter().collect());
        assert!(bits.has(3) && bits.has(200));
    }
}
