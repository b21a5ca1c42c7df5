//! `SecRule` and `SecAction`, and the chains that they make.

use super::super::action::{self, Actions, DISRUPTIVE};
use super::super::{operator, target};
use super::{Assembler, nothing_comes};
use crate::syntax::{
    Directive, Disruption, Flow, Link, Location, Metadata, Operator, Phase, Rule, Target, Test,
};

/// Rules in a chain, at most: the longest of the Core Rule Set has five.
pub(in super::super) const MAX_CHAIN: usize = 32;

/// What the first rule of a chain says for all of it.
const OF_HEAD: [&str; 9] =
    ["id", "phase", "skip", "skipafter", "status", "ver", "rev", "maturity", "accuracy"];

impl Assembler<'_> {
    pub(super) fn sec_rule(&mut self, location: &Location, arguments: &[Vec<u8>]) {
        let (targets, test, actions) = match arguments {
            [targets, test] => (targets, test, &Vec::new()),
            [targets, test, actions] => (targets, test, actions),
            _ => {
                self.open = None;
                let count = arguments.len();
                let text = format!(
                    "in `SecRule`: expected variables, an operator and actions, each in quotes if it has spaces, but \
                     found {count} arguments"
                );
                return self.fault(location, None, text);
            }
        };
        let (actions, faults) = action::read(actions);
        let id = actions.id.or(self.open.as_ref().map(|rule| rule.metadata.id));
        for fault in faults {
            self.fault(location, id, fault);
        }
        let targets = target::read_list(targets).and_then(|targets| {
            let looks = targets.iter().any(|target| !matches!(target, Target::Exclude(_)));
            if looks {
                Ok(targets)
            } else {
                Err("expected a variable without `!`: the rule looks at nothing".to_owned())
            }
        });
        let test = operator::read(test);
        let mut or_told = |fault: String| self.fault(location, id, fault);
        // A rule with a mistake stays in its chain, so that the others of the chain are not told to be wrong.
        let targets = targets.map_err(&mut or_told).unwrap_or_default();
        let test = test.map_err(&mut or_told).unwrap_or_else(|()| unconditional());
        self.link(location, targets, test, actions);
    }

    pub(super) fn sec_action(&mut self, location: &Location, arguments: &[Vec<u8>]) {
        let [actions] = arguments else {
            self.open = None;
            let count = arguments.len();
            let text = format!(
                "in `SecAction`: expected one list of actions, but found {count} arguments"
            );
            return self.fault(location, None, text);
        };
        let (actions, faults) = action::read(actions);
        let id = actions.id.or(self.open.as_ref().map(|rule| rule.metadata.id));
        for fault in faults {
            self.fault(location, id, fault);
        }
        self.link(location, Vec::new(), unconditional(), actions);
    }

    fn link(&mut self, location: &Location, targets: Vec<Target>, test: Test, actions: Actions) {
        for (name, why) in &actions.ignored {
            self.warn(location, nothing_comes(name, why));
        }
        let goes_on = actions.chain;
        let rule = match self.open.take() {
            Some(rule) => self.chained(location, rule, targets, test, actions),
            None => self.head(location, targets, test, actions),
        };
        if goes_on {
            self.open = Some(rule);
        } else {
            let head = rule.links.first().map_or(location, |link| &link.location).clone();
            self.push(&head, Directive::Rule(Box::new(rule)));
        }
    }

    fn head(
        &mut self,
        location: &Location,
        targets: Vec<Target>,
        test: Test,
        actions: Actions,
    ) -> Rule {
        let phase = actions.phase.unwrap_or(Phase::RequestBody);
        let id = self.own_id(location, &actions, phase);
        let default = self.defaults.get(&phase).cloned().unwrap_or_default();
        let of_default = default.disruption.clone().unwrap_or(Disruption::Pass);
        let (disruption, blocks) = match actions.disruption.clone() {
            None | Some(Disruption::Block) => (of_default, true),
            Some(own) => (own, false),
        };
        let mut tags = default.tags.clone();
        tags.extend(actions.tags.iter().cloned());
        Rule {
            metadata: Metadata {
                id,
                tags,
                ver: actions.ver.clone().unwrap_or_default(),
                rev: actions.rev.clone().unwrap_or_default(),
                severity: actions.severity,
                maturity: actions.maturity,
                accuracy: actions.accuracy,
            },
            phase,
            disruption,
            blocks,
            status: actions.status.or(default.status),
            flow: actions.flow.clone().unwrap_or(Flow::Next),
            log: actions.log.or(default.log).unwrap_or(true),
            audit_log: actions.audit_log.or(default.audit_log).unwrap_or(true),
            links: vec![link(location, targets, test, actions, &default)],
        }
    }

    /// The id of a rule, if it has one of its own.
    fn own_id(&mut self, location: &Location, actions: &Actions, phase: Phase) -> u32 {
        let Some(id) = actions.id else {
            // One that can't be read is told already.
            if !actions.names.contains("id") && !actions.is_cut {
                let text = "expected the action `id`: every rule has a number of its own";
                self.fault(location, None, text);
            }
            return 0;
        };
        if let Some((first, _)) = self.ids.get(&id) {
            let text = format!(
                "the id {id} is taken by the rule in {}:{}; give it another",
                first.file, first.line
            );
            self.fault(location, Some(id), text);
        } else {
            self.ids.insert(id, (location.clone(), phase));
        }
        id
    }

    fn chained(
        &mut self,
        location: &Location,
        mut rule: Rule,
        targets: Vec<Target>,
        test: Test,
        actions: Actions,
    ) -> Rule {
        let id = Some(rule.metadata.id);
        for name in &actions.names {
            let name = name.as_str();
            if OF_HEAD.contains(&name) || DISRUPTIVE.contains(&name) {
                let text = format!("`{name}` has its place in the first rule of a chain alone");
                self.fault(location, id, text);
            } else if name.ends_with("log") {
                let why = "the first rule of its chain says what is logged";
                self.warn(location, nothing_comes(name, why));
            }
        }
        if rule.links.len() >= MAX_CHAIN {
            // Told once for each chain.
            if rule.links.len() == MAX_CHAIN {
                self.fault(location, id, format!("expected at most {MAX_CHAIN} rules in a chain"));
            } else {
                return rule;
            }
        }
        rule.metadata.tags.extend(actions.tags.iter().cloned());
        rule.metadata.severity = rule.metadata.severity.or(actions.severity);
        let default = self.defaults.get(&rule.phase).cloned().unwrap_or_default();
        rule.links.push(link(location, targets, test, actions, &default));
        rule
    }

    /// A chain that should have gone on, and what came instead.
    pub(super) fn end_chain(&mut self, found: &str) {
        if let Some(rule) = self.open.take() {
            let location = rule.links.last().map(|link| link.location.clone()).unwrap_or_default();
            let text = format!("expected a rule to follow `chain`, but {found}");
            self.fault(&location, Some(rule.metadata.id), text);
        }
    }
}

fn unconditional() -> Test {
    Test { negated: false, operator: Operator::UnconditionalMatch }
}

fn link(
    location: &Location,
    targets: Vec<Target>,
    test: Test,
    actions: Actions,
    default: &Actions,
) -> Link {
    let mut transformations =
        if actions.from_none { Vec::new() } else { default.transformations.clone() };
    transformations.extend(actions.transformations);
    Link {
        location: location.clone(),
        targets,
        test,
        transformations,
        multi_match: actions.multi_match,
        capture: actions.capture,
        assignments: actions.assignments,
        controls: actions.controls,
        msg: actions.msg,
        logdata: actions.logdata,
        condition: None,
    }
}
