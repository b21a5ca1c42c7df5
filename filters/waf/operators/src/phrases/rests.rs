//! Only the beginning of a phrase, as much as tells it from the others, is in the automaton; the rest is compared.
//!
//! A byte in the automaton takes twelve, a byte of the rest one: the phrase files of the Core Rule Set take less than half. The
//! table: the length of the automaton's in four bytes, the automaton's, the length of the records in four bytes, the
//! records, all rests. What a state of the automaton puts out is an [`Ending`].

use std::borrow::Cow;
use std::ops::Range;

use crate::automaton::{Automaton, MAX_BYTES, TooManyPhrases, Trie};

/// Bytes of a phrase that are in the automaton at least: fewer are found in ordinary text, and rests compared for nothing.
const LEAST: usize = 6;

/// Bytes of a record: where the rest begins and its length, the length of the beginning, what else ends there.
const RECORD: usize = 16;

/// What a state puts out: an odd number is a phrase that ends there, twice its length and one; an even one is twice the
/// number of a record and two; 0 is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending(u32);

/// A phrase of which something may be left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// It ends here.
    Whole {
        /// Its bytes.
        length: usize,
    },
    /// It ends here if what follows is its rest.
    Begun {
        /// Bytes of its beginning.
        begun: usize,
        /// Where among all rests its own is.
        rest: (usize, usize),
        /// What else ends, or may end, where the beginning does.
        next: Ending,
    },
}

/// The records and the rests.
#[derive(Clone, Debug)]
pub(super) struct Rests {
    records: Cow<'static, [u8]>,
    bytes: Cow<'static, [u8]>,
}

impl Ending {
    pub(super) fn new(out: u32) -> Self {
        Ending(out)
    }

    fn whole(length: usize) -> Self {
        Ending(u32::try_from(length).map_or(0, |length| length << 1 | 1))
    }

    fn record(number: usize) -> Self {
        Ending(u32::try_from(number).map_or(0, |number| (number + 1) << 1))
    }
}

impl Rests {
    pub(super) fn step(&self, Ending(out): Ending) -> Option<Step> {
        let half = usize::try_from(out >> 1).ok()?;
        if out & 1 == 1 {
            return Some(Step::Whole { length: half });
        }
        let record = self.records.as_chunks::<RECORD>().0.get(half.checked_sub(1)?)?;
        let mut words = record.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        let mut size = || words.next().and_then(|word| usize::try_from(word).ok());
        let (rest, begun) = ((size()?, size()?), size()?);
        Some(Step::Begun { begun, rest, next: Ending(words.next()?) })
    }

    /// Where the rest ends, if the value goes on with it.
    pub(super) fn end(&self, value: &[u8], at: usize, rest: (usize, usize)) -> Option<usize> {
        let (start, length) = rest;
        let bytes = self.bytes.get(start..start.checked_add(length)?)?;
        let end = at.checked_add(length)?;
        value.get(at..end)?.eq_ignore_ascii_case(bytes).then_some(end)
    }
}

/// The table of these phrases; what is empty is no phrase.
pub(super) fn table<P: AsRef<[u8]>>(phrases: &[P]) -> Result<Vec<u8>, TooManyPhrases> {
    let phrases: Vec<&[u8]> = phrases.iter().map(AsRef::as_ref).collect();
    if phrases.iter().map(|phrase| phrase.len()).sum::<usize>() > MAX_BYTES {
        return Err(TooManyPhrases);
    }
    let begun = beginnings(&phrases);
    let halves: Vec<(&[u8], &[u8])> = phrases
        .iter()
        .zip(begun)
        .map(|(phrase, begun)| phrase.split_at_checked(begun).unwrap_or((phrase, &[])))
        .collect();
    let beginnings: Vec<&[u8]> = halves.iter().map(|(beginning, _)| *beginning).collect();
    let (mut records, mut rests) = (Vec::new(), Vec::new());
    let automaton = Trie::new(&beginnings)?.finish(|ends, inherited| {
        let mut ending = Ending(inherited);
        for (beginning, rest) in ends.iter().filter_map(|end| halves.get(*end as usize)) {
            if rest.is_empty() {
                // All phrases that end at a state are ends of one another: this is the longest, and nothing that has a
                // rest can end earlier.
                return Ending::whole(beginning.len()).0;
            }
            let number = records.len() / RECORD;
            let words = [rests.len(), rest.len(), beginning.len()];
            let words = words.into_iter().map(|word| u32::try_from(word).unwrap_or(u32::MAX));
            records.extend(words.chain([ending.0]).flat_map(u32::to_le_bytes));
            rests.extend_from_slice(rest);
            ending = Ending::record(number);
        }
        ending.0
    });
    let mut table = Vec::new();
    for part in [automaton, records] {
        let length = u32::try_from(part.len()).map_err(|_| TooManyPhrases)?;
        table.extend(length.to_le_bytes());
        table.extend(part);
    }
    table.extend(rests);
    Ok(table)
}

/// The parts of a table.
pub(super) fn parts(table: Cow<'static, [u8]>) -> Option<(Automaton, Rests)> {
    match table {
        Cow::Borrowed(table) => {
            let (automaton, records, rests) = split(table)?;
            let rests = Rests { records: records.into(), bytes: rests.into() };
            Some((Automaton::new(automaton)?, rests))
        }
        Cow::Owned(table) => {
            let (automaton, records, rests) = split(&table)?;
            let rests = Rests { records: records.to_vec().into(), bytes: rests.to_vec().into() };
            Some((Automaton::new(automaton.to_vec())?, rests))
        }
    }
}

fn split(table: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    fn part(table: &[u8]) -> Option<(&[u8], &[u8])> {
        let (length, rest) = table.split_first_chunk()?;
        rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
    }
    let (automaton, rest) = part(table)?;
    let (records, rests) = part(rest)?;
    Some((automaton, records, rests))
}

/// How many bytes of each phrase tell it from all others, and at least [`LEAST`]; all of one that others begin with.
fn beginnings(phrases: &[&[u8]]) -> Vec<usize> {
    let mut sorted: Vec<(Vec<u8>, usize)> =
        phrases.iter().map(|phrase| phrase.to_ascii_lowercase()).zip(0..).collect();
    sorted.sort();
    let common =
        |one: &[u8], other: &[u8]| one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let mut lengths = vec![0; phrases.len()];
    let mut before = 0;
    for at in 0..sorted.len() {
        let Some((phrase, place)) = sorted.get(at) else { continue };
        let after = sorted.get(at + 1).map_or(0, |(next, _)| common(phrase, next));
        if let Some(length) = lengths.get_mut(*place) {
            *length = (before.max(after) + 1).max(LEAST).min(phrase.len());
        }
        before = after;
    }
    lengths
}

/// Of two places where something was found, the one that ends first, and of those the longer one.
pub(super) fn first(one: Option<Range<usize>>, other: Range<usize>) -> Range<usize> {
    match one {
        Some(one) if (one.end, one.start) <= (other.end, other.start) => one,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Phrases;
    use super::*;

    /// What is found, the slow way.
    fn expected(phrases: &[Vec<u8>], value: &[u8]) -> Option<Range<usize>> {
        (1..=value.len()).find_map(|end| {
            let lengths = phrases.iter().map(Vec::len).filter(|length| (1..=end).contains(length));
            let starts = lengths.map(|length| end - length).filter(|start| {
                phrases.iter().any(|phrase| value[*start..end].eq_ignore_ascii_case(phrase))
            });
            starts.min().map(|start| start..end)
        })
    }

    #[test]
    fn the_phrase_that_ends_first_is_found_whatever_is_left_of_it() {
        for (phrases, value) in [
            (&["abcdefghij", "cdefghi"][..], "abcdefghij"),
            (&["abcdefghij", "cdefghi"], "ABCDEFGHxj abcdefghij"),
            (&["abcdefghij", "bcdefghij"], "abcdefghij"),
            (&["abcdefghijkl", "ghij"], "abcdefghijkl"),
            (&["abcdefghijkl", "h"], "abcdefghijkl"),
            (&["abcdefghijkl", "jk"], "abcdefghij jk"),
            (&["abcdefghijkl", "abcdefghijkx"], "abcdefghijkX"),
            (&["abcdefghijkl", "abcdefghijkl"], "abcdefghijkl"),
            (&["abcdefghijkl", "abcdefgh"], "abcdefghijkl"),
            (&["aaaaaaaaaaab", "aaaaaaaab"], "aaaaaaaaaaaaaab"),
            (&["abcdefghijkl"], "abcdefghijk"),
            (&["abcdefgh"], "abcdefgh"),
            (&["abcdefghi"], "abcdefghi"),
        ] {
            let phrases: Vec<_> = phrases.iter().map(|text| text.as_bytes().to_vec()).collect();
            let found = Phrases::new(&phrases).unwrap().find(value.as_bytes());
            assert_eq!(found, expected(&phrases, value.as_bytes()), "{phrases:?} {value}");
        }
    }

    #[test]
    fn any_phrases_are_found_in_any_value() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut found = [0; 2];
        for round in 0..3_000 {
            let letters = 1 + round % 4;
            let mut text = |most: usize| -> Vec<u8> {
                let length = random.usize(0..=most);
                (0..length).map(|_| b"abAB"[random.usize(0..letters)]).collect()
            };
            let mut phrases: Vec<Vec<u8>> = (0..6).map(|_| text(3 * LEAST)).collect();
            phrases.retain(|phrase| phrase.len() > LEAST);
            let mut value = text(40);
            if let Some(phrase) = phrases.first() {
                // Nothing is found in most values of more letters, and few beginnings.
                let end = phrase.len() - round % 2;
                value.extend_from_slice(&phrase[..end]);
            }
            let expected = expected(&phrases, &value);
            found[usize::from(expected.is_some())] += 1;
            let all = Phrases::new(&phrases).unwrap();
            assert_eq!(all.find(&value), expected, "{phrases:?} {}", value.escape_ascii());
        }
        assert!(found.iter().all(|count| *count > 50), "{found:?}");
    }

    #[test]
    fn what_is_long_and_nobody_elses_is_left_out_of_the_automaton() {
        let lengths = |phrases: &[&str]| {
            beginnings(&phrases.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
        };
        assert_eq!(lengths(&["abcdefgh", "abcdefghi", "xyz"]), [8, 9, 3]);
        assert_eq!(lengths(&["the one and only", "THE ONE and another"]), [13, 13]);
        assert_eq!(lengths(&["something quite long"]), [LEAST]);
        assert_eq!(lengths(&["twice the same", "TWICE the same"]), [14, 14]);
    }

    #[test]
    fn bytes_that_are_no_table_are_refused() {
        let whole = table(&["abcdefghijkl", "c"]).unwrap();
        assert!(Phrases::from_table(whole.clone()).is_some());
        assert!(Phrases::from_table(whole[..40].to_vec()).is_none());
        assert!(Phrases::from_table(Vec::new()).is_none());
        let mut huge = whole;
        huge[..4].fill(0xff);
        assert!(Phrases::from_table(huge).is_none());
    }

    #[test]
    fn there_may_be_so_many_bytes_of_phrases() {
        let half = vec![b'a'; MAX_BYTES / 2];
        let other = vec![b'b'; MAX_BYTES / 2];
        assert!(table(&[&half[..], &other[..]]).is_ok());
        assert_eq!(table(&[&half[..], &other[..], b"c"]).map(|_| ()), Err(TooManyPhrases));
    }
}
