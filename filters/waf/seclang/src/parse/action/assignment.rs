//! `setvar`: what a match leaves in TX.

use super::super::{expression, shown};
use crate::syntax::{Assignment, AssignmentKind, Expression};

/// `tx.name`, `tx.name=value`, `tx.name=+value`, `tx.name=-value`, `!tx.name`.
pub(super) fn read(text: &[u8]) -> Result<Assignment, String> {
    let (removes, text) = match text.strip_prefix(b"!") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (name, value) = halves(text);
    let in_tx = name
        .split_at_checked(3)
        .filter(|(start, rest)| {
            (start.eq_ignore_ascii_case(b"tx.") || start.eq_ignore_ascii_case(b"tx:"))
                && !rest.is_empty()
        })
        .map(|(_, rest)| rest);
    let Some(name) = in_tx else {
        return Err(format!(
            "expected a variable of TX such as `tx.score`, but found `{}`; other collections outlive a request and are \
             not kept",
            shown(name)
        ));
    };
    let name = expression::read(name)?;
    let kind = match (removes, value) {
        (true, None) => AssignmentKind::Remove,
        (true, Some(_)) => {
            return Err("expected no value, since `!` takes the variable away".to_owned());
        }
        (false, None) => AssignmentKind::Set(expression::read(b"1")?),
        (false, Some(value)) => match value.split_first() {
            Some((b'+', value)) => AssignmentKind::Add(summand('+', value)?),
            Some((b'-', value)) => AssignmentKind::Subtract(summand('-', value)?),
            // Meant as a comparison, or a slip: as a text it would count as 0.
            Some((b'=', _)) => {
                return Err(format!(
                    "expected one `=` before the value, but found `={}`",
                    shown(value)
                ));
            }
            _ => AssignmentKind::Set(expression::read(value)?),
        },
    };
    Ok(Assignment { name, kind })
}

/// What is added or taken away. What a macro becomes is not known yet; any other text has to be a number, as it would
/// count as 0.
fn summand(sign: char, text: &[u8]) -> Result<Expression, String> {
    let value = expression::read(text)?;
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.trim().parse::<i64>().ok();
    if value.literal().is_some_and(|text| number(text).is_none()) {
        return Err(format!(
            "expected a whole number or a macro behind `{sign}`, but found `{}`",
            shown(text)
        ));
    }
    Ok(value)
}

/// The texts before and behind the first `=` that is in no macro.
fn halves(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        let place = text.len() - rest.len();
        if *byte == b'=' {
            return (text.get(..place).unwrap_or(text).trim_ascii(), Some(behind));
        }
        rest = expression::inside(rest).map_or(behind, |(_, end)| end);
    }
    (text.trim_ascii(), None)
}
