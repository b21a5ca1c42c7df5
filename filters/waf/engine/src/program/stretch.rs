//! Stretches: rules in a row that ask TX alone. What TX has before tells what it has behind them, so that requests need not
//! run them one by one: defaults, paranoia levels and scores are such rules.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::Disruption;

use super::{Capture, Change, Expr, LinkedLink, LinkedRule, Op, Point, PointSelector, Scheduled};
use crate::transaction::Outcome;

/// Rules of a stretch, at least: fewer are run as quickly as their outcome is looked up.
const MIN_RULES: usize = 4;

/// Outcomes that are kept, at most: of a request that scores nothing, and of routes that begin with other settings.
/// Others are found by running the rules.
const MAX_OUTCOMES: usize = 4;

/// A stretch of a phase.
#[derive(Debug)]
pub(crate) struct Stretch {
    /// Where its rules begin in the phase.
    pub(crate) start: usize,
    /// Where the rules behind it begin.
    pub(crate) end: usize,
    /// All that its rules read or write of TX.
    pub(crate) slots: Vec<usize>,
    outcomes: RefCell<Vec<Rc<Outcome>>>,
}

impl Stretch {
    /// The outcome of which this is true.
    pub(crate) fn find(&self, mut is_it: impl FnMut(&Outcome) -> bool) -> Option<Rc<Outcome>> {
        self.outcomes.borrow().iter().find(|outcome| is_it(outcome)).map(Rc::clone)
    }

    /// True if there is room for an outcome.
    pub(crate) fn has_room(&self) -> bool {
        self.outcomes.borrow().len() < MAX_OUTCOMES
    }

    /// How many outcomes are kept.
    #[cfg(test)]
    pub(crate) fn outcomes(&self) -> usize {
        self.outcomes.borrow().len()
    }

    /// Keeps an outcome for other requests.
    pub(crate) fn keep(&self, outcome: Outcome) {
        if self.has_room() {
            self.outcomes.borrow_mut().push(Rc::new(outcome));
        }
    }

    /// The stretches of a phase. One begins where a rule jumps to: nobody comes into its middle without need.
    pub(super) fn all(phase: &[Scheduled], rules: &[Rc<LinkedRule>]) -> Vec<Stretch> {
        let rule =
            |at: usize| phase.get(at).and_then(|scheduled| rules.get(scheduled.rule as usize));
        let targets = phase.iter().filter_map(|scheduled| scheduled.jump);
        let mut targets: Vec<usize> = targets.map(|place| place.get() as usize).collect();
        targets.sort_unstable();
        let mut stretches = Vec::new();
        let mut start = 0;
        while start < phase.len() {
            let mut slots = Vec::new();
            let mut end = start;
            while let Some(head) = rule(end).and_then(|rule| rule.links.first())
                && (end == start || targets.binary_search(&end).is_err())
                && asks_tx_alone(head, &mut slots)
            {
                end = end.saturating_add(1);
            }
            if end.saturating_sub(start) >= MIN_RULES {
                slots.sort_unstable();
                slots.dedup();
                stretches.push(Stretch { start, end, slots, outcomes: RefCell::default() });
            }
            start = end.max(start.saturating_add(1));
        }
        stretches
    }
}

/// True if whether the head of a rule matches is a matter of TX alone. Adds the slots that it is a matter of, and those
/// that a match reads and writes.
fn asks_tx_alone(head: &LinkedLink, slots: &mut Vec<usize>) -> bool {
    let mut own = Vec::new();
    let asks = match head.targets.as_slice() {
        [] => matches!(head.op, Op::Always),
        [target] => {
            matches!(&head.op, Op::Compare(_, argument) if reads_tx_alone(argument, &mut own))
                && head.stages == [0]
                && head.excluded.is_empty()
                && is_slot(&target.point, &mut own)
        }
        _ => false,
    };
    if asks {
        slots.append(&mut own);
        writes_tx_alone(head, slots);
    }
    asks
}

/// True if a match of a rule does nothing but to write what TX alone tells into slots of TX.
pub(crate) fn is_plain(linked: &LinkedRule) -> bool {
    let rule = &linked.rule;
    let [link] = linked.links.as_slice() else { return false };
    let quiet = !rule.log && !rule.audit_log && rule.metadata.severity.is_none();
    let controls = rule.links.iter().any(|link| !link.controls.is_empty());
    quiet
        && !controls
        && matches!(rule.disruption, Disruption::Pass | Disruption::Block)
        && link.capture == Capture::Nothing
        && writes_tx_alone(link, &mut Vec::new())
}

/// True if a match of a rule does nothing but to jump.
pub(super) fn does_nothing(linked: &LinkedRule) -> bool {
    is_plain(linked) && linked.links.iter().all(|link| link.assignments.is_empty())
}

/// True if all that a match writes is told by TX alone. Adds the slots that it reads and writes.
fn writes_tx_alone(link: &LinkedLink, slots: &mut Vec<usize>) -> bool {
    let mut alone = true;
    for assignment in &link.assignments {
        slots.extend(assignment.slot);
        let told = match &assignment.change {
            Change::Set(value) | Change::Add(value) | Change::Subtract(value) => {
                reads_tx_alone(value, slots)
            }
            Change::Remove => true,
        };
        alone &= told && assignment.slot.is_some();
    }
    alone
}

/// True if a text is told by slots of TX alone. Adds those slots.
fn reads_tx_alone(expression: &Expr, slots: &mut Vec<usize>) -> bool {
    expression.macros().all(|point| is_slot(point, slots))
}

fn is_slot(point: &Point, slots: &mut Vec<usize>) -> bool {
    match point.selector {
        PointSelector::Slot(slot) => {
            slots.push(slot);
            true
        }
        _ => false,
    }
}
