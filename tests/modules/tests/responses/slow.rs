//! A response that takes too long: nobody waits for its end for ever, and a stream can be closed instead.

use std::time::Duration;

use portcullis_host::{End, Exchange, Fault, Headers, Host, Request, Response, Status, StreamId};
use portcullis_modules::wasm;
use serde_json::json;

use crate::{PAGE, begun, decorated, has_its_length, in_parts, still_serves, told, with};

/// The longest time, and what is left of it at the last look before its end.
const HELD: Duration = Duration::from_secs(2);
const NEARLY: Duration = Duration::from_millis(1_900);
const LOOK: Duration = Duration::from_millis(1_100);
/// The second for which the end of what is thrown away is waited for, and the next look.
const A_LOOK_LATER: Duration = Duration::from_millis(2_100);

fn start(on_limit: &str) -> Host {
    with(&json!({"probe": {
        "max_body_bytes": 20, "on_limit": on_limit, "hold_timeout": HELD.as_secs(),
    }}))
}

/// A response that has begun with these parts, and goes on.
fn slow(host: &mut Host, parts: &[&str]) -> StreamId {
    let mut stream = begun(host, "response-hold");
    stream.response_headers(&Headers::new([(":status", "200")]), false);
    for part in parts {
        stream.response_body(part, false);
    }
    stream.exchange().stream
}

fn seen(host: &mut Host, id: StreamId) -> Exchange {
    host.worker(0).exchange(id)
}

#[test]
fn a_response_that_takes_too_long_is_refused_or_passes_unread() {
    for (on_limit, status) in [("pass", 200), ("refuse", 504)] {
        let mut host = start(on_limit);
        for parts in [&[][..], &["an"], &["an", " att"]] {
            let id = slow(&mut host, parts);
            host.advance(NEARLY);
            assert!(seen(&mut host, id).client.is_none(), "{on_limit} {parts:?}");
            host.advance(LOOK);
            let exchange = seen(&mut host, id);
            assert_eq!(exchange.status(), status, "{on_limit} {parts:?}");
            decorated(&exchange);
            assert!(exchange.state("portcullis.decision").unwrap().contains("response_timeout"));
            if status == 200 {
                let mut stream = host.worker(0).stream(id);
                stream.response_body("ack", false);
                stream.response_body("!", true);
                let whole = stream.exchange().client.unwrap();
                assert_eq!(whole.end, End::Complete);
                assert_eq!(whole.body, [&parts.concat(), "ack!"].concat().as_bytes());
            } else {
                has_its_length(&exchange);
            }
            still_serves(&mut host);
        }
    }
}

#[test]
fn a_part_that_comes_too_late_is_late_without_a_look() {
    let mut host = start("refuse");
    let id = slow(&mut host, &["an"]);
    host.process().set_now(host.process().now() + 3_000_000_000);
    host.worker(0).stream(id).response_body(" attack", true);
    // It ended: what is there is all there is.
    assert_eq!(seen(&mut host, id).status(), 403);
    let id = slow(&mut host, &["an"]);
    host.process().set_now(host.process().now() + 3_000_000_000);
    host.worker(0).stream(id).response_body(" att", false);
    let exchange = seen(&mut host, id);
    assert_eq!(exchange.status(), 504);
    decorated(&exchange);
    still_serves(&mut host);
}

/// A mask needs no more than the beginning, and an operation on JSON all of it.
#[test]
fn json_that_is_late_is_told_from_json_that_is_too_large_behind_a_mask_too() {
    let rows = [
        ("refuse", r#"{"secret":"#, 504, "response_timeout"),
        ("refuse", r#"{"secret":"0123456789"#, 502, "response_over_limit"),
        ("pass", r#"{"secret":"#, 200, "response_timeout"),
        ("pass", r#"{"secret":"0123456789"#, 200, "too_large"),
    ];
    for (on_limit, part, status, reason) in rows {
        let configuration = json!({
            "mask_errors": {}, "remove": {"json": ["secret"]},
            "max_body_bytes": 20, "hold_timeout": HELD.as_secs(), "on_limit": on_limit,
        });
        let module = Host::load(wasm("response-transformer"));
        let mut host = module.configure(configuration.to_string()).start().unwrap();
        let mut stream = begun(&mut host, "");
        let headers = [(":status", "200"), ("content-type", "application/json")];
        stream.response_headers(&Headers::new(headers), false);
        stream.response_body(part, false);
        let id = stream.exchange().stream;
        // What is refused before its end waits for it, but not for ever.
        host.advance(HELD + LOOK);
        let exchange = seen(&mut host, id);
        let record = exchange.state("portcullis.decision").unwrap();
        assert_eq!(exchange.status(), status, "{on_limit} {part}: {record}");
        for named in ["response_timeout", "response_over_limit", "too_large"] {
            assert_eq!(record.contains(named), named == reason, "{on_limit} {part}: {record}");
        }
    }
}

#[test]
fn a_refusal_does_not_wait_for_the_end_for_ever_either() {
    let mut host = start("refuse");
    let id = slow(&mut host, &["more than twenty bytes"]);
    assert!(seen(&mut host, id).client.is_none());
    host.advance(A_LOOK_LATER);
    let exchange = seen(&mut host, id);
    assert_eq!(exchange.status(), 502);
    decorated(&exchange);
    has_its_length(&exchange);
    still_serves(&mut host);
    // Nobody held this one: it was refused at its headers.
    let mut stream = begun(&mut host, "response-refuse");
    stream.response_headers(&Headers::new([(":status", "200")]), false);
    let id = stream.exchange().stream;
    assert!(seen(&mut host, id).client.is_none());
    host.advance(A_LOOK_LATER);
    assert_eq!(seen(&mut host, id).status(), 403);
    still_serves(&mut host);
}

#[test]
fn a_stream_that_ended_meanwhile_is_not_looked_at_again() {
    let mut host = start("pass");
    let gone = slow(&mut host, &["an"]);
    host.worker(0).stream(gone).abandon();
    let ended = slow(&mut host, &["an"]);
    host.worker(0).stream(ended).response_body(" end", true);
    assert_eq!(seen(&mut host, ended).status(), 200);
    host.advance(HELD + LOOK);
    let record = seen(&mut host, ended).state("portcullis.decision").unwrap_or_default();
    assert!(!record.contains("response_timeout"), "{record}");
    still_serves(&mut host);
}

#[test]
fn where_the_host_cannot_close_a_stream_the_client_is_refused() {
    let mut host = start("refuse");
    for what in ["drop", "response-drop"] {
        let answer = in_parts(Response::new(200), b"good", 2);
        let closed = host.send(told(what).answered(answer.clone()));
        assert!(closed.client.as_ref().is_none_or(|client| client.headers.status().is_none()));
        assert!(closed.state("portcullis.decision").unwrap().contains("\"refused\""), "{what}");
        still_serves(&mut host);
        host.process().inject(Fault::new("proxy_close_stream", Status::INTERNAL_FAILURE).times(1));
        let refused = host.send(told(what).answered(answer));
        assert_eq!(refused.status(), 403, "{what}");
        assert!(refused.header("access-control-allow-origin").is_some(), "{what}");
        still_serves(&mut host);
    }
}

/// The upstream answers before it has the whole request, and may wait for the rest of it.
#[test]
fn a_request_that_is_refused_while_its_response_is_held_gets_an_answer_with_every_decoration() {
    let configuration = json!({
        "request-size-limiting": {"allowed_payload_size": 4, "size_unit": "bytes"},
        "cors": {"origins": [PAGE], "credentials": true},
        "response-transformer": {
            "security_headers": "api", "mask_errors": {}, "remove": {"json": ["secret"]},
        },
    });
    let mut host =
        Host::load(wasm("gateway")).configure(configuration.to_string()).start().unwrap();
    let json_answer = [("content-type", "application/json")];
    let encoded = [("content-type", "application/json"), ("content-encoding", "gzip")];
    for (fields, status) in [(&json_answer[..], 413), (&encoded[..], 502)] {
        let worker = host.worker(0);
        let id = worker.open(&Request::post("/"));
        let mut stream = worker.stream(id);
        stream.answer_by_hand();
        let request = [
            (":method", "POST"),
            (":path", "/"),
            (":authority", "gateway.test"),
            (":scheme", "http"),
            ("origin", PAGE),
        ];
        stream.request_headers(&Headers::new(request), false);
        stream.request_body("four", false);
        let fields = [(":status", "200")].iter().chain(fields).copied();
        stream.response_headers(&Headers::new(fields), false);
        assert!(stream.exchange().client.is_none());
        stream.request_body("!", false);
        let exchange = stream.exchange();
        assert_eq!(exchange.status(), status, "{exchange:#?}");
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(exchange.header(name).as_deref(), Some(value), "{exchange:#?}");
        }
        assert!(exchange.state("portcullis.decision").unwrap().contains("cut_late"));
        assert_eq!(host.worker(0).reloads(), 0);
    }
}

/// A local reply has nothing of what the upstream said, and what controls left as it was would be missing.
#[test]
fn an_answer_in_the_place_of_a_slow_response_has_what_controls_would_have_added() {
    let configuration = json!({
        "request-size-limiting": {"size_unit": "bytes", "response": {"allowed_payload_size": 4}},
        "cors": {"origins": [PAGE], "allow_origin_absent": false},
        "response-transformer": {
            "security_headers": "api", "mask_errors": {}, "hold_timeout": HELD.as_secs(),
            "add": {"headers": ["x-gateway: own", "content-type: text/html"]},
        },
    });
    let mut host =
        Host::load(wasm("gateway")).configure(configuration.to_string()).start().unwrap();
    let upstreams = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("cache-control", "max-age=60"),
        ("cdn-cache-control", "max-age=60"),
        ("vary", "Origin"),
        ("x-gateway", "upstream"),
    ];
    for (status, refused) in [("200", 502), ("500", 500)] {
        for fields in [&[][..], &upstreams] {
            let length = (status == "200").then_some(("content-length", "5"));
            let fields = [(":status", status)].into_iter().chain(length).chain(fields.to_vec());
            let mut stream = begun(&mut host, "");
            stream.response_headers(&Headers::new(fields), false);
            stream.response_body("four", false);
            let id = stream.exchange().stream;
            host.advance(HELD + LOOK);
            let exchange = seen(&mut host, id);
            assert_eq!(exchange.status(), refused, "{exchange:#?}");
            has_its_length(&exchange);
            for (name, value) in [
                ("access-control-allow-origin", PAGE),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
                ("vary", "Origin"),
                ("x-gateway", "own"),
                ("content-type", "application/json"),
            ] {
                assert_eq!(exchange.header(name).as_deref(), Some(value), "{name}: {exchange:#?}");
            }
        }
    }
    assert_eq!(host.worker(0).reloads(), 0);
}
