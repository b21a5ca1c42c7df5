//! Small guests with the one outcome that a real Envoy and the wasmtime host must both show: what host calls answer,
//! what callbacks' results lead to, what client and upstream see. Where the two differ, Envoy is right.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

/// Small guests written in WAT.
pub mod guest;
/// A row: a guest, what it is sent, what comes of it.
pub mod row;
mod rows;
/// What came of an exchange, as text.
pub mod seen;
/// The table as named tests.
pub mod suite;

pub use rows::all;
