//! What runs a pattern: DFAs whose states are made as values ask for them, and the engine behind them.

use std::cell::{Cell, OnceCell, RefCell};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::compiled::{MAX_GROUPS, Span};
use super::simulation::Simulation;
use super::{PatternError, lanes};

/// Bytes of a compiled pattern: every one of the Core Rule Set fits, and counted repetitions of counted repetitions end
/// here instead of in memory.
pub(super) const MAX_NFA: usize = 512 * 1024;

/// Bytes of the states that a pattern remembers, at most. Benign values need a fraction, and few patterns ever need as
/// much: over all values of the Core Rule Set's tests a value costs 47 us with 128 KiB, 24 with 256, 17 with 512 and 10
/// with 1,024, while all patterns together come to hold 11, 15, 18 and 20 MiB.
const MAX_CACHE: usize = 512 * 1024;

/// The cache may be emptied so often before its worth is looked at.
const CLEARS: usize = 1;

/// A cache that yields fewer bytes a state than this is of no use to a search that has no credit to lose.
const BYTES_PER_STATE: usize = 20;

/// Bytes that go through the simulation while a state is made, at least; and of a large pattern one for so many states of
/// its NFA, as a new state follows all that may begin with each byte.
const LEAST_PRICE: usize = 16;
/// See [`LEAST_PRICE`].
const NFA_STATES_PER_BYTE: usize = 32;

/// States that a DFA may make although it has gone through few bytes, as a new one has to, and one whose values are new;
/// and those that it can owe at most.
const FREE_STATES: usize = 256;

/// Bytes that are simulated for each that a DFA no longer owes then.
const SIMULATED_PER_TRIED: usize = 8;

/// Bytes of a state beside those for its classes: what it stands for, and where it is found by that.
const STATE: usize = 64;

/// The lazy DFA's cache was of no use for this value.
pub(super) struct GaveUp;

/// A DFA whose states are made as a value asks for them.
#[derive(Debug)]
pub(super) struct Lazy {
    dfa: DFA,
    cache: RefCell<Cache>,
    /// Bytes that a new state has to be good for.
    price: usize,
    /// Bytes that the DFA went through beyond those that it had to for the states it made; where they are less than none
    /// the simulation goes through values.
    credit: Cell<isize>,
    /// For values that the DFA is of no use for.
    simulation: OnceCell<Simulation>,
}

impl Lazy {
    /// Looks from a value's beginning for the first match.
    pub(super) fn forwards(hir: &Hir) -> Result<Self, PatternError> {
        let prefilter = Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, hir);
        let config = Config::new().match_kind(MatchKind::LeftmostFirst).prefilter(prefilter);
        Self::new(config, nfa(hir, WhichCaptures::None, false)?)
    }

    /// Looks from the end of a match for where it began.
    pub(super) fn backwards(hir: &Hir) -> Result<Self, PatternError> {
        let config = Config::new().match_kind(MatchKind::All);
        Self::new(config, nfa(hir, WhichCaptures::None, true)?)
    }

    fn new(config: Config, nfa: NFA) -> Result<Self, PatternError> {
        let config = config
            .cache_capacity(MAX_CACHE)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(CLEARS))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let dfa = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa)
            .map_err(|_| PatternError::TooLarge)?;
        let cache = RefCell::new(dfa.create_cache());
        let price = (dfa.get_nfa().states().len() / NFA_STATES_PER_BYTE).max(LEAST_PRICE);
        let (credit, simulation) =
            (Cell::new((FREE_STATES * price).cast_signed()), OnceCell::new());
        Ok(Self { dfa, cache, price, credit, simulation })
    }

    /// Where a match ends first, without the DFA; none where the pattern can't be gone through so.
    pub(super) fn simulated_end(&self, value: &[u8]) -> Option<Option<usize>> {
        let nfa = self.dfa.get_nfa();
        Simulation::fits(nfa)
            .then(|| self.simulation.get_or_init(Simulation::new).first_end(nfa, value))
    }

    /// Where a match ends, if there is one: not always the first one.
    pub(super) fn any_end(&self, value: &[u8]) -> Result<Option<usize>, GaveUp> {
        self.with_credit(value.len(), |cache, credit| {
            if lanes::fits(&self.dfa, value) {
                let states = credit / self.price;
                match lanes::any_end(&self.dfa, cache, value, states, self.price) {
                    Ok(end) => return Ok(end),
                    Err(lanes::End::Costly) => return Err(GaveUp),
                    Err(_) => {}
                }
            }
            self.forth(cache, &Input::new(value).earliest(true))
        })
    }

    /// Where the first match ends.
    pub(super) fn end(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        self.with_credit(input.get_span().len(), |cache, _| self.forth(cache, input))
    }

    /// Where the longest match that ends with the input begins.
    pub(super) fn start(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        self.with_credit(input.get_span().len(), |cache, _| {
            let found = self.dfa.try_search_rev(cache, input).map_err(|_| GaveUp)?;
            Ok(found.map(|half| half.offset()))
        })
    }

    fn forth(&self, cache: &mut Cache, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        let found = self.dfa.try_search_fwd(cache, input).map_err(|_| GaveUp)?;
        Ok(found.map(|half| half.offset()))
    }

    /// Has the DFA go through so many bytes, if it owes nothing; what it makes on the way it has to pay for.
    fn with_credit(
        &self,
        length: usize,
        search: impl FnOnce(&mut Cache, usize) -> Result<Option<usize>, GaveUp>,
    ) -> Result<Option<usize>, GaveUp> {
        let credit = self.credit.get();
        if credit.is_negative() {
            let paid = length / SIMULATED_PER_TRIED + 1;
            self.credit.set(credit.saturating_add_unsigned(paid).min(0));
            return Err(GaveUp);
        }
        let cache = &mut self.cache.borrow_mut();
        let (clears, bytes) = (cache.clear_count(), cache.memory_usage());
        let found = search(cache, credit.unsigned_abs());
        let made = match cache.memory_usage().checked_sub(bytes) {
            Some(0) => 0,
            Some(bytes) if cache.clear_count() == clears => {
                let classes = self.dfa.byte_classes().alphabet_len();
                bytes / (classes * size_of::<LazyStateID>() + STATE)
            }
            _ => FREE_STATES,
        };
        let gone = if found.is_ok() { length } else { 0 };
        let most = FREE_STATES.saturating_mul(self.price).cast_signed();
        let left = credit.saturating_add_unsigned(gone);
        let left = left.saturating_sub_unsigned(made.saturating_mul(self.price));
        self.credit.set(left.clamp(-most, most));
        found
    }

    pub(super) fn memory_usage(&self) -> usize {
        let simulation = self.simulation.get().map_or(0, Simulation::memory_usage);
        self.dfa.get_nfa().memory_usage() + self.cache.borrow().memory_usage() + simulation
    }
}

/// The engine that simulates the pattern: slow, of one size, and the only one that knows of groups.
#[derive(Debug)]
pub(super) struct Steady {
    vm: PikeVM,
    cache: RefCell<pikevm::Cache>,
}

impl Steady {
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let vm = PikeVM::new_from_nfa(nfa(hir, WhichCaptures::All, false).ok()?).ok()?;
        let cache = RefCell::new(vm.create_cache());
        Some(Steady { vm, cache })
    }

    pub(super) fn find(&self, input: &Input<'_>) -> Option<Span> {
        let mut slots = [None; 2];
        self.slots(input, &mut slots);
        span(&slots)
    }

    /// The first match there and its groups. True where there is one.
    pub(super) fn captures(&self, input: &Input<'_>, groups: &mut [Option<Span>]) -> bool {
        let mut slots = [None; 2 * MAX_GROUPS];
        let found = self.slots(input, &mut slots);
        for (group, slots) in groups.iter_mut().zip(slots.chunks_exact(2)) {
            *group = span(slots);
        }
        found
    }

    fn slots(&self, input: &Input<'_>, slots: &mut [Option<NonMaxUsize>]) -> bool {
        self.vm.search_slots(&mut self.cache.borrow_mut(), input, slots).is_some()
    }
}

fn span(slots: &[Option<NonMaxUsize>]) -> Option<Span> {
    match slots {
        [Some(start), Some(end)] => Some(start.get()..end.get()),
        _ => None,
    }
}

fn nfa(hir: &Hir, captures: WhichCaptures, reverse: bool) -> Result<NFA, PatternError> {
    let config = thompson::Config::new()
        .utf8(false)
        .reverse(reverse)
        .nfa_size_limit(Some(MAX_NFA))
        .which_captures(captures);
    thompson::Compiler::new()
        .configure(config)
        .build_from_hir(hir)
        .map_err(|_| PatternError::TooLarge)
}

/// The same pattern, content with as little as it can: its matches begin where those of the other begin, and end as early
/// as may be.
pub(super) fn brief(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            greedy: false,
            sub: Box::new(brief(&repetition.sub)),
            ..*repetition
        }),
        HirKind::Capture(group) => brief(&group.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(brief).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(brief).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::parse;

    /// Values of two letters: of the pattern below hardly two of them lead to the same states.
    fn value(random: &mut fastrand::Rng, length: usize) -> Vec<u8> {
        (0..length).map(|_| if random.bool() { b'a' } else { b'b' }).collect()
    }

    #[test]
    fn a_dfa_that_makes_states_too_often_is_left_alone_until_that_is_paid() {
        let lazy = Lazy::forwards(&parse("[ab]*a[ab]{14}c").unwrap()).unwrap();
        let most = (FREE_STATES * lazy.price).cast_signed();
        assert_eq!(lazy.credit.get(), most);
        let mut random = fastrand::Rng::with_seed(23);
        let mut tries = 0;
        for _ in 0..2000 {
            let value = value(&mut random, 100);
            let owed = lazy.credit.get();
            match lazy.any_end(&value) {
                Ok(end) => {
                    tries += 1;
                    assert!(owed >= 0 && end.is_none());
                }
                Err(GaveUp) => {
                    let paid = lazy.credit.get() - owed;
                    assert!(owed < 0 && (1..=100 / 8 + 1).contains(&paid), "{owed} {paid}");
                    assert_eq!(lazy.simulated_end(&value), Some(None));
                }
            }
            assert!((-most..=most).contains(&lazy.credit.get()));
        }
        assert!((3..200).contains(&tries), "{tries} of 2,000 values were given to the DFA");
    }

    #[test]
    fn a_dfa_that_finds_its_states_made_keeps_its_credit() {
        let lazy = Lazy::forwards(&parse(r"\bunion\s+select\b").unwrap()).unwrap();
        for _ in 0..2000 {
            assert!(lazy.any_end(b"a union of workers selects its leaders").is_ok());
            assert!(lazy.credit.get() > 0);
        }
        assert_eq!(lazy.credit.get(), (FREE_STATES * lazy.price).cast_signed());
    }

    #[test]
    fn the_states_of_a_large_pattern_cost_more() {
        let price = |pattern: &str| Lazy::forwards(&parse(pattern).unwrap()).unwrap().price;
        assert_eq!(price("a"), LEAST_PRICE);
        assert!(price("(?:[ab]{40}|[bc]{90}){20}") > 2 * LEAST_PRICE);
    }
}
