//! Holds the repository to its own rules: each rule is a function from the files to what is wrong with them.
//!
//! `tests/repository.rs` runs every rule on this repository; beside each rule stands a sample that it has to find.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

pub mod boundaries;
pub mod controls;
pub mod envoy;
pub mod fault;
pub mod graph;
pub mod keys;
pub mod licences;
pub mod makefile;
pub mod manifests;
pub mod markdown;
pub mod product;
pub mod readme;
pub mod repository;
pub mod rust;
pub mod source;
pub mod text;
