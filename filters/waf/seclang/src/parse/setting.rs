//! Directives that set the engine.

use crate::syntax::{EngineMode, LimitAction, Setting};

/// Reads the arguments of a setting; `None` where the directive is none of them.
pub(super) fn read(name: &str, arguments: &[Vec<u8>]) -> Option<Result<Setting, String>> {
    let lower = name.to_ascii_lowercase();
    let one = || match arguments {
        [one] => Ok(String::from_utf8_lossy(one).into_owned()),
        _ => Err(format!("expected one argument, but found {}", arguments.len())),
    };
    let words = || {
        let words = arguments.iter().map(|word| String::from_utf8_lossy(word).to_ascii_lowercase());
        Ok(words.collect())
    };
    Some(match lower.as_str() {
        "secruleengine" => one().and_then(|text| engine_mode(&text)).map(Setting::RuleEngine),
        "secrequestbodyaccess" => one().and_then(|text| on(&text)).map(Setting::RequestBodyAccess),
        "secrequestbodylimit" => one().and_then(|text| count(&text)).map(Setting::RequestBodyLimit),
        "secrequestbodynofileslimit" => {
            one().and_then(|text| count(&text)).map(Setting::RequestBodyNoFilesLimit)
        }
        "secrequestbodylimitaction" => {
            one().and_then(|text| limit_action(&text)).map(Setting::RequestBodyLimitAction)
        }
        "secrequestbodyjsondepthlimit" => {
            one().and_then(|text| count(&text)).map(Setting::RequestBodyJsonDepthLimit)
        }
        "secargumentslimit" => one().and_then(|text| count(&text)).map(Setting::ArgumentsLimit),
        "secresponsebodyaccess" => {
            one().and_then(|text| on(&text)).map(Setting::ResponseBodyAccess)
        }
        "secresponsebodylimit" => {
            one().and_then(|text| count(&text)).map(Setting::ResponseBodyLimit)
        }
        "secresponsebodylimitaction" => {
            one().and_then(|text| limit_action(&text)).map(Setting::ResponseBodyLimitAction)
        }
        "secresponsebodymimetype" => words().map(Setting::ResponseBodyMimeTypes),
        "secresponsebodymimetypesclear" => Ok(Setting::ResponseBodyMimeTypesClear),
        _ => return None,
    })
}

/// Directives that are honoured with one value alone, which is what the engine does anyway.
pub(super) fn fixed(name: &str, arguments: &[Vec<u8>]) -> Option<Result<(), String>> {
    let wanted: &[&[u8]] = match name.to_ascii_lowercase().as_str() {
        "secargumentseparator" => &[b"&"],
        "seccookieformat" => &[b"0"],
        "seccookiev0separator" => &[b";"],
        "secuploadkeepfiles" => &[b"Off", b"off", b"OFF", b"RelevantOnly"],
        _ => return None,
    };
    let found = arguments.first().map_or(&[][..], Vec::as_slice);
    Some(if wanted.contains(&found) {
        Ok(())
    } else {
        let shown = String::from_utf8_lossy(wanted.first().copied().unwrap_or_default());
        Err(format!("expected `{shown}`: the engine knows nothing else"))
    })
}

pub(super) fn engine_mode(text: &str) -> Result<EngineMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(EngineMode::On),
        "off" => Ok(EngineMode::Off),
        "detectiononly" => Ok(EngineMode::DetectionOnly),
        _ => Err(format!("expected On, Off or DetectionOnly, but found `{text}`")),
    }
}

pub(super) fn on(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("expected On or Off, but found `{text}`")),
    }
}

fn limit_action(text: &str) -> Result<LimitAction, String> {
    match text.to_ascii_lowercase().as_str() {
        "reject" => Ok(LimitAction::Reject),
        "processpartial" => Ok(LimitAction::ProcessPartial),
        _ => Err(format!("expected Reject or ProcessPartial, but found `{text}`")),
    }
}

fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("expected a whole number from 1, but found `{text}`")),
    }
}
