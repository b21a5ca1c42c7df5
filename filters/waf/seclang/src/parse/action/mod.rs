//! The list of actions of a rule (`id:1,phase:2,deny,t:lowercase,setvar:'tx.a=+1'`).

mod assignment;
mod control;
mod split;
mod value;

use std::collections::BTreeSet;

pub(super) use control::text as removal_text;
use split::Item;
#[cfg(test)]
pub(super) use value::MAX_TRANSFORMATIONS;

use super::ids;
use crate::lists::{ACCEPTED_ACTIONS, ACCEPTED_CONTROLS, REFUSED_ACTIONS, Reason, reason, refusal};
use crate::syntax::{Assignment, Control, Disruption, Expression, Flow, Phase, Transformation};

/// What the list says; what it does not say is `None` or empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Actions {
    /// The names in the list, in lower case.
    pub(super) names: BTreeSet<String>,
    pub(super) id: Option<u32>,
    pub(super) phase: Option<Phase>,
    /// `Disruption::Block` is replaced where `SecDefaultAction` is known.
    pub(super) disruption: Option<Disruption>,
    pub(super) status: Option<u16>,
    pub(super) flow: Option<Flow>,
    pub(super) chain: bool,
    pub(super) log: Option<bool>,
    pub(super) audit_log: Option<bool>,
    pub(super) capture: bool,
    pub(super) multi_match: bool,
    /// `t:none` was said: what stood there before does not come first.
    pub(super) from_none: bool,
    pub(super) transformations: Vec<Transformation>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) controls: Vec<Control>,
    pub(super) msg: Option<Expression>,
    pub(super) logdata: Option<Expression>,
    pub(super) tags: Vec<Expression>,
    pub(super) ver: Option<String>,
    pub(super) rev: Option<String>,
    pub(super) severity: Option<u8>,
    pub(super) maturity: Option<u8>,
    pub(super) accuracy: Option<u8>,
    /// What is accepted although nothing comes of it.
    pub(super) ignored: Vec<Reason>,
    /// The list could not be read to its end, so that nothing is known to be missing.
    pub(super) is_cut: bool,
}

/// Actions that decide what becomes of the transaction: the last one counts.
pub(super) const DISRUPTIVE: [&str; 6] = ["pass", "block", "deny", "drop", "redirect", "allow"];

/// Reads the list: what was understood, and every mistake.
pub(super) fn read(text: &[u8]) -> (Actions, Vec<String>) {
    let mut actions = Actions::default();
    let mut faults = Vec::new();
    let (items, fault) = split::split(text);
    for item in items {
        if let Err(fault) = actions.take(&item) {
            faults.push(fault);
        }
    }
    if let Some(fault) = fault {
        faults.push(fault);
        actions.is_cut = true;
        // What follows in a chain is not to be told to be wrong for it.
        actions.chain |= text.windows(5).any(|word| word.eq_ignore_ascii_case(b"chain"));
    }
    (actions, faults)
}

impl Actions {
    fn take(&mut self, item: &Item) -> Result<(), String> {
        let name = item.name.as_str();
        let lower = name.to_ascii_lowercase();
        let value = item.value.as_deref();
        let taken = if value::FLAGS.contains(&lower.as_str()) {
            value::none(value).map(|()| self.flag(&lower))
        } else {
            self.valued(&lower, value).unwrap_or_else(|| {
                let known = reason(ACCEPTED_ACTIONS, name);
                self.ignored.extend(known);
                match known {
                    Some(_) => Ok(()),
                    None => Err(refusal("action", REFUSED_ACTIONS, name)),
                }
            })
        };
        self.names.insert(lower);
        taken.map_err(|fault| {
            if fault.contains("action `") { fault } else { format!("in `{name}`: {fault}") }
        })
    }

    fn flag(&mut self, name: &str) {
        match name {
            "pass" => self.disruption = Some(Disruption::Pass),
            "block" => self.disruption = Some(Disruption::Block),
            "deny" => self.disruption = Some(Disruption::Deny),
            "drop" => self.disruption = Some(Disruption::Drop),
            "chain" => self.chain = true,
            // The audit log follows the log, until it is told otherwise.
            "log" | "nolog" => {
                self.log = Some(name == "log");
                self.audit_log = self.log;
            }
            "auditlog" | "noauditlog" => self.audit_log = Some(name == "auditlog"),
            "capture" => self.capture = true,
            "multimatch" => self.multi_match = true,
            _ => {}
        }
    }

    /// Actions with a value; `None` where there is none of the name.
    fn valued(&mut self, name: &str, value: Option<&[u8]>) -> Option<Result<(), String>> {
        let result = match name {
            "allow" => value::allow(value).map(|it| self.disruption = Some(it)),
            "id" => self.read_id(value),
            "phase" => value::phase(value).map(|it| self.phase = Some(it)),
            "redirect" => {
                value::expression(value).map(|it| self.disruption = Some(Disruption::Redirect(it)))
            }
            "status" => value::status(value).map(|it| self.status = Some(it)),
            "skip" => value::number(value, 1, u32::MAX).map(|it| self.flow = Some(Flow::Skip(it))),
            "skipafter" => value::text(value).map(|it| self.flow = Some(Flow::SkipAfter(it))),
            "t" => value::text(value).and_then(|it| self.transformation(&it)),
            "setvar" => {
                value::bytes(value).and_then(assignment::read).map(|it| self.assignments.push(it))
            }
            "ctl" => value::bytes(value).and_then(control::read).map(|it| self.control(it)),
            "msg" => value::expression(value).map(|it| self.msg = Some(it)),
            "logdata" => value::expression(value).map(|it| self.logdata = Some(it)),
            "tag" => value::expression(value).map(|it| self.tags.push(it)),
            "ver" => value::text(value).map(|it| self.ver = Some(it)),
            "rev" => value::text(value).map(|it| self.rev = Some(it)),
            "severity" => value::severity(value).map(|it| self.severity = Some(it)),
            "maturity" => value::number(value, 0, 9).map(|it| self.maturity = Some(it)),
            "accuracy" => value::number(value, 0, 9).map(|it| self.accuracy = Some(it)),
            _ => return None,
        };
        Some(result)
    }

    fn read_id(&mut self, value: Option<&[u8]>) -> Result<(), String> {
        let id = value::bytes(value).and_then(ids::id)?;
        match self.id {
            None => self.id = Some(id),
            Some(first) => return Err(format!("expected one id, but found {first} and {id}")),
        }
        Ok(())
    }

    fn transformation(&mut self, name: &str) -> Result<(), String> {
        if name.eq_ignore_ascii_case("none") {
            self.from_none = true;
            self.transformations.clear();
            return Ok(());
        }
        let found = Transformation::named(name).ok_or_else(|| {
            format!("unknown transformation `{name}`; look for a slip of the pen")
        })?;
        if self.transformations.len() >= value::MAX_TRANSFORMATIONS {
            return Err(format!("expected at most {} transformations", value::MAX_TRANSFORMATIONS));
        }
        self.transformations.push(found);
        Ok(())
    }

    fn control(&mut self, controls: Vec<Control>) {
        for control in controls {
            if let Control::Ignored(text) = &control {
                let name = text.split('=').next().unwrap_or_default().trim();
                self.ignored.extend(reason(ACCEPTED_CONTROLS, name));
            }
            self.controls.push(control);
        }
    }
}
