//! Every case of the repository on a real Envoy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod earlier;
mod engine;
mod group;
mod listener;
mod sent;

use std::process::ExitCode;

use portcullis_cases::suite;

fn main() -> ExitCode {
    suite::run(engine::EnvoyEngine::new, Vec::new())
}
