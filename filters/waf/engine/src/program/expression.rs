//! Text with macros, with the places found where their values stand.

use std::rc::Rc;

use portcullis_waf_operators::number::number;
use portcullis_waf_seclang::syntax::{Expression, Piece};

use super::{Point, Store};

/// An expression that is ready to be expanded.
#[derive(Debug)]
pub(crate) enum Expr {
    /// Without macros.
    Literal(Literal),
    /// One macro and nothing else.
    Single(Point),
    /// Anything else.
    Parts(Vec<Part>),
}

/// A text that is the same for every request.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) text: Rc<[u8]>,
    /// What it is read as.
    pub(crate) number: i64,
    /// True if the number is written as this text.
    pub(crate) is_number: bool,
}

impl Literal {
    pub(crate) fn new(text: &[u8]) -> Self {
        let number = number(text);
        Literal { text: text.into(), number, is_number: number.to_string().as_bytes() == text }
    }
}

/// A part of it.
#[derive(Debug)]
pub(crate) enum Part {
    Literal(Vec<u8>),
    Macro(Point),
}

impl Part {
    /// Bytes that it is likely to need.
    pub(crate) const fn room(&self) -> usize {
        /// Of a value; a longer one costs one more allocation.
        const VALUE: usize = 32;
        match self {
            Part::Literal(text) => text.len(),
            Part::Macro(_) => VALUE,
        }
    }
}

impl Expr {
    /// Where its macros look, in order.
    pub(crate) fn macros(&self) -> impl Iterator<Item = &Point> {
        let (single, parts) = match self {
            Expr::Literal(_) => (None, &[][..]),
            Expr::Single(point) => (Some(point), &[][..]),
            Expr::Parts(parts) => (None, parts.as_slice()),
        };
        single.into_iter().chain(parts.iter().filter_map(|part| match part {
            Part::Macro(point) => Some(point),
            Part::Literal(_) => None,
        }))
    }

    /// What it begins with, whatever its macros are.
    pub(crate) fn beginning(&self) -> Option<&[u8]> {
        match self {
            Expr::Literal(literal) => Some(&literal.text),
            Expr::Single(_) => None,
            Expr::Parts(parts) => match parts.first()? {
                Part::Literal(text) => Some(text),
                Part::Macro(_) => None,
            },
        }
    }

    /// # Errors
    /// What is wrong with a macro's selector.
    pub(crate) fn link(expression: &Expression, store: &mut Store) -> Result<Expr, String> {
        if let Some(text) = expression.literal() {
            return Ok(Expr::Literal(Literal::new(text)));
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
