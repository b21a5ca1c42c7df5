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

/// Bytes before a place where a match ends, and behind it, in which [`Pattern::show`] looks: more than a line of a log
/// shows of it.
pub const SHOWN_BEFORE: usize = 128;
/// See [`SHOWN_BEFORE`].
pub const SHOWN_BEHIND: usize = 256;

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

/// How often the repetitions of a pattern may copy a part of it, all together, without that anybody has to compile it to
/// know that it can be: the largest NFA has room for as many copies of a class of bytes, many times over.
const SURE_COPIES: usize = 1_000;

/// How often repetitions copy a part of the pattern at most, were each of them within all others.
fn copies(translated: &str) -> usize {
    let mut pieces = translated.split('{');
    let mut before = pieces.next().unwrap_or_default();
    let mut copies = 1_usize;
    for piece in pieces {
        let counts = piece.split('}').next().unwrap_or_default().split(',');
        // `\x{41}` is a character.
        if !before.ends_with("\\x") {
            let most = counts.filter_map(|count| count.trim().parse().ok()).max();
            copies = copies.saturating_mul(most.unwrap_or(1).max(1));
        }
        before = piece;
    }
    copies
}

impl Pattern {
    /// Translates and checks a pattern in PCRE's syntax. It is compiled when a value needs it, or here where only that tells
    /// whether it can be; what came of it here is not kept, as no value may ever need it.
    pub fn new(pattern: &[u8], case: Case) -> Result<Self, PatternError> {
        let translated = translate(pattern, case)?;
        parse(&translated)?;
        if copies(&translated) > SURE_COPIES {
            Self::translated(translated.as_str()).compile()?;
        }
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
        Ok(self.any_end(value)?.is_some())
    }

    /// Where it ends in the value, if it occurs in it: one place of it, and not always the first one.
    pub fn any_end(&self, value: &[u8]) -> Result<Option<usize>, Exhausted> {
        let parts = self.parts().map_err(|_| Exhausted)?;
        match parts.forward.any_end(value) {
            Ok(end) => Ok(end),
            Err(GaveUp) => match parts.forward.simulated_end(value) {
                Some(end) => Ok(end),
                None => {
                    let input = Input::new(value).earliest(true);
                    Ok(parts.steady()?.find(&input).map(|span| span.end))
                }
            },
        }
    }

    /// The first match and its groups: `groups` is filled with as many spans as it has room for and the pattern has
    /// groups, the whole match first; what took no part is none. True when there is a match.
    pub fn captures(&self, value: &[u8], groups: &mut [Option<Span>]) -> Result<bool, Exhausted> {
        self.captures_within(Input::new(value), groups)
    }

    fn captures_within(
        &self,
        input: Input<'_>,
        groups: &mut [Option<Span>],
    ) -> Result<bool, Exhausted> {
        groups.fill(None);
        let parts = self.parts().map_err(|_| Exhausted)?;
        let Some(span) = parts.find(&input)? else { return Ok(false) };
        if groups.len() > 1 && parts.groups == Groups::Some {
            let whole = input.range(span).anchored(Anchored::Yes);
            parts.steady()?.captures(&whole, groups);
        } else {
            let count = if parts.groups == Groups::Whole { 2 } else { 1 };
            groups.iter_mut().take(count).for_each(|group| *group = Some(span.clone()));
        }
        Ok(true)
    }

    /// The same for who shows it to somebody and decides nothing by it, of a value in which a match ends there
    /// ([`any_end`](Self::any_end)): of a long one, [`SHOWN_BEFORE`] and [`SHOWN_BEHIND`] bytes around that place are gone
    /// through. What is longer is shown as far as it lies there.
    ///
    /// Where the first match of a long value lies can cost a thousand times what it costs that there is one: others that
    /// began before may go on to its end.
    pub fn show(
        &self,
        value: &[u8],
        end: usize,
        groups: &mut [Option<Span>],
    ) -> Result<bool, Exhausted> {
        if value.len() < LONG {
            return self.captures(value, groups);
        }
        groups.fill(None);
        let from = end.saturating_sub(SHOWN_BEFORE);
        let around = from..end.saturating_add(SHOWN_BEHIND).min(value.len());
        if value.get(around.clone()).is_none() {
            return Ok(false);
        }
        if !self.captures_within(Input::new(value).range(around), groups)? {
            groups.iter_mut().take(1).for_each(|group| *group = Some(from..end));
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

    fn find(&self, input: &Input<'_>) -> Result<Option<Span>, Exhausted> {
        // What goes on to the end of a long value would have to be gone through again on the way back. A brief match is
        // behind where both begin, and from there the way to the end is gone once.
        let is_long = input.get_span().len() >= LONG;
        let first = if is_long { self.brief()? } else { &self.forward };
        let Ok(end) = first.end(input) else { return Ok(self.steady()?.find(input)) };
        let Some(end) = end else { return Ok(None) };
        let reverse = self.reverse.get_or_init(|| Lazy::backwards(&self.hir()?).ok());
        let backwards = input.clone().range(input.start()..end).anchored(Anchored::Yes);
        let start = match reverse.as_ref().ok_or(Exhausted)?.start(&backwards) {
            Ok(start) => start.ok_or(Exhausted)?,
            Err(GaveUp) => return Ok(self.steady()?.find(input)),
        };
        if !is_long {
            return Ok(Some(start..end));
        }
        let onwards = input.clone().range(start..input.end()).anchored(Anchored::Yes);
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
