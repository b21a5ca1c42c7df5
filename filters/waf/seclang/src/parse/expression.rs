//! Texts with macros.

use super::target::parse_variable;
use crate::syntax::{Expression, Piece};

/// Reads `…%{variable.name}…`. What is no macro stays as it is written, as in ModSecurity: `%{` is in many payloads.
///
/// # Errors
/// A macro of a variable that is not known.
pub(super) fn read(text: &[u8]) -> Result<Expression, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let inside = rest.strip_prefix(b"%{").and_then(|inside| {
            let end = inside.iter().position(|byte| *byte == b'}')?;
            inside.split_at_checked(end)
        });
        match inside {
            Some((name, end)) if !name.is_empty() => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                let name = String::from_utf8_lossy(name);
                // `%{tx.name}`; a colon is taken as well.
                let written = name.replacen('.', ":", usize::from(!name.contains(':')));
                pieces.push(Piece::Macro(
                    parse_variable(&written).map_err(|error| {
                        format!("expected a variable in `%{{{name}}}`: {error}")
                    })?,
                ));
                rest = end.strip_prefix(b"}").unwrap_or(end);
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
