//! Reads files of rules: all mistakes of all of them, each with its place and the way out.

mod action;
mod arguments;
mod assemble;
mod expression;
mod fuzz;
mod ids;
mod lines;
mod operator;
mod pattern;
mod setting;
mod target;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::syntax::{Disruption, Location, Phase, Statement};

pub use fuzz::fuzz_seclang;
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In order.
    pub statements: Vec<Statement>,
    /// One of each kind.
    pub warnings: Vec<Warning>,
    /// What the last `SecDefaultAction` of each phase said. It is worked into the statements already; who adds rules that
    /// were read before needs it.
    pub defaults: Vec<DefaultAction>,
}

/// `SecDefaultAction`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultAction {
    /// The phase whose rules it is for.
    pub phase: Phase,
    /// What `block` does.
    pub disruption: Disruption,
    /// `status`
    pub status: Option<u16>,
    /// `log`, `nolog`
    pub log: Option<bool>,
    /// `auditlog`, `noauditlog`
    pub audit_log: Option<bool>,
}

/// Reads sources, one behind the other: what one's `SecDefaultAction` says holds in the next.
///
/// # Errors
/// Every mistake of every source.
pub fn parse(sources: &[Source]) -> Result<Parsed, Vec<Fault>> {
    parse_with_files(sources, &[])
}

/// Reads sources that may `Include` others: these files are read only where they are asked for.
///
/// # Errors
/// Every mistake of every source.
pub fn parse_with_files(sources: &[Source], files: &[Source]) -> Result<Parsed, Vec<Fault>> {
    let mut assembler = assemble::Assembler::new(files);
    for source in sources {
        assembler.source(source);
    }
    assembler.finish()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.location.file, self.location.line)?;
        if let Some(id) = self.rule {
            write!(f, "rule {id}: ")?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.location.file, self.location.line, self.text)
    }
}

/// The text of bytes that stand in a message; a long one is cut.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 80;
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
