//! Text with macros (`%{tx.score}`), which are expanded when the rule runs.

use serde::{Deserialize, Serialize};

use super::VariableRef;

/// Text with macros.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Expression(pub Vec<Piece>);

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Piece {
    /// As it is.
    Literal(Vec<u8>),
    /// The value of a variable, the first one where there are more; empty where there is none.
    Macro(VariableRef),
}

impl Expression {
    /// The text, if it has no macros.
    #[must_use]
    pub fn literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(&[]),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
