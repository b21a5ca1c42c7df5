//! Keys that are fetched, in a real Envoy, from a real OpenID provider: who fetches, who waits, and what a provider can do
//! wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

mod misbehaving;
mod provider;
mod rotating;
mod waiting;

use std::thread;
use std::time::{Duration, Instant};

use portcullis_e2e::{Envoy, EnvoyConfig, Reply, Request, Upstream, Wasm};
use serde_json::{Value, json};

use provider::{ISSUER, forged};

/// The least cooldown that a configuration can have, and a little more.
const COOLDOWN: Duration = Duration::from_millis(1_100);

/// A source of keys by their URL, which nothing but a test makes fetch again.
fn source(more: Value) -> Value {
    with(json!({"jwks_uri": "https://idp.example.com/keys"}), more)
}

/// The same by discovery.
fn discovery(more: Value) -> Value {
    with(json!({"discovery": ISSUER}), more)
}

fn with(mut source: Value, more: Value) -> Value {
    let common = json!({"cluster": "idp", "refresh": 3_600, "cooldown": 3_600});
    for members in [common, more] {
        source.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
    }
    source
}

fn issuers(source: &Value) -> Value {
    json!([{
        "issuer": ISSUER,
        "audiences": ["orders-api"],
        "algorithms": ["RS256"],
        "keys": [source],
    }])
}

fn jwt(source: &Value) -> Wasm {
    Wasm::new("jwt-auth")
        .config(json!({"issuers": issuers(source), "headers": {"X-User-ID": "$(jwt.sub)"}}))
}

fn envoy(provider: &Upstream, source: &Value, workers: u32) -> (Upstream, Envoy) {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream).upstream("idp", provider).concurrency(workers);
    let envoy = Envoy::start(config.wasm(&jwt(source)));
    (upstream, envoy)
}

fn send(envoy: &Envoy, token: &str) -> Reply {
    envoy.send(&Request::get("/").bearer(token))
}

/// The statuses that so many clients get at once.
fn send_at_once(envoy: &Envoy, tokens: &[String]) -> Vec<u16> {
    thread::scope(|scope| {
        let clients: Vec<_> =
            tokens.iter().map(|token| scope.spawn(|| send(envoy, token).status)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Has keys fetched for a name that no key has, as soon as the cooldown allows it; `good` passes meanwhile.
fn ask_for_another_key(envoy: &Envoy, good: &str) {
    let started = Instant::now();
    while started.elapsed() < COOLDOWN {
        assert_eq!(send(envoy, good).status, 200);
    }
    assert_eq!(send(envoy, &forged("rsa2048-other", "made-up")).status, 401);
}

fn counter(name: &str) -> String {
    format!("wasmcustom.portcullis.jwt-auth.{name}")
}
