//! `make ftw`: runs the rule set's tests and prints what failed, what was skipped and why, and the totals.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portcullis_ftw::report::Totals;
use portcullis_ftw::suite::Suite;
use portcullis_ftw::through_envoy::{self, Correlation, Setting};
use portcullis_ftw::{engine, oracle, report, run, setup, suite};

const USAGE: &str = "usage: ftw [--envoy] [--ids FILE] [TEST…]
  Runs the tests of the rule set in CRS_DIR, or those whose id starts with a TEST, such as 942100 or 942100-3.
  --envoy     through a real Envoy with dist/waf-crs.wasm, instead of in-process
  --ids FILE  writes the ids that each stage logged, one JSON object a line";

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Options {
    ids: Option<PathBuf>,
    only: Vec<String>,
    envoy: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--envoy" => options.envoy = true,
            "--ids" => options.ids = Some(words.next().ok_or(USAGE)?.into()),
            _ if word.starts_with('-') => return Err(USAGE.to_owned()),
            _ => options.only.push(word),
        }
    }
    Ok(options)
}

fn start() -> Result<bool, String> {
    let options = options()?;
    let Some(crs) = std::env::var_os("CRS_DIR").map(PathBuf::from) else {
        println!("CRS_DIR is not set: the rule set's own tests did not run");
        return Ok(true);
    };
    let suites = suite::read(&crs.join("tests"))?;
    let count: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    println!("{count} tests in {} files", suites.len());
    match options.envoy {
        true => through_envoy(&suites, &options),
        false => in_process(&suites, &options, &crs),
    }
}

fn through_envoy(suites: &[Suite], options: &Options) -> Result<bool, String> {
    let setting = Setting::default();
    let run = through_envoy::run(suites, &options.only, &setting, &Correlation::default())?;
    print!("{}", run.against.told());
    if run.unmarked > 0 {
        println!(
            "{} lines of rules belong to no test: their transaction has no mark",
            run.unmarked
        );
    }
    print!("{}", report::told("through Envoy", &run.judged, None));
    Ok(Totals::of(&run.judged).failed == 0)
}

fn in_process(suites: &[Suite], options: &Options, crs: &Path) -> Result<bool, String> {
    let mut waf = engine::load(crs, setup::DIRECTIVES)?;
    let (judged, logged) = run::all(suites, waf.as_mut(), &options.only);
    if let Some(path) = &options.ids {
        write_ids(path, &logged)?;
    }
    let comparison = match options.only.is_empty() {
        true => recorded(crs)?.map(|recorded| oracle::compare(&logged, &recorded)),
        false => None,
    };
    print!("{}", report::told("in-process", &judged, comparison.as_ref()));
    Ok(Totals::of(&judged).failed == 0)
}

type Recorded = std::collections::BTreeMap<(String, usize), oracle::Recorded>;

fn recorded(crs: &Path) -> Result<Option<Recorded>, String> {
    let path = crs.join("expected/ids.jsonl");
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    oracle::read(&text).map(Some).map_err(|e| format!("{}: {e}", path.display()))
}

fn write_ids(path: &Path, logged: &run::Logged) -> Result<(), String> {
    let mut out = String::new();
    for ((test, stage), ids) in logged {
        let ids: Vec<_> = ids.iter().map(u32::to_string).collect();
        out += &format!(
            "{{\"test\": \"{test}\", \"stage\": {stage}, \"ids\": [{}]}}\n",
            ids.join(", ")
        );
    }
    std::fs::write(path, out).map_err(|e| format!("{}: {e}", path.display()))
}
