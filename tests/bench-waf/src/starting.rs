//! What a VM costs before it serves, and its first request: milliseconds on wasmtime and in Envoy.

use std::path::Path;

use portcullis_bench::cpu::time as process_time;
use portcullis_e2e::{Envoy, EnvoyConfig, Upstream, Wasm};
use portcullis_ftw::module;
use portcullis_host::{Host, Level, Request};
use serde_json::{Value, json};

use crate::{bundle, cpu, load};

/// A module and what it is configured with.
struct Start {
    name: &'static str,
    module: &'static str,
    configuration: Value,
}

/// Prints a line for each module and configuration.
pub(crate) fn run(crs: &Path, upstream: &Upstream, rounds: usize) -> Result<(), String> {
    let start = |name, module, configuration| Start { name, module, configuration };
    let starts = [
        start("none", "waf-crs", json!({"ruleset": "none"})),
        start("base", "waf", json!({"ruleset": "base"})),
        start("CRS, embedded", "waf-crs", json!({"ruleset": "crs"})),
        start("CRS as a bundle", "waf", bundle::configuration(crs)?),
    ];
    println!(
        "a VM, ms of CPU     wasmtime: configure   1st GET   2nd   memory, MiB   Envoy: to ready   1st GET   2nd"
    );
    for start in &starts {
        let hosted = hosted(start, rounds)?;
        let in_envoy = in_envoy(start, upstream);
        println!(
            "{:<20}{:>19.1} {:>9.1} {:>5.2} {:>13.1} {:>17.0} {:>9.1} {:>5.2}",
            start.name,
            hosted.configure,
            hosted.first,
            hosted.second,
            hosted.memory,
            in_envoy.0,
            in_envoy.1,
            in_envoy.2
        );
    }
    Ok(())
}

struct Hosted {
    configure: f64,
    first: f64,
    second: f64,
    memory: f64,
}

/// Medians; the module is compiled before.
fn hosted(start: &Start, rounds: usize) -> Result<Hosted, String> {
    let path = module::built(start.module)
        .ok_or_else(|| format!("dist/{}.wasm is not there", start.module))?;
    let configuration = start.configuration.to_string();
    let begin = |text: &str| {
        let builder = Host::load(&path).configure(text).log_level(Level::Critical);
        let builder = builder.fuel(u64::MAX / 2);
        let (host, time) = cpu::of_thread(|| builder.start());
        host.map(|host| (host, time)).map_err(|error| error.to_string())
    };
    // Compiles it, and tells what every VM costs.
    begin(r#"{"mode": "off", "ruleset": "none"}"#)?;
    let mut all: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds.max(1) {
        let (mut host, configure) = begin(&configuration)?;
        let first = cpu::of_thread(|| host.send(get())).1;
        let second = cpu::of_thread(|| host.send(get())).1;
        let memory = host.worker(0).linear_memory() as f64 / f64::from(1 << 20);
        for (list, figure) in all.iter_mut().zip([configure, first, second, memory]) {
            list.push(figure);
        }
    }
    let [configure, first, second, memory] = all.map(|mut list| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    });
    Ok(Hosted { configure, first, second, memory })
}

fn get() -> Request {
    Request::get("/search?q=amber+bridge")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)")
        .header("accept", "*/*")
}

/// To ready, the first GET, the second: CPU of the process. To ready are three VMs: the canary's, the main thread's, the
/// worker's.
fn in_envoy(start: &Start, upstream: &Upstream) -> (f64, f64, f64) {
    let module = Wasm::new(start.module).config(start.configuration.clone());
    let envoy = Envoy::start(EnvoyConfig::new(upstream).concurrency(1).wasm(&module));
    let ready = process_time(envoy.id());
    let request = b"GET /search?q=amber+bridge HTTP/1.1\r\nHost: a.test\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
    let cost = || {
        let before = process_time(envoy.id());
        load::one(envoy.address(), request);
        (process_time(envoy.id()) - before).as_secs_f64() * 1e3
    };
    let first = cost();
    (ready.as_secs_f64() * 1e3, first, cost())
}
