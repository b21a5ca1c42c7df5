//! Requests that wait for keys.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_e2e::{Envoy, EnvoyConfig, Request, Response, Upstream, Wasm, eventually};
use serde_json::{Value, json};

use crate::provider::{Provider, forged, key_set, token};
use crate::{COOLDOWN, counter, envoy, issuers, send, send_at_once, source};

/// A provider that answers once the sender is dropped.
fn held_provider() -> (Sender<()>, Upstream) {
    let (sender, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let provider = Upstream::with(move |_| {
        let _ = gate.lock().unwrap().recv();
        Response::new(200).body(key_set(&["rsa2048"]).as_slice())
    });
    (sender, provider)
}

#[test]
fn requests_before_the_first_keys_wait_and_one_worker_fetches_for_all() {
    let (sender, provider) = held_provider();
    let (upstream, envoy) = envoy(&provider, &source(json!({})), 4);
    let good = token("rsa2048");
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
    assert_eq!(send(&envoy, &forged("rsa2048-other", "rsa2048")).status, 401);
}

#[test]
fn a_flood_of_made_up_kids_causes_one_fetch_a_cooldown() {
    let provider = Provider::start(&["rsa2048"]);
    let (_upstream, envoy) = envoy(provider.server(), &source(json!({"cooldown": 1})), 4);
    let good = token("rsa2048");
    let made_up: Vec<String> =
        (0..64).map(|number| forged("rsa2048", &format!("made-up-{number}"))).collect();
    assert_eq!(send(&envoy, &good).status, 200);
    let started = Instant::now();
    while started.elapsed() < COOLDOWN {
        assert_eq!(send(&envoy, &good).status, 200);
    }
    let started = Instant::now();
    for _ in 0..2 {
        assert!(send_at_once(&envoy, &made_up).iter().all(|status| *status == 401));
    }
    let most = 2 + usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!((2..=most).contains(&provider.fetches()), "{} fetches", provider.fetches());
    assert_eq!(send(&envoy, &good).status, 200);
}

#[test]
fn a_request_keeps_its_body_while_it_waits_in_gateway_too() {
    let (sender, provider) = held_provider();
    let upstream = Upstream::echo();
    let gateway = Wasm::new("gateway").config(json!({
        "jwt-auth": {"issuers": issuers(&source(json!({})))},
        "rate-limiting": {"minute": 3, "limit_by": "credential"},
    }));
    let config = EnvoyConfig::new(&upstream).upstream("idp", &provider).concurrency(2);
    let envoy = Envoy::start(config.wasm(&gateway));
    let good = token("rsa2048");
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
fn what_comes_of_a_body_after_the_waiting_reaches_the_upstream() {
    let gateway = Wasm::new("gateway").config(json!({
        "jwt-auth": {"issuers": issuers(&source(json!({})))},
        // It may hold a body, so that bodies come while keys are waited for, and does not want this one.
        "request-transformer": {"add": {"body": ["a:1"]}},
    }));
    for rest in [&["6\r\nsecond\r\n0\r\n\r\n"][..], &["3\r\nsec\r\n", "3\r\nond\r\n", "0\r\n\r\n"]]
    {
        let (sender, provider) = held_provider();
        let upstream = Upstream::echo();
        let config = EnvoyConfig::new(&upstream).upstream("idp", &provider).concurrency(1);
        let envoy = Envoy::start(config.wasm(&gateway));
        let mut socket = TcpStream::connect(envoy.address()).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: text/plain\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nfirst\r\n",
            token("rsa2048"),
        );
        socket.write_all(head.as_bytes()).unwrap();
        provider.wait_for_requests(1);
        drop(sender);
        eventually("the request", || (upstream.started() == 1).then_some(()));
        for part in rest {
            socket.write_all(part.as_bytes()).unwrap();
        }
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let lengths: Vec<_> = upstream.requests().iter().map(|seen| seen.body_length).collect();
        assert_eq!(lengths, [11], "{answer}");
    }
}

#[test]
fn a_new_configuration_has_the_keys_at_once_and_shadow_mode_never_waits() {
    let provider = Provider::start(&["rsa2048"]);
    let upstream = Upstream::echo();
    let with = |provider: &Upstream, mode: &str, header: &str| {
        let own: Value = json!({
            "mode": mode, "issuers": issuers(&source(json!({}))), "headers": {header: "$(jwt.sub)"},
        });
        let config = EnvoyConfig::new(&upstream).upstream("idp", provider).concurrency(2);
        config.reloadable().wasm(&Wasm::new("jwt-auth").config(own))
    };
    let good = token("rsa2048");
    let envoy = Envoy::start(with(provider.server(), "enforce", "X-One"));
    assert_eq!(send(&envoy, &good).status, 200);
    provider.answer_with(Some(Response::new(500)));
    envoy.reload(with(provider.server(), "enforce", "X-Two")).unwrap();
    let reply = send(&envoy, &good);
    assert_eq!((reply.status, reply.json()["headers"]["x-two"].clone()), (200, json!("ada")));
    assert_eq!(provider.fetches(), 1);
    let silent = Upstream::with(|_| Response::new(500));
    let shadow = Envoy::start(with(&silent, "shadow", "X-One"));
    let started = Instant::now();
    assert_eq!(send(&shadow, &good).status, 200);
    assert!(started.elapsed() < Duration::from_secs(4), "it waited for keys");
}
