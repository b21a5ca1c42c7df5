//! Every case of the repository on the built modules in the wasmtime host.

use std::process::ExitCode;

use portcullis_cases::suite;
use portcullis_modules::ModuleEngine;

fn main() -> ExitCode {
    suite::run(|_| ModuleEngine, Vec::new())
}
