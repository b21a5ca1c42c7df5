//! Runs the fuzz entries of the shipped crates, on stable: seeds from files, mutations that know the formats, and
//! oracles that say more than 'it did not panic'.
//!
//! An entry sits beside its parser as `pub fn fuzz_<parser>(&[u8])`; [`targets::TARGETS`] lists them. What once failed
//! lies in `regressions/<target>/` and is run by every `cargo test`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

pub mod corpus;
pub mod engine;
pub mod mutate;
pub mod targets;
pub mod watch;
