//! Early ends, what never ends, what is thrown away, and a host that fails.

use portcullis_host::{Fault, Headers, Host, Response, Status};
use portcullis_modules::probe;
use serde_json::json;

use crate::{
    begun, configuration, decorated, has_its_length, in_parts, start, still_serves, told, with,
};

#[test]
fn a_response_that_never_ends_is_refused_at_once() {
    let mut host = start();
    let mut stream = begun(&mut host, "response-refuse");
    let head = Headers::new([(":status", "200"), ("content-type", "text/event-stream")]);
    stream.response_headers(&head, false);
    let refused = stream.exchange();
    assert_eq!(refused.status(), 403);
    decorated(&refused);
    still_serves(&mut host);
}

#[test]
fn an_early_end_leaves_nothing_behind() {
    for what in ["response-hold", "response-edit", "response-refuse", "response-mask"] {
        let mut host = start();
        let body = ["an ", "att", "ack", " that never ends and ends and ends"];
        for parts in 0..=body.len() {
            let mut stream = begun(&mut host, what);
            stream.response_headers(&Headers::new([(":status", "500")]), false);
            for part in &body[..parts] {
                stream.response_body(part, false);
            }
            let gone = stream.abandon();
            assert!(gone.trap.is_none(), "{what}: {gone:#?}");
            still_serves(&mut host);
        }
    }
}

#[test]
fn a_body_that_the_host_does_not_give_or_take_does_not_pass() {
    for (call, what) in [
        ("proxy_get_buffer_bytes", "response-hold"),
        ("proxy_get_buffer_bytes", "response-edit"),
        ("proxy_set_buffer_bytes", "response-edit"),
    ] {
        for trailers in [false, true] {
            let mut host = start();
            host.inject(Fault::new(call, Status::INTERNAL_FAILURE));
            let answer = Response::new(200).body("secret ").body("text");
            let answer = if trailers { answer.trailer("x-t", "1") } else { answer };
            let refused = host.send(told(what).answered(answer));
            assert_eq!(refused.status(), 503, "{call}: {refused:#?}");
            assert!(!refused.body().to_lowercase().contains("secret"));
            decorated(&refused);
            host.process().clear_faults();
            still_serves(&mut host);
        }
    }
    // A refusal is written another way then.
    let mut host = start();
    host.inject(Fault::new("proxy_set_buffer_bytes", Status::INTERNAL_FAILURE));
    let refused = host.send(told("response-hold").answered(Response::new(200).body("attack")));
    assert_eq!(refused.status(), 403);
    decorated(&refused);
}

#[test]
fn what_is_thrown_away_is_not_kept_until_then() {
    // Less than half of it would be more than the host holds.
    let mut host = with(&json!({"probe": {"max_body_bytes": 20, "on_limit": "refuse"}}));
    let answer = in_parts(Response::new(200), &vec![b'x'; 5_000_000], 1_500_000);
    for what in ["response-refuse", "response-hold"] {
        let refused = host.send(told(what).answered(answer.clone()));
        assert!(matches!(refused.status(), 403 | 502), "{refused:#?}");
        has_its_length(&refused);
        decorated(&refused);
    }
    still_serves(&mut host);
}

#[test]
fn what_watches_how_much_comes_counts_right_behind_a_body_that_was_held() {
    let limit = json!({"size_unit": "bytes", "response": {"allowed_payload_size": 60}});
    let mut host = with(&json!({"request-size-limiting": limit}));
    for what in ["", "response-hold", "response-edit"] {
        for (size, complete) in [(60, true), (61, false), (200, false)] {
            let answer = in_parts(Response::new(200), &vec![b'x'; size], 9);
            let exchange = host.send(told(what).answered(answer));
            let seen = exchange.client.clone().unwrap();
            assert_eq!(seen.end == portcullis_host::End::Complete, complete, "{what} {size}");
            assert!(seen.body.len() <= 60);
        }
    }
    // While it is held nothing has gone: the client gets an answer, with everything on it.
    let limit = json!({"size_unit": "bytes", "response": {"allowed_payload_size": 10}});
    let mut host = with(&json!({"request-size-limiting": limit}));
    for part in [1, 3, 100] {
        let answer = in_parts(Response::new(200), b"twelve bytes", part);
        let refused = host.send(told("response-hold").answered(answer));
        assert_eq!(refused.status(), 502, "{refused:#?}");
        assert!(refused.body().contains("Response size limit exceeded"));
        has_its_length(&refused);
        decorated(&refused);
    }
    still_serves(&mut host);
}

#[test]
fn a_host_that_cannot_hold_headers_answers_at_once() {
    let changes = json!({"body_hold": "stream", "probe": {"on_uninspected": "pass"}});
    for (setting, expected) in [("refuse", 502), ("pass", 200)] {
        let mut whole = configuration();
        whole["body_hold"] = changes["body_hold"].clone();
        whole["probe"] = json!({"on_uninspected": setting});
        let builder = Host::load(probe()).configure(whole.to_string());
        let mut host = builder.allow_on_headers_stop_iteration(false).start().unwrap();
        let request = told("response-hold").header("range", "bytes=0-1");
        let exchange = host.send(request.answered(Response::new(200).body("attack")));
        assert_eq!(exchange.status(), expected, "{exchange:#?}");
        decorated(&exchange);
        let refused = host.send(told("response-refuse").answered(Response::new(200).body("x")));
        assert_eq!(refused.status(), 403, "{refused:#?}");
        decorated(&refused);
        still_serves(&mut host);
    }
}
