//! Ids of rules, and ranges of them.

use super::shown;
use crate::syntax::IdRange;

/// `1`, `1-5`, and several with spaces or commas between.
pub(super) fn ranges(text: &[u8]) -> Result<Vec<IdRange>, String> {
    let parts = text.split(|byte| *byte == b',' || byte.is_ascii_whitespace());
    let ranges = parts.filter(|part| !part.is_empty()).map(range).collect::<Result<Vec<_>, _>>()?;
    if ranges.is_empty() {
        return Err("expected the id of a rule, but there is none".to_owned());
    }
    Ok(ranges)
}

fn range(part: &[u8]) -> Result<IdRange, String> {
    let text = String::from_utf8_lossy(part);
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(IdRange { first, last }),
        _ => Err(format!(
            "expected an id or a range such as `942000-942999`, but found `{}`",
            shown(part)
        )),
    }
}

/// A number of digits alone: no sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The id of one rule.
pub(super) fn id(text: &[u8]) -> Result<u32, String> {
    let found = std::str::from_utf8(text).ok().and_then(number).filter(|id| *id > 0);
    found.ok_or_else(|| {
        format!("expected a number from 1 to {}, but found `{}`", u32::MAX, shown(text))
    })
}
