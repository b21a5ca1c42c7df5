//! What texts that recur meet, whoever sends them: names of headers and arguments, and what browsers say of themselves, come
//! with each request.

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

/// Texts, and the conditions that they meet. One is remembered from the second time on that it is seen: most texts are
/// never seen again, and what is written for them would drive more useful things out of the processor's caches.
#[derive(Debug)]
pub(super) struct Known {
    /// Bytes of a set of conditions.
    width: usize,
    held: RefCell<Held>,
}

#[derive(Debug)]
struct Held {
    places: Vec<Place>,
    /// Behind each other in the order in which they came, as those that recur are asked for: a set of conditions, the
    /// length of a text and the text.
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
    pub(super) fn new(words: usize) -> Self {
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

    /// Appends what a text meets. False where it is not known.
    pub(super) fn recall(&self, text: &[u8], met: &mut Vec<u64>) -> bool {
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
        met.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        true
    }

    /// Keeps what a text meets, if this is not the first time that it is seen.
    pub(super) fn remember(&self, text: &[u8], met: &[u64]) {
        let mut held = self.held.borrow_mut();
        let Held { places, records } = &mut *held;
        let tag = tag(text);
        let Some(place) = places.get_mut(tag as usize % PLACES) else { return };
        if std::mem::replace(&mut place.tag, tag) != tag {
            return;
        }
        let Ok(length) = u8::try_from(text.len()) else { return };
        let size = Self::size(self.width);
        let start = *place.record.get_or_insert_with(|| {
            let start = records.len();
            records.resize(start + size, 0);
            start as u32
        });
        let record = records.get_mut(start as usize..).unwrap_or_default();
        let Some((words, [held_length, rest @ ..])) = record.split_at_mut_checked(self.width)
        else {
            return;
        };
        words
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip(met)
            .for_each(|(held, word)| *held = word.to_le_bytes());
        if let Some(held) = rest.get_mut(..text.len()) {
            *held_length = length;
            held.copy_from_slice(text);
        }
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
