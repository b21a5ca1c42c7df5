//! Alternatives in a real Envoy: what one did that refuses is undone there too, and those that wait hold up nobody else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{
    Envoy, EnvoyConfig, Reply, Request, Response, Upstream, Wasm, eventually, probe,
};
use serde_json::{Value, json};

const KEY: &str = "bob-0123456789abcdef";

const ISSUER: &str = "https://idp.example.com";

fn consumers() -> Value {
    json!([{"username": "bob", "keys": [KEY]}])
}

/// The probe, which calls, holds and replaces as its header says, and a key, also in bodies.
fn probe_or_key() -> (Envoy, Upstream) {
    let (upstream, calls) = (Upstream::echo(), Upstream::echo());
    let configuration = json!({
        "consumers": consumers(),
        "probe": {"cluster": "calls", "max": 1_000},
        "key-auth": {"key_in_body": true},
        "witness": {},
        "auth": {"any_of": ["probe", "key-auth"]},
    });
    let module = Wasm::file("probe", probe()).config(configuration).reload_backoff("0.1s");
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).upstream("calls", &calls).wasm(&module));
    // The server that is called lives as long as the process: it has no state that a test could see.
    std::mem::forget(calls);
    (envoy, upstream)
}

fn header(reply: &Reply, name: &str) -> Option<String> {
    reply.json()["headers"][name].as_str().map(str::to_owned)
}

fn decision(envoy: &Envoy) -> Value {
    let line = envoy.wait_for_access(|line| line["decision"].is_string());
    serde_json::from_str(line["decision"].as_str().unwrap()).unwrap()
}

#[test]
fn what_an_alternative_did_before_it_refused_reaches_no_upstream() {
    let (envoy, upstream) = probe_or_key();
    let body = format!(r#"{{"apikey":"{KEY}","a":"attack"}}"#);
    for (what, trailers) in
        [("hold", false), ("call-hold", false), ("replace", false), ("replace", true)]
    {
        let mut request = Request::post("/", &body)
            .header("content-type", "application/json")
            .header("x-probe", what);
        if trailers {
            request = request.chunks(body.as_bytes().chunks(20)).trailer("x-end", "1");
        }
        upstream.take_requests();
        let reply = envoy.send(&request);
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        let seen = upstream.only_request();
        assert_eq!(seen.body, br#"{"a":"attack"}"#, "{what}");
        for name in ["x-probe-call", "x-probe-held", "x-probe-user"] {
            assert_eq!(seen.headers.text(name), None, "{what}");
        }
        assert_eq!(seen.headers.text("x-consumer-username").as_deref(), Some("bob"), "{what}");
        assert_eq!(seen.headers.text("x-witness").as_deref(), Some("bob"), "{what}");
        if !trailers {
            assert_eq!(seen.headers.text("content-length").as_deref(), Some("14"), "{what}");
        }
    }
    let record = decision(&envoy);
    let words = ["control", "outcome", "reason"].map(|name| record[0][name].as_str().unwrap());
    assert_eq!((words, record.as_array().unwrap().len()), (["probe", "tried", "attack"], 1));
    envoy.wait_for_stat("wasmcustom.portcullis.probe.tried.attack", |count| count == 4);
    envoy.wait_for_stat("wasmcustom.portcullis.key-auth.allowed", |count| count == 4);
}

#[test]
fn a_first_success_counts_and_the_key_beside_it_goes_no_further() {
    let (envoy, _upstream) = probe_or_key();
    let known = envoy.send(&Request::get("/").header("x-probe", "identity").header("apikey", KEY));
    assert_eq!(known.status, 200);
    assert_eq!(header(&known, "x-witness").as_deref(), Some("ada"));
    assert_eq!(header(&known, "x-probe-user").as_deref(), Some("ada"));
    assert_eq!((header(&known, "apikey"), header(&known, "x-consumer-username")), (None, None));
    let refused =
        envoy.send(&Request::get("/").header("x-probe", "refuse").header("apikey", "bad"));
    // The one that says more than 401 is the answer.
    assert_eq!((refused.status, refused.json()["message"].as_str()), (403, Some("told to refuse")));
    assert_eq!(refused.header("x-refused").as_deref(), Some("yes"));
}

#[test]
fn a_lost_vm_lets_nobody_in_by_another_alternative() {
    let (envoy, upstream) = probe_or_key();
    let trapped = envoy.send(&Request::get("/").header("x-probe", "trap").header("apikey", KEY));
    assert_eq!((trapped.status, upstream.started()), (503, 0));
    eventually("the VM to come back", || {
        let reply =
            envoy.send(&Request::get("/").header("x-probe", "refuse").header("apikey", KEY));
        (reply.status == 200).then_some(())
    });
}

/// A provider that answers once the sender is dropped.
fn held_provider(answer: Response) -> (Sender<()>, Upstream) {
    let (sender, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let provider = Upstream::with(move |_| {
        let _ = gate.lock().unwrap().recv();
        answer.clone()
    });
    (sender, provider)
}

fn token() -> String {
    let spec = Spec {
        alg: Some("RS256".to_owned()),
        claims: json!({"iss": ISSUER, "sub": "ada"}).as_object().cloned().unwrap(),
        ..Spec::default()
    };
    mint(&spec, SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// A token whose keys are fetched, or a key.
fn token_or_key(provider: &Upstream) -> (Envoy, Upstream) {
    let upstream = Upstream::echo();
    let source = json!({"jwks_uri": "https://idp.example.com/keys", "cluster": "idp"});
    let configuration = json!({
        "consumers": consumers(),
        "jwt-auth": {
            "issuers": [{"issuer": ISSUER, "algorithms": ["RS256"], "keys": [source]}],
            "headers": {"X-User-ID": "$(jwt.sub)"},
        },
        "key-auth": {"key_in_body": true},
        "auth": {"any_of": ["jwt-auth", "key-auth"]},
    });
    let module = Wasm::new("gateway").config(configuration);
    let config = EnvoyConfig::new(&upstream).upstream("idp", provider).wasm(&module);
    (Envoy::start(config), upstream)
}

#[test]
fn a_token_waits_for_its_keys_and_who_has_none_does_not() {
    let set = json!({"keys": [keys::jwk("rsa2048")]}).to_string();
    let (sender, provider) = held_provider(Response::new(200).body(set.as_bytes()));
    let (envoy, upstream) = token_or_key(&provider);
    let both = Request::post("/", "{}")
        .header("content-type", "application/json")
        .bearer(&token())
        .header("apikey", KEY);
    let reply = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| envoy.send(&both));
        provider.wait_for_started(1);
        let by_key = envoy.send(&Request::get("/").header("apikey", KEY));
        assert_eq!(header(&by_key, "x-consumer-username").as_deref(), Some("bob"));
        let by_body = Request::post("/", format!(r#"{{"apikey":"{KEY}"}}"#));
        let by_body = envoy.send(&by_body.header("content-type", "application/json"));
        assert_eq!(header(&by_body, "x-consumer-username").as_deref(), Some("bob"));
        assert_eq!(upstream.take_requests().len(), 2, "the token still waits");
        drop(sender);
        waiting.join().unwrap()
    });
    assert_eq!(header(&reply, "x-user-id").as_deref(), Some("ada"));
    assert_eq!((header(&reply, "x-consumer-username"), header(&reply, "apikey")), (None, None));
}

#[test]
fn a_provider_that_is_away_keeps_nobody_out_who_has_a_key() {
    let provider = Upstream::with(|_| Response::new(500));
    let (envoy, upstream) = token_or_key(&provider);
    let body = format!(r#"{{"apikey":"{KEY}"}}"#);
    let both =
        Request::post("/", &body).header("content-type", "application/json").bearer(&token());
    // The body came and ended while the token waited: the key in it is found all the same.
    let reply = envoy.send(&both);
    assert_eq!((reply.status, upstream.only_request().body.as_slice()), (200, &b"{}"[..]));
    assert_eq!(header(&reply, "x-consumer-username").as_deref(), Some("bob"));
    let alone = envoy.send(&Request::get("/").bearer(&token()));
    assert_eq!((alone.status, alone.header("retry-after").as_deref()), (503, Some("1")));
    assert_eq!(alone.header("www-authenticate"), None);
}
