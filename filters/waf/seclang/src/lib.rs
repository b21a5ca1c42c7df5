//! SecLang, the language of ModSecurity's rules: text becomes statements that can only be valid.
//!
//! What the language has is told by the types of [`syntax`]; what is not there is refused with its file, line and rule.

pub mod syntax;
