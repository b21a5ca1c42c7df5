//! Directive by directive: chains are put together, defaults are worked in, mistakes are collected.

use std::collections::HashMap;

use super::action::{self, Actions};
use super::{Fault, Parsed, Source, Warning, arguments, lines, operator, setting, target};
use crate::lists::{ACCEPTED, REFUSED};
use crate::syntax::{
    ActionUpdate, Directive, Disruption, Flow, Link, Location, Metadata, Operator, Phase, Removal,
    Rule, Selection, Statement, Target, Test,
};

/// `Include` within `Include`, at most.
const MAX_DEPTH: usize = 8;
/// Links of a chain, at most: the longest of the Core Rule Set has five.
const MAX_CHAIN: usize = 32;
/// Statements, at most: fifty times the Core Rule Set.
const MAX_STATEMENTS: usize = 50_000;
/// Mistakes that are told, at most: who has more mends these first.
const MAX_FAULTS: usize = 100;

pub(super) struct Assembler<'s> {
    sources: &'s [Source],
    parsed: Parsed,
    faults: Vec<Fault>,
    /// `SecDefaultAction` by phase.
    defaults: HashMap<Phase, Actions>,
    /// The rule whose chain goes on.
    open: Option<Rule>,
    ids: HashMap<u32, Location>,
    warned: Vec<String>,
}

impl<'s> Assembler<'s> {
    pub(super) fn new(sources: &'s [Source]) -> Self {
        Assembler {
            sources,
            parsed: Parsed::default(),
            faults: Vec::new(),
            defaults: HashMap::new(),
            open: None,
            ids: HashMap::new(),
            warned: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> Result<Parsed, Vec<Fault>> {
        self.end_chain();
        if self.faults.is_empty() {
            return Ok(self.parsed);
        }
        self.faults.truncate(MAX_FAULTS);
        Err(self.faults)
    }

    fn fault(&mut self, location: &Location, rule: Option<u32>, text: impl Into<String>) {
        if self.faults.len() <= MAX_FAULTS {
            self.faults.push(Fault { location: location.clone(), rule, text: text.into() });
        }
    }

    /// One warning of each kind.
    fn warn(&mut self, location: &Location, kind: &str, text: String) {
        if !self.warned.iter().any(|known| known == kind) {
            self.warned.push(kind.to_owned());
            self.parsed.warnings.push(Warning { location: location.clone(), text });
        }
    }

    pub(super) fn source(&mut self, source: &Source, depth: usize) {
        for (line, text) in lines::logical(&source.text) {
            let location = Location { file: source.name.clone(), line };
            match text {
                Ok(text) => self.directive(&location, &text, depth),
                Err(()) => self.fault(
                    &location,
                    None,
                    format!("expected a directive of at most {} bytes", lines::MAX_LINE),
                ),
            }
        }
    }

    fn push(&mut self, location: &Location, directive: Directive) {
        if self.parsed.statements.len() == MAX_STATEMENTS {
            self.fault(
                location,
                None,
                format!("expected at most {MAX_STATEMENTS} rules and directives"),
            );
        }
        if self.parsed.statements.len() <= MAX_STATEMENTS {
            self.parsed.statements.push(Statement { location: location.clone(), directive });
        }
    }

    fn directive(&mut self, location: &Location, text: &[u8], depth: usize) {
        let arguments = match arguments::split(text) {
            Ok(arguments) => arguments,
            Err(fault) => return self.fault(location, None, fault),
        };
        let Some((name, arguments)) = arguments.split_first() else { return };
        let name = String::from_utf8_lossy(name).into_owned();
        let lower = name.to_ascii_lowercase();
        if lower == "secrule" {
            return self.rule(location, arguments);
        }
        self.end_chain();
        match lower.as_str() {
            "secaction" => match arguments {
                [actions] => self.link(location, Vec::new(), unconditional(), actions),
                _ => self.fault(location, None, "expected one list of actions"),
            },
            "secdefaultaction" => self.default_action(location, arguments),
            "secmarker" => match arguments {
                [name] => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    self.push(location, Directive::Marker(name));
                }
                _ => self.fault(location, None, "expected the marker's name"),
            },
            "seccomponentsignature" => {
                let text = arguments.first().map(|text| String::from_utf8_lossy(text).into_owned());
                self.push(location, Directive::ComponentSignature(text.unwrap_or_default()));
            }
            "include" => self.include(location, arguments, depth),
            "secruleremovebyid" => {
                let text = arguments.join(&b' ');
                match action::ranges(&String::from_utf8_lossy(&text)) {
                    Ok(ranges) => self.push(location, Directive::Remove(Removal::Ids(ranges))),
                    Err(fault) => self.fault(location, None, fault),
                }
            }
            "secruleremovebytag" | "secruleremovebymsg" => match arguments {
                [text] => {
                    let text = String::from_utf8_lossy(text).into_owned();
                    let by_tag = lower.ends_with("tag");
                    let removal = if by_tag { Removal::Tag(text) } else { Removal::Msg(text) };
                    self.push(location, Directive::Remove(removal));
                }
                _ => self.fault(location, None, "expected one pattern"),
            },
            "secruleupdatetargetbyid" | "secruleupdatetargetbytag" | "secruleupdatetargetbymsg" => {
                match update_targets(&lower, arguments) {
                    Ok(update) => self.push(location, Directive::UpdateTargets(update)),
                    Err(fault) => self.fault(location, None, fault),
                }
            }
            "secruleupdateactionbyid" => self.update_actions(location, arguments),
            _ => self.other(location, &name, arguments),
        }
    }

    /// Settings, and what is accepted or refused by name.
    fn other(&mut self, location: &Location, name: &str, arguments: &[Vec<u8>]) {
        if let Some(read) = setting::read(name, arguments) {
            match read {
                Ok(setting) => self.push(location, Directive::Setting(setting)),
                Err(fault) => self.fault(location, None, format!("in `{name}`: {fault}")),
            }
        } else if let Some(read) = setting::fixed(name, arguments) {
            if let Err(fault) = read {
                self.fault(location, None, format!("in `{name}`: {fault}"));
            }
        } else if let Some((known, why)) =
            ACCEPTED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            self.warn(location, known, format!("nothing comes of `{known}`: {why}"));
        } else {
            let refused = REFUSED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let text = match refused {
                Some((known, why)) => format!("`{known}` is not there: {why}"),
                None => format!("unknown directive `{name}`"),
            };
            self.fault(location, None, text);
        }
    }

    fn include(&mut self, location: &Location, arguments: &[Vec<u8>], depth: usize) {
        let [name] = arguments else {
            return self.fault(location, None, "expected the name of a file");
        };
        let wanted = String::from_utf8_lossy(name).into_owned();
        if depth >= MAX_DEPTH {
            return self.fault(
                location,
                None,
                format!("expected files within files at most {MAX_DEPTH} deep"),
            );
        }
        let sources = self.sources;
        let found: Vec<&Source> = sources
            .iter()
            .filter(|source| source.name != location.file && matches_name(&wanted, &source.name))
            .collect();
        if found.is_empty() {
            self.fault(
                location,
                None,
                format!("there is no file `{wanted}`: a filter has no file system, so give its text in the configuration"),
            );
        }
        for source in found {
            self.source(source, depth.saturating_add(1));
        }
    }

    fn rule(&mut self, location: &Location, arguments: &[Vec<u8>]) {
        let (targets, test, actions) = match arguments {
            [targets, test] => (targets, test, &Vec::new()),
            [targets, test, actions] => (targets, test, actions),
            _ => {
                return self.fault(
                    location,
                    None,
                    "expected variables, an operator and a list of actions, each in quotes if it has spaces",
                );
            }
        };
        let id = action::read(actions).0.id;
        let targets = target::read_list(targets);
        let test = operator::read(test);
        match (targets, test) {
            (Ok(targets), Ok(test)) => self.link(location, targets, test, actions),
            (targets, test) => {
                for fault in [targets.err(), test.err()].into_iter().flatten() {
                    self.fault(location, id, fault);
                }
                // What is chained to it would only be told to be without a head.
                if self.open.is_none() && action::read(actions).0.chain {
                    self.link(location, Vec::new(), unconditional(), actions);
                } else if !action::read(actions).0.chain {
                    self.open = None;
                }
            }
        }
    }

    fn link(&mut self, location: &Location, targets: Vec<Target>, test: Test, actions: &[u8]) {
        let (actions, faults) = action::read(actions);
        let id = actions.id.or(self.open.as_ref().map(|rule| rule.metadata.id));
        for fault in faults {
            self.fault(location, id, fault);
        }
        if actions.initcol {
            let text =
                "nothing comes of `initcol`: collections that outlive a request are not kept";
            self.warn(location, "initcol", text.to_owned());
        }
        let goes_on = actions.chain;
        let rule = match self.open.take() {
            Some(rule) => self.chained(location, rule, targets, test, actions),
            None => self.head(location, targets, test, actions),
        };
        if goes_on {
            self.open = Some(rule);
        } else {
            self.push(
                location_of(&rule).unwrap_or(location),
                Directive::Rule(Box::new(rule.clone())),
            );
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
        let id = actions.id.unwrap_or_default();
        if id == 0 {
            self.fault(
                location,
                None,
                "expected the action `id`: every rule has a number of its own",
            );
        } else if let Some(first) = self.ids.get(&id) {
            let text = format!(
                "the id {id} is taken by the rule in {}:{}; give it another",
                first.file, first.line
            );
            self.fault(location, Some(id), text);
        } else {
            self.ids.insert(id, location.clone());
        }
        let default = self.defaults.get(&phase).cloned().unwrap_or_default();
        let written = actions.disruption.clone();
        let blocks = matches!(written, None | Some(Disruption::Block));
        let of_default = default.disruption.clone().unwrap_or(Disruption::Pass);
        let disruption =
            written.filter(|written| *written != Disruption::Block).unwrap_or(of_default);
        let status = actions.status.or(default.status);
        let log = actions.log.or(default.log).unwrap_or(true);
        Rule {
            metadata: Metadata {
                id,
                tags: actions.tags.clone(),
                ver: actions.ver.clone().unwrap_or_default(),
                rev: actions.rev.clone().unwrap_or_default(),
                severity: actions.severity,
                maturity: actions.maturity,
                accuracy: actions.accuracy,
            },
            phase,
            disruption,
            blocks,
            status,
            flow: actions.flow.clone().unwrap_or(Flow::Next),
            log,
            audit_log: actions.audit_log.or(default.audit_log).unwrap_or(log),
            links: vec![link(location, targets, test, actions, &default)],
        }
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
        let of_head = [
            ("id", actions.id.is_some()),
            ("phase", actions.phase.is_some_and(|phase| phase != rule.phase)),
            ("skip", actions.flow.is_some()),
            (
                "a disruptive action",
                actions.disruption.as_ref().is_some_and(|one| *one != Disruption::Pass),
            ),
        ];
        for (what, said) in of_head {
            if said {
                self.fault(
                    location,
                    id,
                    format!("expected {what} in the first rule of the chain alone"),
                );
            }
        }
        if rule.links.len() >= MAX_CHAIN {
            self.fault(location, id, format!("expected at most {MAX_CHAIN} rules in a chain"));
            return rule;
        }
        rule.metadata.tags.extend(actions.tags.iter().cloned());
        rule.metadata.severity = rule.metadata.severity.or(actions.severity);
        let default = self.defaults.get(&rule.phase).cloned().unwrap_or_default();
        rule.links.push(link(location, targets, test, actions, &default));
        rule
    }

    /// A chain that should have gone on.
    fn end_chain(&mut self) {
        if let Some(rule) = self.open.take() {
            let location = location_of(&rule).cloned().unwrap_or_default();
            let id = Some(rule.metadata.id).filter(|id| *id != 0);
            self.fault(&location, id, "expected a SecRule behind `chain`, but none follows");
        }
    }

    fn default_action(&mut self, location: &Location, arguments: &[Vec<u8>]) {
        let [text] = arguments else {
            return self.fault(location, None, "expected one list of actions");
        };
        let (actions, faults) = action::read(text);
        for fault in faults {
            self.fault(location, None, fault);
        }
        match (actions.phase, &actions.disruption) {
            (None, _) => self.fault(location, None, "expected the action `phase`"),
            (_, None | Some(Disruption::Block)) => {
                self.fault(location, None, "expected a disruptive action such as `pass` or `deny`");
            }
            (Some(phase), _) => {
                self.defaults.insert(phase, actions);
            }
        }
    }

    fn update_actions(&mut self, location: &Location, arguments: &[Vec<u8>]) {
        let [target, text] = arguments else {
            return self.fault(location, None, "expected the rule's id and a list of actions");
        };
        let target = String::from_utf8_lossy(target);
        let (id, link) = target.split_once(':').unwrap_or((&target, "0"));
        let (Ok(id), Ok(link)) = (id.parse(), link.parse()) else {
            return self.fault(
                location,
                None,
                format!("expected an id such as `12345`, but found `{target}`"),
            );
        };
        let (actions, faults) = action::read(text);
        for fault in faults {
            self.fault(location, Some(id), fault);
        }
        if actions.id.is_some() || actions.phase.is_some() || actions.chain {
            self.fault(
                location,
                Some(id),
                "expected neither `id`, `phase` nor `chain`: they can't be changed",
            );
        }
        let disruption = actions.disruption.map(|written| match written {
            Disruption::Block => {
                let default = self.defaults.get(&Phase::RequestBody);
                default.and_then(|default| default.disruption.clone()).unwrap_or(Disruption::Pass)
            }
            other => other,
        });
        let changes = actions.from_none || !actions.transformations.is_empty();
        let update = ActionUpdate {
            id,
            link,
            disruption,
            status: actions.status,
            flow: actions.flow,
            log: actions.log,
            audit_log: actions.audit_log,
            severity: actions.severity,
            msg: actions.msg,
            logdata: actions.logdata,
            tags: actions.tags,
            transformations: changes.then_some(actions.transformations),
            assignments: actions.assignments,
            controls: actions.controls,
            capture: actions.capture,
        };
        self.push(location, Directive::UpdateActions(Box::new(update)));
    }
}

fn location_of(rule: &Rule) -> Option<&Location> {
    rule.links.first().map(|link| &link.location)
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
    }
}

fn update_targets(name: &str, arguments: &[Vec<u8>]) -> Result<Selection, String> {
    let (rules, targets, instead_of) = match arguments {
        [rules, targets] => (rules, targets, None),
        [rules, targets, old] => (rules, targets, Some(old)),
        _ => return Err("expected the rules, and their targets".to_owned()),
    };
    let rules = String::from_utf8_lossy(rules).into_owned();
    let rules = if name.ends_with("id") {
        Removal::Ids(action::ranges(&rules)?)
    } else if name.ends_with("tag") {
        Removal::Tag(rules)
    } else {
        Removal::Msg(rules)
    };
    let instead_of = match instead_of {
        Some(old) => Some(target::read(&String::from_utf8_lossy(old))?),
        None => None,
    };
    Ok(Selection { rules, targets: action::targets(targets)?, instead_of })
}

/// True if a name is meant by a name in which a `*` stands for anything; folders in front of it count for nothing.
fn matches_name(wanted: &str, name: &str) -> bool {
    let wanted = wanted.rsplit('/').next().unwrap_or(wanted);
    let name = name.rsplit('/').next().unwrap_or(name);
    match wanted.split_once('*') {
        None => wanted == name,
        Some((start, end)) => {
            name.len() >= start.len().saturating_add(end.len())
                && name.starts_with(start)
                && name.ends_with(end)
        }
    }
}
