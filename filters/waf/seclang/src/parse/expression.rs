//! Texts with macros.

use super::shown;
use super::target::parse_variable;
use crate::syntax::{Expression, Piece};

/// Reads `…%{variable.name}…`. What is no macro, such as `%{` without an end, stays as it is written.
///
/// # Errors
/// A macro of a variable that is not known: it would be empty for ever.
pub(super) fn read(text: &[u8]) -> Result<Expression, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        match inside(rest) {
            Some((name, end)) if !name.is_empty() => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(variable(name)?);
                rest = end;
            }
            _ => {
                literal.push(byte);
                rest = behind;
            }
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Expression(pieces))
}

/// What is between the braces of the macro that a text begins with, and what is behind it.
pub(super) fn inside(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // A text has as many beginnings as it has bytes: each looks for its end no further than a name goes.
    const LONGEST: usize = 1024;
    let inside = text.strip_prefix(b"%{")?;
    let end = inside.iter().take(LONGEST).position(|byte| *byte == b'}')?;
    let (name, end) = inside.split_at_checked(end)?;
    Some((name, end.strip_prefix(b"}")?))
}

fn variable(name: &[u8]) -> Result<Piece, String> {
    let text = std::str::from_utf8(name)
        .map_err(|_| format!("expected UTF-8 in the macro `%{{{}}}`", shown(name)))?;
    // `%{tx.name}`; a colon is taken as well.
    let dots = usize::from(!text.contains(':'));
    let written = text.trim().replacen('.', ":", dots);
    parse_variable(&written)
        .map(Piece::Macro)
        .map_err(|error| format!("in the macro `%{{{}}}`: {error}", shown(name)))
}
