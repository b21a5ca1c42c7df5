//! Which header maps can be read and written in which phase.

use super::CONTINUE;
use crate::guest::{Guest, NONE, OUT, WORD};
use crate::row::{Answer, Request, Row};

/// A line of a phase: for the maps of request headers, request trailers, response headers and response trailers the
/// status of a read, whether there are pairs, and the status of what only a map that can be changed has, its size.
fn probe(g: &mut Guest, phase: &str) -> String {
    let (label, key) = (g.text(phase), g.text("x-t"));
    let maps = (0..4).map(|map| {
        format!(
            "(call $dec (call $get_header (i32.const {map}) {key} {OUT}))
             (drop (call $get_pairs (i32.const {map}) {OUT}))
             (call $dec (i32.ne (i32.load (i32.const 20)) (i32.const 0)))
             (call $dec (call $map_size (i32.const {map}) {WORD}))"
        )
    });
    format!(
        "(call $put {label}) {} (call $end)\n",
        maps.collect::<Vec<_>>().join(" (call $byte (i32.const 44))")
    )
}

fn request() -> Request {
    Request::new("POST", "/").header("x-t", "1").chunk("ab").trailer("x-t", "1")
}

fn answer() -> Answer {
    Answer::new(200).header("x-t", "1").body("answer").trailer("x-t", "1")
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        passing(),
        holding(),
        held_response(),
        of_a_reply(),
        of_a_root(),
        request_trailers(),
        response_trailers(),
    ]
}

/// Probes in these callbacks, each with what it returns.
fn probing(callbacks: &[(&str, &str)]) -> Guest {
    let mut g = Guest::new();
    for (name, result) in callbacks {
        let line = probe(&mut g, name.trim_start_matches("proxy_on_"));
        g = g.on(name, line + result);
    }
    g
}

fn passing() -> Row {
    let g = probing(&[
        ("proxy_on_request_headers", CONTINUE),
        ("proxy_on_request_body", CONTINUE),
        ("proxy_on_request_trailers", CONTINUE),
        ("proxy_on_response_headers", CONTINUE),
        ("proxy_on_response_body", CONTINUE),
        ("proxy_on_response_trailers", CONTINUE),
        ("proxy_on_log", ""),
        ("proxy_on_done", "(i32.const 1)"),
        ("proxy_on_delete", ""),
    ]);
    Row::new("the maps of each phase where nothing is held", &g)
        .answered(answer())
        .send(request())
        .shows(
            "request_headers 0 1 0, 2 0 2, 2 0 2, 2 0 2
         request_body 2 0 2, 2 0 2, 2 0 2, 2 0 2
         request_trailers 2 0 2, 0 1 0, 2 0 2, 2 0 2
         response_headers 2 0 2, 2 0 2, 0 1 0, 2 0 2
         response_body 2 0 2, 2 0 2, 2 0 2, 2 0 2
         response_trailers 2 0 2, 2 0 2, 2 0 2, 0 1 0
         log 0 1 2, 1 0 2, 0 1 2, 0 1 2
         done 2 0 2, 2 0 2, 2 0 2, 2 0 2
         delete 2 0 2, 2 0 2, 2 0 2, 2 0 2
         upstream POST / x-t=1 'ab' trailers x-t=1
         client 200 x-t=1 'answer' trailers x-t=1",
        )
}

fn holding() -> Row {
    let g = probing(&[
        ("proxy_on_request_headers", "(i32.const 1)"),
        ("proxy_on_request_body", "(i32.const 1)"),
        ("proxy_on_request_trailers", CONTINUE),
        ("proxy_on_response_headers", "(i32.const 1)"),
        ("proxy_on_response_body", "(i32.const 1)"),
        ("proxy_on_response_trailers", CONTINUE),
    ]);
    Row::new("the maps of each phase where all is held to the end", &g)
        .answered(answer())
        .send(request())
        .shows(
            "request_headers 0 1 0, 2 0 2, 2 0 2, 2 0 2
         request_body 0 1 0, 2 0 2, 2 0 2, 2 0 2
         request_trailers 0 1 0, 0 1 0, 2 0 2, 2 0 2
         response_headers 0 1 0, 2 0 2, 0 1 0, 2 0 2
         response_body 0 1 0, 2 0 2, 0 1 0, 2 0 2
         response_trailers 0 1 0, 2 0 2, 0 1 0, 0 1 0
         upstream POST / x-t=1 'ab' trailers x-t=1
         client 200 x-t=1 'answer' trailers x-t=1",
        )
}

fn held_response() -> Row {
    let end = "(i32.eqz (local.get $2))";
    let g = probing(&[
        ("proxy_on_request_headers", end),
        ("proxy_on_request_body", end),
        ("proxy_on_response_headers", end),
        ("proxy_on_response_body", end),
    ]);
    Row::new("the maps of each phase where bodies are held and there are no trailers", &g)
        .send(Request::new("POST", "/").header("x-t", "1").chunk("ab"))
        .shows(
            "request_headers 0 1 0, 2 0 2, 2 0 2, 2 0 2
         request_body 0 1 0, 2 0 2, 2 0 2, 2 0 2
         request_body 0 1 0, 2 0 0, 2 0 2, 2 0 2
         response_headers 0 1 0, 1 0 0, 1 1 0, 2 0 2
         response_body 0 1 0, 1 0 0, 1 1 0, 2 0 2
         response_body 0 1 0, 1 0 0, 1 1 0, 2 0 0
         upstream POST / x-t=1 'ab'
         client 200 content-length=6 'answer'",
        )
}

fn of_a_reply() -> Row {
    let mut g = Guest::new();
    let reply = g.reply(403, "no", &[("x-t", "1")]);
    let before = g.bytes("reply", &reply);
    let after = probe(&mut g, "after");
    let (headers, log) = (probe(&mut g, "response headers"), probe(&mut g, "log"));
    let guest = g
        .on("proxy_on_request_headers", before + &after + CONTINUE)
        .on("proxy_on_response_headers", headers + CONTINUE)
        .on("proxy_on_log", log);
    Row::new("the maps around a local reply", &guest)
        .send(Request::new("GET", "/").header("x-t", "1"))
        .shows(
            "reply 0
         after 0 1 0, 2 0 2, 2 0 2, 2 0 2
         response headers 0 1 0, 2 0 2, 0 1 0, 2 0 2
         log 0 1 0, 1 0 2, 0 1 2, 1 0 2
         client 403 content-length=2 content-type=text/plain x-t=1 'no'",
        )
}

/// As the root context, from a stream's callback.
fn of_a_root() -> Row {
    let mut g = Guest::new();
    let line = probe(&mut g, "root");
    let (name, value) = (g.text("x-a"), g.text("1"));
    let own = [
        g.bytes("add", &format!("$add_header (i32.const 0) {name} {value}")),
        g.bytes("body", &format!("$set_buffer (i32.const 0) (i32.const 0) (i32.const 0) {value}")),
        g.bytes("reply", &format!("$reply (i32.const 403) {NONE} {NONE} {NONE} (i32.const -1)")),
    ]
    .concat();
    let body = format!("(drop (call $effective (global.get $root))) {line} {own} {CONTINUE}");
    let guest = g
        .with("(global $root (mut i32) (i32.const 0))")
        .on("proxy_on_configure", "(global.set $root (local.get $0)) (i32.const 1)")
        .on("proxy_on_response_headers", body);
    // The reply goes nowhere and stops the response all the same.
    Row::new("a root context has no maps and nothing to reply to", &guest)
        .send(Request::new("GET", "/").header("x-t", "1").leaves_after(4))
        .shows(
            "root 2 0 2, 2 0 2, 2 0 2, 2 0 2
         add 2
         body 2
         reply 0
         upstream GET / x-t=1
         client nothing",
        )
}

/// Changes of one map of trailers.
fn changes(g: &mut Guest, map: u32) -> String {
    let mut key = |name: &str| g.text(name);
    let (two, gone, made, value) = (key("X-Two"), key("x-gone"), key("x-made"), key("new"));
    let mut body = String::new();
    for (label, call) in [
        ("get", format!("$get_header (i32.const {map}) {two} {OUT}")),
        ("set", format!("$set_header (i32.const {map}) {two} {value}")),
        ("remove", format!("$remove_header (i32.const {map}) {gone}")),
        ("add", format!("$add_header (i32.const {map}) {made} {value}")),
    ] {
        body += &g.bytes(label, &call);
    }
    body + &g.pairs("pairs", map)
}

fn request_trailers() -> Row {
    let mut g = Guest::new();
    let body = changes(&mut g, 1);
    Row::new("request trailers can be changed", &g.on("proxy_on_request_trailers", body + CONTINUE))
        .send(
            Request::new("POST", "/")
                .chunk("ab")
                .trailer("x-two", "1")
                .trailer("x-gone", "1")
                .trailer("x-two", "2"),
        )
        .shows(
            "get 0 '1'
         set 0
         remove 0
         add 0
         pairs 0 x-two=new x-made=new
         upstream POST / 'ab' trailers x-made=new x-two=new
         client 200 content-length=6 'answer'",
        )
}

fn response_trailers() -> Row {
    let mut g = Guest::new();
    let body = changes(&mut g, 3);
    Row::new(
        "response trailers can be changed",
        &g.on("proxy_on_response_trailers", body + CONTINUE),
    )
    .answered(
        Answer::new(200)
            .body("answer")
            .trailer("x-two", "1")
            .trailer("x-gone", "1")
            .trailer("x-two", "2"),
    )
    .get("/")
    .shows(
        "get 0 '1'
         set 0
         remove 0
         add 0
         pairs 0 x-two=new x-made=new
         upstream GET /
         client 200 'answer' trailers x-made=new x-two=new",
    )
}
