//! Bodies that are to be changed and are as large, as deep or as cut up as anybody sends them: they pass or are refused,
//! and the next good request passes in the same VM.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_host::{Exchange, Host, Request};
use portcullis_modules::wasm;
use serde_json::json;

/// What is held at most, and what the host holds at most: more.
const HELD: usize = 16 * 1_024 * 1_024;
const FUEL: u64 = 20_000_000_000;
/// Bytes of one part of a large body.
const PART: usize = 100_000;

fn transforming() -> Host {
    let name = "request-transformer";
    let configuration = json!({
        "remove": {"body": ["is_admin", "a[*].secret"]},
        "add": {"body": ["via: portcullis"]},
        "max_body_bytes": HELD,
    });
    Host::load(wasm(name))
        .plugin(name, name)
        .configure(configuration.to_string())
        .buffer_limit(2 * HELD)
        .fuel(FUEL)
        .start()
        .unwrap()
}

fn send(host: &mut Host, body: &[u8], part: usize) -> Exchange {
    let request = Request::post("/").header("content-type", "application/json");
    host.send(body.chunks(part).fold(request, Request::body))
}

fn good_passes(host: &mut Host) {
    let sent = br#"{"amount": 1.50, "is_admin": true, "a": [{"secret": 1}]}"#;
    let exchange = send(host, sent, PART);
    assert_eq!(exchange.status(), 200);
    let seen = String::from_utf8(exchange.upstream().body.clone()).unwrap();
    assert_eq!(seen, r#"{"amount": 1.50, "a": [{}], "via": "portcullis"}"#);
}

#[test]
fn large_bodies_pass_or_are_refused_and_the_next_good_request_passes() {
    let mut host = transforming();
    let members: Vec<String> = (0..100_000).map(|number| format!("\"k{number}\":1")).collect();
    let lists = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (what, body, status) in [
        ("a text of 10 MB", format!("{{\"text\":\"{}\"}}", "x".repeat(10_000_000)), 200),
        ("100,000 members", format!("{{{}}}", members.join(",")), 200),
        ("10,000 lists in each other", lists, 400),
        ("a member too often", format!("{{{}\"b\":1}}", "\"is_admin\":1,".repeat(10_000)), 200),
        ("one byte past what is held", " ".repeat(HELD + 1), 413),
    ] {
        let exchange = send(&mut host, body.as_bytes(), PART);
        assert_eq!(exchange.status(), status, "{what}");
        if status == 200 {
            let seen = String::from_utf8(exchange.upstream().body.clone()).unwrap();
            assert!(seen.ends_with("\"portcullis\"}"), "{what}");
            assert!(!seen.contains("is_admin"), "{what}");
        }
        good_passes(&mut host);
    }
}

#[test]
fn a_body_is_changed_wherever_it_is_split_and_refused_wherever_it_is_cut() {
    let mut host = transforming();
    let whole = br#"{"a":[{"secret":"\u00e9","b":1.50}],"is_admin":true}"#;
    for part in 1..=whole.len() {
        let exchange = send(&mut host, whole, part);
        let seen = String::from_utf8(exchange.upstream().body.clone()).unwrap();
        assert_eq!(seen, r#"{"a":[{"b":1.50}],"via":"portcullis"}"#, "parts of {part}");
    }
    for size in 1..whole.len() {
        let cut = whole.get(..size).unwrap();
        assert_eq!(send(&mut host, cut, 7).status(), 400, "the first {size}");
    }
    good_passes(&mut host);
}
