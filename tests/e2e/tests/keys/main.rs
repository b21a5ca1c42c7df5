//! Keys that are fetched, in a real Envoy: who fetches, who waits, and what a provider can do wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{
    Envoy, EnvoyConfig, Reply, Request, Response, Traffic, Upstream, Wasm, eventually,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://idp.example.com";

/// The least cooldown that a configuration can have, and a little more.
const COOLDOWN: Duration = Duration::from_millis(1_100);

/// A token of a key of our own, under any `kid`.
fn token(key: &str, kid: &str) -> String {
    let spec = Spec {
        alg: Some("RS256".to_owned()),
        key: Some(key.to_owned()),
        header: json!({"kid": kid}).as_object().cloned().unwrap(),
        claims: json!({"iss": ISSUER, "sub": "ada"}).as_object().cloned().unwrap(),
        ..Spec::default()
    };
    mint(&spec, SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// Keys by name, each under its name as `kid`.
fn set(names: &[&str]) -> Value {
    let named = names.iter().map(|name| {
        let mut key = keys::jwk(name);
        key["kid"] = json!(name);
        key
    });
    json!({"keys": named.collect::<Vec<_>>()})
}

/// An identity provider whose answers a test changes while it runs.
struct Provider {
    upstream: Upstream,
    answers: Answers,
}

#[derive(Clone)]
struct Answers(Arc<Mutex<Vec<(&'static str, Response)>>>);

impl Answers {
    fn put(&self, path: &'static str, response: Response) {
        let mut answers = self.0.lock().unwrap();
        answers.retain(|(known, _)| *known != path);
        answers.push((path, response));
    }

    fn put_json(&self, path: &'static str, body: &Value) {
        self.put(path, Response::new(200).body(body.to_string().as_bytes()));
    }

    fn of(&self, path: &[u8]) -> Response {
        let answers = self.0.lock().unwrap();
        let found = answers.iter().find(|(known, _)| known.as_bytes() == path);
        found.map_or_else(|| Response::new(404), |(_, response)| response.clone())
    }
}

impl Provider {
    fn start() -> Self {
        let answers = Answers(Arc::default());
        let own = answers.clone();
        let upstream = Upstream::with(move |request| own.of(request.target.as_bytes()));
        let provider = Provider { upstream, answers };
        provider.answers.put_json("/keys", &set(&["rsa2048"]));
        provider
    }

    fn fetches(&self) -> usize {
        self.upstream.requests().len()
    }
}

/// A provider that answers once the sender is dropped.
fn held_provider() -> (Sender<()>, Upstream) {
    let (sender, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let provider = Upstream::with(move |_| {
        let _ = gate.lock().unwrap().recv();
        Response::new(200).body(set(&["rsa2048"]).to_string().as_bytes())
    });
    (sender, provider)
}

fn source(more: Value) -> Value {
    let mut source = json!({"jwks_uri": "https://idp.example.com/keys", "cluster": "idp", "refresh": 3_600, "cooldown": 3_600});
    source.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    source
}

fn jwt(source: &Value) -> Wasm {
    let issuers = json!([{"issuer": ISSUER, "algorithms": ["RS256"], "keys": [source]}]);
    Wasm::new("jwt-auth")
        .config(json!({"issuers": issuers, "headers": {"X-User-ID": "$(jwt.sub)"}}))
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

/// Lets the cooldown pass, with good requests meanwhile.
fn pass_cooldown(envoy: &Envoy, good: &str) {
    let started = Instant::now();
    while started.elapsed() < COOLDOWN {
        assert_eq!(send(envoy, good).status, 200);
    }
}

fn counter(name: &str) -> String {
    format!("wasmcustom.portcullis.jwt-auth.{name}")
}

#[test]
fn requests_before_the_first_keys_wait_and_one_worker_fetches_for_all() {
    let (sender, provider) = held_provider();
    let (upstream, envoy) = envoy(&provider, &source(json!({})), 4);
    let good = token("rsa2048", "rsa2048");
    thread::scope(|scope| {
        let clients: Vec<_> = (0..24)
            .map(|_| {
                scope.spawn(|| {
                    let reply = send(&envoy, &good);
                    (reply.status, reply.json()["headers"]["x-user-id"].clone())
                })
            })
            .collect();
        provider.wait_for_requests(1);
        assert_eq!(upstream.started(), 0, "nobody passes without keys");
        drop(sender);
        for client in clients {
            assert_eq!(client.join().unwrap(), (200, json!("ada")));
        }
    });
    for _ in 0..16 {
        assert_eq!(send(&envoy, &good).status, 200);
    }
    assert_eq!(provider.requests().len(), 1, "one fetch for four workers");
    let seen = provider.requests().remove(0);
    assert_eq!(
        (seen.headers.text("host").as_deref(), seen.target.as_str()),
        (Some("idp.example.com"), "/keys")
    );
    assert_eq!(envoy.wait_for_stat(&counter("keys_fetched"), |count| count > 0), 1);
    assert_eq!(send(&envoy, &token("rsa2048-other", "rsa2048")).status, 401);
}

#[test]
fn keys_rotate_under_traffic_without_a_wrong_refusal() {
    let provider = Provider::start();
    let (_upstream, envoy) = envoy(&provider.upstream, &source(json!({"cooldown": 1})), 2);
    let (old, new) = (token("rsa2048", "rsa2048"), token("rsa2048-other", "rsa2048-other"));
    assert_eq!(send(&envoy, &old).status, 200);
    let sent = Request::get("/").bearer(&old);
    let traffic = Traffic::start(envoy.address(), 4, move |_, _| sent.clone());
    pass_cooldown(&envoy, &old);
    provider.answers.put_json("/keys", &set(&["rsa2048", "rsa2048-other"]));
    // The new key is asked for while the request waits.
    thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| send(&envoy, &new).status)).collect();
        for client in clients {
            assert_eq!(client.join().unwrap(), 200);
        }
    });
    assert_eq!(provider.fetches(), 2);
    traffic.wait_for(100);
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
    // The old key goes with the next fetch; what it signed, and is cached, is worth nothing then.
    pass_cooldown(&envoy, &new);
    provider.answers.put_json("/keys", &set(&["rsa2048-other"]));
    assert_eq!(send(&envoy, &token("rsa2048", "made-up")).status, 401);
    eventually("every worker to know", || {
        (0..8).all(|_| send(&envoy, &old).status == 401).then_some(())
    });
    assert_eq!(send(&envoy, &new).status, 200);
}

#[test]
fn a_flood_of_made_up_kids_causes_one_fetch_a_cooldown() {
    let provider = Provider::start();
    let (_upstream, envoy) = envoy(&provider.upstream, &source(json!({"cooldown": 1})), 4);
    let good = token("rsa2048", "rsa2048");
    assert_eq!(send(&envoy, &good).status, 200);
    let flood = || {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..64)
                .map(|number| {
                    let envoy = &envoy;
                    scope.spawn(move || {
                        send(envoy, &token("rsa2048", &format!("made-up-{number}"))).status
                    })
                })
                .collect();
            for client in clients {
                assert_eq!(client.join().unwrap(), 401);
            }
        });
    };
    pass_cooldown(&envoy, &good);
    let started = Instant::now();
    flood();
    flood();
    let most = 2 + usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!((2..=most).contains(&provider.fetches()), "{} fetches", provider.fetches());
    assert_eq!(send(&envoy, &good).status, 200);
}

#[test]
fn what_is_no_key_set_never_replaces_one() {
    let provider = Provider::start();
    let (_upstream, envoy) = envoy(&provider.upstream, &source(json!({"cooldown": 1})), 1);
    let good = token("rsa2048", "rsa2048");
    assert_eq!(send(&envoy, &good).status, 200);
    let secret = json!({"keys": [{"kty": "oct", "kid": "made-up", "k": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"}]});
    let bad = [
        Response::new(200).body(b"<html>".as_slice()),
        Response::new(302)
            .header("location", "http://127.0.0.1/keys")
            .body(set(&["rsa2048-other"]).to_string().as_bytes()),
        Response::new(500).body(set(&["rsa2048-other"]).to_string().as_bytes()),
        Response::new(200).body(vec![b' '; 5_000_000].as_slice()),
        Response::new(200).body(b"{\"keys\":[]}".as_slice()),
        Response::new(200).body(secret.to_string().as_bytes()),
    ];
    for (number, answer) in bad.into_iter().enumerate() {
        let failed = u64::try_from(number).unwrap() + 1;
        provider.answers.put("/keys", answer);
        eventually("a failed fetch", || {
            assert_eq!(send(&envoy, &token("rsa2048-other", "made-up")).status, 401);
            assert_eq!(send(&envoy, &good).status, 200);
            (envoy.stat(&counter("keys_failed")).unwrap_or(0) >= failed).then_some(())
        });
        envoy.wait_for_log("the old ones go on serving");
        // A good answer ends the pauses.
        provider.answers.put_json("/keys", &set(&["rsa2048"]));
        eventually("a good fetch", || {
            assert_eq!(send(&envoy, &token("rsa2048-other", "made-up")).status, 401);
            (envoy.stat(&counter("keys_fetched")).unwrap_or(0) > failed).then_some(())
        });
    }
}

#[test]
fn without_keys_nobody_passes_and_when_the_provider_comes_everybody_does() {
    let provider = Provider::start();
    provider.answers.put("/keys", Response::new(500));
    let (upstream, envoy) = envoy(&provider.upstream, &source(json!({})), 1);
    let good = token("rsa2048", "rsa2048");
    let reply = send(&envoy, &good);
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("1")));
    assert_eq!(reply.json()["message"], "Service unavailable");
    assert_eq!(upstream.started(), 0);
    // What needs no keys is judged as ever.
    assert_eq!(envoy.get("/").status, 401);
    envoy.wait_for_log("there are none, next attempt in");
    provider.answers.put_json("/keys", &set(&["rsa2048"]));
    eventually("the keys", || (send(&envoy, &good).status == 200).then_some(()));
}

#[test]
fn a_provider_is_discovered_and_must_be_the_issuer() {
    const DOCUMENT: &str = "/.well-known/openid-configuration";
    let provider = Provider::start();
    let document = |issuer: &str, keys: &str| json!({"issuer": issuer, "jwks_uri": keys});
    provider.answers.put_json(DOCUMENT, &document(ISSUER, "https://idp.example.com/keys"));
    let discovery = |more: Value| {
        let mut source = json!({"discovery": ISSUER, "cluster": "idp"});
        source.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        source
    };
    let good = token("rsa2048", "rsa2048");
    let (_upstream, found) = envoy(&provider.upstream, &discovery(json!({})), 2);
    assert_eq!(send(&found, &good).status, 200);
    let paths: Vec<String> =
        provider.upstream.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(paths, [DOCUMENT, "/keys"]);
    // Somebody else's document, and keys on a host that nobody gave a cluster for.
    for (issuer, keys, says) in [
        (
            "https://evil.example.com",
            "https://idp.example.com/keys",
            "`issuer` is not the configured one",
        ),
        (ISSUER, "https://keys.example.com/keys", "on another host, keys.example.com"),
    ] {
        provider.answers.put_json(DOCUMENT, &document(issuer, keys));
        let (_upstream, refused) = envoy(&provider.upstream, &discovery(json!({})), 1);
        refused.wait_for_log(says);
    }
    let with_cluster = discovery(json!({"jwks_cluster": "idp"}));
    let (_upstream, elsewhere) = envoy(&provider.upstream, &with_cluster, 1);
    assert_eq!(send(&elsewhere, &good).status, 200);
    let last = provider.upstream.requests().pop().unwrap();
    assert_eq!(last.headers.text("host").as_deref(), Some("keys.example.com"));
}

#[test]
fn a_request_keeps_its_body_while_it_waits_in_gateway_too() {
    let (sender, provider) = held_provider();
    let upstream = Upstream::echo();
    let issuers = json!([{"issuer": ISSUER, "algorithms": ["RS256"], "keys": [source(json!({}))]}]);
    let gateway = Wasm::new("gateway").config(json!({
        "jwt-auth": {"issuers": issuers},
        "rate-limiting": {"minute": 3, "limit_by": "credential"},
    }));
    let config = EnvoyConfig::new(&upstream).upstream("idp", &provider).concurrency(2);
    let envoy = Envoy::start(config.wasm(&gateway));
    let good = token("rsa2048", "rsa2048");
    let body = "x".repeat(300_000);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| envoy.send(&Request::post("/", &body).bearer(&good)).status))
            .collect();
        // One that goes away while it waits, and one that needs no keys.
        drop(envoy.connect());
        assert_eq!(envoy.get("/").status, 401);
        provider.wait_for_requests(1);
        drop(sender);
        for client in clients {
            assert_eq!(client.join().unwrap(), 200);
        }
    });
    assert!(upstream.requests().iter().all(|seen| seen.body_length == 300_000));
    assert_eq!(send(&envoy, &good).status, 429);
}

#[test]
fn a_new_configuration_has_the_keys_at_once_and_shadow_mode_never_waits() {
    let provider = Provider::start();
    let upstream = Upstream::echo();
    let issuers = json!([{"issuer": ISSUER, "algorithms": ["RS256"], "keys": [source(json!({}))]}]);
    let with = |provider: &Upstream, mode: &str, header: &str| {
        let own = json!({"mode": mode, "issuers": issuers, "headers": {header: "$(jwt.sub)"}});
        let config = EnvoyConfig::new(&upstream).upstream("idp", provider).concurrency(2);
        config.reloadable().wasm(&Wasm::new("jwt-auth").config(own))
    };
    let good = token("rsa2048", "rsa2048");
    let envoy = Envoy::start(with(&provider.upstream, "enforce", "X-One"));
    assert_eq!(send(&envoy, &good).status, 200);
    provider.answers.put("/keys", Response::new(500));
    envoy.reload(with(&provider.upstream, "enforce", "X-Two")).unwrap();
    let reply = send(&envoy, &good);
    assert_eq!((reply.status, reply.json()["headers"]["x-two"].clone()), (200, json!("ada")));
    assert_eq!(provider.fetches(), 1);
    let silent = Upstream::with(|_| Response::new(500));
    let shadow = Envoy::start(with(&silent, "shadow", "X-One"));
    let started = Instant::now();
    assert_eq!(send(&shadow, &good).status, 200);
    assert!(started.elapsed() < Duration::from_secs(4), "it waited for keys");
}
