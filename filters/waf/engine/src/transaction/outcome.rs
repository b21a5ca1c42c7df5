//! What a stretch of rules makes of TX: looked up where it is known, noted where the rules had to be run.

use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use super::matched::Matched;
use super::tx::TxValue;
use crate::program::{LinkedRule, List, Program, Scheduled, Stretch, is_plain};

/// What becomes of a request that comes to a stretch with these values.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the stretch's slots held.
    before: Vec<Option<TxValue>>,
    /// The slots that hold something else behind it.
    after: Vec<(usize, Option<TxValue>)>,
    /// What matched last, if anything did.
    matched: Option<Matched>,
    /// Where the phase goes on.
    next: usize,
}

/// A stretch whose rules run.
struct Noting<'p> {
    stretch: &'p Stretch,
    before: Vec<Option<TxValue>>,
    matched: bool,
}

/// The way through a phase, from stretch to stretch.
pub(super) struct Walk<'p> {
    phase: &'p [Scheduled],
    /// Those that lie ahead.
    stretches: &'p [Stretch],
    noting: Option<Noting<'p>>,
    /// Where the next stretch begins, or the one that is noted ends.
    due: usize,
}

impl<'p> Walk<'p> {
    /// At the beginning of a phase.
    pub(super) fn new(program: &'p Program, index: usize) -> Self {
        let phase = program.phases.get(index).map_or(&[][..], AsRef::as_ref);
        let stretches = program.stretches.get(index).map_or(&[][..], Vec::as_slice);
        Walk { phase, stretches, noting: None, due: 0 }
    }

    /// The rule at a position.
    pub(super) fn rule(&self, position: usize) -> Option<&'p Scheduled> {
        self.phase.get(position)
    }

    /// True if more than a rule is at a position.
    pub(super) fn is_due(&self, position: usize) -> bool {
        position >= self.due
    }

    /// Does what the rules of stretches that begin here would do, where that is known, and notes what is not. Where the
    /// phase goes on.
    pub(super) fn come_to(&mut self, mut position: usize, transaction: &mut Transaction) -> usize {
        loop {
            if let Some(noting) = self.noting.take_if(|noting| position >= noting.stretch.end) {
                noting.keep(position, transaction);
            }
            while let Some((stretch, rest)) = self.stretches.split_first()
                && stretch.start < position
            {
                self.stretches = rest;
            }
            let Some((stretch, rest)) = self.stretches.split_first() else { break };
            if stretch.start != position {
                break;
            }
            self.stretches = rest;
            match transaction.arrive(self.phase, stretch) {
                Arrival::Known(next) => position = next,
                Arrival::New(noting) => {
                    self.noting = Some(noting);
                    break;
                }
                Arrival::Other => {}
            }
        }
        let noted = self.noting.as_ref().map(|noting| noting.stretch.end);
        let next = self.stretches.first().map(|stretch| stretch.start);
        self.due = noted.or(next).unwrap_or(usize::MAX);
        position
    }

    /// A gate matched.
    pub(super) fn came_through(&mut self) {
        if let Some(noting) = &mut self.noting {
            noting.matched = true;
        }
    }

    /// A rule was asked. Where it did more than another request would do that has the same in TX, what comes of its stretch
    /// is told by more than that.
    pub(super) fn asked(&mut self, linked: &LinkedRule, matched: bool, chain: &[Matched]) {
        if let Some(noting) = &mut self.noting {
            noting.matched |= matched;
            // What a part of a chain does is done, whether the others match or not.
            if !chain.is_empty() && !is_plain(linked) {
                self.noting = None;
            }
        }
    }
}

/// What comes of coming to a stretch.
enum Arrival<'p> {
    /// What its rules would do is done, and the phase goes on here.
    Known(usize),
    /// Its rules are to be run, and what comes of them is to be noted.
    New(Noting<'p>),
    /// Its rules are to be run.
    Other,
}

impl Transaction {
    /// Does what the rules of a stretch of this phase would do, if that is known.
    fn arrive<'p>(&mut self, phase: &[Scheduled], stretch: &'p Stretch) -> Arrival<'p> {
        if self.passed.is_some() || !self.runs_whole(phase, stretch) {
            return Arrival::Other;
        }
        let tx = &self.tx;
        let is_it = |outcome: &Outcome| {
            let mut slots = stretch.slots.iter().zip(&outcome.before);
            slots.all(|(slot, value)| tx.get(*slot) == value.as_ref())
        };
        let Some(outcome) = stretch.find(is_it) else {
            if !stretch.has_room() {
                return Arrival::Other;
            }
            let before = stretch.slots.iter().map(|slot| tx.get(*slot).cloned()).collect();
            return Arrival::New(Noting { stretch, before, matched: false });
        };
        for (slot, value) in &outcome.after {
            // There is room.
            let _ = self.tx.set(*slot, value.clone());
        }
        if let Some(matched) = &outcome.matched {
            self.matched = matched.clone();
        }
        Arrival::Known(outcome.next)
    }

    /// True if nobody took a rule or a value from a stretch, and there is room for all that it may write.
    fn runs_whole(&self, phase: &[Scheduled], stretch: &Stretch) -> bool {
        let rules = phase.get(stretch.start..stretch.end).unwrap_or_default();
        self.tx.has_room(stretch.slots.len())
            && !self.excluded.concern(List::of(Variable::Tx))
            && (self.removed.is_empty()
                || !rules.iter().any(|one| self.removed.has(one.rule as usize)))
    }
}

impl Noting<'_> {
    /// Keeps what came of it; the phase goes on at this position.
    fn keep(self, position: usize, transaction: &Transaction) {
        let Noting { stretch, before, matched } = self;
        let held = |slot: usize| transaction.tx.get(slot);
        let slots = stretch.slots.iter().copied().zip(&before);
        let changed = slots.filter(|(slot, value)| held(*slot) != value.as_ref());
        let after = changed.map(|(slot, _)| (slot, held(slot).cloned())).collect();
        let matched = matched.then(|| transaction.matched.clone());
        stretch.keep(Outcome { before, after, matched, next: position });
    }
}
