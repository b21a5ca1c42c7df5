//! A rule set with everything found that a request would have to look for: patterns, positions, slots.

mod capture;
mod expression;
mod familiar;
mod heads;
mod link;
mod operator;
mod pipeline;
mod point;
mod reads;
mod schedule;
mod secluded;
mod store;
mod stretch;
mod view;
mod warming;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Phase, Removal, Rule, Variable};

pub(crate) use capture::Capture;
pub(crate) use expression::{Expr, Literal, Part};
pub(crate) use familiar::Glimpse;
pub(crate) use heads::{HeadId, Heads, Met, Sets};
pub(crate) use link::{Change, LinkedAssignment, LinkedLink, LinkedRule, LinkedTarget};
pub(crate) use operator::{Comparison, Op, TextTest};
pub(crate) use pipeline::{PipelineId, Pipelines};
pub(crate) use point::{List, Point, PointSelector};
pub(crate) use schedule::{Check, Scheduled};
pub(crate) use secluded::Secluded;
pub(crate) use store::CAPTURES;
pub use store::{Files, Store};
pub(crate) use stretch::{Stretch, is_plain};
pub(crate) use view::{Guard, SetId, ViewId};
pub(crate) use warming::Warming;

use reads::Reads;
use schedule::Schedule;
use warming::Watch;

use crate::bits::Bits;
use crate::prefilter::Prefilter;
use crate::ruleset::{Fault, RuleSet, Selected, Settings, Step};
use crate::transaction::Blank;

/// How many phases there are.
pub(crate) const PHASES: usize = 5;

/// What runs on a request. Patterns, phrases and rules that several programs of a VM have are there once.
pub struct Program {
    pub(crate) store: Rc<RefCell<Store>>,
    pub(crate) rules: Rc<[Rc<LinkedRule>]>,
    pub(crate) phases: [Rc<[Scheduled]>; PHASES],
    /// Those of each phase, in order.
    pub(crate) stretches: [Vec<Stretch>; PHASES],
    pub(crate) secluded: Vec<Secluded>,
    /// True if a rule may read what another one captured.
    pub(crate) captures_are_read: bool,
    reads: Reads,
    pub(crate) settings: Settings,
    pub(crate) signatures: Vec<String>,
    pub(crate) prefilter: Option<Rc<Prefilter>>,
    /// The values of variables before anything is known of a request.
    pub(crate) blank: Blank,
    removals: RefCell<HashMap<Removal, Rc<Bits>>>,
    pub(crate) watch: Watch,
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
        let mut schedule = Schedule::default();
        for step in &set.steps {
            match step {
                Step::Marker(name) => schedule.mark(name),
                Step::Rule(rule) => {
                    let linked = store.borrow_mut().rule(rule, files, &mut faults);
                    if let Some(linked) = linked {
                        // Without tables every value is asked, so that what they leave out can be compared with it.
                        schedule.add(&linked, rules.len(), prefilter.is_some());
                        rules.push(linked);
                    }
                    schedule.mark_behind(rule);
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let phases = schedule.finish(&rules);
        let stretches = phases.each_ref().map(|phase| Stretch::all(phase, &rules));
        let secluded = Secluded::all(&rules);
        let captures_are_read = rules.iter().any(|rule| capture::reads_of_others(rule));
        let reads = Reads::of(rules.iter().map(AsRef::as_ref));
        let (rules, phases) = {
            let mut store = store.borrow_mut();
            store.heads.finish();
            (store.rule_list(rules), phases.map(|list| store.schedule(list)))
        };
        Ok(Program {
            store: Rc::clone(store),
            rules,
            phases,
            stretches,
            secluded,
            captures_are_read,
            reads,
            settings,
            signatures: set.signatures.clone(),
            prefilter,
            blank: Blank::new(),
            removals: RefCell::default(),
            watch: Watch::default(),
        })
    }

    /// The rules of a text, in a store of their own.
    #[cfg(test)]
    pub(crate) fn of_text(rules: &str) -> Rc<Program> {
        Program::of_text_in(rules, &Rc::new(RefCell::new(Store::new())), None)
    }

    /// The same in a store, with tables.
    #[cfg(test)]
    pub(crate) fn of_text_in(
        rules: &str,
        store: &Rc<RefCell<Store>>,
        tables: Option<Rc<Prefilter>>,
    ) -> Rc<Program> {
        use portcullis_waf_seclang::{Source, parse};

        let source = Source { name: "rules".to_owned(), text: rules.as_bytes().to_vec() };
        let mut set = RuleSet::default();
        set.extend(parse(&[source]).unwrap().statements).unwrap();
        let settings = Settings::of(&set.settings);
        Rc::new(Program::link(&set, settings, store, &|_| None, tables).unwrap())
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

    /// Compiles one pattern of the VM that requests came past and none has needed yet, so that none has to wait for it.
    /// True if there are more.
    pub fn warm(&self) -> bool {
        self.store.try_borrow().is_ok_and(|store| store.warm())
    }

    /// The ids of its rules, in order; a `SecAction` without one is left out.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.rules.iter().map(|linked| linked.rule.metadata.id).filter(|id| *id != 0)
    }

    /// True if a rule reads a variable, or shows it: of what none reads nothing need be known.
    #[must_use]
    pub fn reads(&self, variable: Variable) -> bool {
        self.reads.has(variable)
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
