//! `portcullis-fuzz SECONDS [TARGET]`: fuzzes one target, or all of them, for so long each.
//!
//! Each target runs in a process of its own, so that one which fails does not end the others. A run is determined by
//! its number: `PORTCULLIS_FUZZ_SEED` repeats one.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use portcullis_fuzz::corpus;
use portcullis_fuzz::engine::Run;
use portcullis_fuzz::targets::{TARGETS, Target};
use portcullis_fuzz::watch::keep_inputs_of_panics;

const USAGE: &str = "usage: portcullis-fuzz SECONDS [TARGET]";

/// Set in the process that fuzzes one target.
const ALONE: &str = "PORTCULLIS_FUZZ_ALONE";
/// The number that determines a run.
const SEED: &str = "PORTCULLIS_FUZZ_SEED";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(seconds), name) = (arguments.next(), arguments.next()) else {
        return fail(USAGE);
    };
    let Ok(seconds) = seconds.parse::<u64>() else {
        return fail(&format!("`{seconds}` is no number of seconds; {USAGE}"));
    };
    let chosen: Vec<Target> = TARGETS
        .into_iter()
        .filter(|target| name.as_deref().is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        return fail(&format!("no such target; there are {}", names.join(", ")));
    }
    let Ok(seed) = std::env::var(SEED).map_or_else(|_| Ok(fresh()), |text| text.parse::<u64>())
    else {
        return fail(&format!("{SEED} is no number: give the one that a run printed"));
    };
    if let ([target], Ok(_)) = (chosen.as_slice(), std::env::var(ALONE)) {
        return fuzz(*target, seed, Duration::from_secs(seconds));
    }
    let failed: Vec<&str> = chosen
        .iter()
        .filter(|target| !passes(target.name, seconds, seed))
        .map(|target| target.name)
        .collect();
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    fail(&format!(
        "failed: {}; `cargo test -p portcullis-fuzz` repeats it from tests/fuzz/regressions",
        failed.join(", ")
    ))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("portcullis-fuzz: {message}");
    ExitCode::FAILURE
}

/// A number that nobody used before.
fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs()
}

/// Runs a target in a process of its own.
fn passes(target: &str, seconds: u64, seed: u64) -> bool {
    let program = std::env::current_exe().unwrap_or_else(|_| "portcullis-fuzz".into());
    let mut command = Command::new(program);
    command.args([&seconds.to_string(), target]).env(ALONE, "1").env(SEED, seed.to_string());
    match command.status() {
        Ok(status) if status.success() => true,
        Ok(status) => {
            eprintln!("{target}: ended with {status}; repeat it with {SEED}={seed}");
            false
        }
        Err(error) => {
            eprintln!("{target}: cannot be started: {error}");
            false
        }
    }
}

/// Fuzzes until the time is over or an input fails.
fn fuzz(target: Target, seed: u64, time: Duration) -> ExitCode {
    keep_inputs_of_panics();
    let mut run = Run::new(target, seed, corpus::regressions(target.name));
    let end = Instant::now() + time;
    let mut steps = 0_u64;
    let outcome = run.replay().and_then(|_| {
        while Instant::now() < end {
            run.step()?;
            steps += 1;
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {
            println!(
                "{:<14} {steps:>10} inputs, {} worth changing, {SEED}={seed}",
                target.name,
                run.pool()
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            fail(&format!("{}: {}\n{}", target.name, failure.message, failure.kept.display()))
        }
    }
}
