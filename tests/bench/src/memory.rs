//! What Envoy's memory and its start cost with our modules.

use std::path::Path;
use std::time::{Duration, Instant};

use portcullis_e2e::Envoy;
use wasmparser::{Parser, Payload};

use crate::answers::status_line;
use crate::configs::Config;
use crate::credentials::{Credentials, Message};
use crate::options::Options;
use crate::requests::write_request;
use crate::rounds::{orders_load, provider};

/// Workers of each Envoy.
pub(crate) const WORKERS: u32 = 2;

/// What is started; the first one is what the others are compared with.
const STARTED: [(&str, Config); 8] = [
    ("no filter", Config::Plain),
    ("no-op module (SDK)", Config::NoopSdk),
    ("no-op module (our runtime, no control)", Config::NoopRuntime),
    ("jwt-auth", Config::JwtAuth),
    ("rate-limiting", Config::OnePeriod),
    (GATEWAY, Config::Gateway),
    ("jwt-auth and rate-limiting as two modules", Config::TwoModules),
    ("Envoy's jwt_authn with its cache and local_ratelimit", Config::Native),
];

/// The row that a target is about.
pub(crate) const GATEWAY: &str = "gateway, jwt-auth and rate-limiting";

/// One row's figures.
#[derive(Clone, Debug)]
pub(crate) struct Footprint {
    /// As printed.
    pub(crate) name: &'static str,
    /// Resident bytes of each start, once it was ready.
    pub(crate) ready: Vec<f64>,
    /// Resident bytes of each start, after requests.
    pub(crate) used: Vec<f64>,
    /// From its start until it serves.
    pub(crate) start: Vec<Duration>,
    /// Bytes of machine code's origin, the code sections of all modules.
    pub(crate) code: u64,
}

/// Starts every Envoy several times, one at a time.
pub(crate) fn measure(options: &Options, credentials: &Credentials) -> Vec<Footprint> {
    let wanted = STARTED
        .into_iter()
        .filter(|(name, config)| *config == Config::Plain || options.wants(name));
    let mut rows: Vec<(Config, Footprint)> =
        wanted.map(|(name, config)| (config, footprint(name, config))).collect();
    let provider = provider();
    for _ in 0..options.starts {
        for (config, row) in &mut rows {
            eprintln!("measuring memory: {}", row.name);
            let mut load = orders_load();
            let configuration =
                config.envoy(load.address(), provider.address()).concurrency(WORKERS);
            let began = Instant::now();
            let envoy = Envoy::start(configuration);
            row.start.push(began.elapsed());
            row.ready.push(envoy.resident_bytes() as f64);
            let clients = load.connect(envoy.address(), None);
            // Each new token fills our cache by one.
            let mut fresh = credentials.fresh();
            let next = |into: &mut Vec<u8>| {
                write_request(into, fresh.next().expect("an endless row"));
            };
            load.run(&clients, credentials.count(), status_line(Message::Get), next);
            row.used.push(envoy.resident_bytes() as f64);
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn footprint(name: &'static str, config: Config) -> Footprint {
    let code = config.plugins().iter().map(|plugin| code_section(&plugin.module)).sum();
    Footprint { name, ready: Vec::new(), used: Vec::new(), start: Vec::new(), code }
}

/// Bytes of a module's code section.
///
/// # Panics
/// When it is no module.
#[must_use]
pub fn code_section(module: &Path) -> u64 {
    let bytes = std::fs::read(module).expect("a module");
    let sections = Parser::new(0).parse_all(&bytes).map(|payload| payload.expect("a sound module"));
    let code = sections.filter_map(|payload| match payload {
        Payload::CodeSectionStart { size, .. } => Some(u64::from(size)),
        _ => None,
    });
    code.sum()
}
