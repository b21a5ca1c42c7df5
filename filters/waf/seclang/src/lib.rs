//! SecLang, the language of ModSecurity's rules: text becomes statements that can only be valid.
//!
//! [`syntax`] is what the language can say; [`parse`] reads it; [`lists`] says what is honoured, what is accepted although
//! nothing comes of it, and why the rest is refused.

pub mod lists;
mod parse;
pub mod syntax;

pub use parse::{
    DefaultAction, Fault, Parsed, Source, Warning, fuzz_seclang, parse, parse_variable,
    parse_with_files,
};
