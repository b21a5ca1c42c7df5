//! What the runtime does inside a real Envoy, shown with the probe: holding, calling, replacing, refusing, trapping.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::net::SocketAddr;

use portcullis_e2e::{Answer, Envoy, EnvoyConfig, Reply, Request, Upstream, Wasm, probe};
use serde_json::{Value, json};

fn module(config: Value) -> Wasm {
    Wasm::file("probe", probe()).config(config).reload_backoff("0.1s")
}

fn everything() -> Value {
    json!({"probe": {"cluster": "calls", "max": 1000}, "witness": {}})
}

/// An Envoy with the probe in front of an echo, and a server that it can call.
fn start() -> (Envoy, Upstream) {
    let upstream = Upstream::echo();
    let calls = Upstream::echo();
    // Underscores in header names reach the modules, as in an Envoy that sets nothing.
    let config = EnvoyConfig::new(&upstream)
        .raw_paths()
        .upstream("calls", &calls)
        .wasm(&module(everything()));
    let envoy = Envoy::start(config);
    // The server that is called lives as long as the process: it has no state that a test could see.
    std::mem::forget(calls);
    (envoy, upstream)
}

fn told(what: &str) -> Request {
    Request::get("/").header("x-probe", what)
}

fn upstream_saw(reply: &Reply, name: &str) -> Option<String> {
    let headers = reply.json()["headers"].clone();
    match &headers[name] {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

#[test]
fn controls_are_asked_in_order_and_share_one_request() {
    let (envoy, _upstream) = start();
    let nobody = envoy.get("/");
    assert_eq!(
        (nobody.status, upstream_saw(&nobody, "x-witness").as_deref()),
        (200, Some("nobody"))
    );
    let known =
        envoy.send(&told("identity").header("X-Probe_User", "eve").header("x-probe-user", "eve"));
    assert_eq!(known.status, 200);
    assert_eq!(upstream_saw(&known, "x-witness").as_deref(), Some("ada"));
    assert_eq!(upstream_saw(&known, "x-probe-user").as_deref(), Some("ada"));
    let spoofed = envoy.send(&Request::get("/").header("x-probe-user", "eve"));
    assert_eq!(upstream_saw(&spoofed, "x-probe-user"), None);
}

#[test]
fn a_refusal_is_the_products_json_and_still_passes_the_response_phase() {
    let (envoy, upstream) = start();
    let refused = envoy.send(&told("refuse"));
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["message"], "told to refuse");
    assert_eq!(refused.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(refused.header("x-refused").as_deref(), Some("yes"));
    assert_eq!(refused.header("x-witness").as_deref(), Some("unasked"));
    assert_eq!(upstream.requests().len(), 0);
    let line = envoy.wait_for_access(|line| line["decision"].is_string());
    let decision: Value = serde_json::from_str(line["decision"].as_str().unwrap()).unwrap();
    assert_eq!(decision[0]["reason"], "told");
    let log = envoy.wait_for_log("\"reason\":\"told\"");
    assert!(log.contains("\"outcome\":\"refused\""), "{log}");
    assert_eq!(
        envoy.wait_for_stat("wasmcustom.portcullis.probe.refused.told", |count| count > 0),
        1
    );
    assert_eq!(envoy.send(&told("reply")).status, 204);
}

#[test]
fn a_router_reply_is_decorated_too() {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream)
        .route(json!({"match": {"prefix": "/nowhere"}, "direct_response": {"status": 404}}))
        .wasm(&module(everything()));
    let envoy = Envoy::start(config);
    let missing = envoy.get("/nowhere");
    assert_eq!((missing.status, missing.header("x-witness").as_deref()), (404, Some("nobody")));
}

#[test]
fn a_held_body_is_judged_whole_before_the_upstream_sees_anything() {
    let (envoy, upstream) = start();
    let post = |what: &str, body: &str| Request::post("/", body).header("x-probe", what);
    let good = envoy.send(&post("hold", "harmless"));
    assert_eq!((good.status, upstream_saw(&good, "x-probe-held").as_deref()), (200, Some("8")));
    let split = Request::post("/", "").header("x-probe", "hold").chunks(["an att", "ack"]);
    for bad in [
        post("hold", "an attack"),
        split.clone(),
        split.clone().trailer("x-t", "1"),
        post("call-hold", "attack"),
    ] {
        upstream.take_requests();
        let refused = envoy.send(&bad);
        assert_eq!((refused.status, refused.json()["message"].as_str()), (403, Some("attack")));
        assert_eq!(upstream.started(), 0, "the upstream saw the attack");
    }
    let called = envoy.send(&post("call-hold", "harmless"));
    assert_eq!((called.status, upstream_saw(&called, "x-probe-held").as_deref()), (200, Some("8")));
}

#[test]
fn http2_trailers_end_a_held_body() {
    let (envoy, upstream) = start();
    let mut client = envoy.connect_http2();
    let request = |body: &str| {
        Request::post("/", body).header("x-probe", "hold").trailer("x-probe-user", "eve")
    };
    assert_eq!(client.send(&request("attack")).unwrap().status, 403);
    assert_eq!(client.send(&request("harmless")).unwrap().status, 200);
    let seen = upstream.only_request();
    assert_eq!(seen.trailers.text("x-probe-user"), None, "trailers cannot smuggle an identity");
    assert_eq!(seen.body, b"harmless");
}

#[test]
fn a_held_body_at_its_bound_passes_and_one_past_it_is_refused() {
    let (envoy, _upstream) = start();
    for (size, status) in [(999, 200), (1_000, 200), (1_001, 413), (300_000, 413)] {
        let body = "a".repeat(size);
        let whole = Request::post("/", &body).header("x-probe", "hold");
        let split =
            Request::post("/", "").header("x-probe", "hold").chunks(body.as_bytes().chunks(700));
        assert_eq!(
            (envoy.send(&whole).status, envoy.send(&split).status),
            (status, status),
            "{size}"
        );
    }
}

#[test]
fn a_replaced_body_has_a_content_length_of_its_own() {
    let (envoy, upstream) = start();
    let replaced = envoy.send(&Request::post("/", "hello").header("x-probe", "replace"));
    assert_eq!(replaced.status, 200);
    let seen = upstream.only_request();
    assert_eq!(
        (seen.body.as_slice(), seen.headers.text("content-length").as_deref()),
        (&b"HELLO!"[..], Some("6"))
    );
}

#[test]
fn a_call_suspends_the_request_and_a_large_upload_waits_for_it() {
    let upstream = Upstream::echo();
    let (calls, gate) = Upstream::gated();
    let config = EnvoyConfig::new(&upstream).upstream("calls", &calls).wasm(&module(
        json!({"probe": {"cluster": "calls", "timeout_ms": 30000, "holds": false}, "witness": {}}),
    ));
    let envoy = Envoy::start(config);
    let body = vec![b'a'; 5 * 1024 * 1024];
    let request = Request::post("/", &body).header("x-probe", "call");
    let reply = std::thread::scope(|scope| {
        let upload = scope.spawn(|| envoy.send(&request));
        calls.wait_for_started(1);
        // The call is under way and the upload is not answered: Envoy's buffer, 1 MiB, is full by now or never will be.
        assert_eq!(upstream.started(), 0);
        gate.open();
        upload.join().unwrap()
    });
    assert_eq!((reply.status, upstream_saw(&reply, "x-probe-call").as_deref()), (200, Some("200")));
    assert_eq!(upstream.only_request().body.len(), body.len());
}

#[test]
fn a_call_that_cannot_be_made_is_an_answer_too() {
    let upstream = Upstream::echo();
    let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let config =
        EnvoyConfig::new(&upstream).cluster_at("calls", nobody).wasm(&module(everything()));
    let envoy = Envoy::start(config);
    let refused = envoy.send(&told("call"));
    assert_eq!(
        (refused.status, upstream_saw(&refused, "x-probe-call").as_deref()),
        (200, Some("503"))
    );
    let config = EnvoyConfig::new(&upstream).wasm(&module(everything()));
    assert_eq!(Envoy::start(config).send(&told("call")).status, 503, "no such cluster");
}

#[test]
fn a_verdict_on_a_response_rewrites_it_and_keeps_the_decorations() {
    let upstream = Upstream::with(|request| {
        let body: &[u8] = if request.target == "/bad" { b"an attack" } else { b"harmless" };
        portcullis_e2e::Response::new(200)
            .header("etag", "\"x\"")
            .header("x-upstream", "yes")
            .body(body)
    });
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module(everything())));
    let get = |path: &str, what: &str| envoy.send(&Request::get(path).header("x-probe", what));
    for refused in [get("/good", "response-refuse"), get("/bad", "response-hold")] {
        assert_eq!(refused.status, 403);
        assert!(refused.json()["message"].is_string());
        let length = refused.body.len().to_string();
        assert_eq!(refused.header("content-length"), Some(length));
        assert_eq!(
            (refused.header("x-witness").as_deref(), refused.header("etag")),
            (Some("nobody"), None)
        );
    }
    let good = get("/good", "response-hold");
    assert_eq!(
        (good.status, good.text().as_str(), good.header("etag").as_deref()),
        (200, "harmless", Some("\"x\""))
    );
    let edited = get("/good", "response-edit");
    assert_eq!(
        (edited.text().as_str(), edited.header("content-length").as_deref()),
        ("HARMLESS!", Some("9"))
    );
    let head = envoy.send(&Request::new("HEAD", "/bad").header("x-probe", "response-refuse"));
    assert_eq!((head.status, head.header("x-witness").as_deref()), (403, Some("nobody")));
}

#[test]
fn upgrades_are_never_held() {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream).upgrade("websocket").wasm(&module(everything()));
    let envoy = Envoy::start(config);
    let tunnel = envoy.connect().tunnel(&Request::websocket("/"));
    assert!(tunnel.is_ok());
    let held = envoy.connect().tunnel(&Request::websocket("/").header("x-probe", "hold"));
    // The control gets an empty, incomplete body at once, and says what that means for it.
    assert_eq!(held.err().map(|reply| reply.status), Some(413));
}

#[test]
fn a_trapped_vm_comes_back_and_shadow_changes_nothing() {
    let upstream = Upstream::echo();
    let config = json!({"probe": {"cluster": "calls"}, "witness": {}, "routes": [
        {"match": {"path": {"prefix": "/shadow"}}, "probe": {"mode": "shadow"}},
        {"match": {"path": {"prefix": "/off"}}, "probe": {"mode": "off"}},
    ]});
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module(config)));
    for path in ["/shadow", "/off"] {
        let reply = envoy.send(&Request::get(path).header("x-probe", "refuse"));
        assert_eq!(reply.status, 200, "{path}");
        let known = envoy
            .send(&Request::get(path).header("x-probe", "identity").header("x-probe-user", "eve"));
        assert_eq!(upstream_saw(&known, "x-probe-user"), None, "{path}");
        assert_eq!(upstream_saw(&known, "x-witness").as_deref(), Some("nobody"), "{path}");
    }
    envoy.wait_for_stat("wasmcustom.portcullis.probe.would_refuse.told", |count| count == 1);
    assert_eq!(envoy.get("/").status, 200);
    assert_eq!(envoy.send(&told("trap")).status, 503);
    portcullis_e2e::eventually("the VM to come back", || {
        (envoy.get("/").status == 200).then_some(())
    });
}

#[test]
fn one_worker_fetches_for_all() {
    let upstream = Upstream::echo();
    let jobs = Upstream::with(|_| {
        Answer::from(portcullis_e2e::Response::new(200).body(b"fetched".as_slice()))
    });
    let config = json!({"background": {"cluster": "jobs", "period_ms": 3_600_000}});
    let config =
        EnvoyConfig::new(&upstream).upstream("jobs", &jobs).concurrency(2).wasm(&module(config));
    let envoy = Envoy::start(config);
    for _ in 0..4 {
        // Each connection may land on another worker; each of them comes to know what one fetched.
        let mut connection = envoy.connect();
        portcullis_e2e::eventually("the worker to know", || {
            let reply = connection.send(&Request::get("/")).unwrap();
            (upstream_saw(&reply, "x-background").as_deref() == Some("fetched")).then_some(())
        });
    }
    assert_eq!(jobs.requests().len(), 1);
}

#[test]
fn hosts_that_cannot_hold_headers_can_still_hold_bodies() {
    let upstream = Upstream::echo();
    let config = json!({"probe": {"cluster": "calls"}, "witness": {}, "body_hold": "stream"});
    let envoy =
        Envoy::start(EnvoyConfig::new(&upstream).wasm(&module(config).without_stop_iteration()));
    envoy.wait_for_log("headers reach the upstream before a body is judged");
    assert_eq!(envoy.send(&Request::post("/", "attack").header("x-probe", "hold")).status, 403);
    let good = envoy.send(&Request::post("/", "harmless").header("x-probe", "hold"));
    assert_eq!(good.status, 200);
    assert!(upstream.requests().iter().all(|seen| seen.body != b"attack"));
}
