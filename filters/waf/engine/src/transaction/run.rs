//! The order of rules: phases, flow, and what becomes of the transaction.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Disruption, EngineMode, Phase, Rule, Variable};

use super::evaluate::Running;
use super::matched::Matched;
use super::outcome::Walk;
use super::{Allowed, Intervention, Transaction};
use crate::log::Match;
use crate::program::{Check, HeadId, LinkedRule, List, Program, Scheduled, Store, index_of};

/// What a redirect answers with where its rule names no status.
const FOUND: u16 = 302;

/// Lines that a request may cause: a client must not write a gateway's log full.
pub(crate) const MAX_MATCHES: usize = 64;

impl Transaction {
    /// Runs the rules of a phase, and says what was decided if it is something new.
    pub fn run(&mut self, phase: Phase) -> Option<Intervention> {
        let index = index_of(phase);
        let before = self.intervention.clone();
        if self.engine == EngineMode::Off || (before.is_some() && phase != Phase::Logging) {
            return None;
        }
        match self.allowed {
            Allowed::All if phase != Phase::Logging => return None,
            Allowed::Request if phase <= Phase::RequestBody => return None,
            Allowed::Phase => self.allowed = Allowed::Nothing,
            _ => {}
        }
        if phase == Phase::RequestBody {
            self.fill_full_length();
        }
        let program = Rc::clone(&self.program);
        let store = program.store.borrow();
        let mut walk = Walk::new(&program, index);
        let mut position = 0;
        loop {
            if walk.is_due(position) {
                position = walk.come_to(position, self);
            }
            let Some(Scheduled { rule, jump, check, is_gate }) = walk.rule(position) else { break };
            let rule = *rule as usize;
            position = position.saturating_add(1);
            let behind = jump.map_or(position, |place| place.get() as usize);
            if let Some(passed) = &mut self.passed {
                passed.set(rule);
            }
            if !self.may_match(*check, &store) || self.removed.has(rule) {
                continue;
            }
            if *is_gate && self.came_through(*check) {
                walk.came_through();
                position = behind;
                continue;
            }
            let Some(linked) = program.rules.get(rule) else { continue };
            if self.has_judged(&program, &store, linked, rule) {
                continue;
            }
            let errors = self.errors.len();
            let matched = self.chain(&program, &store, linked, rule);
            walk.asked(linked, matched, &self.matches_of_chain);
            if !matched {
                self.judge_values(&program, &store, linked, rule, errors);
                if let Check::Head(head) = *check {
                    self.did_not_match(&store, linked, head, rule);
                }
                continue;
            }
            self.matched_rule(&store, linked, phase);
            position = behind;
            if self.engine == EngineMode::Off || self.disrupt(&store, &linked.rule, phase) {
                break;
            }
        }
        if before.is_some() { None } else { self.intervention.clone() }
    }

    /// False where a rule does not match, whatever else it asks. What is excluded can only make it match less.
    fn may_match(&mut self, check: Check, store: &Store) -> bool {
        match check {
            Check::Nothing => true,
            Check::Head(head) => self.values.may_make_match(head, store),
            Check::Compare { slot, comparison, than, negated } => {
                let held = self.tx.get(usize::from(slot));
                held.is_some_and(|held| comparison.holds(held.number(), than.into()) != negated)
            }
            // What is excluded is not counted.
            Check::Count { .. } if self.excluded.concern(List::of(Variable::Tx)) => true,
            Check::Count { slot, comparison, than, negated } => {
                let count = i64::from(self.tx.get(usize::from(slot)).is_some());
                comparison.holds(count, than.into()) != negated
            }
        }
    }

    /// Does what the match of a gate does, whose check holds: that it was the last match is all. False where that is not
    /// told by its check alone.
    fn came_through(&mut self, gate: Check) -> bool {
        if self.excluded.concern(List::of(Variable::Tx)) {
            return false;
        }
        self.matched = match gate {
            Check::Compare { slot, .. } => match self.tx.get(usize::from(slot)) {
                Some(held) => Matched::Slot(slot.into(), held.clone()),
                None => return false,
            },
            Check::Count { slot, .. } => {
                let count = self.tx.get(usize::from(slot)).is_some().into();
                Matched::Slots(slot.into(), count)
            }
            Check::Nothing | Check::Head(_) => return false,
        };
        true
    }

    /// True if the head and everything chained to it matched.
    fn chain(
        &mut self,
        program: &Program,
        store: &Store,
        linked: &LinkedRule,
        index: usize,
    ) -> bool {
        self.matches_of_chain.clear();
        self.undecided = false;
        linked.links.iter().enumerate().all(|(depth, link)| {
            self.link(&Running { program, store, rule: &linked.rule, link, depth, index })
        })
    }

    /// True if some value may make the head of the rule with an id match.
    #[cfg(test)]
    pub(crate) fn values_may_match(&mut self, program: &Program, id: u32) -> bool {
        let has_id = |one: &&Scheduled| {
            let linked = program.rules.get(one.rule as usize);
            linked.is_some_and(|linked| linked.rule.metadata.id == id)
        };
        let scheduled = program.phases.iter().flat_map(|phase| phase.iter()).find(has_id);
        scheduled.is_some_and(|one| self.may_match(one.check, &program.store.borrow()))
    }

    /// Remembers that no value made a head match, so that no request asks again that has the same values: what a rule
    /// said of them depends on nothing else, unless something was taken from it or could not be asked.
    fn did_not_match(&mut self, store: &Store, linked: &LinkedRule, head: HeadId, index: usize) {
        let decided = self.matches_of_chain.is_empty() && !self.undecided;
        if !self.learns || !decided || !store.heads.is_pure(head) {
            return;
        }
        let targets = linked.links.first().map_or(&[][..], |link| &link.targets);
        for list in targets.iter().map(|target| target.point.list) {
            if self.excluded.of(index, list).next().is_none() {
                self.values.refute(head, list, store);
            }
        }
    }

    fn matched_rule(&mut self, store: &Store, linked: &Rc<LinkedRule>, phase: Phase) {
        let rule = &linked.rule;
        if let Some(severity) = rule.metadata.severity {
            self.highest_severity =
                Some(self.highest_severity.map_or(severity, |highest| highest.min(severity)));
        }
        if !(rule.log || rule.audit_log) || !self.has_room(rule.log) {
            return;
        }
        let said = |pick: fn(&portcullis_waf_seclang::syntax::Link) -> Option<&_>| {
            rule.links.iter().rev().find_map(pick)
        };
        let msg = said(|link| link.msg.as_ref()).map(|text| self.expand_shown(store, rule, text));
        let data =
            said(|link| link.logdata.as_ref()).map(|text| self.expand_data(store, rule, text));
        let tags = rule.metadata.tags.iter();
        let tags = tags.map(|tag| self.expand_shown(store, rule, tag)).collect();
        self.log.push(Match {
            rule: Rc::clone(rule),
            phase,
            msg: msg.unwrap_or_default(),
            data: data.unwrap_or_default(),
            targets: self.targets(store, linked),
            tags,
        });
    }

    /// True if one more match may be kept; those without a line take none from those that have one.
    fn has_room(&self, log: bool) -> bool {
        self.log.iter().filter(|one| one.rule.log == log).count() < MAX_MATCHES
    }

    /// True if no further rule of the phase runs.
    fn disrupt(&mut self, store: &Store, rule: &Rc<Rule>, phase: Phase) -> bool {
        let id = rule.metadata.id;
        let intervention = match &rule.disruption {
            Disruption::Pass | Disruption::Block => return false,
            Disruption::Allow => return self.allow(Allowed::All),
            Disruption::AllowPhase => return self.allow(Allowed::Phase),
            Disruption::AllowRequest => return self.allow(Allowed::Request),
            Disruption::Deny => Intervention::Deny { status: rule.status, rule: id },
            Disruption::Drop => Intervention::Drop { rule: id },
            Disruption::Redirect(location) => Intervention::Redirect {
                status: rule.status.filter(|status| (300..400).contains(status)).unwrap_or(FOUND),
                location: header_safe(&self.expand_syntax(store, rule, location)),
                rule: id,
            },
        };
        if phase == Phase::Logging {
            return false;
        }
        if self.engine == EngineMode::On {
            self.intervention = Some(intervention);
            return true;
        }
        self.detected.get_or_insert(intervention);
        false
    }

    /// As ModSecurity: where nothing is refused, nothing is let off either, so that all is seen.
    fn allow(&mut self, allowed: Allowed) -> bool {
        if self.engine != EngineMode::On {
            return false;
        }
        self.allowed = allowed;
        true
    }
}

/// A `Location` in which no byte can end the line or begin another.
fn header_safe(location: &[u8]) -> Vec<u8> {
    let mut safe = Vec::with_capacity(location.len());
    for &byte in location {
        if !(0x21..0x7f).contains(&byte) {
            safe.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            safe.push(byte);
        }
    }
    safe
}
