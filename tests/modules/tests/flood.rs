//! A flood of distinct keys against the built module: memory stays bounded, and who is limited stays limited.
//!
//! The million keys that fill the table many times over are sent to the same code natively, in rate-limiting's own tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_host::{Headers, Host, Process, Request};
use portcullis_modules::wasm;

/// Distinct keys that are sent.
const FLOOD: u32 = 4_000;
/// Workers that take them, each in a thread of its own on one shared map.
const WORKERS: u32 = 2;
/// What the table may take, keys and values together: 65,536 slots of 56 bytes, and 4,096 keys.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// What the module may take of linear memory: it keeps nothing of a key.
const MOST_MEMORY: usize = 8 * 1024 * 1024;

fn keyed(key: &str) -> Request {
    let mut headers = Headers::default();
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/"),
        ("x-key", key),
    ] {
        headers.add(name, value);
    }
    Request::of(headers)
}

fn worker(process: &Process) -> Host {
    let config =
        r#"{"hour": 3, "limit_by": "header", "header_name": "x-key", "hide_client_headers": true}"#;
    Host::load(wasm("rate-limiting"))
        .process(process)
        .memory(MOST_MEMORY)
        .configure(config)
        .start()
        .unwrap()
}

#[test]
fn a_flood_of_keys_fills_a_bounded_table_and_frees_nobody() {
    let process = Process::new();
    process.set_now(1_700_000_000_000_000_000);
    let mut host = worker(&process);
    let mut status = |key: &str| host.send(keyed(key)).client.unwrap().headers.status();
    for key in ["victim", "other"] {
        let statuses: Vec<_> = (0..4).map(|_| status(key)).collect();
        assert_eq!(statuses, [Some(200), Some(200), Some(200), Some(429)]);
    }
    std::thread::scope(|scope| {
        for number in 0..WORKERS {
            let process = &process;
            scope.spawn(move || {
                let mut host = worker(process);
                for key in (number..FLOOD).step_by(WORKERS as usize) {
                    let exchange = host.send(keyed(&format!("key-{key}")));
                    assert!(exchange.trap.is_none());
                }
            });
        }
    });
    let bytes = process.shared_bytes("portcullis");
    assert!(bytes < MOST_BYTES, "{bytes} bytes of shared data after {FLOOD} keys");
    assert!(process.shared_keys("portcullis").len() <= 4_096 + 1, "a fixed set of keys");
    // A key of the flood has used a third of its limit; who is at the limit loses most, so goes last.
    for key in ["victim", "other"] {
        assert_eq!(status(key), Some(429), "{key} is still limited");
    }
    host.tick();
    let evicted = process.metric("portcullis.rate-limiting.evicted_at_limit");
    assert_eq!(evicted, 0, "nobody at the limit was evicted");
}
