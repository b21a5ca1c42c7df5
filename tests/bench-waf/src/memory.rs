//! What CRS takes of Envoy's memory, and of its time to ready: `gateway-crs` beside `gateway`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use portcullis_bench::load::Load;
use portcullis_bench::memory::code_section;
use portcullis_e2e::{Envoy, EnvoyConfig, Wasm, within};
use portcullis_ftw::module;
use serde_json::{Value, json};

use crate::report::median;
use crate::{ANSWER, REQUESTS, variants};

/// Workers of each Envoy.
const WORKERS: u32 = 2;

/// Requests to each Envoy.
const SENT: usize = 2_000;

/// How long patterns may go on being compiled in advance, one a tick.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has not grown for this long is done.
const STEADY: Duration = Duration::from_secs(2);

/// The gateway with our own rules, and with CRS.
const STARTED: [(&str, &str); 2] = [("gateway", "base"), ("gateway-crs", "crs")];

struct Footprint {
    ready: Vec<f64>,
    used: Vec<f64>,
    milliseconds: Vec<f64>,
}

/// Prints a line for each gateway.
pub(crate) fn run(rounds: usize) -> Result<(), String> {
    println!(
        "Envoy, {WORKERS} workers      ready, MiB   used, MiB   to ready, ms   module, KiB   code section, KiB"
    );
    let mut before: Option<(f64, f64)> = None;
    for (name, ruleset) in STARTED {
        let path = module::built(name).ok_or_else(|| format!("dist/{name}.wasm is not there"))?;
        let size = std::fs::metadata(&path).map_err(|error| error.to_string())?.len();
        let footprint = footprint(name, &json!({"waf": {"ruleset": ruleset}}), rounds);
        let (ready, used) = (median(&footprint.ready), median(&footprint.used));
        println!(
            "{name:<20} {ready:>12.1} {used:>11.1} {:>14.0} {:>13} {:>19}",
            median(&footprint.milliseconds),
            size >> 10,
            code_section(&path) >> 10,
        );
        if let Some(before) = before {
            println!("{:<20} {:>+12.1} {:>+11.1}", "  above", ready - before.0, used - before.1);
        }
        before = Some((ready, used));
    }
    println!(
        "(used: after {SENT} GETs with different values, once no pattern is compiled in advance any more)"
    );
    Ok(())
}

fn footprint(name: &str, configuration: &Value, rounds: usize) -> Footprint {
    let mut footprint = Footprint { ready: Vec::new(), used: Vec::new(), milliseconds: Vec::new() };
    for _ in 0..rounds {
        let answer: Rc<[u8]> = ANSWER.into();
        let mut load = Load::start(move |_| Rc::clone(&answer));
        let module = Wasm::new(name).config(configuration.clone());
        let began = Instant::now();
        let envoy =
            Envoy::start(EnvoyConfig::at(load.address()).concurrency(WORKERS).wasm(&module));
        footprint.milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        footprint.ready.push(mebibytes(&envoy));
        let clients = load.connect(envoy.address(), None);
        let mut variant = (0..variants::COUNT).cycle();
        load.run(&clients, SENT, "HTTP/1.1 200 ", |into| {
            into.extend(REQUESTS[0].filled(variant.next().expect("an endless row")));
        });
        footprint.used.push(steady(&envoy));
    }
    footprint
}

/// The memory once it has stopped to grow.
fn steady(envoy: &Envoy) -> f64 {
    let (mut most, mut since) = (mebibytes(envoy), Instant::now());
    within(PATIENCE, || {
        let now = mebibytes(envoy);
        if now > most {
            (most, since) = (now, Instant::now());
        }
        (since.elapsed() >= STEADY).then_some(())
    });
    most
}

fn mebibytes(envoy: &Envoy) -> f64 {
    envoy.resident_bytes() as f64 / f64::from(1 << 20)
}
