//! All cases on one engine, each as a named test, and the count of what was skipped and why.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::case::Case;
use crate::compare::judge;
use crate::engine::{Engine, Unable};
use crate::load::{Tables, all};

/// What became of the cases that ran.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: BTreeMap<String, usize>,
    /// Requests of cases that passed otherwise.
    left_out: BTreeMap<String, usize>,
}

/// Why an engine says nothing about a case, before it is asked.
fn excluded(engine: &str, case: &Case) -> Option<String> {
    let only = case.only.as_ref().filter(|only| !only.engines.iter().any(|name| name == engine))?;
    Some(only.reason.clone())
}

/// Runs one case on one engine.
///
/// What comes back are the reasons for which requests of it were left out.
///
/// # Errors
/// A skip, or a failure with its report.
pub fn run_case(engine: &dyn Engine, case: &Case) -> Result<Vec<String>, Unable> {
    if let Some(reason) = excluded(engine.name(), case) {
        return Err(Unable::Skip(reason));
    }
    let run = engine.run(case)?;
    judge(engine.name(), case, &run).map_err(Unable::Failure)?;
    Ok(run.exchanges.into_iter().filter_map(|exchange| exchange.left_out).collect())
}

/// Runs every case of the repository on an engine, as `cargo test` runs tests: by name, in parallel. `more` are tests
/// of the same binary that are no cases. The engine is dropped before this returns.
pub fn run<E: Engine>(engine: impl FnOnce(&[Case]) -> E, more: Vec<Trial>) -> ExitCode {
    let Tables { mut cases, faults } = all();
    let arguments = Arguments::from_args();
    // What is not asked for need not be set up: an engine may start an Envoy with all of its cases.
    cases.retain(|case| is_asked_for(&arguments, &case.title()));
    let engine = Arc::new(engine(&cases));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut trials = more;
    trials.push(Trial::test("the_tables_are_well_formed", move || match faults.as_slice() {
        [] => Ok(()),
        faults => Err(Failed::from(faults.join("\n"))),
    }));
    for case in cases {
        let (engine, tally) = (Arc::clone(&engine), Arc::clone(&tally));
        trials.push(Trial::ignorable_test(case.title(), move || {
            let ran = catch_unwind(AssertUnwindSafe(|| run_case(&*engine, &case)));
            let outcome = ran.unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                Err(Unable::Failure(text.unwrap_or_else(|| "the engine stopped".to_owned())))
            });
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(left_out) => {
                    tally.passed += 1;
                    for reason in left_out {
                        *tally.left_out.entry(reason).or_default() += 1;
                    }
                    Ok(Completion::Completed)
                }
                Err(Unable::Skip(reason)) => {
                    *tally.skipped.entry(reason.clone()).or_default() += 1;
                    Ok(Completion::ignored_with(reason))
                }
                Err(Unable::Failure(report)) => {
                    tally.failed += 1;
                    Err(Failed::from(report))
                }
            }
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        print!("{}", summary(engine.name(), &tally));
    }
    drop(engine);
    conclusion.exit_code()
}

/// What the runner makes of the names on the command line.
fn is_asked_for(arguments: &Arguments, title: &str) -> bool {
    let named = |filter: &String| match arguments.exact {
        true => title == filter,
        false => title.contains(filter.as_str()),
    };
    arguments.filter.as_ref().is_none_or(named) && !arguments.skip.iter().any(named)
}

fn summary(engine: &str, tally: &Tally) -> String {
    let skipped: usize = tally.skipped.values().sum();
    let mut text = format!(
        "cases on {engine}: {} passed, {} failed, {skipped} skipped\n",
        tally.passed, tally.failed
    );
    for (reason, count) in &tally.skipped {
        let _ = writeln!(text, "  {count} skipped: {reason}");
    }
    for (reason, count) in &tally.left_out {
        let _ = writeln!(text, "  {count} requests left out of cases that ran: {reason}");
    }
    text
}
