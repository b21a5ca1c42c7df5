//! The case format: tables of configurations, requests and what must come of them, run on three engines.
//!
//! `filters/<control>/cases/*.toml` hold the cases; [`case::Case`] says what can stand there. An
//! [`engine::Engine`] carries a case out, [`compare`] judges, [`suite`] makes each case a named test. The native
//! engine is here; `tests/modules` has the built modules on wasmtime, `tests/e2e` a real Envoy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

pub mod case;
pub mod certificates;
pub mod compare;
pub mod engine;
pub mod fields;
pub mod hostile;
pub mod load;
mod moved;
pub mod native;
pub mod prepared;
pub mod registry;
pub mod suite;
pub mod tokens;
mod words;
pub mod wrong;

pub use words::Field;
