//! Targets that a route, or a rule that ran, took from other rules.

use std::rc::Rc;

use crate::bits::Bits;
use crate::program::{List, Point};

/// More than all exclusions that rules could say of one request.
const MAX_EXCLUSIONS: usize = 1000;

/// Which rules do not look at which values.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    entries: Vec<(Rc<Bits>, Point)>,
    /// The lists that any of them is of, a bit each: most values are in none.
    lists: u128,
}

impl Exclusions {
    /// Adds one, unless it is there: a rule that matches many values says it many times.
    pub(super) fn add(&mut self, rules: &Rc<Bits>, point: &Point) {
        let same =
            |(known, held): &(Rc<Bits>, Point)| Rc::ptr_eq(known, rules) && held.same_as(point);
        if self.entries.len() < MAX_EXCLUSIONS && !self.entries.iter().any(same) {
            self.lists |= point.list.bit();
            self.entries.push((Rc::clone(rules), point.clone()));
        }
    }

    /// False where no value of a list is taken from any rule.
    pub(super) fn concern(&self, list: List) -> bool {
        self.lists & list.bit() != 0
    }

    /// The points of a list that a rule does not look at.
    pub(super) fn of(&self, rule: usize, list: List) -> impl Iterator<Item = &Point> {
        let entries = if self.concern(list) { self.entries.as_slice() } else { &[] };
        entries
            .iter()
            .filter(move |(rules, point)| point.list == list && rules.has(rule))
            .map(|(_, point)| point)
    }
}
