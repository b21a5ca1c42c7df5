//! Local replies: their headers, from which phases they may come, and which phases they pass.

use super::CONTINUE;
use crate::guest::{Guest, OUT};
use crate::row::{Answer, Request, Row};

/// A request that a local reply answers, of a guest that logs what passes its response phase.
fn with_phases(g: &mut Guest) -> [(&'static str, String); 3] {
    let status = g.text(":status");
    let details = g.text("response\0code_details");
    let headers = g.numbers("response headers", &["(local.get $1)", "(local.get $2)"])
        + &g.pairs("pairs", 2)
        + CONTINUE;
    let body = g.numbers("response body", &["(local.get $1)", "(local.get $2)"])
        + &g.bytes(
            "body",
            &format!("$get_buffer (i32.const 1) (i32.const 0) (i32.const 99) {OUT}"),
        )
        + CONTINUE;
    let log = g.bytes("log", &format!("$get_header (i32.const 2) {status} {OUT}"))
        + &g.bytes("details", &format!("$get_property {details} {OUT}"));
    [
        ("proxy_on_response_headers", headers),
        ("proxy_on_response_body", body),
        ("proxy_on_log", log),
    ]
}

fn finish(mut g: Guest, callback: &str, body: String) -> Guest {
    let phases = with_phases(&mut g);
    phases.into_iter().fold(g.on(callback, body), |g, (name, body)| g.on(name, body))
}

/// A reply from the request's headers.
fn reply(
    name: &'static str,
    status: u32,
    body: &str,
    headers: &[(&str, &str)],
    expected: &'static str,
) -> Row {
    let mut g = Guest::new();
    let call = g.reply(status, body, headers);
    let call = g.bytes("reply", &call) + CONTINUE;
    let guest = finish(g, "proxy_on_request_headers", call);
    Row::new(name, &guest).get("/").shows(expected)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        reply(
            "a reply with a body passes the own response phase",
            403,
            "no",
            &[],
            "reply 0
         response headers 3 0
         pairs 0 :status=403 content-length=2 content-type=text/plain
         response body 2 1
         body 0 'no'
         log 0 '403'
         details 0 ''
         client 403 content-length=2 content-type=text/plain 'no'",
        ),
        reply(
            "a reply without a body has no type",
            401,
            "",
            &[("content-type", "text/html")],
            "reply 0
         response headers 1 1
         pairs 0 :status=401
         log 0 '401'
         details 0 ''
         client 401 content-length=0",
        ),
        reply(
            "a reply keeps duplicates and neither status nor length of its headers",
            403,
            "no",
            &[
                ("x-a", "1"),
                (":status", "200"),
                ("X-A", "2"),
                ("content-length", "99"),
                ("x-b", ""),
            ],
            "reply 0
         response headers 6 0
         pairs 0 :status=403 x-a=1 x-a=2 content-length=2 x-b= content-type=text/plain
         response body 2 1
         body 0 'no'
         log 0 '403'
         details 0 ''
         client 403 content-length=2 content-type=text/plain x-a=1 x-a=2 x-b= 'no'",
        ),
        reply(
            "a reply keeps its own type",
            400,
            "{}",
            &[("content-type", "application/json")],
            "reply 0
         response headers 3 0
         pairs 0 :status=400 content-type=application/json content-length=2
         response body 2 1
         body 0 '{}'
         log 0 '400'
         details 0 ''
         client 400 content-length=2 content-type=application/json '{}'",
        ),
        reply(
            "a reply may be a success",
            200,
            "fine",
            &[],
            "reply 0
         response headers 3 0
         pairs 0 :status=200 content-length=4 content-type=text/plain
         response body 4 1
         body 0 'fine'
         log 0 '200'
         details 0 ''
         client 200 content-length=4 content-type=text/plain 'fine'",
        ),
        reply(
            "a reply of 204 without a body",
            204,
            "",
            &[],
            "reply 0
         response headers 1 1
         pairs 0 :status=204
         log 0 '204'
         details 0 ''
         client 204",
        ),
    ];
    rows.extend([
        details(),
        grpc_status(),
        to_head(),
        to_grpc(),
        twice(),
        with_changes(),
        changed_in_its_response_phase(),
        second_from_the_response_phase(),
        at(
            "proxy_on_request_body",
            "a reply from the request's body",
            Request::post("ab"),
            "reply 0
         log
         client 403 content-length=2 content-type=text/plain 'no'",
        ),
        at(
            "proxy_on_request_trailers",
            "a reply from the request's trailers",
            Request::new("POST", "/").chunk("ab").trailer("x-t", "1"),
            "reply 0
         log
         client 403 content-length=2 content-type=text/plain 'no'",
        ),
        at_response(
            "a reply from the response's headers replaces the response",
            "no",
            "add 0
         reply 0
         log
         upstream GET /
         client 502 content-length=2 content-type=text/plain x-a=1 'no'",
        ),
        at_response(
            "an empty reply from the response's headers",
            "",
            "add 0
         reply 0
         log
         upstream GET /
         client 502 content-length=0 x-a=1",
        ),
        held_response(),
        at(
            "proxy_on_response_body",
            "a reply behind sent response headers cuts the answer",
            Request::new("GET", "/"),
            "reply 0
         log
         upstream GET /
         client 200 content-length=6 x-up=1 cut",
        ),
        and_hold(),
        from_a_tick(),
        to_a_held_body(),
    ]);
    rows
}

fn details() -> Row {
    let mut g = Guest::new();
    let (details, body) = (g.text("why it was refused"), g.text("no"));
    let call = format!(
        "$reply (i32.const 403) {details} {body} (i32.const 0) (i32.const 0) (i32.const -1)"
    );
    let call = g.bytes("reply", &call) + CONTINUE;
    Row::new("a reply's details have no blanks", &finish(g, "proxy_on_request_headers", call))
        .get("/")
        .shows(
            "reply 0
         response headers 3 0
         pairs 0 :status=403 content-length=2 content-type=text/plain
         response body 2 1
         body 0 'no'
         log 0 '403'
         details 0 'why_it_was_refused'
         client 403 content-length=2 content-type=text/plain 'no'",
        )
}

fn grpc_status() -> Row {
    let mut g = Guest::new();
    let body = g.text("no %\u{e9}\n");
    let call = format!(
        "$reply (i32.const 403) (i32.const 0) (i32.const 0) {body} (i32.const 0) (i32.const 0) (i32.const 16)"
    );
    let call = g.bytes("reply", &call) + CONTINUE;
    let guest = g.on("proxy_on_request_headers", call);
    Row::new("a reply to gRPC has the status that it was given", &guest)
        .send(Request::new("POST", "/").header("content-type", "application/grpc"))
        .shows("reply 0
         client 200 content-length=0 content-type=application/grpc grpc-message=no %25%C3%A9%0A grpc-status=16")
}

fn to_grpc() -> Row {
    let mut g = Guest::new();
    let call = g.reply(429, "slow", &[("x-a", "1"), ("content-type", "text/html")]);
    let call = g.bytes("reply", &call) + CONTINUE;
    let guest = finish(g, "proxy_on_request_headers", call);
    Row::new("a reply to gRPC has its status mapped", &guest)
        .send(Request::new("POST", "/").header("content-type", "application/grpc+proto"))
        .send(Request::new("POST", "/").header("content-type", "application/grpc-web"))
        .shows("reply 0
         response headers 5 1
         pairs 0 :status=200 x-a=1 content-type=application/grpc grpc-status=14 grpc-message=slow
         log 0 '200'
         details 0 ''
         client 200 content-length=0 content-type=application/grpc grpc-message=slow grpc-status=14 x-a=1
         reply 0
         response headers 4 0
         pairs 0 :status=429 x-a=1 content-type=text/html content-length=4
         response body 4 1
         body 0 'slow'
         log 0 '429'
         details 0 ''
         client 429 content-length=4 content-type=text/html x-a=1 'slow'")
}

fn to_head() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let call = g.bytes("reply", &call) + CONTINUE;
    Row::new(
        "a reply to HEAD has its length and no body",
        &finish(g, "proxy_on_request_headers", call),
    )
    .send(Request::new("HEAD", "/"))
    .shows(
        "reply 0
         response headers 3 1
         pairs 0 :status=403 content-length=2 content-type=text/plain
         log 0 '403'
         details 0 ''
         client 403 content-length=2 content-type=text/plain",
    )
}

fn twice() -> Row {
    let mut g = Guest::new();
    let (first, second) = (g.reply(401, "a", &[]), g.reply(403, "b", &[]));
    let calls = g.bytes("first", &first) + &g.bytes("second", &second) + CONTINUE;
    Row::new(
        "of two replies in one callback the first counts",
        &finish(g, "proxy_on_request_headers", calls),
    )
    .get("/")
    .shows(
        "first 0
         second 0
         response headers 3 0
         pairs 0 :status=401 content-length=1 content-type=text/plain
         response body 1 1
         body 0 'a'
         log 0 '401'
         details 0 ''
         client 401 content-length=1 content-type=text/plain 'a'",
    )
}

fn with_changes() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let (name, value, path) = (g.text("x-a"), g.text("1"), g.text(":path"));
    let calls = [
        g.bytes("before", &format!("$add_header (i32.const 2) {name} {value}")),
        g.bytes("reply", &call),
        g.bytes("after", &format!("$add_header (i32.const 2) {name} {value}")),
        g.bytes("path", &format!("$get_header (i32.const 0) {path} {OUT}")),
        g.bytes("request header", &format!("$add_header (i32.const 0) {name} {value}")),
    ]
    .concat();
    Row::new(
        "what a callback does around its reply",
        &g.on("proxy_on_request_headers", calls + CONTINUE),
    )
    .get("/")
    .shows(
        "before 2
         reply 0
         after 2
         path 0 '/'
         request header 0
         client 403 content-length=2 content-type=text/plain 'no'",
    )
}

fn changed_in_its_response_phase() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[("x-gone", "1"), ("x-two", "1"), ("x-two", "2")]);
    let call = g.bytes("reply", &call) + CONTINUE;
    let (gone, two, new) = (g.text("x-gone"), g.text("x-two"), g.text("new"));
    let headers = [
        g.bytes("remove", &format!("$remove_header (i32.const 2) {gone}")),
        g.bytes("set", &format!("$set_header (i32.const 2) {two} {new}")),
    ]
    .concat();
    let guest =
        g.on("proxy_on_request_headers", call).on("proxy_on_response_headers", headers + CONTINUE);
    Row::new("the response phase may change a reply's headers", &guest).get("/").shows(
        "reply 0
         remove 0
         set 0
         client 403 content-length=2 content-type=text/plain x-two=new 'no'",
    )
}

fn second_from_the_response_phase() -> Row {
    let mut g = Guest::new();
    let (first, second) = (g.reply(401, "a", &[("x-a", "1")]), g.reply(403, "b", &[]));
    let first = g.bytes("first", &first) + CONTINUE;
    let second = g.bytes("second", &second) + CONTINUE;
    let guest = g.on("proxy_on_request_headers", first).on("proxy_on_response_headers", second);
    Row::new("a reply from the response phase of a reply replaces it", &guest).get("/").shows(
        "first 0
         second 0
         client 403 content-length=1 content-type=text/plain 'b'",
    )
}

fn at(callback: &str, name: &'static str, request: Request, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let call = g.bytes("reply", &call) + CONTINUE;
    let log = g.say("log");
    let g = g.on(callback, call).on("proxy_on_log", log);
    Row::new(name, &g)
        .answered(Answer::new(200).body("answer").header("x-up", "1"))
        .send(request)
        .shows(expected)
}

fn at_response(name: &'static str, body: &str, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let call = g.reply(502, body, &[("x-a", "1")]);
    let (key, value) = (g.text("x-before"), g.text("1"));
    let call = g.bytes("add", &format!("$add_header (i32.const 2) {key} {value}"))
        + &g.bytes("reply", &call)
        + CONTINUE;
    let body = g.say("response body");
    let log = g.say("log");
    let guest = g
        .on("proxy_on_response_headers", call)
        .on("proxy_on_response_body", body + CONTINUE)
        .on("proxy_on_log", log);
    Row::new(name, &guest)
        .answered(Answer::new(200).body("answer").header("x-up", "1"))
        .get("/")
        .shows(expected)
}

fn held_response() -> Row {
    let mut g = Guest::new();
    let call = g.reply(502, "no", &[("x-a", "1")]);
    let call = g.bytes("reply", &call) + CONTINUE;
    let guest =
        g.on("proxy_on_response_headers", "(i32.const 1)").on("proxy_on_response_body", call);
    Row::new("a reply from the body of a held response replaces it", &guest)
        .answered(Answer::new(200).body("answer").header("x-up", "1"))
        .get("/")
        .shows(
            "reply 0
         upstream GET /
         client 502 content-length=2 content-type=text/plain x-a=1 'no'",
        )
}

fn and_hold() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let call = g.bytes("reply", &call) + "(i32.const 4)";
    let body = g.say("request body");
    let guest = g.on("proxy_on_request_headers", call).on("proxy_on_request_body", body + CONTINUE);
    Row::new("a reply goes out whatever the callback returns", &guest)
        .send(Request::post("ab"))
        .shows(
            "reply 0
         client 403 content-length=2 content-type=text/plain 'no'",
        )
}

fn from_a_tick() -> Row {
    let mut g = Guest::new();
    let call = g.reply(408, "late", &[]);
    let call = g.bytes("reply", &call);
    let tick = format!(
        "(if (global.get $stream) (then
           (drop (call $effective (global.get $stream)))
           (global.set $stream (i32.const 0))
           {call}))"
    );
    let guest = g
        .with("(global $stream (mut i32) (i32.const 0))")
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 30))) (i32.const 1)")
        .on("proxy_on_tick", tick);
    let guest = finish(
        guest,
        "proxy_on_request_headers",
        "(global.set $stream (local.get $0)) (i32.const 4)".to_owned(),
    );
    Row::new("a held request is answered from a tick", &guest).get("/").shows(
        "reply 0
         response headers 3 0
         pairs 0 :status=408 content-length=4 content-type=text/plain
         response body 4 1
         body 0 'late'
         log 0 '408'
         details 0 ''
         client 408 content-length=4 content-type=text/plain 'late'",
    )
}

fn to_a_held_body() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let line = g.numbers("body", &["(local.get $1)", "(local.get $2)"]);
    let reply = g.bytes("reply", &call);
    let body =
        format!("{line} (if (i32.ge_u (local.get $1) (i32.const 4)) (then {reply})) (i32.const 1)");
    let guest =
        finish(g.on("proxy_on_request_headers", "(i32.const 1)"), "proxy_on_request_body", body);
    Row::new("a reply before a held body has come whole", &guest)
        .send(Request::new("POST", "/").chunk("ab").chunk_after(1, "cd"))
        .shows(
            "body 2 0
         body 4 0
         reply 0
         response headers 3 0
         pairs 0 :status=403 content-length=2 content-type=text/plain
         response body 2 1
         body 0 'no'
         log 0 '403'
         details 0 ''
         client 403 content-length=2 content-type=text/plain 'no'",
        )
}
