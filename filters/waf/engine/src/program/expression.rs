//! Text with macros, with the places found where their values stand.

use portcullis_waf_operators::number::number;
use portcullis_waf_seclang::syntax::{Expression, Piece};

use super::{Point, Store};

/// An expression that is ready to be expanded.
#[derive(Debug)]
pub(crate) enum Expr {
    /// Without macros; the number that it is read as.
    Literal(Vec<u8>, i64),
    /// One macro and nothing else.
    Single(Point),
    /// Anything else.
    Parts(Vec<Part>),
}

/// A part of it.
#[derive(Debug)]
pub(crate) enum Part {
    Literal(Vec<u8>),
    Macro(Point),
}

impl Expr {
    /// # Errors
    /// What is wrong with a macro's selector.
    pub(crate) fn link(expression: &Expression, store: &mut Store) -> Result<Expr, String> {
        if let Some(text) = expression.literal() {
            return Ok(Expr::Literal(text.to_vec(), number(text)));
        }
        if let [Piece::Macro(reference)] = expression.0.as_slice() {
            return Ok(Expr::Single(Point::link(reference, store)?));
        }
        let parts = expression.0.iter().map(|piece| match piece {
            Piece::Literal(text) => Ok(Part::Literal(text.clone())),
            Piece::Macro(reference) => Ok(Part::Macro(Point::link(reference, store)?)),
        });
        Ok(Expr::Parts(parts.collect::<Result<_, String>>()?))
    }
}
