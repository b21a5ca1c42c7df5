//! Directives that set the engine.

use super::shown;
use crate::syntax::{EngineMode, LimitAction, Setting};

/// Reads the arguments of a setting; `None` where the directive is none of them.
pub(super) fn read(name: &str, arguments: &[Vec<u8>]) -> Option<Result<Setting, String>> {
    let one = || match arguments {
        [one] => Ok(one.as_slice()),
        _ => Err(format!("expected one argument, but found {}", arguments.len())),
    };
    let number = |setting: fn(u64) -> Setting| one().and_then(count).map(setting);
    let switch = |setting: fn(bool) -> Setting| one().and_then(on).map(setting);
    let action = |setting: fn(LimitAction) -> Setting| one().and_then(limit_action).map(setting);
    Some(match name.to_ascii_lowercase().as_str() {
        "secruleengine" => one().and_then(engine_mode).map(Setting::RuleEngine),
        "secrequestbodyaccess" => switch(Setting::RequestBodyAccess),
        "secrequestbodylimit" => number(Setting::RequestBodyLimit),
        "secrequestbodynofileslimit" => number(Setting::RequestBodyNoFilesLimit),
        "secrequestbodylimitaction" => action(Setting::RequestBodyLimitAction),
        "secrequestbodyjsondepthlimit" => number(Setting::RequestBodyJsonDepthLimit),
        "secargumentslimit" => number(Setting::ArgumentsLimit),
        "secresponsebodyaccess" => switch(Setting::ResponseBodyAccess),
        "secresponsebodylimit" => number(Setting::ResponseBodyLimit),
        "secresponsebodylimitaction" => action(Setting::ResponseBodyLimitAction),
        "secresponsebodymimetype" => mime_types(arguments),
        "secresponsebodymimetypesclear" => match arguments {
            [] => Ok(Setting::ResponseBodyMimeTypesClear),
            _ => Err(format!("expected no argument, but found {}", arguments.len())),
        },
        _ => return None,
    })
}

pub(super) fn engine_mode(text: &[u8]) -> Result<EngineMode, String> {
    match text.to_ascii_lowercase().as_slice() {
        b"on" => Ok(EngineMode::On),
        b"off" => Ok(EngineMode::Off),
        b"detectiononly" => Ok(EngineMode::DetectionOnly),
        _ => Err(format!("expected On, Off or DetectionOnly, but found `{}`", shown(text))),
    }
}

pub(super) fn on(text: &[u8]) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(format!("expected On or Off, but found `{}`", shown(text))),
    }
}

fn limit_action(text: &[u8]) -> Result<LimitAction, String> {
    match text.to_ascii_lowercase().as_slice() {
        b"reject" => Ok(LimitAction::Reject),
        b"processpartial" => Ok(LimitAction::ProcessPartial),
        _ => Err(format!("expected Reject or ProcessPartial, but found `{}`", shown(text))),
    }
}

fn count(text: &[u8]) -> Result<u64, String> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("expected a whole number from 1, but found `{}`", shown(text)))
}

/// Types between spaces, each `type/subtype`.
fn mime_types(arguments: &[Vec<u8>]) -> Result<Setting, String> {
    let words = arguments.iter().flat_map(|text| text.split(u8::is_ascii_whitespace));
    let types = words.filter(|word| !word.is_empty()).map(|word| match std::str::from_utf8(word) {
        Ok(text) if text.contains('/') || text == "null" => Ok(text.to_ascii_lowercase()),
        _ => Err(format!("expected a type such as `text/html`, but found `{}`", shown(word))),
    });
    let types = types.collect::<Result<Vec<_>, _>>()?;
    if types.is_empty() {
        return Err("expected a type such as `text/html`, but found none".to_owned());
    }
    Ok(Setting::ResponseBodyMimeTypes(types))
}
