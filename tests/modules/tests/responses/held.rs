//! What is held and shown to a control, up to which bound, and what never is.

use portcullis_host::{Headers, HeadersAction, Request, Response};
use serde_json::json;

use crate::{begun, client, decorated, has_its_length, in_parts, start, still_serves, told, with};

#[test]
fn a_body_is_seen_whole_however_it_comes() {
    let mut host = start();
    let good = b"all is well here";
    let bad = b"this is an attack";
    for size in 1..=17 {
        for trailers in [false, true] {
            let ended = |response: Response| {
                if trailers { response.trailer("x-t", "1") } else { response }
            };
            let answer = |body: &[u8]| ended(in_parts(Response::new(200), body, size));
            let held = host.send(told("response-hold").answered(answer(good)));
            assert_eq!((held.status(), held.body().as_bytes()), (200, &good[..]));
            assert_eq!(client(&held).trailers.is_some(), trailers);
            let edited = host.send(told("response-edit").answered(answer(good)));
            assert_eq!((edited.status(), edited.body().as_str()), (200, "ALL IS WELL HERE!"));
            assert_eq!(client(&edited).trailers.is_some(), trailers);
            let refused = host.send(told("response-hold").answered(answer(bad)));
            assert_eq!(refused.status(), 403, "{size} {trailers}");
            has_its_length(&refused);
            decorated(&refused);
        }
        still_serves(&mut host);
    }
}

#[test]
fn the_host_gives_a_held_body_once_at_its_end() {
    let mut host = start();
    for trailers in [false, true] {
        let answer = in_parts(Response::new(200), b"all is well here", 1);
        let answer = if trailers { answer.trailer("x-t", "1") } else { answer };
        let before = host.process().host_calls("proxy_get_buffer_bytes");
        host.send(told("response-edit").header("x-editor", "1").answered(answer));
        assert_eq!(host.process().host_calls("proxy_get_buffer_bytes") - before, 1);
    }
}

#[test]
fn what_has_no_body_or_never_ends_is_never_held_or_masked() {
    let mut host = start();
    let head = |status: u32, types: &[&str]| {
        let fields = types.iter().map(|kind| ("content-type", (*kind).to_owned()));
        Headers::new([(":status", status.to_string())].into_iter().chain(fields))
    };
    let heads = [
        head(500, &["text/event-stream"]),
        head(500, &["Text/Event-Stream; charset=utf-8"]),
        head(500, &["text/html", "text/event-stream"]),
        head(500, &["application/grpc+proto"]),
        head(101, &[]),
        head(103, &[]),
        head(204, &[]),
        head(206, &["text/html"]),
        head(304, &[]),
    ];
    for what in ["response-hold", "response-edit", "response-mask"] {
        for head in &heads {
            let mut stream = begun(&mut host, what);
            assert_eq!(stream.response_headers(head, false), Some(HeadersAction::Continue));
            for part in ["data: att", "ack\n\n"] {
                stream.response_body(part, false);
                assert!(stream.exchange().body().ends_with(part), "{what}: it is held");
            }
            stream.response_body("", true);
            let exchange = stream.exchange();
            assert_eq!(exchange.body(), "data: attack\n\n");
            decorated(&exchange);
        }
        let head = told(what).set(":method", "HEAD");
        for status in [200, 500] {
            let answer = Response::new(status).header("content-length", "5");
            let exchange = host.send(head.clone().answered(answer));
            assert_eq!(
                (exchange.status(), exchange.header("content-length")),
                (status, Some("5".into()))
            );
        }
        still_serves(&mut host);
    }
}

#[test]
fn a_bound_is_the_last_byte_that_is_looked_at() {
    let body = |size: usize| [&b"attack"[..], &vec![b'x'; size - 6]].concat();
    for (on_limit, past) in [("pass", 200), ("refuse", 502)] {
        let mut host = with(&json!({"probe": {"max_body_bytes": 20, "on_limit": on_limit}}));
        for (size, expected) in [(20, 403), (21, past), (5_000, past), (3_000_000, past)] {
            let body = body(size);
            for part in [1, 7, 1_000_000].into_iter().filter(|part| size / part < 6_000) {
                for told_length in [true, false] {
                    let answer = if told_length {
                        Response::new(200).header("content-length", size.to_string())
                    } else {
                        Response::new(200)
                    };
                    let answer = in_parts(answer, &body, part);
                    let exchange = host.send(told("response-hold").answered(answer));
                    assert_eq!(exchange.status(), expected, "{on_limit} {size} {part}");
                    decorated(&exchange);
                    if expected == 200 {
                        assert_eq!(client(&exchange).body, body, "{size} {part}");
                    } else {
                        has_its_length(&exchange);
                    }
                    let counted = if size == 20 { 0 } else { 1 };
                    let record = exchange.state("portcullis.decision").unwrap_or_default();
                    assert_eq!(record.matches("response_over_limit").count(), counted, "{record}");
                }
            }
        }
        still_serves(&mut host);
    }
}

#[test]
fn a_control_that_takes_the_beginning_is_shown_it() {
    let mut host = with(&json!({"probe": {"max_body_bytes": 20, "beginning": true}}));
    for part in [1, 7, 100] {
        let answer = in_parts(Response::new(503), &[b'x'; 100], part);
        let masked = host.send(told("response-mask").answered(answer));
        assert_eq!(masked.status(), 503);
        assert!(masked.body().contains("an unexpected error occurred"), "{masked:#?}");
        assert!(masked.state("portcullis.decision").unwrap().contains("\"bytes\":\"20\""));
        has_its_length(&masked);
        decorated(&masked);
        // The end of what it sees only the beginning of is not its to change.
        let answer = in_parts(Response::new(200), &[b'x'; 100], part);
        let edited = host.send(told("response-edit").answered(answer));
        assert_eq!(edited.status(), 413, "{edited:#?}");
        still_serves(&mut host);
    }
}

#[test]
fn what_is_encoded_all_the_same_is_refused_or_passes_and_is_counted() {
    let encodings: [&[&str]; 5] =
        [&["gzip"], &["GZIP"], &["identity", "br"], &["identity, gzip"], &["br,gzip"]];
    let answer = |fields: &[&str], status| {
        let response = fields.iter().fold(Response::new(status), |response, coding| {
            response.header("content-encoding", coding)
        });
        in_parts(response.header("etag", "\"x\""), b"attack", 1)
    };
    for (setting, expected) in [("refuse", 502), ("pass", 200)] {
        let mut host = with(&json!({"probe": {"on_uninspected": setting}}));
        for fields in encodings {
            let exchange = host.send(told("response-hold").answered(answer(fields, 200)));
            assert_eq!(exchange.status(), expected, "{fields:?}");
            decorated(&exchange);
            let record = exchange.state("portcullis.decision").unwrap();
            let reason = if expected == 200 { "uninspected.encoding" } else { "response_encoded" };
            assert!(record.contains(reason), "{record}");
            if expected == 200 {
                assert_eq!(
                    (exchange.body().as_str(), exchange.header("etag").as_deref()),
                    ("attack", Some("\"x\""))
                );
                continue;
            }
            has_its_length(&exchange);
            assert!(exchange.body().starts_with("{\"message\":\"Bad gateway\""), "{exchange:#?}");
            assert_eq!(exchange.header("content-encoding"), None);
        }
        let plain =
            host.send(told("response-hold").answered(answer(&["identity", "Identity,"], 200)));
        assert_eq!(plain.status(), 403, "`identity` is no encoding");
        // Of a status that the control does not care for nothing is asked.
        let other = host.send(told("response-mask").answered(answer(&["gzip"], 200)));
        assert_eq!((other.status(), other.body().as_str()), (200, "attack"));
        host.tick();
        let name = if setting == "pass" {
            "portcullis.probe.uninspected.encoding"
        } else {
            "portcullis.probe.refused.response_encoded"
        };
        assert_eq!(host.process().metric(name), 5);
        still_serves(&mut host);
    }
}

#[test]
fn a_client_does_not_choose_whether_its_response_is_looked_at() {
    let hostile = |request: Request| {
        request
            .header("accept-encoding", "gzip")
            .header("Accept-Encoding", "br;q=1")
            .header("accept_encoding", "gzip")
            .header("Range", "bytes=0-1")
            .header("range", "bytes=3-")
            .header("x-range", "stays")
            .header("If-Range", "\"x\"")
            .header("if_range", "\"x\"")
            .header("request-range", "bytes=0-1")
            .header("a-im", "vcdiff, gzip")
    };
    let mut host = start();
    for request in [told("response-hold"), told("response-hold").set(":method", "POST")] {
        let exchange = host.send(hostile(request).answered(Response::new(200).body("well")));
        let seen = &exchange.upstream().headers;
        assert_eq!(seen.all("accept-encoding"), [b"identity"]);
        for gone in ["accept_encoding", "range", "if-range", "if_range", "request-range", "a-im"] {
            assert!(!seen.has(gone), "{gone}: {seen:?}");
        }
        assert_eq!(seen.text("x-range").as_deref(), Some("stays"));
    }
    let never_said = host.send(told("").without("accept-encoding").answered(Response::new(200)));
    assert_eq!(never_said.upstream().headers.all("accept-encoding"), [b"identity"]);
    // A request cannot make itself a stream that is not looked at.
    for (name, value) in
        [("content-type", "application/grpc"), ("upgrade", "h2c"), ("accept", "text/event-stream")]
    {
        let request = told("response-hold").header(name, value);
        let refused = host.send(request.answered(Response::new(200).body("attack")));
        assert_eq!(refused.status(), 403, "{name}: {refused:#?}");
    }
    // Where nobody looks, or nobody's word counts, nothing is changed.
    for mode in ["off", "shadow"] {
        let mut host = with(&json!({"probe": {"mode": mode}, "editor": {"mode": mode}}));
        let exchange =
            host.send(hostile(told("response-hold")).answered(Response::new(200).body("attack")));
        assert_eq!((exchange.status(), exchange.body().as_str()), (200, "attack"), "{mode}");
        assert!(exchange.upstream().headers.has("range"));
        assert_ne!(exchange.upstream().headers.all("accept-encoding"), [b"identity"]);
        let would =
            exchange.state("portcullis.decision").unwrap_or_default().contains("would_refuse");
        assert_eq!(would, mode == "shadow");
        still_serves(&mut host);
    }
}
