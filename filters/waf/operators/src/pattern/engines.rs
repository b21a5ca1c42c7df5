//! What runs a pattern: DFAs whose states are made as values ask for them, and the engine behind them.

use std::cell::{OnceCell, RefCell};

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, MatchKind, PatternID};
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

/// Bytes for which there has to be a new state at most: one that is made costs as much as the simulation of so many.
pub(super) const BYTES_PER_STATE: usize = 20;

/// The lazy DFA's cache was of no use for this value.
pub(super) struct GaveUp;

/// A DFA whose states are made as a value asks for them.
#[derive(Debug)]
pub(super) struct Lazy {
    dfa: DFA,
    cache: RefCell<Cache>,
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
        Ok(Self { dfa, cache, simulation: OnceCell::new() })
    }

    /// Where a match ends first, without the DFA; none where the pattern can't be gone through so.
    pub(super) fn simulated_end(&self, value: &[u8]) -> Option<Option<usize>> {
        let nfa = self.dfa.get_nfa();
        Simulation::fits(nfa)
            .then(|| self.simulation.get_or_init(Simulation::new).first_end(nfa, value))
    }

    /// Where a match ends, if there is one: not always the first one.
    pub(super) fn any_end(&self, value: &[u8]) -> Result<Option<usize>, GaveUp> {
        if lanes::fits(&self.dfa, value) {
            match lanes::any_end(&self.dfa, &mut self.cache.borrow_mut(), value) {
                Ok(end) => return Ok(end),
                Err(lanes::End::Costly) => return Err(GaveUp),
                Err(_) => {}
            }
        }
        self.end(&Input::new(value).earliest(true))
    }

    pub(super) fn end(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        let found =
            self.dfa.try_search_fwd(&mut self.cache.borrow_mut(), input).map_err(|_| GaveUp)?;
        Ok(found.map(|half| half.offset()))
    }

    pub(super) fn start(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        let found =
            self.dfa.try_search_rev(&mut self.cache.borrow_mut(), input).map_err(|_| GaveUp)?;
        Ok(found.map(|half| half.offset()))
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
        let found: Option<PatternID> =
            self.vm.search_slots(&mut self.cache.borrow_mut(), input, slots);
        found.is_some()
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
