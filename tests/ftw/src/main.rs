//! `make ftw`: runs the rule set's tests and prints what failed, what was skipped and why, and the totals.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portcullis_ftw::corpus::Corpus;
use portcullis_ftw::expected_fail::ExpectedFailures;
use portcullis_ftw::module::Module;
use portcullis_ftw::report::Totals;
use portcullis_ftw::run::{Judged, Logged};
use portcullis_ftw::suite::Suite;
use portcullis_ftw::through_envoy::{self, Correlation};
use portcullis_ftw::{engine, oracle, report, run};

const USAGE: &str = "usage: ftw [--module] [--envoy] [--server ADDRESS --log FILE --backend ADDRESS] [--ids FILE] [TEST…]
  Runs the tests of the rule set in CRS_DIR in-process, or those of our own rules where it is not set; all of them, or
  those whose id starts with a TEST, such as 942100 or 942100-3.
  --module    the same on dist/waf-crs.wasm, or dist/waf.wasm without CRS_DIR
  --envoy     and through a real Envoy with that module
  --server    only through a server that runs already and writes rules' log lines to FILE, to compare another engine;
              its backend is started at the other ADDRESS
  --ids FILE  writes the ids that each stage logged in the first of these ways, one JSON object a line";

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
    module: bool,
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
            "--module" => options.module = true,
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

/// One way that the tests went.
struct Way {
    name: &'static str,
    judged: Vec<Judged>,
    logged: Option<Logged>,
}

fn start() -> Result<bool, String> {
    let options = options()?;
    let corpus = Corpus::of_environment();
    if let Some(text) = corpus.told() {
        println!("{text}");
    }
    let suites = corpus.suites()?;
    let count: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    println!("{count} tests in {} files", suites.len());
    let mut ways = Vec::new();
    if let Some(address) = options.server {
        ways.push(through_server(&suites, &options, address)?);
    } else {
        ways.push(in_process(&suites, &options, &corpus)?);
        if options.module {
            ways.push(as_a_module(&suites, &options, &corpus)?);
        }
    }
    if let (Some(path), Some(logged)) = (&options.ids, ways.first().and_then(|w| w.logged.as_ref()))
    {
        write_ids(path, logged)?;
    }
    for way in &ways {
        let recorded = match (&corpus, &way.logged, options.only.is_empty()) {
            (Corpus::Crs(crs), Some(logged), true) => {
                recorded(crs)?.map(|recorded| oracle::compare(logged, &recorded))
            }
            _ => None,
        };
        print!("{}", report::told(way.name, &way.judged, recorded.as_ref()));
    }
    if options.envoy {
        ways.push(through_envoy(&suites, &options, &corpus)?);
    }
    println!();
    for way in &ways {
        println!("{}: {}", way.name, Totals::of(&way.judged).told());
    }
    Ok(ways.iter().all(|way| Totals::of(&way.judged).failed == 0))
}

fn through_server(suites: &[Suite], options: &Options, address: SocketAddr) -> Result<Way, String> {
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
    let logged = Some(through_envoy::logged(suites, &options.only, &by_mark));
    let judged = through_envoy::judge_all(suites, &options.only, &sent, &mut by_mark);
    Ok(Way { name: "through a server", judged, logged })
}

fn through_envoy(suites: &[Suite], options: &Options, corpus: &Corpus) -> Result<Way, String> {
    let (setting, correlation) = (corpus.setting(), Correlation::default());
    let run = through_envoy::run(suites, &options.only, &setting, &correlation)?;
    print!("{}", run.against.told());
    if run.unmarked > 0 {
        println!(
            "{} lines of rules belong to no test: their transaction has no mark",
            run.unmarked
        );
    }
    let name = "through Envoy";
    print!("{}", report::told(name, &run.judged, None));
    Ok(Way { name, judged: run.judged, logged: None })
}

fn in_process(suites: &[Suite], options: &Options, corpus: &Corpus) -> Result<Way, String> {
    let mut waf = engine::load(corpus.rule_set(), corpus.directives(), engine::Prefilter::On)?;
    let (judged, logged) = run::all(suites, &mut waf, &options.only);
    Ok(Way { name: "in-process", judged, logged: Some(logged) })
}

fn as_a_module(suites: &[Suite], options: &Options, corpus: &Corpus) -> Result<Way, String> {
    let mut waf = Module::load(&corpus.setting())?;
    let (mut judged, logged) = run::all(suites, &mut waf, &options.only);
    print!("{}", ExpectedFailures::of_module()?.apply(&mut judged).told());
    Ok(Way { name: "as a module", judged, logged: Some(logged) })
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

fn write_ids(path: &Path, logged: &Logged) -> Result<(), String> {
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
