//! Every case of the repository on the native engine, and that no module is without cases.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::process::ExitCode;

use portcullis_cases::native::NativeEngine;
use portcullis_cases::{registry, suite};

fn main() -> ExitCode {
    let modules = registry::modules();
    suite::run(|_| NativeEngine::new(&modules), registry::trials())
}
