//! Variables of a rule (`ARGS|!ARGS:password|&REQUEST_HEADERS:Host`).

use crate::syntax::{Selector, Target, Variable, VariableRef};

/// Targets of one rule, at most: a rule set names a few dozen.
const MAX_TARGETS: usize = 1000;

/// Reads a list of targets.
///
/// # Errors
/// What is wrong with the first that is none.
pub(super) fn read_list(text: &[u8]) -> Result<Vec<Target>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "expected variables in UTF-8".to_owned())?;
    let parts = split(text);
    if parts.len() > MAX_TARGETS {
        return Err(format!("expected at most {MAX_TARGETS} variables, but found {}", parts.len()));
    }
    parts.into_iter().map(|part| read(part.trim())).collect()
}

/// Reads one target.
pub(super) fn read(text: &str) -> Result<Target, String> {
    if let Some(rest) = text.strip_prefix('!') {
        return Ok(Target::Exclude(parse_variable(rest)?));
    }
    if let Some(rest) = text.strip_prefix('&') {
        return Ok(Target::Count(parse_variable(rest)?));
    }
    Ok(Target::Values(parse_variable(text)?))
}

/// Splits at bars and commas that are not within a pattern.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut in_pattern = false;
    let mut before = b' ';
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        let opens = byte == b'/' && matches!(before, b':' | b'\'') && !in_pattern;
        let closes = byte == b'/' && in_pattern && !escaped;
        // `XML://@*` and `XML:/*` are no patterns.
        let xpath = opens
            && text.get(start..place).is_some_and(|name| {
                name.trim_start_matches(['!', '&']).eq_ignore_ascii_case("xml:")
            });
        if opens && !xpath {
            in_pattern = true;
        } else if closes {
            in_pattern = false;
        } else if matches!(byte, b'|' | b',') && !in_pattern {
            parts.extend(text.get(start..place));
            start = place + 1;
        }
        escaped = byte == b'\\' && !escaped;
        before = byte;
    }
    parts.extend(text.get(start..));
    parts
}

/// Reads a variable with its selector (`ARGS:password`, `TX:/^header_/`, `XML:/*`, `REQUEST_URI`).
///
/// # Errors
/// What is wrong with it.
pub fn parse_variable(text: &str) -> Result<VariableRef, String> {
    let (name, selector) = match text.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    };
    let Some(variable) = Variable::named(name) else {
        return Err(match refused(name) {
            Some(why) => format!("the variable `{name}` is not there: {why}"),
            None => format!("unknown variable `{name}`"),
        });
    };
    if variable == Variable::Xml {
        let selector = match selector {
            Some("/*") => Selector::XmlText,
            Some("//@*") => Selector::XmlAttributes,
            _ => return Err("expected `XML:/*` (text) or `XML://@*` (attributes)".to_owned()),
        };
        return Ok(VariableRef { variable, selector });
    }
    let Some(selector) = selector else {
        return Ok(VariableRef { variable, selector: Selector::All });
    };
    if !variable.is_collection() {
        return Err(format!("`{name}` is one value, so that it takes no `:{selector}`"));
    }
    let selector = selector
        .strip_prefix('\'')
        .and_then(|selector| selector.strip_suffix('\''))
        .unwrap_or(selector);
    let pattern = selector.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let selector = match pattern {
        Some(pattern) if !pattern.is_empty() => Selector::Pattern(pattern.replace("\\/", "/")),
        Some(_) => return Err(format!("expected a pattern in `{text}`, but it is empty")),
        None if selector.is_empty() => {
            return Err(format!("expected a name behind the colon of `{text}`"));
        }
        None => Selector::Name(selector.to_ascii_lowercase().into_bytes()),
    };
    Ok(VariableRef { variable, selector })
}

/// Why a variable of ModSecurity's is not there.
fn refused(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    Some(match name.as_str() {
        "IP" | "GLOBAL" | "SESSION" | "USER" | "RESOURCE" => {
            "collections that outlive a request are not kept: use rate-limiting"
        }
        "GEO" => "there is no database of places in a filter",
        "ENV" => "a filter has no environment of its own",
        "FILES_TMPNAMES" | "FILES_TMP_CONTENT" | "FULL_REQUEST" => "a filter has no file system",
        "REMOTE_USER" | "USERID" | "SESSIONID" | "WEBAPPID" => {
            "who is calling, the auth controls say"
        }
        name if name.starts_with("TIME") || name == "DURATION" => "rules have no clock",
        _ => return None,
    })
}
