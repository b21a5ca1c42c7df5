//! `ctl`: what a match changes for the rest of its transaction.

use super::super::{ids, setting, shown, target};
use crate::lists::{ACCEPTED_CONTROLS, REFUSED_CONTROLS, reason, refusal};
use crate::syntax::{Control, Removal, Target, TargetRemoval};

/// `ruleRemoveById=942100`, `ruleRemoveTargetByTag=attack-sqli;ARGS:q`, …; several targets are several controls.
pub(super) fn read(text: &[u8]) -> Result<Vec<Control>, String> {
    let Some((name, value)) = cut(text, b'=') else {
        return Err(format!(
            "expected a name and a value such as `ruleEngine=Off`, but found `{}`",
            shown(text)
        ));
    };
    let name = shown(name);
    if value.is_empty() {
        return Err(format!("expected a value behind `{name}=`"));
    }
    control(&name, value).unwrap_or_else(|| {
        if reason(ACCEPTED_CONTROLS, &name).is_some() {
            Ok(vec![Control::Ignored(String::from_utf8_lossy(text).into_owned())])
        } else {
            Err(refusal("control", REFUSED_CONTROLS, &name))
        }
    })
}

fn control(name: &str, value: &[u8]) -> Option<Result<Vec<Control>, String>> {
    let one = |control: Result<Control, String>| control.map(|control| vec![control]);
    Some(match name.to_ascii_lowercase().as_str() {
        "ruleengine" => one(setting::engine_mode(value).map(Control::RuleEngine)),
        "ruleremovebyid" => one(by_id(value).map(Control::Remove)),
        "ruleremovebytag" => one(text(value).map(Removal::Tag).map(Control::Remove)),
        "ruleremovebymsg" => one(text(value).map(Removal::Msg).map(Control::Remove)),
        "ruleremovetargetbyid" => targets(value, by_id),
        "ruleremovetargetbytag" => targets(value, |rules| text(rules).map(Removal::Tag)),
        "ruleremovetargetbymsg" => targets(value, |rules| text(rules).map(Removal::Msg)),
        "requestbodyaccess" => one(setting::on(value).map(Control::RequestBodyAccess)),
        "responsebodyaccess" => one(setting::on(value).map(Control::ResponseBodyAccess)),
        "forcerequestbodyvariable" => {
            one(setting::on(value).map(Control::ForceRequestBodyVariable))
        }
        "requestbodyprocessor" => one(processor(value)),
        _ => return None,
    })
}

fn by_id(value: &[u8]) -> Result<Removal, String> {
    ids::ranges(value).map(Removal::Ids)
}

/// A pattern of tags or messages.
pub(in super::super) fn text(value: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(value) {
        Ok("") => {
            Err("expected a tag or message, but it is empty: that would mean every rule".to_owned())
        }
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(format!("expected UTF-8, but found `{}`", shown(value))),
    }
}

/// `942100;ARGS:q`
fn targets(
    value: &[u8],
    rules: impl Fn(&[u8]) -> Result<Removal, String>,
) -> Result<Vec<Control>, String> {
    let Some((before, behind)) = cut(value, b';') else {
        return Err(format!(
            "expected rules and a target such as `942100;ARGS:q`, but found `{}`",
            shown(value)
        ));
    };
    let rules = rules(before)?;
    let targets = target::read_list(behind)?.into_iter().map(|target| match target {
        Target::Values(target) => {
            Ok(Control::RemoveTarget(TargetRemoval { rules: rules.clone(), target }))
        }
        _ => Err(format!("expected a target without `!` or `&`, but found `{}`", shown(behind))),
    });
    targets.collect()
}

fn processor(value: &[u8]) -> Result<Control, String> {
    let name = shown(value).to_ascii_uppercase();
    match name.as_str() {
        "URLENCODED" | "MULTIPART" | "JSON" | "XML" => Ok(Control::RequestBodyProcessor(name)),
        _ => Err(format!("expected URLENCODED, MULTIPART, JSON or XML, but found `{name}`")),
    }
}

/// The texts before and behind the first such byte, without the space around them.
fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == at)?;
    let (before, behind) = text.split_at_checked(place)?;
    Some((before.trim_ascii(), behind.get(1..)?.trim_ascii()))
}
