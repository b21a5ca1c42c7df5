//! A rule set with everything found that a request would have to look for: patterns, positions, slots.

mod expression;
mod link;
mod operator;
mod pipeline;
mod point;
mod store;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Flow, Phase, Removal, Rule};

pub(crate) use expression::{Expr, Part};
pub(crate) use link::{Change, LinkedAssignment, LinkedLink, LinkedRule, LinkedTarget};
pub(crate) use operator::{Op, TextTest};
pub(crate) use pipeline::{PipelineId, Pipelines};
pub(crate) use point::{List, Point, PointSelector};
pub(crate) use store::{CAPTURES, ViewId};
pub use store::{Files, Store};

use crate::bits::Bits;
use crate::prefilter::Prefilter;
use crate::ruleset::{Fault, RuleSet, Selected, Settings, Step};
use crate::transaction::Blank;

/// How many phases there are.
pub(crate) const PHASES: usize = 5;

/// What runs on a request. Patterns, phrases and rules that several programs of a VM have are there once.
pub struct Program {
    pub(crate) store: Rc<RefCell<Store>>,
    pub(crate) rules: Vec<Rc<LinkedRule>>,
    pub(crate) phases: [Vec<Scheduled>; PHASES],
    pub(crate) settings: Settings,
    pub(crate) signatures: Vec<String>,
    pub(crate) prefilter: Option<Rc<Prefilter>>,
    /// The values of variables before anything is known of a request.
    pub(crate) blank: Blank,
    removals: RefCell<HashMap<Removal, Rc<Bits>>>,
}

/// A rule in the order of its phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheduled {
    /// Its place in [`Program::rules`].
    pub(crate) rule: usize,
    /// Where the phase goes on if it matched, where that is not behind it.
    pub(crate) jump: Option<usize>,
}

impl Program {
    /// Finds what the rules name. `prefilter` are the tables that were made with the set, whose numbers its rules have.
    ///
    /// # Errors
    /// Every pattern that is none, every data file that is not there.
    pub fn link(
        set: &RuleSet,
        settings: Settings,
        store: &Rc<RefCell<Store>>,
        files: &Files<'_>,
        prefilter: Option<Rc<Prefilter>>,
    ) -> Result<Program, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut rules = Vec::new();
        let mut phases: [Vec<Scheduled>; PHASES] = Default::default();
        // Where a marker or a rule's id stands in each phase: how many rules of the phase are before it.
        let mut places: HashMap<String, [usize; PHASES]> = HashMap::new();
        for step in &set.steps {
            let here = phases.each_ref().map(Vec::len);
            match step {
                Step::Marker(name) => {
                    places.insert(name.clone(), here);
                }
                Step::Rule(rule) => {
                    if let Some(linked) = store.borrow_mut().rule(rule, files, &mut faults) {
                        if let Some(list) = phases.get_mut(index_of(rule.phase)) {
                            list.push(Scheduled { rule: rules.len(), jump: None });
                        }
                        rules.push(linked);
                    }
                    if rule.metadata.id != 0 {
                        // Behind a rule of this id, not at it.
                        let behind = phases.each_ref().map(Vec::len);
                        places.insert(rule.metadata.id.to_string(), behind);
                    }
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        for (phase, list) in phases.iter_mut().enumerate() {
            let end = list.len();
            for (position, scheduled) in list.iter_mut().enumerate() {
                let Some(linked) = rules.get(scheduled.rule) else { continue };
                scheduled.jump = match &linked.rule.flow {
                    Flow::Next => None,
                    Flow::Skip(count) => {
                        Some(position.saturating_add(1).saturating_add(*count as usize))
                    }
                    // What stands before the rule, or nowhere, ends the phase.
                    Flow::SkipAfter(name) => Some(
                        places
                            .get(name)
                            .and_then(|places| places.get(phase).copied())
                            .filter(|place| *place > position)
                            .unwrap_or(end),
                    ),
                };
            }
        }
        Ok(Program {
            store: Rc::clone(store),
            rules,
            phases,
            settings,
            signatures: set.signatures.clone(),
            prefilter,
            blank: Blank::new(),
            removals: RefCell::default(),
        })
    }

    /// Which of its rules a removal means. Patterns were read when the rules were; one that can't be run means all.
    pub(crate) fn selected(&self, removal: &Removal) -> Rc<Bits> {
        if let Some(bits) = self.removals.borrow().get(removal) {
            return Rc::clone(bits);
        }
        let bits = match Selected::try_of(removal) {
            Ok(selected) => self.positions(|rule| selected.has(rule)),
            Err(_) => self.positions(|_| true),
        };
        let bits = Rc::new(bits);
        self.removals.borrow_mut().insert(removal.clone(), Rc::clone(&bits));
        bits
    }

    fn positions(&self, wanted: impl Fn(&Rule) -> bool) -> Bits {
        let rules = self.rules.iter().enumerate();
        rules.filter(|(_, linked)| wanted(&linked.rule)).map(|(position, _)| position).collect()
    }

    /// The ids of its rules, in order; a `SecAction` without one is left out.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.rules.iter().map(|linked| linked.rule.metadata.id).filter(|id| *id != 0)
    }

    /// What the directives say about the engine.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// `SecComponentSignature`, in order.
    #[must_use]
    pub fn signatures(&self) -> &[String] {
        &self.signatures
    }
}

/// The place of a phase in lists of phases.
pub(crate) fn index_of(phase: Phase) -> usize {
    usize::from(phase as u8).saturating_sub(1)
}
