//! Bodies held and replaced as our modules do it, and bodies over the buffer's limit.

use super::CONTINUE;
use crate::guest::Guest;
use crate::row::{Answer, Request, Row};

/// Over Envoy's limit of 1 MiB.
const LARGE: usize = 1_500_000;

pub(super) fn rows() -> Vec<Row> {
    vec![
        replaced_request(),
        replaced_response(),
        replaced_response_of_many_parts(),
        appended_in_parts(),
        trailers_made(),
        over_the_limit(
            "a buffered body over the limit is 413",
            1,
            1,
            "log
         client 413 content-length=17 content-type=text/plain 'Payload Too Large'",
        ),
        over_the_limit(
            "a body over the limit that goes on is whole",
            0,
            0,
            "log
         upstream POST / content-length=1500000 1500000 bytes
         client 200 content-length=6 'answer'",
        ),
        over_the_limit_held(
            "a body over the limit waits outside under 4",
            4,
            "tick
         log
         upstream POST / content-length=1500000 1500000 bytes
         client 200 content-length=6 'answer'",
        ),
        large_response(),
    ]
}

/// Holds to the end, then replaces the body and its length.
fn replacing(g: &mut Guest, map: u32, buffer: u32) -> String {
    let (key, length, body, label) =
        (g.text("content-length"), g.text("8"), g.text("replaced"), g.text("replaced"));
    format!(
        "(if (i32.eqz (local.get $2)) (then (return (i32.const 1))))
         (call $put {label})
         (call $dec (call $set_buffer (i32.const {buffer}) (i32.const 0) (i32.const -1) {body}))
         (call $dec (call $set_header (i32.const {map}) {key} {length}))
         (call $end)
         {CONTINUE}"
    )
}

fn replaced_request() -> Row {
    let mut g = Guest::new();
    let body = replacing(&mut g, 0, 0);
    let guest = g
        .on("proxy_on_request_headers", "(i32.eqz (local.get $2))")
        .on("proxy_on_request_body", body);
    Row::new("a held request body is replaced with its length", &guest)
        .send(Request::post("something longer"))
        .send(Request::new("POST", "/").chunk("short"))
        .get("/")
        .shows(
            "replaced 0 0
         upstream POST / content-length=8 'replaced'
         client 200 content-length=6 'answer'
         replaced 0 0
         upstream POST / content-length=8 'replaced'
         client 200 content-length=6 'answer'
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

fn replaced_response() -> Row {
    let mut g = Guest::new();
    let body = replacing(&mut g, 2, 1);
    let guest = g
        .on("proxy_on_response_headers", "(i32.eqz (local.get $2))")
        .on("proxy_on_response_body", body);
    Row::new("a held response body is replaced with its length", &guest)
        .answered(Answer::new(200).body("something longer"))
        .get("/")
        .shows(
            "replaced 0 0
         upstream GET /
         client 200 content-length=8 'replaced'",
        )
}

fn replaced_response_of_many_parts() -> Row {
    let mut g = Guest::new();
    let body = replacing(&mut g, 2, 1);
    let guest = g
        .on("proxy_on_response_headers", "(i32.eqz (local.get $2))")
        .on("proxy_on_response_body", body);
    Row::new("a held response body of many parts is replaced", &guest)
        .answered(Answer::new(200).body(vec![b'a'; 300_000]))
        .get("/")
        .shows(
            "replaced 0 0
         upstream GET /
         client 200 content-length=8 'replaced'",
        )
}

fn appended_in_parts() -> Row {
    let mut g = Guest::new();
    let end = g.text("|");
    let body = g.numbers("body", &["(local.get $1)", "(local.get $2)"])
        + &format!(
            "(drop (call $set_buffer (i32.const 0) (local.get $1) (i32.const 0) {end})) {CONTINUE}"
        );
    Row::new(
        "each part of a body that goes on can be changed",
        &g.on("proxy_on_request_body", body),
    )
    .send(Request::new("POST", "/").chunk("ab").chunk_after(1, "cd").chunk_after(2, "ef"))
    .shows(
        "body 2 0
         body 2 0
         body 2 0
         body 0 1
         upstream POST / 'ab|cd|ef||'
         client 200 content-length=6 'answer'",
    )
}

fn trailers_made() -> Row {
    let mut g = Guest::new();
    let (name, value) = (g.text("x-made"), g.text("1"));
    let add = |map| format!("$add_header (i32.const {map}) {name} {value}");
    let body = g.bytes("add", &add(1)) + &g.pairs("trailers", 1) + CONTINUE;
    let trailers = g.bytes("add behind", &add(1)) + &g.pairs("trailers", 1) + CONTINUE;
    let guest = g.on("proxy_on_request_body", body).on("proxy_on_request_trailers", trailers);
    Row::new("trailers are made at the end of a body or changed where they are", &guest)
        .send(Request::new("POST", "/").chunk("ab"))
        .send(Request::new("POST", "/").chunk("ab").trailer("x-t", "1"))
        .shows(
            "add 2
         trailers 0
         add 0
         trailers 0 x-made=1
         upstream POST / 'ab' trailers x-made=1
         client 200 content-length=6 'answer'
         add 2
         trailers 0
         add behind 0
         trailers 0 x-t=1 x-made=1
         upstream POST / 'ab' trailers x-made=1 x-t=1
         client 200 content-length=6 'answer'",
        )
}

fn large() -> Request {
    Request::post(vec![b'a'; LARGE])
}

fn over_the_limit(name: &'static str, headers: u32, body: u32, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let log = g.say("log");
    let guest = g
        .on("proxy_on_request_headers", format!("(i32.const {headers})"))
        .on("proxy_on_request_body", format!("(i32.const {body})"))
        .on("proxy_on_log", log);
    Row::new(name, &guest).send(large()).shows(expected)
}

fn over_the_limit_held(name: &'static str, headers: u32, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let line = g.say("tick");
    let tick = format!(
        "(if (global.get $stream) (then
           {line}
           (drop (call $effective (global.get $stream)))
           (global.set $stream (i32.const 0))
           (drop (call $continue (i32.const 0)))))"
    );
    let log = g.say("log");
    let guest = g
        .with("(global $stream (mut i32) (i32.const 0))")
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 100))) (i32.const 1)")
        .on("proxy_on_tick", tick)
        .on(
            "proxy_on_request_headers",
            format!("(global.set $stream (local.get $0)) (i32.const {headers})"),
        )
        .on("proxy_on_log", log);
    Row::new(name, &guest).send(large()).shows(expected)
}

fn large_response() -> Row {
    let mut g = Guest::new();
    let log = g.say("log");
    let guest = g
        .on("proxy_on_response_headers", "(i32.const 1)")
        .on("proxy_on_response_body", "(i32.const 1)")
        .on("proxy_on_log", log);
    Row::new("a buffered response over the limit is 500", &guest)
        .answered(Answer::new(200).body(vec![b'a'; LARGE]))
        .get("/")
        .shows(
            "log
         upstream GET /
         client 500 content-length=21 content-type=text/plain 'Internal Server Error'",
        )
}
