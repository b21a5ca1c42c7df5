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
        self.0.get(index / WORD).is_some_and(|word| word >> (index % WORD) & 1 == 1)
    }

    /// Puts a number in.
    pub(crate) fn set(&mut self, index: usize) {
        if self.0.len() <= index / WORD {
            self.0.resize(index / WORD + 1, 0);
        }
        if let Some(word) = self.0.get_mut(index / WORD) {
            *word |= 1 << (index % WORD);
        }
    }

    /// Puts all of another set in.
    pub(crate) fn unite(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
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
