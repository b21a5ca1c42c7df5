//! The list of actions of a rule (`id:1,phase:2,deny,t:lowercase,setvar:'tx.a=+1'`).

use super::{expression, setting, target};
use crate::lists::REFUSED_ACTIONS;
use crate::syntax::{
    Assignment, AssignmentKind, Control, Disruption, Expression, Flow, IdRange, Phase, Removal,
    Target, TargetRemoval, Transformation,
};

/// What the list says; what it does not say is `None` or empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Actions {
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
    /// `t:none` was said: what `SecDefaultAction` has does not come first.
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
    /// `initcol`: accepted, and nothing comes of it.
    pub(super) initcol: bool,
}

/// Reads the list: what was understood, and every mistake.
pub(super) fn read(text: &[u8]) -> (Actions, Vec<String>) {
    let mut actions = Actions::default();
    let mut faults = Vec::new();
    for item in split(text) {
        let (name, value) = match item.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (name, value) = item.split_at_checked(colon).unwrap_or((&item, &[]));
                (name, Some(unquoted(value.get(1..).unwrap_or_default().trim_ascii())))
            }
            None => (item.as_slice(), None),
        };
        let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        if let Err(fault) = actions.take(&name, value.as_deref()) {
            faults.push(format!("in the action `{name}`: {fault}"));
        }
    }
    (actions, faults)
}

/// Splits at commas outside single quotes.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    let mut items = vec![Vec::new()];
    let mut quoted = false;
    let mut escaped = false;
    for &byte in text {
        if byte == b',' && !quoted {
            items.push(Vec::new());
            continue;
        }
        if byte == b'\'' && !escaped {
            quoted = !quoted;
        }
        escaped = byte == b'\\' && !escaped;
        if let Some(item) = items.last_mut() {
            item.push(byte);
        }
    }
    items
        .into_iter()
        .map(|item| item.trim_ascii().to_vec())
        .filter(|item| !item.is_empty())
        .collect()
}

/// The text within single quotes, in which `\'` is a quote.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inside) = value.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'")) else {
        return value.to_vec();
    };
    let mut text = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' && bytes.peek() == Some(&&b'\'') {
            continue;
        }
        text.push(byte);
    }
    text
}

impl Actions {
    fn take(&mut self, name: &str, value: Option<&[u8]>) -> Result<(), String> {
        let bytes =
            || value.filter(|value| !value.is_empty()).ok_or("expected a value behind a colon");
        let text = || bytes().map(|value| String::from_utf8_lossy(value).into_owned());
        let small = |most: u8| -> Result<u8, String> {
            let text = text()?;
            let number = text.parse().ok().filter(|number| *number <= most);
            number.ok_or_else(|| format!("expected a number up to {most}, but found `{text}`"))
        };
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "id" => {
                let text = text()?;
                let id = text.parse().ok().filter(|id| *id > 0);
                self.id = Some(
                    id.ok_or_else(|| format!("expected a number from 1, but found `{text}`"))?,
                );
            }
            "phase" => self.phase = Some(phase(&text()?)?),
            "pass" => self.disruption = Some(Disruption::Pass),
            "block" => self.disruption = Some(Disruption::Block),
            "deny" => self.disruption = Some(Disruption::Deny),
            "drop" => self.disruption = Some(Disruption::Drop),
            "redirect" => self.disruption = Some(Disruption::Redirect(expression::read(bytes()?)?)),
            "allow" => self.disruption = Some(allow(value)?),
            "status" => {
                let text = text()?;
                let status = text.parse().ok().filter(|status| (100..=599).contains(status));
                self.status =
                    Some(status.ok_or_else(|| format!("expected a status, but found `{text}`"))?);
            }
            "skip" => {
                let text = text()?;
                let count = text.parse().ok().filter(|count| *count > 0);
                self.flow = Some(Flow::Skip(
                    count.ok_or_else(|| format!("expected a number from 1, but found `{text}`"))?,
                ));
            }
            "skipafter" => self.flow = Some(Flow::SkipAfter(text()?)),
            "chain" => self.chain = true,
            "log" => self.log = Some(true),
            "nolog" => {
                self.log = Some(false);
                self.audit_log.get_or_insert(false);
            }
            "auditlog" => self.audit_log = Some(true),
            "noauditlog" => self.audit_log = Some(false),
            "capture" => self.capture = true,
            "multimatch" => self.multi_match = true,
            "t" => self.transformation(&text()?)?,
            "setvar" => self.assignments.push(assignment(bytes()?)?),
            "ctl" => self.controls.push(control(&text()?)?),
            "msg" => self.msg = Some(expression::read(bytes()?)?),
            "logdata" => self.logdata = Some(expression::read(bytes()?)?),
            "tag" => self.tags.push(expression::read(bytes()?)?),
            "ver" => self.ver = Some(text()?),
            "rev" => self.rev = Some(text()?),
            "severity" => self.severity = Some(severity(&text()?)?),
            "maturity" => self.maturity = Some(small(9)?),
            "accuracy" => self.accuracy = Some(small(9)?),
            "initcol" => self.initcol = true,
            _ => {
                let known =
                    REFUSED_ACTIONS.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name));
                return Err(known.map_or_else(
                    || "there is no such action".to_owned(),
                    |(_, why)| format!("it is not there: {why}"),
                ));
            }
        }
        Ok(())
    }

    fn transformation(&mut self, name: &str) -> Result<(), String> {
        if name.eq_ignore_ascii_case("none") {
            self.from_none = true;
            self.transformations.clear();
            return Ok(());
        }
        let found = Transformation::named(name)
            .ok_or_else(|| format!("there is no transformation `{name}`"))?;
        self.transformations.push(found);
        Ok(())
    }
}

fn phase(text: &str) -> Result<Phase, String> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "1" => Phase::RequestHeaders,
        "2" | "request" => Phase::RequestBody,
        "3" => Phase::ResponseHeaders,
        "4" | "response" => Phase::ResponseBody,
        "5" | "logging" => Phase::Logging,
        _ => {
            return Err(format!(
                "expected 1 to 5, request, response or logging, but found `{text}`"
            ));
        }
    })
}

fn allow(value: Option<&[u8]>) -> Result<Disruption, String> {
    match value.map(<[u8]>::to_ascii_lowercase).as_deref() {
        None => Ok(Disruption::Allow),
        Some(b"phase") => Ok(Disruption::AllowPhase),
        Some(b"request") => Ok(Disruption::AllowRequest),
        Some(other) => Err(format!(
            "expected nothing, phase or request, but found `{}`",
            String::from_utf8_lossy(other)
        )),
    }
}

fn severity(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 8] =
        ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
    let lower = text.to_ascii_lowercase();
    let named = NAMES.iter().position(|name| *name == lower);
    let number = named.or_else(|| lower.parse().ok()).filter(|number| *number < NAMES.len());
    number
        .and_then(|number| u8::try_from(number).ok())
        .ok_or_else(|| format!("expected 0 to 7 or a name such as CRITICAL, but found `{text}`"))
}

/// `tx.name`, `tx.name=value`, `tx.name=+value`, `tx.name=-value`, `!tx.name`.
fn assignment(text: &[u8]) -> Result<Assignment, String> {
    let (removes, text) = match text.strip_prefix(b"!") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (name, value) = match text.iter().position(|byte| *byte == b'=') {
        Some(equals) => {
            let (name, value) = text.split_at_checked(equals).unwrap_or((text, &[]));
            (name, value.get(1..))
        }
        None => (text, None),
    };
    let in_tx = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"tx."));
    let Some(name) = name.get(3..).filter(|name| in_tx && !name.is_empty()) else {
        let name = String::from_utf8_lossy(name);
        return Err(format!(
            "expected a variable of TX such as `tx.score`, but found `{name}`: other collections outlive a request, \
             and are not kept"
        ));
    };
    let name = expression::read(name)?;
    let kind = match (removes, value) {
        (true, _) => AssignmentKind::Remove,
        (false, None) => AssignmentKind::Set(expression::read(b"1")?),
        (false, Some(value)) => match value.split_first() {
            Some((b'+', value)) => AssignmentKind::Add(expression::read(value)?),
            Some((b'-', value)) => AssignmentKind::Subtract(expression::read(value)?),
            _ => AssignmentKind::Set(expression::read(value)?),
        },
    };
    Ok(Assignment { name, kind })
}

/// `ruleRemoveById=942100`, `ruleRemoveTargetByTag=attack-sqli;ARGS:q`, …
fn control(text: &str) -> Result<Control, String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!(
            "expected a name and a value such as `ruleEngine=Off`, but found `{text}`"
        ));
    };
    let value = value.trim();
    let pair = || {
        let (rules, target) = value.split_once(';').ok_or_else(|| {
            format!("expected rules and a target such as `942100;ARGS:q`, but found `{value}`")
        })?;
        Ok::<_, String>((rules.trim(), target::parse_variable(target.trim())?))
    };
    let removal = |rules: Removal, target| Control::RemoveTarget(TargetRemoval { rules, target });
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "ruleengine" => Control::RuleEngine(setting::engine_mode(value)?),
        "ruleremovebyid" => Control::Remove(Removal::Ids(ranges(value)?)),
        "ruleremovebytag" => Control::Remove(Removal::Tag(value.to_owned())),
        "ruleremovebymsg" => Control::Remove(Removal::Msg(value.to_owned())),
        "ruleremovetargetbyid" => {
            let (rules, target) = pair()?;
            removal(Removal::Ids(ranges(rules)?), target)
        }
        "ruleremovetargetbytag" => {
            let (rules, target) = pair()?;
            removal(Removal::Tag(rules.to_owned()), target)
        }
        "ruleremovetargetbymsg" => {
            let (rules, target) = pair()?;
            removal(Removal::Msg(rules.to_owned()), target)
        }
        "requestbodyaccess" => Control::RequestBodyAccess(setting::on(value)?),
        "responsebodyaccess" => Control::ResponseBodyAccess(setting::on(value)?),
        "forcerequestbodyvariable" => Control::ForceRequestBodyVariable(setting::on(value)?),
        "requestbodyprocessor" => {
            let processor = value.to_ascii_uppercase();
            if !["URLENCODED", "MULTIPART", "JSON", "XML"].contains(&processor.as_str()) {
                return Err(format!(
                    "expected URLENCODED, MULTIPART, JSON or XML, but found `{value}`"
                ));
            }
            Control::RequestBodyProcessor(processor)
        }
        "auditengine" | "auditlogparts" | "debugloglevel" => Control::Ignored(text.to_owned()),
        other => return Err(format!("there is no `{other}`")),
    })
}

/// Ranges of ids, at most, of one directive: more are a mistake, not a list.
const MAX_RANGES: usize = 10_000;

/// `1`, `1-5`, and several with spaces or commas between.
pub(super) fn ranges(text: &str) -> Result<Vec<IdRange>, String> {
    let parts = text.split([',', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
    let ranges = parts.map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(IdRange { first, last }),
            _ => Err(format!(
                "expected an id or a range such as `942000-942999`, but found `{part}`"
            )),
        }
    });
    let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
    match ranges.len() {
        0 => Err("expected the id of a rule".to_owned()),
        1..=MAX_RANGES => Ok(ranges),
        count => Err(format!("expected at most {MAX_RANGES} ids, but found {count}")),
    }
}

/// A target of `SecRuleUpdateTargetBy…`, of which `ARGS` alone may be a list.
pub(super) fn targets(text: &[u8]) -> Result<Vec<Target>, String> {
    target::read_list(text)
}
