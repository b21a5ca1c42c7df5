//! Reads files of rules: all mistakes of all of them, each with its place and the way out.

mod action;
mod arguments;
mod assemble;
mod expression;
mod lines;
mod operator;
mod setting;
mod target;

#[cfg(test)]
mod tests;

use crate::syntax::{Location, Statement};

pub use target::parse_variable;

/// A file of rules, or what stands for one.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, in faults and for `Include`.
    pub name: String,
    /// Its text; bytes that are no UTF-8 are kept in what rules look for.
    pub text: Vec<u8>,
}

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub location: Location,
    /// Of which rule, where that is known.
    pub rule: Option<u32>,
    /// What is wrong, and the way out.
    pub text: String,
}

/// Something that is accepted, and that its author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it stands first.
    pub location: Location,
    /// What.
    pub text: String,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// In order.
    pub statements: Vec<Statement>,
    /// One of each kind.
    pub warnings: Vec<Warning>,
}

/// Reads sources, one behind the other: what one's `SecDefaultAction` says holds in the next.
///
/// # Errors
/// Every mistake of every source.
pub fn parse(sources: &[Source]) -> Result<Parsed, Vec<Fault>> {
    let mut assembler = assemble::Assembler::new(sources);
    for source in sources {
        assembler.source(source, 0);
    }
    assembler.finish()
}
