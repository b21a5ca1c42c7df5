//! Hostile requests against the modules in a real Envoy that lets everything through to them: after each the next
//! good request gets 200, no worker loses its VM and nothing is answered with 5xx.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

#[path = "cases/sent.rs"]
mod sent;

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::Field;
use portcullis_cases::engine::{Message, Observed};
use portcullis_cases::hostile::{attacks, configuration, good, wrong};
use portcullis_cases::prepared::Sent;
use portcullis_e2e::{Envoy, EnvoyConfig, Error, Headers, Upstream, Wasm};
use sent::request;
use serde_json::json;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

fn fields(headers: &Headers) -> Vec<Field> {
    let text = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
    headers.iter().map(|(name, value)| (text(name), value.to_vec())).collect()
}

fn send(envoy: &Envoy, upstream: &Upstream, sent: &Sent) -> Result<Observed, Error> {
    upstream.take_requests();
    let reply = envoy.try_send(&request(sent))?;
    Ok(Observed {
        status: Some(reply.status),
        headers: fields(&reply.headers),
        body: reply.body,
        upstream: upstream.take_requests().into_iter().next().map(|seen| Message {
            path: seen.target,
            headers: fields(&seen.headers),
            body: seen.body,
            trailers: fields(&seen.trailers),
        }),
        ..Observed::default()
    })
}

fn attack(module: &str) {
    let upstream = Upstream::echo();
    let wasm = Wasm::new(module).config(configuration(module));
    let config = EnvoyConfig::new(&upstream)
        .raised_limits()
        .raw_paths()
        .connect()
        .upgrade("websocket")
        .hcm(|manager| manager["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY"))
        .wasm(&wasm);
    let envoy = Envoy::start(config);
    let vms = || envoy.stat("wasm.envoy.wasm.runtime.v8.created");
    let before = vms();
    let start = now();
    let mut found = Vec::new();
    for attack in attacks(start) {
        let label = &attack.request.label;
        match send(&envoy, &upstream, &attack.request) {
            Ok(observed) => {
                let what = wrong(module, &attack, &observed);
                found.extend(what.map(|what| format!("{label}: {what}")));
            }
            Err(error) => found.push(format!("{label}: {error}")),
        }
        let after = send(&envoy, &upstream, &good(now())).map(|observed| observed.status);
        if !matches!(after, Ok(Some(200))) {
            found.push(format!("{label}: the good request after it: {after:?}"));
        }
    }
    assert!(found.is_empty(), "{module}:\n{}", found.join("\n"));
    assert_eq!(envoy.ended(), None);
    assert_eq!(vms(), before, "a VM was lost and made anew");
    let reloads = envoy.stats(&format!("wasm.{module}.vm_reload"));
    assert!(reloads.values().all(|count| *count == 0), "{reloads:?}");
    assert_eq!(envoy.stat("http.ingress.downstream_rq_5xx").unwrap_or(0), 0);
}

#[test]
fn jwt_auth_survives_every_hostile_request() {
    attack("jwt-auth");
}

#[test]
fn key_auth_survives_every_hostile_request() {
    attack("key-auth");
}

#[test]
fn mtls_auth_survives_every_hostile_request() {
    attack("mtls-auth");
}

#[test]
fn rate_limiting_survives_every_hostile_request() {
    attack("rate-limiting");
}

#[test]
fn gateway_survives_every_hostile_request() {
    attack("gateway");
}
