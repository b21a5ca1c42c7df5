//! The operators of SecLang: what a rule asks of a value.
//!
//! Pure functions and tables; none knows of rules, requests or the host. [`pattern`] is `@rx`, [`text`] and [`number`]
//! are the comparisons, [`phrases`] are `@pm` and `@pmFromFile` over an [`automaton`], [`validate`] the operators of that name, [`address`] `@ipMatch`.

pub mod address;
pub mod automaton;
pub mod bytes;
mod fuzz;
pub mod libinjection;
pub mod number;
pub mod pattern;
pub mod phrases;
pub mod prefilter;
pub mod text;
pub mod validate;

pub use fuzz::{fuzz_comparisons, fuzz_libinjection, fuzz_networks, fuzz_pattern, fuzz_phrases};
