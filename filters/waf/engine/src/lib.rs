//! The engine: SecLang becomes a program, and a program judges a transaction.
//!
//! [`RuleSet`] is what the directives left of the rules, in order; [`Program`] is that with everything found and counted
//! that a request would have to look for; a [`Transaction`] is one request on its way through the five phases.

mod bits;
mod known;
mod log;
mod prefilter;
mod profile;
mod program;
mod ruleset;
mod transaction;

pub use log::{DataPolicy, HIDDEN, LogData, Match};
pub use portcullis_waf_seclang::syntax::{EngineMode, LimitAction, Phase as RulePhase};
pub use prefilter::Prefilter;
pub use profile::{Exclusion, Profile};
pub use program::{Files, Program, Store};
pub use ruleset::{Fault, RuleSet, Settings, Step, Warning};
pub use transaction::{Connection, EngineError, Intervention, Transaction};
