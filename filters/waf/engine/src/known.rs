//! What is known of texts that recur, whoever sends them, a bit for each thing: names of headers and arguments, and what
//! browsers say of themselves, come with each request.

use std::cell::RefCell;
use std::hash::Hasher;

use rustc_hash::FxHasher;

/// Bytes of a text that is remembered from request to request. A longer one costs more to compare, and is seldom sent twice.
pub(crate) const LONGEST_KNOWN: usize = 160;

/// Bytes that may come with a text to tell it from the same text elsewhere: a list and three numbers, and some to spare.
const MORE: usize = 16;

/// Places for texts that are remembered, each for one: a client that sends new ones takes others' places, which costs
/// them a microsecond, and finds no way to make a place costly to look at. A quarter of a megabyte at the most.
const PLACES: usize = 1024;

/// Texts, and a set of bits for each. One is remembered from the second time on that it is seen: most texts are
/// never seen again, and what is written for them would drive more useful things out of the processor's caches.
#[derive(Debug)]
pub(crate) struct Known {
    /// Bytes of a set.
    width: usize,
    held: RefCell<Held>,
}

#[derive(Debug)]
struct Held {
    places: Vec<Place>,
    /// Behind each other in the order in which they came, as those that recur are asked for: a set, the length of a
    /// text and the text.
    records: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The hash of the text that was seen last.
    tag: u32,
    /// Where the place's record begins, once it has one.
    record: Option<u32>,
}

impl Known {
    /// Nothing, for sets of so many words.
    pub(crate) fn new(words: usize) -> Self {
        let width = words.saturating_mul(size_of::<u64>());
        // At once: a worker's memory then has its size from the beginning, and what is not written yet takes none.
        let records = Vec::with_capacity(PLACES.saturating_mul(Self::size(width)));
        Known {
            width,
            held: RefCell::new(Held { places: vec![Place::default(); PLACES], records }),
        }
    }

    /// Bytes of a record.
    const fn size(width: usize) -> usize {
        width + 1 + LONGEST_KNOWN + MORE
    }

    /// Appends a text's set. False where it is not known.
    pub(crate) fn recall(&self, text: &[u8], set: &mut Vec<u64>) -> bool {
        let held = self.held.borrow();
        let tag = tag(text);
        let place = held.places.get(tag as usize % PLACES).filter(|place| place.tag == tag);
        let Some(start) = place.and_then(|place| place.record) else { return false };
        let record = held.records.get(start as usize..).unwrap_or_default();
        let Some((words, [length, rest @ ..])) = record.split_at_checked(self.width) else {
            return false;
        };
        if rest.get(..usize::from(*length)) != Some(text) {
            return false;
        }
        let (words, _) = words.as_chunks::<{ size_of::<u64>() }>();
        set.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        true
    }

    /// Keeps a text's set, if this is not the first time that the text is seen.
    pub(crate) fn remember(&self, text: &[u8], set: &[u64]) {
        if self.held.borrow_mut().is_seen_again(text) {
            self.keep(text, set);
        }
    }

    /// Keeps a text's set.
    pub(crate) fn keep(&self, text: &[u8], set: &[u64]) {
        let mut held = self.held.borrow_mut();
        held.is_seen_again(text);
        let Ok(length) = u8::try_from(text.len()) else { return };
        let Some(record) = held.record(text, self.width) else { return };
        let Some((words, [held_length, rest @ ..])) = record.split_at_mut_checked(self.width)
        else {
            return;
        };
        let words = words.as_chunks_mut().0.iter_mut();
        words.zip(set).for_each(|(held, word)| *held = word.to_le_bytes());
        if let Some(held) = rest.get_mut(..text.len()) {
            *held_length = length;
            held.copy_from_slice(text);
        }
    }

    /// Takes a bit out of a text's set. True if it was in one.
    pub(crate) fn take(&self, text: &[u8], bit: usize) -> bool {
        let mut set = Vec::with_capacity(self.width / size_of::<u64>());
        let is_in = self.recall(text, &mut set)
            && set.get_mut(bit / 64).is_some_and(|word| {
                let before = *word;
                *word &= !(1 << (bit % 64));
                *word != before
            });
        if is_in {
            self.keep(text, &set);
        }
        is_in
    }
}

impl Held {
    /// True if a text was the last one that was seen in its place; it is from now on.
    fn is_seen_again(&mut self, text: &[u8]) -> bool {
        let tag = tag(text);
        let place = self.places.get_mut(tag as usize % PLACES);
        place.is_some_and(|place| std::mem::replace(&mut place.tag, tag) == tag)
    }

    /// The record of a text's place.
    fn record(&mut self, text: &[u8], width: usize) -> Option<&mut [u8]> {
        let place = self.places.get_mut(tag(text) as usize % PLACES)?;
        let size = Known::size(width);
        let start = *place.record.get_or_insert_with(|| {
            let start = self.records.len();
            self.records.resize(start + size, 0);
            start as u32
        });
        self.records.get_mut(start as usize..)
    }
}

fn tag(text: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    // The high bits of a product depend on all of its factors.
    (hasher.finish() >> 32) as u32 ^ hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_from_the_second_time_on_that_it_is_seen() {
        let known = Known::new(2);
        let mut met = vec![7];
        for seen in [false, false, true, true] {
            assert_eq!(known.recall(b"curl/8.0", &mut met), seen);
            known.remember(b"curl/8.0", &[1, 2]);
        }
        assert_eq!(met, [7, 1, 2, 1, 2]);
        assert!(!known.recall(b"curl/8.1", &mut met));
    }

    #[test]
    fn a_bit_is_taken_from_the_text_that_it_was_known_of_and_from_no_other() {
        let known = Known::new(2);
        known.keep(b"curl/8.0", &[3, 1]);
        assert!(known.take(b"curl/8.0", 64) && known.take(b"curl/8.0", 0));
        assert!(!known.take(b"curl/8.0", 0), "it is gone");
        assert!(!known.take(b"curl/8.0", 128), "there is no such bit");
        assert!(!known.take(b"curl/8.1", 1), "nothing is known of it");
        let mut set = Vec::new();
        assert!(known.recall(b"curl/8.0", &mut set));
        assert_eq!(set, [2, 0]);
    }

    #[test]
    fn the_longest_text_is_kept_whole_and_a_longer_one_is_never_taken_for_it() {
        let known = Known::new(1);
        let texts = [LONGEST_KNOWN + MORE - 1, LONGEST_KNOWN + MORE].map(|size| vec![b'a'; size]);
        for (text, met) in texts.iter().zip([[1], [2]]) {
            known.remember(text, &met);
            known.remember(text, &met);
        }
        for (text, wanted) in texts.iter().zip([1, 2]) {
            let mut met = Vec::new();
            assert!(known.recall(text, &mut met));
            assert_eq!(met, [wanted]);
        }
    }

    #[test]
    fn texts_that_share_a_place_take_it_from_each_other() {
        let known = Known::new(1);
        let text = |number: u32| format!("text {number}").into_bytes();
        let place = |text: &[u8]| tag(text) as usize % PLACES;
        let first = text(0);
        let other = (1..).map(text).find(|other| place(other) == place(&first)).unwrap();
        let mut met = Vec::new();
        for (text, word) in [(&first, 1), (&other, 2)] {
            known.remember(text, &[word]);
            known.remember(text, &[word]);
            assert!(known.recall(text, &mut met));
        }
        assert!(!known.recall(&first, &mut met), "its place is taken");
        assert_eq!(met, [1, 2]);
        assert_eq!(known.held.borrow().records.len(), Known::size(known.width));
    }
}
