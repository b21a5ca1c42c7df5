//! Client certificates against the built module: what a connection costs once it is known, many connections, a host that
//! fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_host::{Exchange, Fault, Host, Process, Request, Status, property};
use portcullis_modules::wasm;

const CONSUMERS: &str = r#"{"consumers": [{"username": "ada"}], "verified_by_envoy": true}"#;

const GATEWAY: &str = r#"{
    "consumers": [{"username": "ada"}],
    "mtls-auth": {"verified_by_envoy": true},
    "acl": {"certificates": [{"subject": "CN=ada,O=Acme"}]}
}"#;

/// What the module may take of linear memory: 1,024 decisions about certificates with long subjects, and not all. It takes
/// 8.5 MiB, half of one of which is what the allocator rounds blocks up by.
const MOST_MEMORY: usize = 9 << 20;
/// Connections that are opened, each with such a certificate.
const FLOOD: i64 = 2_200;
/// Bytes of their subjects, which a decision holds twice.
const LONG: usize = 2_000;

fn host(module: &str, configuration: &str) -> (Host, Process) {
    let process = Process::new();
    let builder = Host::load(wasm(module)).process(&process).configure(configuration);
    (builder.start().expect("a good configuration"), process)
}

/// A request of this connection, whose client showed a good certificate.
fn request(connection: i64) -> Request {
    Request::get("/")
        .property(&["connection", "id"], property::integer(connection))
        .property(&["connection", "peer_certificate_valid"], property::boolean(true))
        .property(&["connection", "sha256_peer_certificate_digest"], "a1".repeat(32))
        .property(&["connection", "subject_peer_certificate"], "CN=ada,O=Acme")
}

fn consumer(exchange: &Exchange) -> Option<String> {
    exchange.upstream.as_ref()?.headers.text("x-consumer-username")
}

#[test]
fn a_known_connection_is_asked_for_its_number_alone() {
    // A module of its own also asks once who an earlier module said is calling.
    for (module, configuration, earlier) in [("mtls-auth", CONSUMERS, 1), ("gateway", GATEWAY, 0)] {
        let (mut host, process) = host(module, configuration);
        let asked = |host: &mut Host, connection| {
            let before = process.host_calls("proxy_get_property");
            let exchange = host.send(request(connection));
            assert_eq!(exchange.status(), 200, "{module}");
            assert_eq!(consumer(&exchange).as_deref(), Some("ada"), "{module}");
            process.host_calls("proxy_get_property") - before
        };
        assert_eq!(
            asked(&mut host, 7),
            6 + earlier,
            "{module}: the number, and each property once"
        );
        for _ in 0..3 {
            assert_eq!(asked(&mut host, 7), 1 + earlier, "{module}");
        }
        assert_eq!(asked(&mut host, 8), 6 + earlier, "{module}");
    }
}

#[test]
fn a_flood_of_connections_takes_a_bounded_piece_of_memory() {
    let builder = Host::load(wasm("mtls-auth")).configure(CONSUMERS).memory(MOST_MEMORY);
    let mut host = builder.start().expect("a good configuration");
    let subject = format!("CN=ada,O={}", "a".repeat(LONG));
    for number in 0..FLOOD {
        let request =
            request(number).property(&["connection", "subject_peer_certificate"], &subject);
        let exchange = host.send(request);
        assert_eq!((exchange.status(), exchange.trap), (200, None), "connection {number}");
    }
}

#[test]
fn a_host_that_fails_lets_nobody_in() {
    let (mut host, process) = host("mtls-auth", CONSUMERS);
    assert_eq!(host.send(request(1)).status(), 200);
    process.inject(Fault::new("proxy_get_property", Status::INTERNAL_FAILURE));
    for connection in [1, 2] {
        let exchange = host.send(request(connection));
        assert_eq!((exchange.status(), exchange.trap), (401, None));
    }
}
