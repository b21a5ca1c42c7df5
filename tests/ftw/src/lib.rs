//! The runner of the OWASP Core Rule Set's regression tests: go-ftw's format, read as it is, on our engine.
//!
//! A stage goes through the rooms in this order: [`mod@format`] reads it, [`request`] builds the bytes
//! that go-ftw would send, [`wire`] parses them as a front end would, a [`Waf`] judges the exchange
//! with [`albedo`] behind it, [`judge`] compares with what the stage expects, [`report`] tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

pub mod albedo;
pub mod corpus;
pub mod engine;
pub mod expected_fail;
pub mod form;
pub mod format;
pub mod frontend;
pub mod judge;
pub mod log;
pub mod matching;
pub mod module;
pub mod oracle;
pub mod report;
pub mod request;
pub mod run;
pub mod setup;
pub mod sniff;
pub mod suite;
pub mod template;
pub mod through_envoy;
mod waf;
pub mod wire;
pub mod yaml;

pub use waf::{Outcome, Request, Response, Waf};
