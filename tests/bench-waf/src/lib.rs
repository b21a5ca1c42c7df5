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

mod bundle;
mod cpu;
mod hostile;
mod load;
mod memory;
mod nginx;
mod ours;
mod report;
mod requests;
mod starting;
mod variants;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;

use portcullis_bench::cpu::{Cores, pin, time as process_time};
use portcullis_bench::load::{Clients, Load};
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

/// A table that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// CPU of requests beside libmodsecurity's.
    Requests,
    /// Hostile bodies.
    Hostile,
    /// What a VM costs before it serves, and its first request.
    Starting,
    /// Envoy's memory and time to ready.
    Memory,
}

impl Part {
    /// All of them, by name.
    pub const ALL: [(&'static str, Part); 4] = [
        ("requests", Part::Requests),
        ("hostile", Part::Hostile),
        ("starting", Part::Starting),
        ("memory", Part::Memory),
    ];
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
    /// Which tables; all where there is none.
    pub parts: Vec<Part>,
    /// The text that the names of requests have to contain.
    pub rows: String,
}

/// Measures everything and prints the tables.
///
/// # Panics
/// When a server does not do what it is measured at.
pub fn run(options: &Options) -> Result<(), String> {
    let wanted = |part| options.parts.is_empty() || options.parts.contains(&part);
    if wanted(Part::Requests) {
        // In a thread of its own: what comes then is not to stay on the clients' core.
        let measured = thread::scope(|scope| scope.spawn(|| requests(options)).join());
        measured.expect("a thread that ends")?;
    }
    let upstream =
        Upstream::with(|_| Response::new(200).header("content-type", "text/plain").body("ok"));
    if wanted(Part::Hostile) {
        hostile::run(&options.crs, &upstream, &options.rows)?;
    }
    if wanted(Part::Starting) {
        starting::run(&options.crs, &upstream, options.rounds)?;
    }
    if wanted(Part::Memory) {
        memory::run(options.rounds)?;
    }
    Ok(())
}

/// What the upstream answers, whatever it is asked.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";

/// The servers run on one core, the clients and the upstream on another.
fn requests(options: &Options) -> Result<(), String> {
    let cores = Cores::of_this_machine();
    let answer: Rc<[u8]> = ANSWER.into();
    let mut load = Load::start(move |_| Rc::clone(&answer));
    pin(cores.envoy);
    let nginx = Nginx::start(&options.crs, load.address())?;
    let envoys = ours::start(load.address());
    pin(cores.load);
    let mut targets = nginx.targets();
    targets.extend(ours::targets(&envoys));
    let templates: Vec<&Template> =
        REQUESTS.iter().filter(|template| template.name.contains(&options.rows)).collect();
    let mut table = Table::default();
    for target in &targets {
        check(target, &mut load, &templates)?;
    }
    let clients: Vec<Clients> =
        targets.iter().map(|target| load.connect(target.address, None)).collect();
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        for template in &templates {
            for (target, clients) in targets.iter().zip(&clients) {
                let mut measure = |repeated| {
                    measure(target, &mut load, clients, template, options.requests, repeated)
                };
                let (cold, repeated) = (measure(false), measure(true));
                table.add(template.name, target.name, cold, repeated);
            }
        }
    }
    print!("{}", table.told());
    Ok(())
}

impl Target {
    fn is_guarded(&self) -> bool {
        self.name.contains("CRS")
    }

    /// The status of a request of this kind.
    fn status_of(&self, refused: bool) -> u16 {
        if refused && self.is_guarded() { 403 } else { 200 }
    }
}

/// Each request is answered as it should be, and a WAF has looked at it to its end: an attack there does not pass.
fn check(target: &Target, load: &mut Load, templates: &[&Template]) -> Result<(), String> {
    let mut asked = |request: &[u8]| {
        let answer = load.ask_alone(target.address, request).0;
        answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).unwrap_or_default()
    };
    let told = |status, what: &str| Err(format!("{} answers {status} to {what}", target.name));
    for template in templates {
        let status = asked(&template.filled(0));
        if status != target.status_of(template.refused) {
            return told(status, template.name);
        }
        let attack = "' or 1=1-- <script>alert(1)</script>";
        let status = asked(&template.filled_and(0, attack));
        // A request without a body ends with a header, where nobody looks for one.
        if template.has_form() && status != target.status_of(true) {
            return told(status, &format!("an attack at the end of {}", template.name));
        }
    }
    let attack =
        b"GET /?id=1'+or+1%3D1--+- HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
    let status = asked(attack);
    if status == target.status_of(true) { Ok(()) } else { told(status, "an attack") }
}

/// Microseconds of CPU for each request.
fn measure(
    target: &Target,
    load: &mut Load,
    clients: &Clients,
    template: &Template,
    count: usize,
    repeated: bool,
) -> f64 {
    let filled: Vec<Vec<u8>> = match repeated {
        true => vec![template.filled(1)],
        false => (0..variants::COUNT).map(|number| template.filled(number)).collect(),
    };
    let mut turn = filled.iter().cycle();
    let mut next = |into: &mut Vec<u8>| into.extend(turn.next().expect("an endless row"));
    let expected = format!("HTTP/1.1 {} ", target.status_of(template.refused));
    load.run(clients, WARM_UP, &expected, &mut next);
    let before = process_time(target.process);
    load.run(clients, count, &expected, &mut next);
    (process_time(target.process) - before).as_secs_f64() * 1e6 / count as f64
}

/// The rule set's folder, if it is one.
pub fn rule_set(path: &Path) -> Result<PathBuf, String> {
    let setup = path.join("crs-setup.conf.example");
    match setup.is_file() && path.join("rules").is_dir() {
        true => path.canonicalize().map_err(|e| e.to_string()),
        false => Err(format!("{} is no release of the Core Rule Set", path.display())),
    }
}
