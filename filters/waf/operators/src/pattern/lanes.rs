//! Where a long value has a match, looked for from several places of it at once.
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

/// Bytes that each lane goes through before they are looked at as gone: what a state costs is weighed by them.
const CHUNK: usize = 1024;

/// Bytes from which a value is long: below, what lanes go through twice, and a second way to a match, is as much as they
/// save.
pub const LONG: usize = 1024;

/// Why the lanes end early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At a match, which ends there; as long as only its lane is known, that.
    Match(usize),
    /// Where the ordinary search has to say: nothing that begins here can match any more.
    Unsaid,
    /// Where states are made more often than they are found made, or were forgotten to make others.
    Costly,
}

impl End {
    /// The same, where a match is at the place of its lane. A DFA says of a match that it ended before the byte that it was
    /// given last.
    #[cold]
    fn of_lane(self, place: impl FnOnce(usize) -> usize) -> Self {
        match self {
            End::Match(lane) => End::Match(place(lane)),
            other => other,
        }
    }
}

/// True if the search of the whole value may go by lanes.
pub(super) fn fits(dfa: &DFA, value: &[u8]) -> bool {
    // What skips from one beginning to the next is faster alone, and what begins nowhere else has no other lane.
    let begins_everywhere = || !dfa.get_nfa().is_always_start_anchored();
    value.len() >= LONG && dfa.get_config().get_prefilter().is_none() && begins_everywhere()
}

/// Where a match ends, if there is one: not the first one where several have one. So many states are made, and one more
/// for each `price` bytes that were gone through.
pub(super) fn any_end(
    dfa: &DFA,
    cache: &mut Cache,
    value: &[u8],
    states: usize,
    price: usize,
) -> Result<Option<usize>, End> {
    cache.search_start(0);
    let mut lanes = Lanes { dfa, clears: cache.clear_count(), made: 0, states, price, gone: 0 };
    let found = lanes.search(cache, value);
    cache.search_finish(value.len());
    match found {
        Ok(()) => Ok(None),
        Err(End::Match(end)) => Ok(Some(end)),
        Err(end) => Err(end),
    }
}

struct Lanes<'d> {
    dfa: &'d DFA,
    /// Of the cache, when the search began: after another one its states are others.
    clears: usize,
    /// States that the search made, and those that it may.
    made: usize,
    states: usize,
    price: usize,
    /// Bytes that it went through, in whole chunks.
    gone: usize,
}

impl Lanes<'_> {
    fn search(&mut self, cache: &mut Cache, value: &[u8]) -> Result<(), End> {
        let part = value.len() / LANES;
        let (first, rest) = value.split_at_checked(part).ok_or(End::Unsaid)?;
        let (second, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let (third, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let (fourth, rest) = rest.split_at_checked(part).ok_or(End::Unsaid)?;
        let mut states = [LazyStateID::default(); LANES];
        for (lane, state) in states.iter_mut().enumerate() {
            *state = self.start(cache, value, lane * part)?;
        }
        let mut ways = [[LazyStateID::default(); LANES]; MEETING];
        let chunks = first.chunks(CHUNK).zip(second.chunks(CHUNK));
        let chunks = chunks.zip(third.chunks(CHUNK).zip(fourth.chunks(CHUNK)));
        for (chunk, ((first, second), (third, fourth))) in chunks.enumerate() {
            let bytes = first.iter().zip(second).zip(third).zip(fourth);
            let mut bytes = bytes.map(|(((a, b), c), d)| [*a, *b, *c, *d]);
            let mut ways = if chunk == 0 { ways.iter_mut() } else { [].iter_mut() };
            // What is left tells the place, so that nobody counts on the way.
            while let Some(now) = bytes.next() {
                let next = self.step(cache, states, now);
                let behind = |lane| lane * part + chunk * CHUNK + first.len();
                states = next.map_err(|end| end.of_lane(|lane| behind(lane) - bytes.len() - 1))?;
                if let Some(way) = ways.next() {
                    *way = states;
                }
            }
            self.gone += LANES * first.len();
        }

        let [mut state, ends @ ..] = states;
        for (lane, (bytes, end)) in [second, third, fourth].into_iter().zip(ends).enumerate() {
            let mut way = ways.iter().map(|way| way.get(lane + 1));
            let behind = (lane + 2) * part;
            let mut bytes = bytes.iter();
            while let Some(&byte) = bytes.next() {
                let next = self.next(cache, state, byte, lane);
                state = next.map_err(|end| end.of_lane(|_| behind - bytes.len() - 1))?;
                if way.next().is_some_and(|there| there == Some(&state)) {
                    state = end;
                    break;
                }
            }
        }
        let mut bytes = rest.iter();
        while let Some(&byte) = bytes.next() {
            let next = self.next(cache, state, byte, LANES);
            state = next.map_err(|end| end.of_lane(|_| value.len() - bytes.len() - 1))?;
        }
        let end = self.dfa.next_eoi_state(cache, state).map_err(|_| End::Unsaid)?;
        if end.is_match() { Err(End::Match(value.len())) } else { Ok(()) }
    }

    /// The state in which a lane begins; it knows the byte before it.
    fn start(&self, cache: &mut Cache, value: &[u8], place: usize) -> Result<LazyStateID, End> {
        let input = Input::new(value).range(place..);
        let state = self.dfa.start_state_forward(cache, &input).map_err(|_| End::Unsaid)?;
        self.usable(cache, state)
    }

    #[inline(always)]
    fn step(
        &mut self,
        cache: &mut Cache,
        [a, b, c, d]: [LazyStateID; LANES],
        [after_a, after_b, after_c, after_d]: [u8; LANES],
    ) -> Result<[LazyStateID; LANES], End> {
        Ok([
            self.next(cache, a, after_a, 0)?,
            self.next(cache, b, after_b, 1)?,
            self.next(cache, c, after_c, 2)?,
            self.next(cache, d, after_d, 3)?,
        ])
    }

    #[inline(always)]
    fn next(
        &mut self,
        cache: &mut Cache,
        state: LazyStateID,
        byte: u8,
        lane: usize,
    ) -> Result<LazyStateID, End> {
        let next = self.dfa.next_state_untagged(cache, state, byte);
        if next.is_tagged() { self.make(cache, state, byte, lane) } else { Ok(next) }
    }

    /// A state that was not made yet, or is a special one.
    #[cold]
    fn make(
        &mut self,
        cache: &mut Cache,
        state: LazyStateID,
        byte: u8,
        lane: usize,
    ) -> Result<LazyStateID, End> {
        self.made += 1;
        if self.made > self.states + self.gone / self.price {
            return Err(End::Costly);
        }
        let next = self.dfa.next_state(cache, state, byte).map_err(|_| End::Costly)?;
        if next.is_match() { Err(End::Match(lane)) } else { self.usable(cache, next) }
    }

    fn usable(&self, cache: &Cache, state: LazyStateID) -> Result<LazyStateID, End> {
        match state.is_tagged() {
            _ if cache.clear_count() != self.clears => Err(End::Costly),
            true => Err(End::Unsaid),
            false => Ok(state),
        }
    }
}
