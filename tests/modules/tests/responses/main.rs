//! The response side of the runtime, shown with the probe: what is held, seen, edited, replaced, and what never is. After
//! each the next good request passes, and no VM is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

mod failing;
mod held;
mod masked;
mod rewritten;
mod slow;

use portcullis_host::{Exchange, Headers, Host, Request, Response, Seen, StreamHandle};
use portcullis_modules::probe;
use serde_json::{Value, json};

const PAGE: &str = "https://app.example.com";

/// Everything at once: the probe, an editor behind it, and controls that decorate.
fn configuration() -> Value {
    json!({
        "probe": {"max_body_bytes": 20},
        "editor": {"max_body_bytes": 100},
        "witness": {},
        "cors": {"origins": [PAGE], "credentials": true},
        "rate-limiting": {"year": 1_000_000, "limit_by": "ip"},
    })
}

fn with(changes: &Value) -> Host {
    let mut whole = configuration();
    for (name, change) in changes.as_object().unwrap() {
        whole[name] = change.clone();
    }
    Host::load(probe()).configure(whole.to_string()).start().unwrap()
}

fn start() -> Host {
    with(&json!({}))
}

fn told(what: &str) -> Request {
    Request::get("/").header("x-probe", what).header("origin", PAGE)
}

/// A response of these bytes, one callback for each part.
fn in_parts(response: Response, body: &[u8], size: usize) -> Response {
    body.chunks(size.max(1)).fold(response, Response::body)
}

/// A request that the upstream has, step by step.
fn begun<'h>(host: &'h mut Host, what: &str) -> StreamHandle<'h> {
    let worker = host.worker(0);
    let id = worker.open(&told(what));
    worker.stream(id).answer_by_hand();
    let headers = Headers::new([
        (":method", "GET"),
        (":path", "/"),
        (":authority", "gateway.test"),
        (":scheme", "http"),
        ("origin", PAGE),
        ("x-probe", what),
    ]);
    worker.stream(id).request_headers(&headers, true);
    worker.stream(id)
}

/// The next good request passes, in the same VM.
#[track_caller]
fn still_serves(host: &mut Host) {
    let after = host.send(told("").answered(Response::new(200).body("good")));
    assert_eq!((after.status(), after.body().as_str()), (200, "good"));
    assert_eq!(host.worker(0).reloads(), 0, "the VM was lost");
    assert_eq!(host.take_violations(), [""; 0]);
}

#[track_caller]
fn client(exchange: &Exchange) -> &Seen {
    let client = exchange.client.as_ref().expect("an answer");
    assert_eq!(client.end, portcullis_host::End::Complete, "{exchange:#?}");
    client
}

/// What decorates every answer.
#[track_caller]
fn decorated(exchange: &Exchange) {
    for name in ["access-control-allow-origin", "x-ratelimit-remaining-year", "x-witness"] {
        assert!(exchange.header(name).is_some(), "{name} is missing: {exchange:#?}");
    }
}

/// Exactly one length, which is that of the body.
#[track_caller]
fn has_its_length(exchange: &Exchange) {
    let client = client(exchange);
    let length = client.body.len().to_string();
    assert_eq!(client.headers.all("content-length"), [length.as_bytes()], "{exchange:#?}");
}
