//! Directive by directive: chains are put together, defaults are worked in, mistakes are collected.

mod change;
pub(super) mod include;
pub(super) mod rule;

use std::collections::{BTreeMap, BTreeSet};

use super::action::{self, Actions};
use super::lines::{self, Lines};
use super::{DefaultAction, Fault, Parsed, Source, Warning, arguments, setting, shown};
use crate::lists::{ACCEPTED, FIXED, REFUSED, reason, refusal};
use crate::syntax::{Directive, Disruption, Location, Phase, Rule, Statement};

/// Rules and other directives, at most: fifty times the Core Rule Set.
pub(super) const MAX_STATEMENTS: usize = 50_000;
/// Bytes of all files, at most, one that is included twice counted twice: twenty times the Core Rule Set.
pub(super) const MAX_TEXT: usize = 16 << 20;
/// Mistakes that are told, at most: who has more mends these first.
pub(super) const MAX_FAULTS: usize = 1000;

pub(super) struct Assembler<'s> {
    /// What `Include` may name.
    files: &'s [Source],
    /// The files that are being read, the innermost last.
    reading: Vec<&'s str>,
    included: usize,
    bytes: usize,
    parsed: Parsed,
    faults: Vec<Fault>,
    /// `SecDefaultAction` by phase.
    defaults: BTreeMap<Phase, Actions>,
    /// The rule whose chain goes on.
    open: Option<Rule>,
    /// Where an id was given, and in which phase its rule runs.
    ids: BTreeMap<u32, (Location, Phase)>,
    warned: BTreeSet<String>,
}

impl<'s> Assembler<'s> {
    pub(super) fn new(files: &'s [Source]) -> Self {
        Assembler {
            files,
            reading: Vec::new(),
            included: 0,
            bytes: 0,
            parsed: Parsed::default(),
            faults: Vec::new(),
            defaults: BTreeMap::new(),
            open: None,
            ids: BTreeMap::new(),
            warned: BTreeSet::new(),
        }
    }

    pub(super) fn finish(mut self) -> Result<Parsed, Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let defaults = self.defaults.iter().map(|(phase, actions)| DefaultAction {
            phase: *phase,
            disruption: actions.disruption.clone().unwrap_or(Disruption::Pass),
            status: actions.status,
            log: actions.log,
            audit_log: actions.audit_log,
        });
        self.parsed.defaults = defaults.collect();
        Ok(self.parsed)
    }

    fn fault(&mut self, location: &Location, rule: Option<u32>, text: impl Into<String>) {
        let text = match self.faults.len() {
            MAX_FAULTS.. => return,
            count if count + 1 == MAX_FAULTS => {
                "more mistakes follow; mend those before first".into()
            }
            _ => text.into(),
        };
        let rule = rule.filter(|id| *id != 0);
        self.faults.push(Fault { location: location.clone(), rule, text });
    }

    /// Each warning once.
    fn warn(&mut self, location: &Location, text: String) {
        if self.warned.insert(text.clone()) {
            self.parsed.warnings.push(Warning { location: location.clone(), text });
        }
    }

    pub(super) fn source(&mut self, source: &'s Source) {
        let mut location = Location { file: source.name.clone(), line: 1 };
        self.bytes = self.bytes.saturating_add(source.text.len());
        if self.bytes > MAX_TEXT {
            let text = format!("expected at most {MAX_TEXT} bytes of rules in all files");
            return self.fault(&location, None, text);
        }
        self.reading.push(&source.name);
        for (line, text) in Lines::of(&source.text) {
            location.line = line;
            match text {
                Ok(text) => self.directive(&location, &text),
                Err(lines::TooLong) => {
                    self.open = None;
                    let most = lines::MAX_LINE;
                    self.fault(
                        &location,
                        None,
                        format!("expected a directive of at most {most} bytes"),
                    );
                }
            }
        }
        self.end_chain("the file ends");
        self.reading.pop();
    }

    fn push(&mut self, location: &Location, directive: Directive) {
        match self.parsed.statements.len() {
            0..MAX_STATEMENTS => {
                self.parsed.statements.push(Statement { location: location.clone(), directive });
            }
            _ => {
                self.fault(location, None, format!("expected at most {MAX_STATEMENTS} directives"))
            }
        }
    }

    fn directive(&mut self, location: &Location, text: &[u8]) {
        let arguments = match arguments::split(text) {
            Ok(arguments) => arguments,
            Err(fault) => {
                // Whether a chain goes on is not known: nobody is told so.
                self.open = None;
                return self.fault(location, None, fault);
            }
        };
        let Some((name, arguments)) = arguments.split_first() else { return };
        let name = shown(name);
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "secrule" => return self.sec_rule(location, arguments),
            "secaction" => return self.sec_action(location, arguments),
            _ => self.end_chain(&format!("`{name}` does")),
        }
        let read = match lower.as_str() {
            "include" => self.include(arguments, true),
            "includeoptional" => self.include(arguments, false),
            "secdefaultaction" => self.default_action(location, arguments),
            "secmarker" => self.named(location, arguments, Directive::Marker),
            "seccomponentsignature" => {
                self.named(location, arguments, Directive::ComponentSignature)
            }
            "secruleupdateactionbyid" => self.update_actions(location, arguments),
            _ => match change::read(&lower, arguments) {
                Some(read) => read.map(|directive| self.push(location, directive)),
                None => self.setting(location, &name, arguments),
            },
        };
        if let Err(fault) = read {
            let text =
                if fault.contains("directive `") { fault } else { format!("in `{name}`: {fault}") };
            self.fault(location, None, text);
        }
    }

    fn named(
        &mut self,
        location: &Location,
        arguments: &[Vec<u8>],
        directive: fn(String) -> Directive,
    ) -> Result<(), String> {
        let [name] = arguments else {
            return Err(format!("expected one argument, but found {}", arguments.len()));
        };
        let name = std::str::from_utf8(name).map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err("expected a name in UTF-8".to_owned());
        }
        self.push(location, directive(name.to_owned()));
        Ok(())
    }

    /// Settings, and what is accepted or refused by name.
    fn setting(
        &mut self,
        location: &Location,
        name: &str,
        arguments: &[Vec<u8>],
    ) -> Result<(), String> {
        if let Some(read) = setting::read(name, arguments) {
            return read.map(|setting| self.push(location, Directive::Setting(setting)));
        }
        if let Some(fixed) = FIXED.iter().find(|fixed| fixed.name.eq_ignore_ascii_case(name)) {
            return match arguments {
                [value] if value.eq_ignore_ascii_case(fixed.value.as_bytes()) => Ok(()),
                _ => Err(format!("expected `{}`: {}", fixed.value, fixed.why)),
            };
        }
        if let Some((known, why)) = reason(ACCEPTED, name) {
            self.warn(location, nothing_comes(known, why));
            return Ok(());
        }
        Err(refusal("directive", REFUSED, name))
    }

    fn default_action(&mut self, location: &Location, arguments: &[Vec<u8>]) -> Result<(), String> {
        const ALLOWED: [&str; 8] =
            ["phase", "status", "log", "nolog", "auditlog", "noauditlog", "t", "tag"];
        let [text] = arguments else {
            return Err(format!(
                "expected one list of actions, but found {} arguments",
                arguments.len()
            ));
        };
        let (actions, faults) = action::read(text);
        let mut mistakes = faults;
        let others = actions.names.iter().filter(|name| {
            !ALLOWED.contains(&name.as_str()) && !action::DISRUPTIVE.contains(&name.as_str())
        });
        mistakes
            .extend(others.map(|name| format!("`{name}` has no place in the defaults of a phase")));
        if actions.phase.is_none() && !actions.names.contains("phase") && !actions.is_cut {
            mistakes.push("expected the action `phase`".to_owned());
        }
        if matches!(actions.disruption, None | Some(Disruption::Block)) && !actions.is_cut {
            mistakes.push("expected what `block` is to do, such as `pass` or `deny`".to_owned());
        }
        for mistake in mistakes {
            self.fault(location, None, format!("in `SecDefaultAction`: {mistake}"));
        }
        if let Some(phase) = actions.phase {
            self.defaults.insert(phase, actions);
        }
        Ok(())
    }
}

/// What a warning says about something that is accepted.
fn nothing_comes(name: &str, why: &str) -> String {
    format!("nothing comes of `{name}`: {why}")
}
