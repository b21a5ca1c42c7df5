//! The order of rules in their phases, where a phase goes on behind each, and what tells at once that one does not match.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Flow, Rule};

use super::stretch::does_nothing;
use super::{
    Comparison, Expr, HeadId, LinkedLink, LinkedRule, Op, PHASES, PointSelector, index_of,
};

/// A rule in the order of its phase. Requests go past hundreds of them, so that their size counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheduled {
    /// Its place in [`Program::rules`](super::Program::rules).
    pub(crate) rule: u32,
    /// Where the phase goes on if it matched, where that is not behind it. No rule jumps to the first one.
    pub(crate) jump: Option<NonZeroU32>,
    pub(crate) check: Check,
    /// A rule whose check holds matches, and does nothing but to jump.
    pub(crate) is_gate: bool,
}

/// What must hold for a rule to be looked at, taken from its head: most rules that don't match show it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It has to be asked.
    Nothing,
    /// Some value may make its head match.
    Head(HeadId),
    /// What TX holds under a slot compares so; what holds nothing does not match. Paranoia levels are such gates.
    Compare { slot: u16, comparison: Comparison, than: i16, negated: bool },
    /// The same of whether it holds something, as 1 or 0. Defaults are such gates.
    Count { slot: u16, comparison: Comparison, than: i16, negated: bool },
}

const _: () =
    assert!(size_of::<Scheduled>() <= 20, "three of them to a line of a processor's cache");

impl Check {
    fn of(link: &LinkedLink) -> Check {
        if let [target] = link.targets.as_slice()
            && let PointSelector::Slot(slot) = target.point.selector
            && let Op::Compare(comparison, Expr::Literal(literal)) = &link.op
            && link.stages == [0]
            && link.excluded.is_empty()
            && let (Ok(slot), Ok(than)) = (u16::try_from(slot), i16::try_from(literal.number))
        {
            let (comparison, negated) = (*comparison, link.negated);
            return match target.count {
                false => Check::Compare { slot, comparison, than, negated },
                true => Check::Count { slot, comparison, than, negated },
            };
        }
        Check::Nothing
    }
}

/// Phases while they are made.
#[derive(Default)]
pub(super) struct Schedule {
    phases: [Vec<Scheduled>; PHASES],
    /// Where markers of a name, or a rule's id, stand in each phase, in order: how many rules of the phase are before each.
    places: HashMap<String, Vec<[usize; PHASES]>>,
}

impl Schedule {
    fn here(&self) -> [usize; PHASES] {
        self.phases.each_ref().map(Vec::len)
    }

    pub(super) fn mark(&mut self, name: &str) {
        let here = self.here();
        self.places.entry(name.to_owned()).or_default().push(here);
    }

    /// Behind a rule of this id, not at it.
    pub(super) fn mark_behind(&mut self, rule: &Rule) {
        if rule.metadata.id != 0 {
            self.mark(&rule.metadata.id.to_string());
        }
    }

    /// Values tell of a head whether it may match where `values_tell`.
    pub(super) fn add(&mut self, linked: &LinkedRule, place: usize, values_tell: bool) {
        let check = match linked.head.filter(|_| values_tell) {
            Some(head) => Check::Head(head),
            None => linked.links.first().map_or(Check::Nothing, Check::of),
        };
        if let Some(list) = self.phases.get_mut(index_of(linked.rule.phase))
            && let Ok(place) = u32::try_from(place)
        {
            let compares = matches!(check, Check::Compare { .. } | Check::Count { .. });
            let is_gate = compares && does_nothing(linked);
            list.push(Scheduled { rule: place, jump: None, check, is_gate });
        }
    }

    /// The phases, with the places found to which rules jump.
    pub(super) fn finish(mut self, rules: &[Rc<LinkedRule>]) -> [Vec<Scheduled>; PHASES] {
        for (phase, list) in self.phases.iter_mut().enumerate() {
            let end = list.len();
            for (position, scheduled) in list.iter_mut().enumerate() {
                let Some(linked) = rules.get(scheduled.rule as usize) else { continue };
                let jump = match &linked.rule.flow {
                    Flow::Next => None,
                    Flow::Skip(count) => {
                        Some(position.saturating_add(1).saturating_add(*count as usize))
                    }
                    // The next of that name; where none stands behind the rule, the phase ends.
                    Flow::SkipAfter(name) => {
                        let places = self.places.get(name).into_iter().flatten();
                        let mut places = places.filter_map(|places| places.get(phase).copied());
                        Some(places.find(|place| *place > position).unwrap_or(end))
                    }
                };
                let jump = jump.and_then(|place| u32::try_from(place).ok());
                scheduled.jump = jump.and_then(NonZeroU32::new);
            }
        }
        self.phases
    }
}
