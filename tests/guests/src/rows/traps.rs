//! A trap in each callback: what becomes of its stream, and what the next requests get under each policy.

use super::CONTINUE;
use crate::guest::{Guest, NONE, OUT, WORD};
use crate::row::{Answer, Policy, Request, Row};

/// Callbacks in which the guest traps, and what they return otherwise.
const CALLBACKS: [(&str, &str); 9] = [
    ("proxy_on_request_headers", CONTINUE),
    ("proxy_on_request_body", CONTINUE),
    ("proxy_on_request_trailers", CONTINUE),
    ("proxy_on_response_headers", CONTINUE),
    ("proxy_on_response_body", CONTINUE),
    ("proxy_on_response_trailers", CONTINUE),
    ("proxy_on_log", ""),
    ("proxy_on_done", "(i32.const 1)"),
    ("proxy_on_delete", ""),
];

/// Traps in one callback of a request for `/trap`, and logs that callback of any other.
fn trapping(callback: &str) -> Guest {
    let mut g = Guest::new();
    let path = g.text(":path");
    let arm = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT}))
         (global.set $armed (i32.eq (i32.load (i32.const 20)) (i32.const 5)))"
    );
    g = g.with("(global $armed (mut i32) (i32.const 0))");
    for (name, result) in CALLBACKS {
        let arm = if name == "proxy_on_request_headers" { arm.as_str() } else { "" };
        if name == callback {
            let line = g.say(name.trim_start_matches("proxy_on_"));
            let body = format!("{arm} (if (global.get $armed) (then unreachable)) {line} {result}");
            g = g.on(name, body);
        } else if !arm.is_empty() {
            g = g.on(name, format!("{arm} {result}"));
        }
    }
    g
}

fn trap(name: &'static str, callback: &str, policy: Policy, expected: &'static str) -> Row {
    let request = |path| {
        let mut request = Request::new("POST", "/").chunk("ab").trailer("x-t", "1");
        request.path = path;
        request
    };
    Row::new(name, &trapping(callback))
        .policy(policy)
        .answered(Answer::new(200).body("answer").trailer("x-t", "1"))
        .send(request("/trap"))
        .send(request("/"))
        .shows(expected)
}

pub(super) fn rows() -> Vec<Row> {
    use Policy::{Closed, Open, Reload};
    vec![
        trap(
            "a trap at request headers and a new VM",
            "proxy_on_request_headers",
            Reload,
            "client 503 content-length=0
         request_headers
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at request headers and closed",
            "proxy_on_request_headers",
            Closed,
            "client 503 content-length=0
         client 503 content-length=0",
        ),
        trap(
            "a trap at request headers and open",
            "proxy_on_request_headers",
            Open,
            "client 503 content-length=0
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at a request body and a new VM",
            "proxy_on_request_body",
            Reload,
            "client 503 content-length=0
         request_body
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at request trailers and a new VM",
            "proxy_on_request_trailers",
            Reload,
            "client 503 content-length=0
         request_trailers
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at response headers and a new VM",
            "proxy_on_response_headers",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 503 content-length=0
         response_headers
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at response headers and closed",
            "proxy_on_response_headers",
            Closed,
            "upstream POST /trap 'ab' trailers x-t=1
         client 503 content-length=0
         client 503 content-length=0",
        ),
        trap(
            "a trap at response headers and open",
            "proxy_on_response_headers",
            Open,
            "upstream POST /trap 'ab' trailers x-t=1
         client 503 content-length=0
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at a response body and a new VM",
            "proxy_on_response_body",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 cut
         response_body
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at response trailers and a new VM",
            "proxy_on_response_trailers",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' cut
         response_trailers
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at the log and a new VM",
            "proxy_on_log",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         log
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at the log and closed",
            "proxy_on_log",
            Closed,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         client 503 content-length=0",
        ),
        trap(
            "a trap at the log and open",
            "proxy_on_log",
            Open,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at done and a new VM",
            "proxy_on_done",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         done
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at delete and a new VM",
            "proxy_on_delete",
            Reload,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        trap(
            "a trap at delete and closed",
            "proxy_on_delete",
            Closed,
            "upstream POST /trap 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         client 503 content-length=0",
        ),
        creation(
            Reload,
            "a trap at a context's creation and a new VM",
            "create
         upstream GET /1
         client 200 content-length=6 'answer'
         client 503 content-length=0
         create
         upstream GET /3
         client 200 content-length=6 'answer'",
        ),
        creation(
            Closed,
            "a trap at a context's creation and closed",
            "create
         upstream GET /1
         client 200 content-length=6 'answer'
         client 503 content-length=0
         client 503 content-length=0",
        ),
        creation(
            Open,
            "a trap at a context's creation and open",
            "create
         upstream GET /1
         client 200 content-length=6 'answer'
         client 503 content-length=0
         upstream GET /3
         client 200 content-length=6 'answer'",
        ),
        in_malloc(),
        callout(),
        tick(
            "a stream that is held when a tick traps waits for ever",
            false,
            "held
         tick
         client nothing
         upstream GET /
         client 200 content-length=6 'answer'",
        ),
        tick(
            "a stream that is held when a tick traps fails at its next part",
            true,
            "held
         tick
         client 503 content-length=0
         upstream GET /
         client 200 content-length=6 'answer'",
        ),
        state(),
    ]
}

/// Traps at the second stream of a VM.
fn creation(policy: Policy, name: &'static str, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let line = g.say("create");
    let guest = g.with("(global $streams (mut i32) (i32.const 0))").on(
        "proxy_on_context_create",
        format!(
            "(if (local.get $1) (then
               (if (i32.eq (global.get $streams) (i32.const 1)) (then unreachable))
               (global.set $streams (i32.const 1)) {line}))"
        ),
    );
    Row::new(name, &guest).policy(policy).get("/1").get("/2").get("/3").shows(expected)
}

/// The host calls back for memory, and that traps.
fn in_malloc() -> Row {
    let mut g = Guest::new();
    let path = g.text(":path");
    let read = g.bytes("read", &format!("$get_header (i32.const 0) {path} {OUT}"));
    // A heap at the end of memory: what the host writes there is out of bounds.
    let body = format!("(global.set $heap (i32.const 0x7ffffff0)) {read} {CONTINUE}");
    Row::new("memory that is not there", &g.on("proxy_on_request_headers", body)).get("/").shows(
        "read 6
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn callout() -> Row {
    let mut g = Guest::new();
    let (cluster, path) = (g.text("callee"), g.text(":path"));
    let map = g.map(&[(":method", "GET"), (":path", "/"), (":authority", "callee")]);
    let call = format!("$http_call {cluster} {map} {NONE} {NONE} (i32.const 5000) {WORD}");
    let body = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT}))
         (if (i32.ne (i32.load (i32.const 20)) (i32.const 5)) (then (return {CONTINUE})))
         {} (i32.const 4)",
        g.bytes("call", &call)
    );
    let line = g.say("answered");
    let guest = g
        .on("proxy_on_request_headers", body)
        .on("proxy_on_http_call_response", line + "unreachable");
    Row::new("a stream that waits for a callback that traps waits for ever", &guest)
        .send(Request::new("GET", "/trap").leaves_after(2))
        .get("/")
        .shows(
            "call 0
         answered
         client nothing
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

/// What a VM had in memory is gone, what it shared is not.
fn state() -> Row {
    let mut g = Guest::new();
    let (path, key, value) = (g.text(":path"), g.text("k"), g.text("kept"));
    let lines = [
        g.numbers("count", &["(global.get $count)"]),
        g.bytes("shared", &format!("$get_shared {key} {OUT} (i32.const 24)")),
    ]
    .concat();
    let body = format!(
        "(global.set $count (i32.add (global.get $count) (i32.const 1)))
         {lines}
         (drop (call $set_shared {key} {value} (i32.const 0)))
         (drop (call $get_header (i32.const 0) {path} {OUT}))
         (if (i32.eq (i32.load (i32.const 20)) (i32.const 5)) (then unreachable))
         {CONTINUE}"
    );
    let guest =
        g.with("(global $count (mut i32) (i32.const 0))").on("proxy_on_request_headers", body);
    Row::new("a new VM begins anew and finds what was shared", &guest)
        .get("/")
        .get("/trap")
        .get("/")
        .shows(
            "count 1
         shared 1
         upstream GET /
         client 200 content-length=6 'answer'
         count 2
         shared 0 'kept'
         client 503 content-length=0
         count 1
         shared 0 'kept'
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

/// Holds requests for `/trap` and traps at the next tick.
fn tick(name: &'static str, goes_on: bool, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let path = g.text(":path");
    let (held, tick) = (g.say("held"), g.say("tick"));
    let headers = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT}))
         (if (i32.ne (i32.load (i32.const 20)) (i32.const 5)) (then (return {CONTINUE})))
         (global.set $armed (i32.const 1)) {held} (i32.const 1)"
    );
    let guest = g
        .with("(global $armed (mut i32) (i32.const 0))")
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 30))) (i32.const 1)")
        .on("proxy_on_tick", format!("(if (global.get $armed) (then {tick} unreachable))"))
        .on("proxy_on_request_headers", headers)
        .on("proxy_on_request_body", CONTINUE);
    let request = Request::new("POST", "/trap");
    let request = if goes_on { request.chunk_after(2, "ab") } else { request.leaves_after(2) };
    Row::new(name, &guest).send(request).get("/").shows(expected)
}
