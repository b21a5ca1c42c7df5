//! Why a pattern is refused, and why one that was taken could not run.

use std::fmt;

/// A pattern that cannot be taken, or not with the meaning that it has in PCRE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// Longer than a pattern may be.
    TooLong,
    /// It ends within something that was begun.
    Unclosed(&'static str),
    /// What only a backtracking engine can do; with its name.
    Backtracking(&'static str),
    /// An escape that is not known, or not where it stands.
    Escape(String),
    /// A character that no byte holds.
    NotAByte,
    /// A class that has no meaning.
    Class(&'static str),
    /// The engine's own words about the rest.
    Syntax(String),
    /// Compiled, it would be larger than a pattern may be.
    TooLarge,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(f, "expected at most {} bytes of pattern", super::translate::MAX_PATTERN)
            }
            Self::Unclosed(what) => {
                write!(f, "expected the end of {what}, but found the end of the pattern")
            }
            Self::Backtracking(what) => {
                write!(f, "{what} needs a backtracking engine, and its time has no bound")
            }
            Self::Escape(escape) => write!(f, "the escape {escape:?} is not supported here"),
            Self::NotAByte => {
                write!(f, "expected a character up to \\xff: patterns are matched on bytes")
            }
            Self::Class(why) => write!(f, "{why} in a class"),
            Self::Syntax(why) => write!(f, "{why}"),
            Self::TooLarge => {
                write!(f, "the compiled pattern is larger than {} bytes", super::engines::MAX_NFA)
            }
        }
    }
}

impl std::error::Error for PatternError {}

/// A pattern that was to be matched and could not be: neither a match nor none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pattern needs more than it may have")
    }
}

impl std::error::Error for Exhausted {}
