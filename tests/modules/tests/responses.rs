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

use portcullis_host::{
    Exchange, Fault, Headers, HeadersAction, Host, Request, Response, Seen, Status, StreamHandle,
};
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
            assert!(record.contains("response_encoded"), "{record}");
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
            "portcullis.probe.response_encoded"
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

#[test]
fn controls_edit_one_after_the_other_and_the_second_sees_the_first_ones_result() {
    let mut host = start();
    for size in [1, 3, 100] {
        let answer = in_parts(Response::new(200).header("content-length", "5"), b"hello", size);
        let edited = host.send(told("response-edit").header("x-editor", "1").answered(answer));
        assert_eq!(edited.body(), "HELLO!(6)");
        has_its_length(&edited);
        // The first one does not look at so much; the second one does, and sees it as it came.
        let long = vec![b'x'; 50];
        let answer = in_parts(Response::new(200), &long, size);
        let edited = host.send(told("response-edit").header("x-editor", "1").answered(answer));
        assert_eq!(edited.body(), format!("{}(50)", "x".repeat(50)));
        // The first one refuses: nothing is left to edit.
        let answer = in_parts(Response::new(200), b"attack", size);
        let refused = host.send(told("response-hold").header("x-editor", "1").answered(answer));
        assert_eq!(refused.status(), 403);
        assert!(refused.body().starts_with("{\"message\":\"attack\""), "{refused:#?}");
        has_its_length(&refused);
        // The first one alone, or the second one alone.
        let answer = in_parts(Response::new(200), b"hello", size);
        assert_eq!(host.send(told("").header("x-editor", "1").answered(answer)).body(), "hello(5)");
        still_serves(&mut host);
    }
}

/// A response with everything that speaks of its body.
fn described(trailers: bool) -> Response {
    let response = Response::new(200)
        .header("content-encoding", "identity")
        .header("digest", "sha-256=x")
        .header("content-digest", "sha-256=:x:")
        .header("repr-digest", "sha-256=:x:")
        .header("content-md5", "x")
        .header("accept-ranges", "bytes")
        .header("etag", "\"x\"")
        .header("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
        .header("cache-control", "public, max-age=3600")
        .header("content-disposition", "attachment")
        .header("set-cookie", "a=1")
        .header("x-upstream", "yes")
        .body("hel")
        .body("lo");
    if !trailers {
        return response;
    }
    response.trailer("content-digest", "sha-256=:x:").trailer("etag", "\"x\"").trailer("x-t", "1")
}

#[test]
fn fields_that_speak_of_the_old_body_go_with_it() {
    let of_the_bytes = [
        "content-encoding",
        "digest",
        "content-digest",
        "repr-digest",
        "content-md5",
        "accept-ranges",
    ];
    let mut host = start();
    for trailers in [false, true] {
        let edited = host.send(told("response-edit").answered(described(trailers)));
        assert_eq!(edited.body(), "HELLO!");
        for name in of_the_bytes {
            assert_eq!(edited.header(name), None, "{name}");
        }
        assert_eq!(edited.header("etag").as_deref(), Some("W/\"x\""));
        for name in
            ["last-modified", "cache-control", "content-disposition", "set-cookie", "x-upstream"]
        {
            assert!(edited.header(name).is_some(), "{name}");
        }
        // In trailers HTTP/1.1 has no length, and one would take the trailers away.
        assert_eq!(edited.header("content-length").is_some(), !trailers);
        if trailers {
            let seen = client(&edited).trailers.clone().unwrap();
            assert_eq!(seen.pairs(), [(b"x-t".to_vec(), b"1".to_vec())]);
        }
        let refused = host.send(told("response-refuse").answered(described(trailers)));
        assert_eq!(refused.status(), 403);
        for name in of_the_bytes.iter().chain(&[
            "etag",
            "last-modified",
            "cache-control",
            "content-disposition",
        ]) {
            assert_eq!(refused.header(name), None, "{name}");
        }
        assert_eq!(refused.header("content-type").as_deref(), Some("application/json"));
        assert!(refused.body().starts_with("{\"message\":\"told to refuse\""));
        decorated(&refused);
        let held = host.send(told("response-hold").answered(described(trailers)));
        assert_eq!(
            (held.body().as_str(), held.header("etag").as_deref()),
            ("hello", Some("\"x\""))
        );
        assert_eq!(held.header("content-digest").as_deref(), Some("sha-256=:x:"));
        still_serves(&mut host);
    }
    for (tags, expected) in
        [(&["W/\"x\""][..], Some("W/\"x\"")), (&["\"x\"", "\"y\""], None), (&["x"], Some("W/x"))]
    {
        let answer = tags.iter().fold(Response::new(200), |answer, tag| answer.header("etag", tag));
        let edited = host.send(told("response-edit").answered(answer.body("a")));
        assert_eq!(edited.header("etag").as_deref(), expected, "{tags:?}");
    }
}

#[test]
fn there_is_one_length_and_it_is_right() {
    let mut host = start();
    for lengths in [&["5"][..], &["5", "5"], &["5", "7"], &["99", "1"], &["nonsense"], &[]] {
        for trailers in [false, true] {
            let answer = lengths
                .iter()
                .fold(Response::new(200), |answer, length| answer.header("content-length", length));
            let answer = answer.body("hel").body("lo");
            let answer = if trailers { answer.trailer("x-t", "1") } else { answer };
            for what in ["response-edit", "response-empty", "response-refuse"] {
                let exchange = host.send(told(what).answered(answer.clone()));
                let told_none = trailers && lengths.is_empty() && what != "response-refuse";
                if told_none {
                    assert_eq!(exchange.header("content-length"), None);
                    assert!(client(&exchange).trailers.is_some());
                } else {
                    has_its_length(&exchange);
                }
            }
        }
    }
    still_serves(&mut host);
}

#[test]
fn a_response_without_a_body_is_answered_by_a_reply_with_every_decoration() {
    let mut host = start();
    for request in [told("response-refuse"), told("response-refuse").set(":method", "HEAD")] {
        let head = request
            .clone()
            .set(":method", "HEAD")
            .header("x-probe", "")
            .answered(Response::new(200));
        assert_eq!(host.send(head).body(), "");
        let refused = host.send(request.answered(Response::new(200).header("x-upstream", "1")));
        assert_eq!((refused.status(), refused.header("x-upstream")), (403, None));
        decorated(&refused);
    }
    let masked = host.send(told("response-mask").answered(Response::new(500)));
    assert_eq!(masked.status(), 500);
    assert!(masked.body().contains("an unexpected error occurred"), "{masked:#?}");
    decorated(&masked);
    // Nothing can be put into a response that has no body: what was to be changed does not pass.
    assert_eq!(host.send(told("response-edit").answered(Response::new(200))).status(), 503);
    // Trailers right behind the headers: again there is no body to write into.
    for (what, status) in [("response-refuse", 403), ("response-edit", 503), ("response-hold", 200)]
    {
        let exchange = host.send(told(what).answered(Response::new(200).trailer("x-t", "1")));
        assert_eq!(exchange.status(), status, "{what}: {exchange:#?}");
        decorated(&exchange);
    }
    still_serves(&mut host);
}

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
fn an_error_is_masked_and_nothing_else_is_held() {
    let mut host = start();
    for status in [500, 502, 599] {
        for part in [1, 100] {
            let answer = in_parts(Response::new(status), b"java.lang.Exception", part);
            let masked = host.send(told("response-mask").answered(answer));
            assert_eq!(masked.status(), status);
            assert!(!masked.body().contains("java"), "{masked:#?}");
            has_its_length(&masked);
            decorated(&masked);
        }
    }
    let mut stream = begun(&mut host, "response-mask");
    let head = Headers::new([(":status", "200")]);
    assert_eq!(stream.response_headers(&head, false), Some(HeadersAction::Continue));
    stream.response_body("good", true);
    assert_eq!(stream.exchange().body(), "good");
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

#[test]
fn refusals_are_problems_where_the_configuration_says_so() {
    let mut host = with(&json!({"refusals": {"format": "problem"}}));
    let body = Response::new(200).header("content-type", "text/html").body("attack");
    for (what, answer, detail) in [
        ("refuse", Response::new(200), "told to refuse"),
        ("response-refuse", Response::new(204), "told to refuse"),
        ("response-hold", body, "attack"),
    ] {
        let exchange = host.send(told(what).answered(answer));
        assert_eq!(exchange.status(), 403);
        assert_eq!(exchange.header("content-type").as_deref(), Some("application/problem+json"));
        let problem: Value = serde_json::from_str(&exchange.body()).unwrap();
        let id = portcullis_host::REQUEST_ID;
        assert_eq!(
            problem,
            json!({
                "type": "about:blank", "title": "Forbidden", "status": 403, "detail": detail,
                "instance": format!("urn:uuid:{id}"), "request_id": id,
            })
        );
        for name in ["access-control-allow-origin", "x-witness"] {
            assert!(exchange.header(name).is_some(), "{name}: {exchange:#?}");
        }
    }
    still_serves(&mut host);
}
