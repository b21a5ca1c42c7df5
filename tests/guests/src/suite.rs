//! The table as named tests on one engine, as `cargo test` runs tests. No row can be skipped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::row::Row;
use crate::seen::Seen;

/// What runs rows: a real Envoy, or the host under test.
pub trait Engine: Send + Sync + 'static {
    /// What came of each request of the row with this number.
    ///
    /// # Errors
    /// Why it could not be run.
    fn run(&self, number: usize, row: &Row) -> Result<Vec<Seen>, String>;

    /// The minor version of the Envoy that it is.
    fn minor(&self) -> u32 {
        PINNED_MINOR
    }
}

/// The Envoy whose behaviour the table shows, and the host has.
const PINNED_MINOR: u32 = 40;

/// Lines without the blanks around them, as an Envoy of this minor version shows them.
fn expected(row: &Row, minor: u32) -> Vec<&str> {
    let lines = row.expected.lines().map(str::trim).filter(|line| !line.is_empty());
    let earlier = |line| row.earlier.iter().find(|(end, now, _)| *now == line && minor < *end);
    lines.map(|line| earlier(line).map_or(line, |(_, _, then)| then)).collect()
}

fn judge(engine: &dyn Engine, number: usize, row: &Row) -> Result<(), Failed> {
    let ran = catch_unwind(AssertUnwindSafe(|| engine.run(number, row)));
    let seen = ran.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.unwrap_or_else(|| "the engine stopped".to_owned()))
    })?;
    let found: Vec<String> = seen.iter().flat_map(Seen::lines).collect();
    let wanted = expected(row, engine.minor());
    if row.requests.is_empty() || wanted.is_empty() {
        return Err("a row without an assertion".into());
    }
    let stale = row.earlier.iter().find(|(_, now, _)| !row.expected.contains(now));
    if let Some((_, now, _)) = stale {
        return Err(format!("no line of the row is {now:?}").into());
    }
    if found == wanted {
        return Ok(());
    }
    Err(format!("expected:\n{}\nfound:\n{}", wanted.join("\n"), found.join("\n")).into())
}

/// Runs every row on an engine. The engine is dropped before this returns.
pub fn run<E: Engine>(engine: impl FnOnce(&[Row]) -> E) -> ExitCode {
    let rows = Arc::new(crate::all());
    let arguments = Arguments::from_args();
    let engine = Arc::new(engine(&rows));
    let trials = (0..rows.len()).map(|number| {
        let (engine, rows) = (Arc::clone(&engine), Arc::clone(&rows));
        let name = rows[number].name.replace(' ', "_");
        Trial::test(name, move || judge(&*engine, number, &rows[number]))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(engine);
    conclusion.exit_code()
}
