//! The command line of `make bench-waf`.

use std::path::PathBuf;
use std::process::ExitCode;

use portcullis_bench_waf::{Options, Part, rule_set, run};

const USAGE: &str = "usage: bench-waf [--requests N] [--rounds N] [--part requests|hostile|starting|memory]… [--rows TEXT], with CRS_DIR";

fn options() -> Result<Options, String> {
    let crs = std::env::var_os("CRS_DIR").map(PathBuf::from).ok_or("CRS_DIR is not set")?;
    let mut options = Options {
        crs: rule_set(&crs)?,
        requests: 3_000,
        rounds: 3,
        parts: Vec::new(),
        rows: String::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        let number = || value.parse().ok().filter(|n| *n > 0).ok_or(USAGE);
        match word.as_str() {
            "--requests" => options.requests = number()?,
            "--rounds" => options.rounds = number()?,
            "--part" => {
                let part = Part::ALL.iter().find(|(name, _)| *name == value).ok_or(USAGE)?;
                options.parts.push(part.1);
            }
            "--rows" => options.rows = value,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
