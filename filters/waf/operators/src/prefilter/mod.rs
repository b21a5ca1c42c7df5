//! What a value must have for an operator to match it: one pass over a value instead of a hundred patterns.
//!
//! A [`Condition`] is what must occur in a value: at most [`MAX_CLAUSES`] clauses, each 'any of these bytes or any of
//! these atoms'. The [`Tables`] of all conditions are made where rules are compiled; [`Tables::scan`] tells which of
//! them a value meets. What it leaves out cannot match; what it does not must be asked.

mod build;
mod clause;
mod condition;
mod frequency;
mod news;
mod tables;

#[cfg(test)]
mod tests;

pub use build::{TooManyConditions, build};
pub use clause::{Atom, Clause, MAX_CLAUSES};
pub use condition::Condition;
pub use tables::{Like, Scan, Tables};
