//! A pattern that runs: nothing of it is built before it is first asked, and each further part when that is needed.
//!
//! `regex-automata`'s parts are put together here instead of its `meta::Regex`: whether a value matches needs one lazy
//! DFA, without the reverse one, one-pass DFA and backtracker that the other builds at once; half the memory and half
//! the time of a compilation. Where it begins is asked after a match alone, and groups where a rule reads them.

use std::cell::{OnceCell, RefCell};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use regex_syntax::hir::{Hir, HirKind};

use super::{Case, Exhausted, PatternError, lanes, parse, translate};

/// Bytes of a compiled pattern: every one of the Core Rule Set fits, and counted repetitions of counted repetitions end
/// here instead of in memory.
pub(super) const MAX_NFA: usize = 512 * 1024;

/// Bytes of the states that a pattern remembers, at most. Benign values need a fraction, and few patterns ever need as
/// much: over all values of the Core Rule Set's tests a value costs 47 us with 128 KiB, 24 with 256, 17 with 512 and 10
/// with 1,024, while all patterns together come to hold 11, 15, 18 and 20 MiB.
const MAX_CACHE: usize = 512 * 1024;

/// The cache may be emptied so often before its worth is looked at.
const CLEARS: usize = 3;

/// A cache that yields fewer bytes a state than this costs more than it saves: the slow and steady engine takes over.
const BYTES_PER_STATE: usize = 10;

/// Where something was found: from, and up to but without.
pub type Span = std::ops::Range<usize>;

/// Groups that a rule can read, the whole match among them: `TX:0` to `TX:9`.
pub const MAX_GROUPS: usize = 10;

/// A checked pattern.
#[derive(Debug)]
pub struct Pattern {
    translated: Box<str>,
    parts: OnceCell<Result<Parts, PatternError>>,
}

#[derive(Debug)]
struct Parts {
    hir: Hir,
    forward: Lazy,
    reverse: OnceCell<Option<Lazy>>,
    steady: OnceCell<Option<Steady>>,
}

impl Pattern {
    /// Translates and checks a pattern in PCRE's syntax; nothing is compiled.
    pub fn new(pattern: &[u8], case: Case) -> Result<Self, PatternError> {
        let translated = translate(pattern, case)?;
        parse(&translated)?;
        Ok(Self::translated(translated))
    }

    /// A pattern that was translated and checked before: it is not looked at again until it is needed.
    #[must_use]
    pub fn translated(translated: impl Into<Box<str>>) -> Self {
        Self { translated: translated.into(), parts: OnceCell::new() }
    }

    /// What [`translate`] made of it.
    #[must_use]
    pub fn as_translated(&self) -> &str {
        &self.translated
    }

    /// Compiles it now, if that was not done: for a warm start, and to refuse at load what is too large.
    pub fn compile(&self) -> Result<(), PatternError> {
        self.parts().map(|_| ()).map_err(Clone::clone)
    }

    /// True once it is compiled.
    #[must_use]
    pub fn is_compiled(&self) -> bool {
        self.parts.get().is_some()
    }

    /// Bytes that it holds, its remembered states too.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let parts = self.parts.get().and_then(|parts| parts.as_ref().ok()).map_or(0, |parts| {
            let reverse =
                parts.reverse.get().and_then(Option::as_ref).map_or(0, Lazy::memory_usage);
            parts.forward.memory_usage() + reverse
        });
        self.translated.len() + parts
    }

    /// True when it occurs in the value.
    pub fn is_match(&self, value: &[u8]) -> Result<bool, Exhausted> {
        let parts = self.parts().map_err(|_| Exhausted)?;
        match parts.forward.has_match(value) {
            Ok(found) => Ok(found),
            Err(GaveUp) => Ok(parts.steady()?.is_match(Input::new(value).earliest(true))),
        }
    }

    /// The first match and its groups: `groups` is filled with as many spans as it has room for and the pattern has
    /// groups, the whole match first; what took no part is none. True when there is a match.
    pub fn captures(&self, value: &[u8], groups: &mut [Option<Span>]) -> Result<bool, Exhausted> {
        groups.fill(None);
        let parts = self.parts().map_err(|_| Exhausted)?;
        let Some(span) = parts.find(value)? else { return Ok(false) };
        let is_one_group = parts.is_one_group();
        if groups.len() > 1 && parts.has_groups() && !is_one_group {
            parts.steady()?.captures(value, span, groups);
        } else {
            groups.iter_mut().take(1 + usize::from(is_one_group)).for_each(|group| {
                *group = Some(span.clone());
            });
        }
        Ok(true)
    }

    fn parts(&self) -> Result<&Parts, &PatternError> {
        self.parts.get_or_init(|| Parts::new(&self.translated)).as_ref()
    }
}

impl Parts {
    fn new(translated: &str) -> Result<Self, PatternError> {
        let hir = parse(translated)?;
        let prefilter = Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &hir);
        let config = DFA::config().match_kind(MatchKind::LeftmostFirst).prefilter(prefilter);
        let nfa = nfa(&hir, WhichCaptures::None, false)?;
        let forward = Lazy::new(config, nfa)?;
        Ok(Self { hir, forward, reverse: OnceCell::new(), steady: OnceCell::new() })
    }

    fn has_groups(&self) -> bool {
        self.hir.properties().explicit_captures_len() > 0
    }

    /// True if the whole pattern is a group that has no other in it: where it matched, nobody need look for groups.
    fn is_one_group(&self) -> bool {
        matches!(self.hir.kind(), HirKind::Capture(_))
            && self.hir.properties().explicit_captures_len() == 1
    }

    fn find(&self, value: &[u8]) -> Result<Option<Span>, Exhausted> {
        let input = Input::new(value);
        let Ok(end) = self.forward.end(&input) else { return Ok(self.steady()?.find(&input)) };
        let Some(end) = end else { return Ok(None) };
        let reverse = self.reverse.get_or_init(|| {
            let config = DFA::config().match_kind(MatchKind::All);
            Lazy::new(config, nfa(&self.hir, WhichCaptures::None, true).ok()?).ok()
        });
        let backwards = Input::new(value).range(..end).anchored(Anchored::Yes);
        match reverse.as_ref().ok_or(Exhausted)?.start(&backwards) {
            Ok(Some(start)) => Ok(Some(start..end)),
            Ok(None) => Err(Exhausted),
            Err(GaveUp) => Ok(self.steady()?.find(&input.clone().range(..end))),
        }
    }

    fn steady(&self) -> Result<&Steady, Exhausted> {
        self.steady
            .get_or_init(|| {
                let vm =
                    PikeVM::new_from_nfa(nfa(&self.hir, WhichCaptures::All, false).ok()?).ok()?;
                let cache = RefCell::new(vm.create_cache());
                Some(Steady { vm, cache })
            })
            .as_ref()
            .ok_or(Exhausted)
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

/// The lazy DFA's cache was of no use for this value.
struct GaveUp;

/// A DFA whose states are made as a value asks for them.
#[derive(Debug)]
struct Lazy {
    dfa: DFA,
    cache: RefCell<Cache>,
}

impl Lazy {
    fn new(config: regex_automata::hybrid::dfa::Config, nfa: NFA) -> Result<Self, PatternError> {
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
        Ok(Self { dfa, cache })
    }

    fn has_match(&self, value: &[u8]) -> Result<bool, GaveUp> {
        if lanes::fits(&self.dfa, value)
            && let Some(found) = lanes::is_match(&self.dfa, &mut self.cache.borrow_mut(), value)
        {
            return Ok(found);
        }
        Ok(self.end(&Input::new(value).earliest(true))?.is_some())
    }

    fn end(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        let found =
            self.dfa.try_search_fwd(&mut self.cache.borrow_mut(), input).map_err(|_| GaveUp)?;
        Ok(found.map(|half| half.offset()))
    }

    fn start(&self, input: &Input<'_>) -> Result<Option<usize>, GaveUp> {
        let found =
            self.dfa.try_search_rev(&mut self.cache.borrow_mut(), input).map_err(|_| GaveUp)?;
        Ok(found.map(|half| half.offset()))
    }

    fn memory_usage(&self) -> usize {
        self.dfa.get_nfa().memory_usage() + self.cache.borrow().memory_usage()
    }
}

/// The engine that simulates the pattern: slow, of one size, and the only one that knows of groups.
#[derive(Debug)]
struct Steady {
    vm: PikeVM,
    cache: RefCell<pikevm::Cache>,
}

impl Steady {
    fn is_match(&self, input: Input<'_>) -> bool {
        self.vm.is_match(&mut self.cache.borrow_mut(), input)
    }

    fn find(&self, input: &Input<'_>) -> Option<Span> {
        let mut slots = [None; 2];
        self.slots(input, &mut slots);
        span(&slots)
    }

    /// The groups of a match that is known: nothing outside of it is gone through again.
    fn captures(&self, value: &[u8], whole: Span, groups: &mut [Option<Span>]) {
        let input = Input::new(value).range(whole).anchored(Anchored::Yes);
        let mut slots = [None; 2 * MAX_GROUPS];
        self.slots(&input, &mut slots);
        for (group, slots) in groups.iter_mut().zip(slots.chunks_exact(2)) {
            *group = span(slots);
        }
    }

    fn slots(
        &self,
        input: &Input<'_>,
        slots: &mut [Option<regex_automata::util::primitives::NonMaxUsize>],
    ) {
        let found: Option<PatternID> =
            self.vm.search_slots(&mut self.cache.borrow_mut(), input, slots);
        debug_assert!(found.is_some() || slots.iter().all(Option::is_none));
    }
}

fn span(slots: &[Option<regex_automata::util::primitives::NonMaxUsize>]) -> Option<Span> {
    match slots {
        [Some(start), Some(end)] => Some(start.get()..end.get()),
        _ => None,
    }
}
