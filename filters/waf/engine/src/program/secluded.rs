//! Chains that keep what they make to themselves: each value of a list becomes a variable of TX that only the chain itself
//! looks at (CRS 920450 compares the names of headers so). Whether one matches is then told by single values, and a value
//! that was judged is not judged again.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Disruption, Piece, Rule, Selector, Variable, VariableRef};
use rustc_hash::FxBuildHasher;

use super::link::{Change, LinkedAssignment, LinkedLink};
use super::point::Slots;
use super::{CAPTURES, Capture, Expr, LinkedRule, List, Op, Point, PointSelector};

/// Values that are remembered, at most: more than a client has headers. One that sends new ones has those of others
/// forgotten, who are judged as before then.
const MAX_JUDGED: usize = 64;

/// Bytes of a value that is remembered, at most: longer than the names of nearly all headers.
const LONGEST_JUDGED: usize = 64;

/// Such a chain: a head and one rule that hangs on it.
#[derive(Debug)]
pub(crate) struct Secluded {
    /// The rule's place in the program.
    pub(crate) rule: usize,
    /// The list whose values are judged.
    pub(crate) list: List,
    /// What the names of its variables begin with.
    variables: Rc<Slots>,
    /// Patterns of other rules that may mean one of them.
    others: Vec<Rc<Slots>>,
    judged: RefCell<Judged>,
}

/// Values with which the chain did not match.
#[derive(Debug, Default)]
struct Judged {
    /// What they were compared with.
    with: Vec<u8>,
    values: HashSet<Box<[u8]>, FxBuildHasher>,
}

impl Secluded {
    /// Those of a program.
    pub(super) fn all(rules: &[Rc<LinkedRule>]) -> Vec<Secluded> {
        let candidates = rules.iter().enumerate().filter_map(|(place, rule)| Self::of(rule, place));
        candidates.filter_map(|one| one.among(rules)).collect()
    }

    /// The chain that a rule is, as far as it is told by itself.
    fn of(rule: &LinkedRule, place: usize) -> Option<Secluded> {
        let [head, last] = rule.links.as_slice() else { return None };
        let controls = rule.rule.links.iter().map(|link| link.controls.len());
        let ([from], [to], [made]) =
            (head.targets.as_slice(), last.targets.as_slice(), head.assignments.as_slice())
        else {
            return None;
        };
        let PointSelector::Slots(variables) = &to.point.selector else { return None };
        let takes_all = matches!(from.point.selector, PointSelector::All)
            && matches!(head.op, Op::Always)
            && !head.negated
            && head.stages.len() == 1;
        let looks_plainly = !from.count
            && !to.count
            && !from.point.list.is_dynamic()
            && head.excluded.is_empty()
            && last.excluded.is_empty();
        let is_it = takes_all
            && looks_plainly
            && controls.sum::<usize>() == 0
            && is_told_by_value(made, head.capture, variables)
            && is_told_by_slots(&last.op);
        is_it.then(|| Secluded {
            rule: place,
            list: from.point.list,
            variables: Rc::clone(variables),
            others: Vec::new(),
            judged: RefCell::default(),
        })
    }

    /// The same where no other rule of the program makes variables of such names, or looks at all variables there are.
    /// Slots are looked for where it is asked.
    fn among(self, rules: &[Rc<LinkedRule>]) -> Option<Secluded> {
        let mut others = Vec::new();
        let own = rules.get(self.rule).and_then(|rule| rule.links.get(1));
        let of_others = rules.iter().enumerate().filter(|(place, _)| *place != self.rule);
        for link in of_others.flat_map(|(_, rule)| &rule.links).chain(own) {
            let is_made_apart = |made: &LinkedAssignment| {
                made.slot.is_some()
                    || made.name.beginning().is_some_and(|other| self.differs(other))
            };
            if !link.assignments.iter().all(is_made_apart) {
                return None;
            }
            let targets = link.targets.iter().map(|target| &target.point);
            for point in targets.chain(shown(link)) {
                match &point.selector {
                    _ if point.list.variable() != Variable::Tx => {}
                    PointSelector::Slot(_) => {}
                    PointSelector::Slots(slots) if Rc::ptr_eq(slots, &self.variables) => {}
                    PointSelector::Slots(slots) => {
                        let is_apart = slots.beginning().is_some_and(|other| self.differs(other));
                        others.extend((!is_apart).then(|| Rc::clone(slots)));
                    }
                    _ => return None,
                }
            }
        }
        let is_alone = !rules.iter().any(|rule| shows_any(&rule.rule));
        is_alone.then_some(Secluded { others, ..self })
    }

    /// True if no name begins with both.
    fn differs(&self, other: &[u8]) -> bool {
        let own = self.variables.beginning().unwrap_or_default();
        let (other, length) = (other.to_ascii_lowercase(), own.len().min(other.len()));
        own.get(..length) != other.get(..length)
    }

    /// Its variables.
    pub(crate) fn variables(&self) -> &Slots {
        &self.variables
    }

    /// True if another rule may look at a variable of this name.
    pub(crate) fn is_seen_by_others(&self, name: &[u8]) -> bool {
        self.others.iter().any(|slots| slots.means(name, true))
    }

    /// True if the chain does not match with these values, compared with this.
    pub(crate) fn has_judged<'v>(
        &self,
        mut values: impl Iterator<Item = &'v [u8]>,
        with: &[u8],
    ) -> bool {
        let judged = self.judged.borrow();
        judged.with == with && values.all(|value| judged.values.contains(value))
    }

    /// Remembers that it did not match with these values.
    pub(crate) fn judge<'v>(&self, values: impl Iterator<Item = &'v [u8]>, with: &[u8]) {
        let mut judged = self.judged.borrow_mut();
        if judged.with != with {
            *judged = Judged { with: with.to_vec(), ..Judged::default() };
        }
        for value in values.filter(|value| value.len() <= LONGEST_JUDGED) {
            if judged.values.len() >= MAX_JUDGED && !judged.values.contains(value) {
                judged.values.clear();
            }
            judged.values.insert(value.into());
        }
    }

    /// How many values are remembered.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.judged.borrow().values.len()
    }
}

/// True if what the head makes of a value is told by the value alone, and is a variable that the chain looks at.
fn is_told_by_value(made: &LinkedAssignment, capture: Capture, variables: &Slots) -> bool {
    let is_value = |point: &Point| match point.selector {
        // All of it, as every text matches.
        PointSelector::Slot(slot) => slot == 0 && capture == Capture::Each,
        PointSelector::All => point.list.variable() == Variable::MatchedVar,
        _ => false,
    };
    let is_seen = made
        .name
        .beginning()
        .zip(variables.beginning())
        .is_some_and(|(name, wanted)| name.to_ascii_lowercase().starts_with(wanted));
    let Change::Set(value) = &made.change else { return false };
    made.slot.is_none() && is_seen && made.name.macros().chain(value.macros()).all(is_value)
}

/// True if what an operator says of a text is told by it and by slots of TX that no match writes by itself.
fn is_told_by_slots(op: &Op) -> bool {
    let is_slot =
        |point: &Point| matches!(point.selector, PointSelector::Slot(slot) if slot >= CAPTURES);
    matches!(op, Op::Text(_, argument) if argument.macros().all(is_slot))
}

/// Where the macros of a rule look, but for its messages.
fn shown(link: &LinkedLink) -> impl Iterator<Item = &Point> {
    let written = link.assignments.iter().flat_map(LinkedAssignment::texts);
    link.compared().into_iter().chain(written).flat_map(Expr::macros)
}

/// True if a message shows variables of TX without their names.
fn shows_any(rule: &Rule) -> bool {
    let location = match &rule.disruption {
        Disruption::Redirect(location) => Some(location),
        _ => None,
    };
    let of_links = rule.links.iter().flat_map(|link| [&link.msg, &link.logdata]).flatten();
    let mut pieces = of_links.chain(&rule.metadata.tags).chain(location).flat_map(|text| &text.0);
    pieces.any(|piece| match piece {
        Piece::Macro(VariableRef { variable: Variable::Tx, selector }) => {
            !matches!(selector, Selector::Name(_))
        }
        _ => false,
    })
}
