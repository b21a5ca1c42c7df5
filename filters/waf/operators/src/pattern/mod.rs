//! `@rx`: a pattern in PCRE's syntax, translated for `regex-automata`, checked at load and compiled when it is needed.
//!
//! [`translate`](fn@translate) turns the text of a pattern into the syntax of `regex-syntax`, byte for byte or not at
//! all; [`Pattern`] runs it.

mod class;
mod compiled;
mod engines;
mod error;
mod escape;
mod group;
mod lanes;
mod simulation;
mod translate;

#[cfg(test)]
mod tests;

pub use compiled::{MAX_GROUPS, Pattern, SHOWN_BEFORE, SHOWN_BEHIND, Span};
pub use error::{Exhausted, PatternError};
pub use lanes::LONG;
pub use translate::{Case, parse, translate};
