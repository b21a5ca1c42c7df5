//! The response side on a real Envoy, shown with the probe: what is held, rewritten and thrown away, what never is, and
//! what a response that ends early leaves behind. After each the next good request passes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;

use portcullis_e2e::{
    Answer, Envoy, EnvoyConfig, Error, Reply, Request, Response, Seen, Upstream, Wasm, probe,
};
use serde_json::{Value, json};

const PAGE: &str = "https://app.example.com";

fn configuration() -> Value {
    json!({
        "probe": {"max_body_bytes": 2_000},
        "editor": {"max_body_bytes": 400_000},
        "witness": {},
        "cors": {"origins": [PAGE], "credentials": true},
        "rate-limiting": {"year": 1_000_000, "limit_by": "ip"},
    })
}

fn envoy_with(upstream: &Upstream, configuration: Value) -> Envoy {
    let module = Wasm::file("probe", probe()).config(configuration);
    Envoy::start(EnvoyConfig::new(upstream).wasm(&module))
}

fn told(path: &str, what: &str) -> Request {
    Request::get(path).header("x-probe", what).header("origin", PAGE)
}

/// So many bytes in chunks of this size.
fn stream(response: Response, body: &[u8], size: usize) -> Answer {
    let (sender, rest) = channel();
    for chunk in body.chunks(size) {
        sender.send(chunk.to_vec()).unwrap();
    }
    Answer::Stream(response, rest)
}

fn raw(text: &str) -> Answer {
    Answer::Raw(text.as_bytes().to_vec())
}

const BAD: &[u8] = b"this is an attack";

/// Answers as the path says.
fn answer(request: &Seen) -> Answer {
    let (kind, argument) =
        request.target.trim_start_matches('/').split_once('/').unwrap_or_default();
    let number: usize = argument.parse().unwrap_or(0);
    let held = |status| Response::new(status).header("etag", "\"x\"").header("x-upstream", "1");
    match kind {
        "status" => held(u16::try_from(number).unwrap()).body(BAD).into(),
        "split" => stream(held(200), BAD, number),
        "good-split" => stream(held(200), b"all is well here", number),
        "told" => Response::new(200).body(vec![b'x'; number]).into(),
        "untold" => stream(Response::new(200), &vec![b'x'; number], 10_000),
        "at-once" => stream(Response::new(200), &vec![b'x'; number], number.max(1)),
        "trailers" => {
            let body = if number == 0 { &b"well"[..] } else { BAD };
            let answer = held(200).body(body).trailer("content-digest", "sha-256=:x:");
            answer.trailer("x-t", "1").into()
        }
        "bare-trailers" => Response::new(200).trailer("x-t", "1").into(),
        "kind" => {
            Response::new(500).header("content-type", argument.replace('+', "/")).body(BAD).into()
        }
        "encoded" => held(200).header("content-encoding", argument).body(BAD).into(),
        "json" => held(200).header("content-encoding", "identity").json("{\"a\":1}").into(),
        "empty" => held(u16::try_from(number).unwrap()).into(),
        "cut" => raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthis is an"),
        "cut-chunks" => raw("HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        "two-lengths" => raw(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: {number}\r\n\r\nhello"
        )),
        "close" => raw("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nthis is an attack"),
        _ => Response::new(200).body("good").into(),
    }
}

#[track_caller]
fn still_serves(envoy: &Envoy) {
    let after = envoy.send(&told("/", ""));
    assert_eq!((after.status, after.text().as_str()), (200, "good"));
    assert!(!envoy.log_lines().iter().any(|line| line.contains("Wasm VM failed")));
}

#[track_caller]
fn decorated(reply: &Reply) {
    for name in ["access-control-allow-origin", "x-ratelimit-remaining-year", "x-witness"] {
        assert!(reply.header(name).is_some(), "{name} is missing: {reply:?}");
    }
}

#[track_caller]
fn refused(reply: &Reply, status: u16, message: &str) {
    assert_eq!(
        (reply.status, reply.json()["message"].as_str()),
        (status, Some(message)),
        "{reply:?}"
    );
    assert_eq!(reply.header("etag"), None);
    decorated(reply);
}

#[test]
fn a_body_is_seen_whole_however_it_comes() {
    for upstream in [Upstream::with(answer), Upstream::http2(answer)] {
        let envoy = envoy_with(&upstream, configuration());
        let mut http2 = envoy.connect_http2();
        for size in 1..=17 {
            for client in 0..2 {
                let mut send = |request: &Request| match client {
                    0 => envoy.send(request),
                    _ => http2.send(request).unwrap(),
                };
                let bad = format!("/split/{size}");
                refused(&send(&told(&bad, "response-hold")), 403, "attack");
                let good = format!("/good-split/{size}");
                let held = send(&told(&good, "response-hold"));
                assert_eq!((held.status, held.text().as_str()), (200, "all is well here"));
                assert_eq!(held.header("etag").as_deref(), Some("\"x\""));
                let edited = send(&told(&good, "response-edit").header("x-editor", "1"));
                assert_eq!((edited.status, edited.text().as_str()), (200, "ALL IS WELL HERE!(17)"));
                assert_eq!(edited.header("content-length").as_deref(), Some("21"));
                assert_eq!(edited.header("etag").as_deref(), Some("W/\"x\""));
                decorated(&edited);
            }
        }
        still_serves(&envoy);
    }
}

#[test]
fn trailers_end_a_held_body_and_pass_behind_another_one() {
    for upstream in [Upstream::with(answer), Upstream::http2(answer)] {
        let envoy = envoy_with(&upstream, configuration());
        let mut http2 = envoy.connect_http2();
        for client in 0..2 {
            let mut send = |request: &Request| match client {
                0 => envoy.send(request),
                _ => http2.send(request).unwrap(),
            };
            let held = send(&told("/trailers/0", "response-hold"));
            assert_eq!((held.status, held.text().as_str()), (200, "well"));
            assert_eq!(held.trailers.len(), 2);
            let edited = send(&told("/trailers/0", "response-edit"));
            assert_eq!((edited.status, edited.text().as_str()), (200, "WELL!"), "{edited:?}");
            assert_eq!(edited.trailers.text("x-t").as_deref(), Some("1"), "{edited:?}");
            assert_eq!(edited.trailers.len(), 1, "what is said of the old body is gone");
            let bad = send(&told("/trailers/1", "response-hold"));
            refused(&bad, 403, "attack");
            assert!(bad.trailers.is_empty(), "{bad:?}");
            // Thrown away from the beginning: there is nothing to write into behind it.
            let thrown = send(&told("/trailers/0", "response-refuse"));
            refused(&thrown, 403, "told to refuse");
            assert!(thrown.trailers.is_empty(), "{thrown:?}");
            let bare = send(&told("/bare-trailers/", "response-hold"));
            assert_eq!((bare.status, bare.text().as_str()), (200, ""));
            let bare = send(&told("/bare-trailers/", "response-refuse"));
            refused(&bare, 403, "told to refuse");
        }
        still_serves(&envoy);
    }
}

#[test]
fn what_has_no_body_or_never_ends_is_never_held_or_masked() {
    let upstream = Upstream::with(answer);
    let envoy = envoy_with(&upstream, configuration());
    for what in ["response-hold", "response-mask", "response-edit"] {
        for path in ["/status/500", "/status/200", "/split/3"] {
            let head = envoy.send(&Request::new("HEAD", path).header("x-probe", what));
            assert_eq!((head.body.len(), head.header("x-upstream").as_deref()), (0, Some("1")));
            assert!(head.status == 200 || path == "/status/500", "{head:?}");
        }
        for status in [204, 206, 304] {
            let reply = envoy.send(&told(&format!("/status/{status}"), what));
            let body = if status == 206 { BAD } else { b"" };
            assert_eq!((reply.status, reply.body.as_slice()), (status, body), "{what}");
            assert_eq!(reply.header("etag").as_deref(), Some("\"x\""));
            decorated(&reply);
        }
        for kind in ["text+event-stream; x=1", "TEXT+Event-Stream", "application+grpc-web"] {
            let kind = kind.replace(' ', "");
            let reply = envoy.send(&told(&format!("/kind/{kind}"), what));
            assert_eq!((reply.status, reply.body.as_slice()), (500, BAD), "{what} {kind}");
        }
        still_serves(&envoy);
    }
}

#[test]
fn an_event_comes_before_the_stream_ends_and_an_early_hint_before_the_response() {
    let (events, rest) = channel();
    let rest = std::sync::Mutex::new(Some(rest));
    let upstream = Upstream::with(move |request| {
        if request.target == "/hint" {
            return raw(
                "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell",
            );
        }
        let head = Response::new(200).header("content-type", "text/event-stream");
        match rest.lock().unwrap().take() {
            Some(rest) => Answer::Stream(head, rest),
            None if request.target == "/endless" => {
                let (open, rest) = channel();
                // Its other side is never dropped.
                std::mem::forget(open);
                Answer::Stream(head.body("data: 1\n\n"), rest)
            }
            None => Response::new(200).body("good").into(),
        }
    });
    let envoy = envoy_with(&upstream, configuration());
    let mut client = TcpStream::connect(envoy.address()).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-probe: response-edit\r\n\r\n").unwrap();
    let mut seen = Vec::new();
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        events.send(event.as_bytes().to_vec()).unwrap();
        while !String::from_utf8_lossy(&seen).contains(event) {
            let mut piece = [0; 1_000];
            let length = client.read(&mut piece).unwrap();
            assert!(length > 0, "the stream ended: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&piece[..length]);
        }
    }
    drop((events, client));
    // Nobody waits for its end to refuse it.
    let refused_at_once = envoy.send(&told("/endless", "response-refuse"));
    refused(&refused_at_once, 403, "told to refuse");
    let hinted = envoy.send(&Request::get("/hint").header("x-probe", "response-edit"));
    assert_eq!((hinted.status, hinted.text().as_str()), (200, "WELL!"));
    still_serves(&envoy);
}

#[test]
fn a_response_past_its_bound_comes_through_whole_or_is_refused() {
    let upstream = Upstream::with(answer);
    for (on_limit, passes) in [("pass", true), ("refuse", false)] {
        let mut whole = configuration();
        whole["probe"]["on_limit"] = json!(on_limit);
        let envoy = envoy_with(&upstream, whole);
        let mut http2 = envoy.connect_http2();
        for (kind, size) in [
            ("told", 2_000),
            ("untold", 2_000),
            ("told", 2_001),
            ("untold", 2_001),
            ("at-once", 2_001),
            ("untold", 300_000),
            ("told", 3_000_000),
            ("untold", 3_000_000),
        ] {
            let path = format!("/{kind}/{size}");
            let request = told(&path, "response-hold");
            for reply in [envoy.send(&request), http2.send(&request).unwrap()] {
                if passes || size == 2_000 {
                    assert_eq!((reply.status, reply.body.len()), (200, size), "{path}");
                    assert!(reply.body.iter().all(|byte| *byte == b'x'));
                    decorated(&reply);
                } else {
                    refused(&reply, 502, "Bad gateway");
                }
            }
        }
        let label = if passes { "response_over_limit" } else { "refused.response_over_limit" };
        let name = format!("wasmcustom.portcullis.probe.{label}");
        assert_eq!(envoy.wait_for_stat(&name, |count| count >= 12), 12);
        still_serves(&envoy);
    }
}

#[test]
fn what_is_thrown_away_may_be_more_than_envoy_holds() {
    let upstream = Upstream::with(answer);
    let envoy = envoy_with(&upstream, configuration());
    for path in ["/told/20000000", "/untold/5000000", "/at-once/5000000"] {
        refused(&envoy.send(&told(path, "response-refuse")), 403, "told to refuse");
    }
    still_serves(&envoy);
}

#[test]
fn an_encoded_response_is_refused_or_passes() {
    let upstream = Upstream::with(answer);
    let envoy = envoy_with(&upstream, configuration());
    for encoding in ["gzip", "identity,br", "GZIP"] {
        let path = format!("/encoded/{encoding}");
        refused(&envoy.send(&told(&path, "response-hold")), 502, "Bad gateway");
        // Of a 200 the mask asks for nothing.
        let other = envoy.send(&told(&path, "response-mask"));
        assert_eq!(
            (other.status, other.header("content-encoding").as_deref()),
            (200, Some(encoding))
        );
    }
    refused(&envoy.send(&told("/encoded/identity", "response-hold")), 403, "attack");
    let hostile =
        told("/", "response-hold").header("accept-encoding", "gzip").header("Range", "bytes=0-1");
    upstream.take_requests();
    assert_eq!(
        envoy.send(&hostile.header("range", "bytes=3-").header("if-range", "x")).status,
        200
    );
    let seen = upstream.only_request();
    assert_eq!(seen.headers.text("accept-encoding").as_deref(), Some("identity"));
    assert!(!seen.headers.has("range") && !seen.headers.has("if-range"), "{seen:?}");
    let mut whole = configuration();
    whole["probe"]["on_uninspected"] = json!("pass");
    let envoy = envoy_with(&upstream, whole);
    let passed = envoy.send(&told("/encoded/gzip", "response-hold"));
    assert_eq!((passed.status, passed.body.as_slice()), (200, BAD));
    envoy.wait_for_stat("wasmcustom.portcullis.probe.uninspected.encoding", |count| count == 1);
}

#[test]
fn an_error_is_masked_with_every_decoration() {
    for upstream in [Upstream::with(answer), Upstream::http2(answer)] {
        let envoy = envoy_with(&upstream, configuration());
        let mut http2 = envoy.connect_http2();
        for status in [500, 503] {
            for path in [format!("/status/{status}"), format!("/empty/{status}")] {
                let request = told(&path, "response-mask");
                for reply in [envoy.send(&request), http2.send(&request).unwrap()] {
                    refused(&reply, status, "an unexpected error occurred");
                    let length = reply.body.len().to_string();
                    assert_eq!(reply.header("content-length"), Some(length));
                }
            }
        }
        let nowhere = envoy.send(&told("/status/404", "response-mask"));
        assert_eq!((nowhere.status, nowhere.body.as_slice()), (404, BAD));
        still_serves(&envoy);
    }
}

#[test]
fn two_lengths_never_become_two() {
    let upstream = Upstream::with(answer);
    let envoy = envoy_with(&upstream, configuration());
    for what in ["", "response-hold", "response-edit", "response-refuse"] {
        // Whether they differ or not, for Envoy that is a broken upstream, and its router answers.
        let status = if what == "response-refuse" { 403 } else { 502 };
        for other in [5, 7] {
            let reply = envoy.send(&told(&format!("/two-lengths/{other}"), what));
            assert_eq!(reply.status, status, "{what} {other}: {reply:?}");
            assert!(reply.headers.all("content-length").len() == 1, "{reply:?}");
        }
        still_serves(&envoy);
    }
}

#[test]
fn a_response_that_ends_early_does_not_pass_for_a_whole_one() {
    let upstream = Upstream::with(answer);
    let envoy = envoy_with(&upstream, configuration());
    let mut http2 = envoy.connect_http2();
    for what in ["response-hold", "response-edit", "response-refuse", "response-mask"] {
        for path in ["/cut/", "/cut-chunks/"] {
            let request = told(path, what);
            for reply in [envoy.try_send(&request), http2.send(&request)] {
                let passed = |reply: &Reply| reply.status < 300;
                assert!(!matches!(&reply, Ok(reply) if passed(reply)), "{what} {path}: {reply:?}");
            }
            still_serves(&envoy);
        }
        // Without a length or chunks the end of the connection is the end of the body.
        let reply = envoy.send(&told("/close/", what));
        let expected = if what == "response-mask" { 200 } else { 403 };
        assert_eq!(reply.status, expected, "{what}: {reply:?}");
    }
}

#[test]
fn a_client_that_leaves_leaves_nothing_behind() {
    let (sender, rest) = channel();
    let rest = std::sync::Mutex::new(Some(rest));
    let upstream = Upstream::with(move |_| match rest.lock().unwrap().take() {
        Some(rest) => Answer::Stream(Response::new(200), rest),
        None => Response::new(200).body("good").into(),
    });
    let envoy = envoy_with(&upstream, configuration());
    let mut client = TcpStream::connect(envoy.address()).unwrap();
    client.write_all(b"GET /gone HTTP/1.1\r\nhost: a\r\nx-probe: response-edit\r\n\r\n").unwrap();
    sender.send(b"held".to_vec()).unwrap();
    envoy.wait_for_stat("cluster.upstream.upstream_rq_2xx", |count| count == 1);
    drop(client);
    envoy.wait_for_access(|line| line["path"] == "/gone");
    assert_eq!(envoy.wait_for_stat("http.ingress.downstream_rq_active", |count| count <= 1), 0);
    drop(sender);
    still_serves(&envoy);
}

#[test]
fn refusals_are_problems_where_the_configuration_says_so() {
    let upstream = Upstream::with(answer);
    let mut whole = configuration();
    whole["refusals"] = json!({"format": "problem"});
    let envoy = envoy_with(&upstream, whole);
    for (path, what) in
        [("/", "refuse"), ("/told/5", "response-refuse"), ("/empty/200", "response-refuse")]
    {
        let reply = envoy.send(&told(path, what));
        assert_eq!(reply.header("content-type").as_deref(), Some("application/problem+json"));
        let problem = reply.json();
        let id = problem["request_id"].as_str().unwrap().to_owned();
        assert_eq!(
            problem,
            json!({
                "type": "about:blank", "title": "Forbidden", "status": 403, "detail": "told to refuse",
                "instance": format!("urn:uuid:{id}"), "request_id": id,
            })
        );
        for name in ["access-control-allow-origin", "x-witness"] {
            assert!(reply.header(name).is_some(), "{name}: {reply:?}");
        }
    }
    still_serves(&envoy);
}

#[test]
fn a_host_that_cannot_hold_headers_answers_at_once() {
    let upstream = Upstream::with(answer);
    let mut whole = configuration();
    whole["body_hold"] = json!("stream");
    let module = Wasm::file("probe", probe()).config(whole).without_stop_iteration();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module));
    refused(&envoy.send(&told("/status/200", "response-hold")), 502, "Bad gateway");
    refused(&envoy.send(&told("/told/3000000", "response-refuse")), 403, "told to refuse");
    still_serves(&envoy);
}

#[test]
fn a_truncated_response_that_passed_its_bound_is_cut_and_not_ended() {
    let upstream = Upstream::with(|request| {
        if request.target != "/late" {
            return Response::new(200).body("good").into();
        }
        let body = "x".repeat(5_000);
        raw(&format!("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{body}"))
    });
    let envoy = envoy_with(&upstream, configuration());
    let cut = envoy.try_send(&told("/late", "response-hold"));
    assert!(matches!(&cut, Err(Error::Truncated(..))), "{cut:?}");
    still_serves(&envoy);
}

#[test]
fn what_comes_at_once_behind_a_held_beginning_fits_where_reads_from_the_upstream_are_small() {
    let (sender, rest) = channel();
    let rest = std::sync::Mutex::new(Some(rest));
    let upstream = Upstream::with(move |_| match rest.lock().unwrap().take() {
        Some(rest) => Answer::Stream(Response::new(200).body("begun"), rest),
        None => Response::new(200).body("good").into(),
    });
    let module = Wasm::file("probe", probe()).config(configuration());
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module).whole(|whole| {
        for cluster in whole["static_resources"]["clusters"].as_array_mut().unwrap() {
            cluster["per_connection_buffer_limit_bytes"] = json!(262_144);
        }
    }));
    let reply = std::thread::scope(|scope| {
        let client = scope.spawn(|| envoy.send(&told("/", "response-hold")));
        envoy.wait_for_stat("cluster.upstream.upstream_rq_2xx", |count| count == 1);
        sender.send(vec![b'x'; 8_000_000]).unwrap();
        drop(sender);
        client.join().unwrap()
    });
    assert_eq!((reply.status, reply.body.len()), (200, 8_000_005));
    still_serves(&envoy);
}
