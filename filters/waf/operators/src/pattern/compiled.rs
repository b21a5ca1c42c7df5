//! A pattern that runs: nothing of it is built before it is first asked, and each further part when that is needed.
//!
//! `regex-automata`'s parts are put together here instead of its `meta::Regex`: whether a value matches needs one lazy
//! DFA, without the reverse one, one-pass DFA and backtracker that the other builds at once; half the memory and half
//! the time of a compilation. Where it begins is asked after a match alone, and groups where a rule reads them.

use std::cell::OnceCell;
use std::rc::Rc;

use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, HirKind};

use super::engines::{GaveUp, Lazy, Steady, brief};
use super::{Case, Exhausted, LONG, PatternError, parse, translate};

/// Where something was found: from, and up to but without.
pub type Span = std::ops::Range<usize>;

/// Groups that a rule can read, the whole match among them: `TX:0` to `TX:9`.
pub const MAX_GROUPS: usize = 10;

/// A checked pattern.
#[derive(Debug)]
pub struct Pattern {
    translated: Rc<str>,
    /// In a box: most patterns of a rule set are never asked.
    parts: OnceCell<Result<Box<Parts>, PatternError>>,
}

/// What was made of a pattern so far. Its syntax tree is not kept: it is two thirds of all, and read again where another
/// part is needed, as few patterns ever match.
#[derive(Debug)]
struct Parts {
    translated: Rc<str>,
    groups: Groups,
    forward: Lazy,
    brief: OnceCell<Option<Lazy>>,
    reverse: OnceCell<Option<Lazy>>,
    steady: OnceCell<Option<Steady>>,
}

/// What a pattern has for groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Groups {
    None,
    /// The whole pattern is a group that has no other in it: where it matched, nobody need look for groups.
    Whole,
    Some,
}

impl Groups {
    fn of(hir: &Hir) -> Self {
        match (hir.properties().explicit_captures_len(), hir.kind()) {
            (0, _) => Groups::None,
            (1, HirKind::Capture(_)) => Groups::Whole,
            _ => Groups::Some,
        }
    }
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
    pub fn translated(translated: impl Into<Rc<str>>) -> Self {
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
            let more = [&parts.brief, &parts.reverse].into_iter().filter_map(OnceCell::get);
            parts.forward.memory_usage() + more.flatten().map(Lazy::memory_usage).sum::<usize>()
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
        if groups.len() > 1 && parts.groups == Groups::Some {
            parts.steady()?.captures(value, span, groups);
        } else {
            let count = if parts.groups == Groups::Whole { 2 } else { 1 };
            groups.iter_mut().take(count).for_each(|group| *group = Some(span.clone()));
        }
        Ok(true)
    }

    fn parts(&self) -> Result<&Parts, &PatternError> {
        let parts =
            self.parts.get_or_init(|| Parts::new(Rc::clone(&self.translated)).map(Box::new));
        parts.as_ref().map(Box::as_ref)
    }
}

impl Parts {
    fn new(translated: Rc<str>) -> Result<Self, PatternError> {
        let hir = parse(&translated)?;
        let (groups, forward) = (Groups::of(&hir), Lazy::forwards(&hir)?);
        let (brief, reverse, steady) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Ok(Self { translated, groups, forward, brief, reverse, steady })
    }

    /// The syntax tree once more.
    fn hir(&self) -> Option<Hir> {
        parse(&self.translated).ok()
    }

    fn find(&self, value: &[u8]) -> Result<Option<Span>, Exhausted> {
        let input = Input::new(value);
        // What goes on to the end of a long value would have to be gone through again on the way back. A brief match is
        // behind where both begin, and from there the way to the end is gone once.
        let is_long = value.len() >= LONG;
        let first = if is_long { self.brief()? } else { &self.forward };
        let Ok(end) = first.end(&input) else { return Ok(self.steady()?.find(&input)) };
        let Some(end) = end else { return Ok(None) };
        let reverse = self.reverse.get_or_init(|| Lazy::backwards(&self.hir()?).ok());
        let backwards = Input::new(value).range(..end).anchored(Anchored::Yes);
        let start = match reverse.as_ref().ok_or(Exhausted)?.start(&backwards) {
            Ok(start) => start.ok_or(Exhausted)?,
            Err(GaveUp) => return Ok(self.steady()?.find(&input)),
        };
        if !is_long {
            return Ok(Some(start..end));
        }
        let onwards = Input::new(value).range(start..).anchored(Anchored::Yes);
        match self.forward.end(&onwards) {
            Ok(end) => Ok(Some(start..end.ok_or(Exhausted)?)),
            Err(GaveUp) => Ok(self.steady()?.find(&onwards)),
        }
    }

    fn brief(&self) -> Result<&Lazy, Exhausted> {
        let brief = self.brief.get_or_init(|| Lazy::forwards(&brief(&self.hir()?)).ok());
        brief.as_ref().ok_or(Exhausted)
    }

    fn steady(&self) -> Result<&Steady, Exhausted> {
        self.steady.get_or_init(|| Steady::new(&self.hir()?)).as_ref().ok_or(Exhausted)
    }
}
