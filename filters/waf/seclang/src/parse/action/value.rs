//! The values of actions.

use super::super::{expression as macros, shown};

use crate::syntax::{Disruption, Expression, Phase};

/// Actions that have no value.
pub(super) const FLAGS: [&str; 11] = [
    "pass",
    "block",
    "deny",
    "drop",
    "chain",
    "log",
    "nolog",
    "auditlog",
    "noauditlog",
    "capture",
    "multimatch",
];

/// Transformations of one rule, at most: the longest row of the Core Rule Set has seven, and each costs a pass over a value.
pub(in super::super) const MAX_TRANSFORMATIONS: usize = 64;

pub(super) fn none(value: Option<&[u8]>) -> Result<(), String> {
    match value {
        None => Ok(()),
        Some(value) => Err(format!("expected no value, but found `{}`", shown(value))),
    }
}

pub(super) fn bytes(value: Option<&[u8]>) -> Result<&[u8], String> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| "expected a value behind a colon".to_owned())
}

pub(super) fn text(value: Option<&[u8]>) -> Result<String, String> {
    let value = bytes(value)?;
    std::str::from_utf8(value)
        .map(str::to_owned)
        .map_err(|_| format!("expected UTF-8, but found `{}`", shown(value)))
}

pub(super) fn expression(value: Option<&[u8]>) -> Result<Expression, String> {
    // A message may be empty.
    macros::read(value.ok_or_else(|| "expected a value behind a colon".to_owned())?)
}

pub(super) fn number<N: std::str::FromStr + PartialOrd + std::fmt::Display>(
    value: Option<&[u8]>,
    least: N,
    most: N,
) -> Result<N, String> {
    let text = text(value)?;
    text.parse::<N>().ok().filter(|number| *number >= least && *number <= most).ok_or_else(|| {
        format!("expected a number from {least} to {most}, but found `{}`", shown(text.as_bytes()))
    })
}

/// A status that an answer can have.
pub(super) fn status(value: Option<&[u8]>) -> Result<u16, String> {
    number(value, 200, 599)
}

pub(super) fn phase(value: Option<&[u8]>) -> Result<Phase, String> {
    let text = text(value)?;
    Phase::named(&text).ok_or_else(|| {
        format!(
            "expected 1 to 5, request, response or logging, but found `{}`",
            shown(text.as_bytes())
        )
    })
}

pub(super) fn allow(value: Option<&[u8]>) -> Result<Disruption, String> {
    match value.map(<[u8]>::to_ascii_lowercase).as_deref() {
        None => Ok(Disruption::Allow),
        Some(b"phase") => Ok(Disruption::AllowPhase),
        Some(b"request") => Ok(Disruption::AllowRequest),
        Some(other) => {
            Err(format!("expected nothing, `phase` or `request`, but found `{}`", shown(other)))
        }
    }
}

pub(super) fn severity(value: Option<&[u8]>) -> Result<u8, String> {
    const NAMES: [&str; 8] =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let text = text(value)?;
    let named = NAMES.iter().position(|name| name.eq_ignore_ascii_case(&text));
    let number = named.or_else(|| text.parse().ok()).filter(|number| *number < NAMES.len());
    number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| {
        format!(
            "expected 0 to 7 or a name such as CRITICAL, but found `{}`",
            shown(text.as_bytes())
        )
    })
}
