//! Directives that take rules away or change them.

use super::super::{action, ids, shown, target};
use super::{Assembler, nothing_comes};
use crate::syntax::{ActionUpdate, Directive, Disruption, Location, Phase, Removal, Selection};

/// `SecRuleRemoveBy…`, `SecRuleUpdateTargetBy…`; `None` where the directive, in lower case, is none of them.
pub(super) fn read(name: &str, arguments: &[Vec<u8>]) -> Option<Result<Directive, String>> {
    let remove = |removal: Result<Removal, String>| removal.map(Directive::Remove);
    let update = |rules: Rules| update_targets(arguments, rules).map(Directive::UpdateTargets);
    Some(match name {
        "secruleremovebyid" => remove(by_id(&arguments.join(&b' '))),
        "secruleremovebytag" => remove(one(arguments).and_then(by_tag)),
        "secruleremovebymsg" => remove(one(arguments).and_then(by_msg)),
        "secruleupdatetargetbyid" => update(by_id),
        "secruleupdatetargetbytag" => update(by_tag),
        "secruleupdatetargetbymsg" => update(by_msg),
        _ => return None,
    })
}

type Rules = fn(&[u8]) -> Result<Removal, String>;

fn one(arguments: &[Vec<u8>]) -> Result<&[u8], String> {
    match arguments {
        [one] => Ok(one),
        _ => Err(format!("expected one pattern, but found {} arguments", arguments.len())),
    }
}

fn by_id(text: &[u8]) -> Result<Removal, String> {
    ids::ranges(text).map(Removal::Ids)
}

fn by_tag(text: &[u8]) -> Result<Removal, String> {
    action::removal_text(text).map(Removal::Tag)
}

fn by_msg(text: &[u8]) -> Result<Removal, String> {
    action::removal_text(text).map(Removal::Msg)
}

fn update_targets(arguments: &[Vec<u8>], rules: Rules) -> Result<Selection, String> {
    let (selected, targets, old) = match arguments {
        [selected, targets] => (selected, targets, None),
        [selected, targets, old] => (selected, targets, Some(old)),
        _ => {
            return Err(format!(
                "expected rules, targets, and perhaps the target in whose place they come, but found {} arguments",
                arguments.len()
            ));
        }
    };
    let instead_of = match old.map(|old| target::read_list(old)).transpose()? {
        None => None,
        Some(mut old) => match (old.pop(), old.is_empty()) {
            (Some(old), true) => Some(old),
            _ => return Err("expected one target in whose place the others come".to_owned()),
        },
    };
    Ok(Selection { rules: rules(selected)?, targets: target::read_list(targets)?, instead_of })
}

/// What can be changed; what the head of a chain says for all of it.
const OF_RULE: [&str; 10] = [
    "status",
    "skip",
    "skipafter",
    "log",
    "nolog",
    "auditlog",
    "noauditlog",
    "severity",
    "tag",
    "initcol",
];
/// What can be changed in any rule of a chain.
const OF_LINK: [&str; 6] = ["msg", "logdata", "t", "setvar", "ctl", "capture"];

impl Assembler<'_> {
    /// `SecRuleUpdateActionById`.
    pub(super) fn update_actions(
        &mut self,
        location: &Location,
        arguments: &[Vec<u8>],
    ) -> Result<(), String> {
        let [rule, text] = arguments else {
            return Err(format!(
                "expected an id and a list of actions, but found {} arguments",
                arguments.len()
            ));
        };
        let (id, link) = match rule.iter().position(|byte| *byte == b':') {
            None => (ids::id(rule)?, 0),
            Some(colon) => {
                let (id, link) = rule.split_at_checked(colon).unwrap_or((rule, &[]));
                let number =
                    std::str::from_utf8(link).ok().and_then(|link| link.get(1..)?.parse().ok());
                let link = number.ok_or_else(|| {
                    format!(
                        "expected a number of the chain's rule such as `12345:1`, but found `{}`",
                        shown(rule)
                    )
                })?;
                (ids::id(id)?, link)
            }
        };
        let (actions, faults) = action::read(text);
        let mut mistakes = faults;
        for name in &actions.names {
            let of_rule =
                OF_RULE.contains(&name.as_str()) || action::DISRUPTIVE.contains(&name.as_str());
            if of_rule && link != 0 {
                mistakes.push(format!(
                    "`{name}` is changed in the first rule of the chain: write `{id}`"
                ));
            } else if !of_rule && !OF_LINK.contains(&name.as_str()) && honoured(name) {
                mistakes.push(format!(
                    "`{name}` can't be changed; write the rule anew, with an id of its own"
                ));
            }
        }
        if !actions.transformations.is_empty() && !actions.from_none {
            mistakes.push(
                "expected `t:none` before other transformations: the list takes the place of the rule's".to_owned(),
            );
        }
        if arguments.iter().any(|argument| argument.is_empty()) {
            mistakes.push("expected actions, but found none".to_owned());
        }
        for mistake in mistakes {
            self.fault(location, Some(id), format!("in `SecRuleUpdateActionById`: {mistake}"));
        }
        for (name, why) in &actions.ignored {
            self.warn(location, nothing_comes(name, why));
        }
        let phase = self.ids.get(&id).map_or(Phase::RequestBody, |(_, phase)| *phase);
        let default = self.defaults.get(&phase);
        let (disruption, status) = match actions.disruption {
            Some(Disruption::Block) => {
                let disruption = default.and_then(|default| default.disruption.clone());
                let status = actions.status.or(default.and_then(|default| default.status));
                (Some(disruption.unwrap_or(Disruption::Pass)), status)
            }
            own => (own, actions.status),
        };
        let update = ActionUpdate {
            id,
            link,
            disruption,
            status,
            flow: actions.flow,
            log: actions.log,
            audit_log: actions.audit_log,
            severity: actions.severity,
            msg: actions.msg,
            logdata: actions.logdata,
            tags: actions.tags,
            transformations: actions.from_none.then_some(actions.transformations),
            assignments: actions.assignments,
            controls: actions.controls,
            capture: actions.capture,
        };
        self.push(location, Directive::UpdateActions(Box::new(update)));
        Ok(())
    }
}

/// Others are told of already.
fn honoured(name: &str) -> bool {
    crate::lists::HONOURED_ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
}
