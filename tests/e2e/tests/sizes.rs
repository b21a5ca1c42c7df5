//! Sizes on a real Envoy: what is cut, what is held, what is reset, over both versions of HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use portcullis_e2e::{
    Answer, Envoy, EnvoyConfig, Error, Reply, Request, Response, Seen, Upstream, Wasm,
};
use portcullis_echo::Handler;
use serde_json::{Value, json};

fn envoy(config: Value, upstream: &Upstream) -> Envoy {
    let module = Wasm::new("request-size-limiting").config(config);
    Envoy::start(EnvoyConfig::new(upstream).upgrade("websocket").wasm(&module))
}

/// The labels of a request's decision record.
fn reasons(envoy: &Envoy, path: &str) -> Vec<String> {
    let line = envoy.wait_for_access(|line| line["path"] == path);
    let notes: Vec<Value> =
        serde_json::from_str(line["decision"].as_str().unwrap_or("[]")).unwrap();
    notes.iter().map(|note| note["reason"].as_str().unwrap().to_owned()).collect()
}

fn refused(reply: &Reply, status: u16, message: &str) {
    assert_eq!(
        (reply.status, reply.json()["message"].as_str()),
        (status, Some(message)),
        "{reply:?}"
    );
}

const TOO_LARGE: &str = "Request size limit exceeded";

#[test]
fn a_body_that_turns_out_too_large_is_cut_and_the_upstream_sees_its_stream_end() {
    let upstream = Upstream::echo();
    let envoy = envoy(json!({"allowed_payload_size": 10, "size_unit": "bytes"}), &upstream);
    let mut client = envoy.connect();
    client
        .write(b"POST /cut HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n")
        .unwrap();
    upstream.wait_for_started(1);
    client.write(b"6\r\n678901\r\n").unwrap();
    refused(&client.read_reply("POST").unwrap(), 413, TOO_LARGE);
    assert_eq!(upstream.wait_for_aborted(1).len(), 1);
    assert!(upstream.requests().is_empty());
    assert_eq!(reasons(&envoy, "/cut"), ["payload_too_large"]);
    assert_eq!(envoy.send(&Request::new("POST", "/").chunks(["12345", "67890"])).status, 200);
}

#[test]
fn where_bodies_are_held_the_upstream_sees_nothing() {
    let upstream = Upstream::echo();
    let config = json!({"allowed_payload_size": 10, "size_unit": "bytes", "hold": true});
    let envoy = envoy(config, &upstream);
    let mut client = envoy.connect();
    client
        .write(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n")
        .unwrap();
    client.write(b"6\r\n678901\r\n").unwrap();
    refused(&client.read_reply("POST").unwrap(), 413, TOO_LARGE);
    let mut http2 = envoy.connect_http2();
    refused(
        &http2.send(&Request::new("POST", "/").chunks(["12345", "678901"])).unwrap(),
        413,
        TOO_LARGE,
    );
    assert_eq!(upstream.started(), 0);
    let passed = http2
        .send(&Request::new("POST", "/").chunks(["12345", "67890"]).trailer("x-end", "1"))
        .unwrap();
    assert_eq!((passed.status, passed.json()["body"].as_str()), (200, Some("1234567890")));
}

#[test]
fn a_held_body_past_envoys_buffer_is_envoys_413() {
    let upstream = Upstream::echo();
    let envoy = envoy(json!({"allowed_payload_size": 4, "hold": true}), &upstream);
    let reply = envoy.send(&Request::new("POST", "/").chunks(vec![vec![b'a'; 100_000]; 20]));
    assert_eq!((reply.status, upstream.started()), (413, 0));
    envoy.wait_for_log("answers 413 itself past it");
}

#[test]
fn a_large_upload_within_its_limit_passes_without_being_held() {
    let upstream = Upstream::echo();
    let envoy = envoy(json!({"allowed_payload_size": 16}), &upstream);
    let reply = envoy.send(&Request::new("POST", "/").chunks(vec![vec![b'a'; 1_000_000]; 16]));
    assert_eq!((reply.status, reply.json()["body_bytes"].as_u64()), (200, Some(16_000_000)));
    let over = envoy.try_send(&Request::new("POST", "/").chunks(vec![vec![b'a'; 1_000_000]; 17]));
    refused(&over.unwrap(), 413, TOO_LARGE);
}

/// Begins to answer when it has the head, and ends when the channel does.
struct Eager(Mutex<Option<Receiver<Vec<u8>>>>);

impl Handler for Eager {
    fn answer(&self, _request: &Seen) -> Answer {
        Response::new(200).into()
    }
    fn started(&self, _head: &Seen) -> Option<Answer> {
        let rest = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Answer::Stream(Response::new(200).body("begun"), rest))
    }
}

#[test]
fn a_body_that_turns_out_too_large_once_the_response_has_begun_is_a_reset() {
    let (open, rest) = channel();
    let upstream = Upstream::handler(Eager(Mutex::new(Some(rest))));
    let envoy = envoy(json!({"allowed_payload_size": 10, "size_unit": "bytes"}), &upstream);
    let mut client = envoy.connect();
    client
        .write(
            b"POST /late HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        )
        .unwrap();
    // The response's head has come through.
    envoy.wait_for_stat("cluster.upstream.upstream_rq_2xx", |count| count == 1);
    client.write(b"6\r\n678901\r\n").unwrap();
    let reply = client.read_reply("POST");
    assert!(matches!(&reply, Err(Error::Truncated(reply, _)) if reply.status == 200), "{reply:?}");
    assert_eq!(reasons(&envoy, "/late"), ["cut_late"]);
    drop(open);
    assert_eq!(envoy.get("/").status, 200);
}

#[test]
fn a_length_is_required_where_http_could_tell_it() {
    let upstream = Upstream::echo();
    let envoy =
        envoy(json!({"allowed_payload_size": 1, "require_content_length": true}), &upstream);
    let chunked = Request::new("POST", "/").chunks(["a"]);
    assert_eq!(envoy.send(&chunked).status, 200, "HTTP/1.1 has no other way");
    let mut http2 = envoy.connect_http2();
    refused(&http2.send(&chunked).unwrap(), 411, "A valid Content-Length header is required");
    assert_eq!(http2.send(&Request::post("/", "a")).unwrap().status, 200);
    assert_eq!(http2.send(&Request::get("/")).unwrap().status, 200);
    let call = chunked.header("content-type", "application/grpc").header("te", "trailers");
    assert_eq!(http2.send(&call).unwrap().status, 200);
}

#[test]
fn lengths_that_lie_or_are_none_get_no_more_bytes_through() {
    let upstream = Upstream::echo();
    let envoy = envoy(json!({"allowed_payload_size": 10, "size_unit": "bytes"}), &upstream);
    for length in
        ["+5", "5, 6", "0x5", "-1", "99999999999999999999999999", "5\r\ncontent-length: 6"]
    {
        let mut client = envoy.connect();
        let head =
            format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n12345678901");
        let reply = client.raw(head.as_bytes()).unwrap();
        assert!(matches!(reply.status, 400 | 413), "{length}: {reply:?}");
    }
    // Behind a body of the told length there is another request, or none.
    let mut client = envoy.connect();
    let reply =
        client.raw(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12345678901").unwrap();
    assert_eq!((reply.status, reply.json()["body"].as_str()), (200, Some("12345")));
    let mut http2 = envoy.connect_http2();
    let lying = Request::new("POST", "/").chunks(["12345", "678901"]).header("content-length", "5");
    let reply = http2.send(&lying);
    assert!(!matches!(&reply, Ok(reply) if reply.status < 400), "{reply:?}");
    let seen = upstream.requests();
    assert!(seen.iter().all(|request| request.body_length <= 10), "{seen:?}");
    assert_eq!(envoy.connect_http2().send(&Request::post("/", "a")).unwrap().status, 200);
}

#[test]
fn a_client_that_expects_100_gets_413_and_no_417() {
    let upstream = Upstream::echo();
    let envoy = envoy(json!({"allowed_payload_size": 10, "size_unit": "bytes"}), &upstream);
    let mut client = envoy.connect();
    let reply = client
        .raw(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n")
        .unwrap();
    refused(&reply, 413, TOO_LARGE);
}

#[test]
fn a_grpc_call_that_is_too_large_ends_with_a_status_of_grpc() {
    let upstream = Upstream::http2_echo();
    let envoy = envoy(json!({"allowed_payload_size": 10, "size_unit": "bytes"}), &upstream);
    let call = |size: usize| {
        Request::new("POST", "/a.B/C")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .chunks([vec![0; size]])
    };
    let mut client = envoy.connect_http2();
    let reply = client.send(&call(11)).unwrap();
    assert_eq!(
        (reply.status, reply.header("grpc-status").as_deref()),
        (200, Some("3")),
        "{reply:?}"
    );
    assert_eq!(client.send(&call(10)).unwrap().header("grpc-status"), None);
}

#[test]
fn a_tunnel_has_no_size() {
    let upstream = Upstream::echo();
    let config = json!({
        "allowed_payload_size": 10, "size_unit": "bytes", "hold": true,
        "response": {"allowed_payload_size": 10},
    });
    let envoy = envoy(config, &upstream);
    let mut tunnel = envoy.connect().tunnel(&Request::websocket("/")).unwrap();
    tunnel.write(&[b'a'; 100_000]).unwrap();
    assert_eq!(tunnel.read(100_000).unwrap(), [b'a'; 100_000]);
}

/// Answers with so many bytes as the path says, without their length where it begins with `/untold`.
struct Sized;

impl Handler for Sized {
    fn answer(&self, request: &Seen) -> Answer {
        let (kind, size) = request.target.rsplit_once('/').unwrap();
        let body = vec![b'x'; size.parse().unwrap()];
        if kind != "/untold" {
            return Response::new(200).body(body).into();
        }
        let (sender, rest) = channel();
        for part in body.chunks(50_000) {
            sender.send(part.to_vec()).unwrap();
        }
        Answer::Stream(Response::new(200), rest)
    }
}

#[test]
fn a_response_that_announces_too_much_is_refused_and_one_that_turns_out_too_large_is_reset() {
    let upstream = Upstream::handler(Sized);
    let envoy = envoy(json!({"response": {"allowed_payload_size": 1}}), &upstream);
    for size in [1_048_577, 3_000_000, 20_000_000] {
        let reply = envoy.get(format!("/told/{size}"));
        refused(&reply, 502, "Response size limit exceeded");
        assert_eq!(reasons(&envoy, &format!("/told/{size}")), ["response_too_large"]);
    }
    let mut http2 = envoy.connect_http2();
    refused(
        &http2.send(&Request::get("/told/3000000")).unwrap(),
        502,
        "Response size limit exceeded",
    );
    for kind in ["told", "untold"] {
        let reply = envoy.get(format!("/{kind}/1048576"));
        assert_eq!((reply.status, reply.body.len()), (200, 1_048_576));
    }
    let cut = envoy.try_send(&Request::get("/untold/1048577"));
    assert!(matches!(&cut, Err(Error::Truncated(reply, _)) if reply.status == 200), "{cut:?}");
    assert_eq!(reasons(&envoy, "/untold/1048577"), ["response_cut"]);
    let cut = http2.send(&Request::get("/untold/2000000"));
    assert!(matches!(&cut, Err(Error::Truncated(..) | Error::Http2(_))), "{cut:?}");
}

#[test]
fn large_responses_are_counted() {
    let upstream = Upstream::handler(Sized);
    let config = json!({"size_unit": "kilobytes", "response": {"allowed_payload_size": 100, "on_limit": "count"}});
    let envoy = envoy(config, &upstream);
    for path in ["/told/102401", "/untold/102401", "/told/102400", "/untold/102400"] {
        assert_eq!(envoy.get(path).status, 200);
    }
    assert_eq!(reasons(&envoy, "/told/102401"), ["large_response"]);
    assert_eq!(reasons(&envoy, "/untold/102401"), ["large_response"]);
    assert!(
        reasons(&envoy, "/told/102400").is_empty() && reasons(&envoy, "/untold/102400").is_empty()
    );
    let counter = "wasmcustom.portcullis.request-size-limiting.large_response";
    envoy.wait_for_stat(counter, |count| count == 2);
}
