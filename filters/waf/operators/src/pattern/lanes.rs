//! Whether a long value has a match, looked for from several places of it at once.
//!
//! A DFA can't take a byte before it knows where the last one led: a processor waits for memory at each of them. Searches
//! that begin at different places don't wait for each other. Each finds only true matches, those that begin at its place
//! or behind; and the first one, which goes on behind its part, is soon in the state that the next one was in at that
//! byte, as most states forget what is long past. From there on both are the same search.

#[cfg(test)]
mod tests;

use regex_automata::Input;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};

/// Places from which a value is gone through. In the Core Rule Set's patterns four cost half of what one costs.
const LANES: usize = 4;

/// Bytes behind the place of a lane within which the one that comes from before it has to meet it; it goes on alone
/// where it does not. Words and blanks between them are shorter.
const MEETING: usize = 64;

/// Bytes from which a value is long: below, what lanes go through twice, and a second way to a match, is as much as they
/// save.
pub const LONG: usize = 1024;

/// Why the lanes end early.
enum End {
    /// At a match.
    Match,
    /// Where the ordinary search has to say: states were forgotten, or nothing can match any more.
    Unsaid,
}

/// True if the search of the whole value may go by lanes.
pub(super) fn fits(dfa: &DFA, value: &[u8]) -> bool {
    // What skips from one beginning to the next is faster alone, and what begins nowhere else has no other lane.
    let begins_everywhere = || !dfa.get_nfa().is_always_start_anchored();
    value.len() >= LONG && dfa.get_config().get_prefilter().is_none() && begins_everywhere()
}

/// True if there is a match; none where the ordinary search has to say.
pub(super) fn is_match(dfa: &DFA, cache: &mut Cache, value: &[u8]) -> Option<bool> {
    cache.search_start(0);
    let found = Lanes { dfa, clears: cache.clear_count() }.search(cache, value);
    cache.search_finish(value.len());
    match found {
        Ok(found) => Some(found),
        Err(End::Match) => Some(true),
        Err(End::Unsaid) => None,
    }
}

struct Lanes<'d> {
    dfa: &'d DFA,
    /// Of the cache, when the search began: after another one its states are others.
    clears: usize,
}

impl Lanes<'_> {
    fn search(&self, cache: &mut Cache, value: &[u8]) -> Result<bool, End> {
        let part = value.len() / LANES;
        let (first, rest) = value.split_at_checked(part).ok_or(End::Unsaid)?;
        let (second, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let (third, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let (fourth, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let mut at = [LazyStateID::default(); LANES];
        for (lane, state) in at.iter_mut().enumerate() {
            *state = self.start(cache, value, lane * part)?;
        }
        let mut ways = [[LazyStateID::default(); LANES]; MEETING];
        let bytes = first.iter().zip(second).zip(third).zip(fourth);
        let mut bytes = bytes.map(|(((a, b), c), d)| [*a, *b, *c, *d]);
        for (way, bytes) in ways.iter_mut().zip(bytes.by_ref()) {
            at = self.step(cache, at, bytes)?;
            *way = at;
        }
        for bytes in bytes {
            at = self.step(cache, at, bytes)?;
        }

        let [mut state, ends @ ..] = at;
        for (lane, (part, end)) in [second, third, fourth].into_iter().zip(ends).enumerate() {
            let mut way = ways.iter().map(|way| way.get(lane + 1));
            for &byte in part {
                state = self.next(cache, state, byte)?;
                if way.next().is_some_and(|there| there == Some(&state)) {
                    state = end;
                    break;
                }
            }
        }
        for &byte in rest {
            state = self.next(cache, state, byte)?;
        }
        let end = self.dfa.next_eoi_state(cache, state).map_err(|_| End::Unsaid)?;
        Ok(end.is_match())
    }

    /// The state in which a lane begins; it knows the byte before it.
    fn start(&self, cache: &mut Cache, value: &[u8], place: usize) -> Result<LazyStateID, End> {
        let input = Input::new(value).range(place..);
        let state = self.dfa.start_state_forward(cache, &input).map_err(|_| End::Unsaid)?;
        self.usable(cache, state)
    }

    #[inline(always)]
    fn step(
        &self,
        cache: &mut Cache,
        [a, b, c, d]: [LazyStateID; LANES],
        [after_a, after_b, after_c, after_d]: [u8; LANES],
    ) -> Result<[LazyStateID; LANES], End> {
        Ok([
            self.next(cache, a, after_a)?,
            self.next(cache, b, after_b)?,
            self.next(cache, c, after_c)?,
            self.next(cache, d, after_d)?,
        ])
    }

    #[inline(always)]
    fn next(&self, cache: &mut Cache, state: LazyStateID, byte: u8) -> Result<LazyStateID, End> {
        let next = self.dfa.next_state_untagged(cache, state, byte);
        if next.is_tagged() { self.make(cache, state, byte) } else { Ok(next) }
    }

    /// A state that was not made yet, or is a special one.
    #[cold]
    fn make(&self, cache: &mut Cache, state: LazyStateID, byte: u8) -> Result<LazyStateID, End> {
        let next = self.dfa.next_state(cache, state, byte).map_err(|_| End::Unsaid)?;
        if next.is_match() { Err(End::Match) } else { self.usable(cache, next) }
    }

    fn usable(&self, cache: &Cache, state: LazyStateID) -> Result<LazyStateID, End> {
        let is_usable = !state.is_tagged() && cache.clear_count() == self.clears;
        if is_usable { Ok(state) } else { Err(End::Unsaid) }
    }
}
