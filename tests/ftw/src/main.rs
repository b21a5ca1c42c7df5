//! `make ftw`: runs the rule set's tests and prints what failed, what was skipped and why, and the totals.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portcullis_ftw::report::Totals;
use portcullis_ftw::run::Judged;
use portcullis_ftw::suite::Suite;
use portcullis_ftw::through_envoy::{self, Correlation, Setting};
use portcullis_ftw::{engine, oracle, report, run, setup, suite};

const USAGE: &str = "usage: ftw [--envoy | --server ADDRESS --log FILE --backend ADDRESS] [--ids FILE] [TEST…]
  Runs the tests of the rule set in CRS_DIR, or those whose id starts with a TEST, such as 942100 or 942100-3.
  --envoy     through a real Envoy with dist/waf-crs.wasm, instead of in-process
  --server    through a server that runs already and writes rules' log lines to FILE, to compare another engine;
              its backend is started at the other ADDRESS
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
    server: Option<SocketAddr>,
    log: Option<PathBuf>,
    backend: Option<SocketAddr>,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--envoy" => options.envoy = true,
            "--server" => options.server = Some(address(words.next())?),
            "--backend" => options.backend = Some(address(words.next())?),
            "--log" => options.log = Some(words.next().ok_or(USAGE)?.into()),
            "--ids" => options.ids = Some(words.next().ok_or(USAGE)?.into()),
            _ if word.starts_with('-') => return Err(USAGE.to_owned()),
            _ => options.only.push(word),
        }
    }
    Ok(options)
}

fn address(word: Option<String>) -> Result<SocketAddr, String> {
    word.and_then(|word| word.parse().ok()).ok_or(USAGE.to_owned())
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
    match (options.envoy, options.server) {
        (true, None) => through_envoy(&suites, &options),
        (false, Some(address)) => through_server(&suites, &options, address, &crs),
        (false, None) => in_process(&suites, &options, &crs),
        (true, Some(_)) => Err(USAGE.to_owned()),
    }
}

fn through_server(
    suites: &[Suite],
    options: &Options,
    address: SocketAddr,
    crs: &Path,
) -> Result<bool, String> {
    let log = options.log.as_deref().ok_or(USAGE)?;
    let _backend = options.backend.map(through_envoy::albedo_at);
    let text = std::fs::read(log).map_err(|e| format!("{}: {e}", log.display()))?;
    let before = text.len();
    let sent = through_envoy::send_all(suites, &options.only, address);
    let lines = through_envoy::settle(address, before, || {
        let text = std::fs::read(log).unwrap_or_default();
        let new = text.get(before..).unwrap_or_default();
        String::from_utf8_lossy(new).lines().map(str::to_owned).collect()
    });
    let mut by_mark = Correlation::default().by_mark(&lines);
    let logged = through_envoy::logged(suites, &options.only, &by_mark);
    let judged = through_envoy::judge_all(suites, &options.only, &sent, &mut by_mark);
    finish("through a server", &judged, &logged, options, crs)
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
    let mut waf = engine::load(crs, setup::DIRECTIVES, engine::Prefilter::On)?;
    let (judged, logged) = run::all(suites, &mut waf, &options.only);
    finish("in-process", &judged, &logged, options, crs)
}

fn finish(
    name: &str,
    judged: &[Judged],
    logged: &run::Logged,
    options: &Options,
    crs: &Path,
) -> Result<bool, String> {
    if let Some(path) = &options.ids {
        write_ids(path, logged)?;
    }
    let comparison = match options.only.is_empty() {
        true => recorded(crs)?.map(|recorded| oracle::compare(logged, &recorded)),
        false => None,
    };
    print!("{}", report::told(name, judged, comparison.as_ref()));
    Ok(Totals::of(judged).failed == 0)
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
