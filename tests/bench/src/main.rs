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

mod configs;
mod cpu;
mod load;
mod memory;
mod options;
mod report;
mod rounds;
mod rows;
mod targets;
mod tokens;

use options::Options;

fn main() {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            std::process::exit(2);
        }
    };
    let cores = cpu::Cores::of_this_machine();
    let tokens = tokens::Tokens::mint();
    let memory = memory::measure(&options, &tokens);
    let rounds = rounds::measure(&options, cores, &tokens);
    report::print(&options, cores, &rounds, &memory);
}
