//! What a stretch of rules makes of TX: looked up where it is known, noted where the rules had to be run.

use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use super::matched::Matched;
use super::tx::TxValue;
use crate::program::{LinkedRule, List, Scheduled, Stretch, is_plain};

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
pub(super) struct Noting<'p> {
    stretch: &'p Stretch,
    before: Vec<Option<TxValue>>,
    matched: bool,
}

/// What comes of coming to a stretch.
pub(super) enum Arrival<'p> {
    /// What its rules would do is done, and the phase goes on here.
    Known(usize),
    /// Its rules are to be run, and what comes of them is to be noted.
    New(Noting<'p>),
    /// Its rules are to be run.
    Other,
}

impl Transaction {
    /// Does what the rules of a stretch of this phase would do, if that is known.
    pub(super) fn arrive<'p>(&mut self, phase: &[Scheduled], stretch: &'p Stretch) -> Arrival<'p> {
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
            && (self.removed.is_empty() || !rules.iter().any(|one| self.removed.has(one.rule)))
    }
}

impl Noting<'_> {
    /// A rule of the stretch matched. False where it did more than another request would do that has the same in TX.
    pub(super) fn may_note(&mut self, linked: &LinkedRule) -> bool {
        self.matched();
        is_plain(linked)
    }

    /// A gate matched.
    pub(super) fn matched(&mut self) {
        self.matched = true;
    }

    /// True if the phase has come past the stretch.
    pub(super) fn is_past(&self, position: usize) -> bool {
        position >= self.stretch.end
    }

    /// Keeps what came of it; the phase goes on at this position.
    pub(super) fn keep(self, position: usize, transaction: &Transaction) {
        let Noting { stretch, before, matched } = self;
        let held = |slot: usize| transaction.tx.get(slot);
        let slots = stretch.slots.iter().copied().zip(&before);
        let changed = slots.filter(|(slot, value)| held(*slot) != value.as_ref());
        let after = changed.map(|(slot, _)| (slot, held(slot).cloned())).collect();
        let matched = matched.then(|| transaction.matched.clone());
        stretch.keep(Outcome { before, after, matched, next: position });
    }
}
