//! CPU of the WAF per request, beside libmodsecurity in nginx with the same rule set, in one run.
//!
//! `CRS_DIR=… cargo run --release -p portcullis-bench-waf [-- --requests N]`. Each request is a file with places for values;
//! "cold" rotates a thousand and more variants of the values, "repeated" sends one of them again and again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a benchmark that cannot go on should say so and stop"
)]

mod cpu;
mod load;
mod nginx;
mod ours;
mod report;
mod requests;
mod variants;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use portcullis_e2e::{Response, Upstream};

pub use nginx::Nginx;
pub use report::{Figure, Table};
pub use requests::{REQUESTS, Template};

/// Requests before the measured ones.
const WARM_UP: usize = 500;

/// A server under measurement.
pub struct Target {
    /// What the table calls it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The process whose CPU counts.
    pub process: u32,
}

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rule set.
    pub crs: PathBuf,
    /// Measured requests of each kind.
    pub requests: usize,
    /// Rounds; the table has the medians.
    pub rounds: usize,
}

/// Measures everything and prints the table.
///
/// # Panics
/// When a server does not do what it is measured at.
pub fn run(options: &Options) -> Result<(), String> {
    let upstream =
        Upstream::with(|_| Response::new(200).header("content-type", "text/plain").body("ok"));
    let nginx = Nginx::start(&options.crs, upstream.address())?;
    let envoys = ours::start(&upstream);
    let mut targets = nginx.targets();
    targets.extend(ours::targets(&envoys));
    let mut table = Table::default();
    for target in &targets {
        check(target)?;
    }
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        for template in REQUESTS.iter() {
            for target in &targets {
                let measure = |repeated| measure(target, template, options.requests, repeated);
                let (cold, repeated) = (measure(false), measure(true));
                table.add(template.name, target.name, cold, repeated);
            }
        }
    }
    print!("{}", table.told());
    Ok(())
}

/// Benign requests pass, and where there is a WAF an attack does not.
fn check(target: &Target) -> Result<(), String> {
    for template in REQUESTS.iter() {
        let status = load::one(target.address, &template.filled(0));
        if status != 200 {
            return Err(format!("{} answers {status} to {}", target.name, template.name));
        }
    }
    let attack =
        b"GET /?id=1'+or+1%3D1--+- HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
    let status = load::one(target.address, attack);
    let wanted = if target.name.contains("CRS") { 403 } else { 200 };
    (status == wanted).then_some(()).ok_or(format!("{} answers {status} to an attack", target.name))
}

/// Microseconds of CPU for each request.
fn measure(target: &Target, template: &Template, count: usize, repeated: bool) -> f64 {
    let filled: Vec<Vec<u8>> = match repeated {
        true => vec![template.filled(1)],
        false => (0..variants::COUNT).map(|number| template.filled(number)).collect(),
    };
    load::run(target.address, &filled, WARM_UP);
    let before = cpu::time(target.process);
    load::run(target.address, &filled, count);
    (cpu::time(target.process) - before).as_secs_f64() * 1e6 / count as f64
}

/// The rule set's folder, if it is one.
pub fn rule_set(path: &Path) -> Result<PathBuf, String> {
    let setup = path.join("crs-setup.conf.example");
    match setup.is_file() && path.join("rules").is_dir() {
        true => path.canonicalize().map_err(|e| e.to_string()),
        false => Err(format!("{} is no release of the Core Rule Set", path.display())),
    }
}
