//! Milliseconds that a hostile body costs at paranoia level 4: natively, in the module on wasmtime, and in Envoy.
//!
//! "Cold" is the first body that a VM sees, whose patterns are all new; "warm" is the median of others of its kind behind it,
//! no two of them the same.

use std::path::Path;

use portcullis_bench::cpu::time as process_time;
use portcullis_e2e::{Envoy, EnvoyConfig, Upstream, Wasm};
use portcullis_ftw::engine::{self, Engine, Prefilter, RuleSet};
use portcullis_ftw::module;
use portcullis_host::{Builder, Host, Level, Request};
use portcullis_payloads::hostile::{Body, GENERATORS, Generator};
use portcullis_waf_engine::{Connection, RulePhase, Transaction};
use serde_json::json;

use crate::{cpu, load};

const MODULE: &str = "waf-crs";

/// Bodies of which the median counts.
const WARM: usize = 5;

/// Prints a line for each kind of body whose name has `rows` in it.
pub(crate) fn run(crs: &Path, upstream: &Upstream, rows: &str) -> Result<(), String> {
    let path = module::built(MODULE).ok_or("dist/waf-crs.wasm is not there: run make crs first")?;
    println!(
        "hostile body, ms of CPU     native: cold   warm   wasmtime: cold   warm   Envoy: cold   warm  status"
    );
    for generator in GENERATORS.iter().filter(|generator| generator.name.contains(rows)) {
        let engine = engine::load(RuleSet::Crs(crs), LEVEL, Prefilter::On)?;
        let native = measured(generator, |body| cpu::of_thread(|| natively(&engine, body)).1);
        let mut host = builder(&path).start().map_err(|error| error.to_string())?;
        let hosted = measured(generator, |body| {
            let request = asked(body);
            let (exchange, time) = cpu::of_thread(|| host.send(request));
            assert_eq!(exchange.trap, None);
            time
        });
        let module = Wasm::new(MODULE).config(json!({"ruleset": "crs", "paranoia_level": 4}));
        let envoy = Envoy::start(EnvoyConfig::new(upstream).concurrency(1).wasm(&module));
        let mut statuses = Vec::new();
        let in_envoy = measured(generator, |body| {
            let bytes = written(body);
            let before = process_time(envoy.id());
            statuses.push(load::one(envoy.address(), &bytes));
            (process_time(envoy.id()) - before).as_secs_f64() * 1e3
        });
        statuses.dedup();
        println!(
            "{:<28}{:>12.1} {:>6.1} {:>16.1} {:>6.1} {:>13.1} {:>6.1}  {statuses:?}",
            generator.name, native.0, native.1, hosted.0, hosted.1, in_envoy.0, in_envoy.1
        );
    }
    Ok(())
}

const LEVEL: &str =
    "SecAction \"id:1,phase:1,pass,t:none,nolog,setvar:tx.blocking_paranoia_level=4\"";

fn builder(path: &Path) -> Builder {
    let configuration = json!({"paranoia_level": 4}).to_string();
    Host::load(path).configure(configuration).log_level(Level::Critical).fuel(u64::MAX / 2)
}

/// The first, and the median of those behind the second.
fn measured(generator: &Generator, mut cost: impl FnMut(&Body) -> f64) -> (f64, f64) {
    let cold = cost(&generator.body(0));
    cost(&generator.body(1));
    let mut warm: Vec<f64> = (2..2 + WARM).map(|number| cost(&generator.body(number))).collect();
    warm.sort_by(f64::total_cmp);
    (cold, warm[WARM / 2])
}

const HEADERS: [(&str, &str); 3] =
    [("host", "gateway.test"), ("user-agent", "bench"), ("accept", "*/*")];

fn natively(engine: &Engine, body: &Body) {
    let connection = Connection { remote_addr: b"203.0.113.7", ..Connection::default() };
    let mut transaction = Transaction::new(&engine.program, &engine.profile, &connection);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    let length = body.bytes.len().to_string();
    let own = [("content-type", body.content_type.as_str()), ("content-length", &length)];
    for (name, value) in HEADERS.into_iter().chain(own) {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.run(RulePhase::RequestHeaders);
    transaction.request_body(&body.bytes, true);
    transaction.run(RulePhase::RequestBody);
    std::hint::black_box(transaction.intervention());
}

fn asked(body: &Body) -> Request {
    Request::post("/")
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("content-type", &body.content_type)
        .header("content-length", body.bytes.len().to_string())
        .body(&body.bytes)
}

fn written(body: &Body) -> Vec<u8> {
    let mut out = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in HEADERS {
        out.extend(format!("{name}: {value}\r\n").bytes());
    }
    let (kind, length) = (&body.content_type, body.bytes.len());
    out.extend(format!("content-type: {kind}\r\ncontent-length: {length}\r\n\r\n").bytes());
    out.extend(&body.bytes);
    out
}
