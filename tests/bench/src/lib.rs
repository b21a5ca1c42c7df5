//! CPU of a real Envoy per request, with and without our modules, beside Envoy's own filters.
//!
//! `cargo run --release -p portcullis-bench -- [--quick] [--rows TEXT]...`: all figures of one run, as one table. An
//! Envoy for each configuration runs on one core, the clients and the upstream on another; every round measures every
//! row, and what is printed is the median over the rounds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a benchmark that cannot go on should say so and stop"
)]

pub mod answers;
pub mod configs;
pub mod cpu;
pub mod credentials;
pub mod load;
pub mod memory;
mod options;
mod report;
mod requests;
mod rounds;
mod rows;
mod targets;

pub use options::Options;

/// Measures and prints everything that is asked for.
///
/// # Panics
/// When an Envoy does not do what it is to be measured at.
pub fn run(options: &Options) {
    let cores = cpu::Cores::of_this_machine();
    eprintln!("minting {} tokens ...", credentials::FRESH);
    let credentials = credentials::Credentials::mint(credentials::FRESH);
    let memory = memory::measure(options, &credentials);
    let rounds = rounds::measure(options, cores, &credentials);
    report::print(options, cores, &rounds, &memory);
}
