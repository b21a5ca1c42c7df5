//! Which callbacks come in which order, modules that lack some, ticks.

use super::CONTINUE;
use crate::guest::Guest;
use crate::row::{Answer, Request, Row};

/// Callbacks of a stream and what they return.
const OF_A_STREAM: [(&str, &str); 10] = [
    ("proxy_on_context_create", ""),
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

/// A guest that logs each callback of a stream but those left out, with what else they do.
fn chatty(left_out: &[&str], also: &[(&str, &str)]) -> Guest {
    let mut g = Guest::new();
    for (name, result) in OF_A_STREAM {
        if left_out.contains(&name) {
            continue;
        }
        let line = g.say(name.trim_start_matches("proxy_on_"));
        let more = also.iter().find(|(known, _)| *known == name);
        let result = more.map_or(result, |(_, more)| more);
        // The root context's creation is told three times, by threads in any order.
        g = if name == "proxy_on_context_create" {
            g.on(name, format!("(if (local.get $1) (then {line}))"))
        } else {
            g.on(name, line + result)
        };
    }
    g
}

fn whole() -> Request {
    Request::new("POST", "/").chunk("ab").trailer("x-t", "1")
}

fn answer() -> Answer {
    Answer::new(200).body("answer").trailer("x-t", "1")
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("the order of all callbacks", &chatty(&[], &[]))
            .answered(answer())
            .send(whole())
            .get("/")
            .shows(
                "context_create
         request_headers
         request_body
         request_trailers
         response_headers
         response_body
         response_trailers
         log
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1
         context_create
         request_headers
         response_headers
         response_body
         response_trailers
         log
         done
         delete
         upstream GET /
         client 200 'answer' trailers x-t=1",
            ),
        Row::new(
            "a stream that is not done is let go all the same",
            &chatty(&[], &[("proxy_on_done", "(i32.const 0)")]),
        )
        .get("/")
        .get("/")
        .shows(
            "context_create
         request_headers
         response_headers
         response_body
         response_body
         log
         done
         delete
         upstream GET /
         client 200 content-length=6 'answer'
         context_create
         request_headers
         response_headers
         response_body
         response_body
         log
         done
         delete
         upstream GET /
         client 200 content-length=6 'answer'",
        ),
        without(
            "without a log callback",
            &["proxy_on_log"],
            "context_create
         request_headers
         request_body
         request_trailers
         response_headers
         response_body
         response_trailers
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without a done callback",
            &["proxy_on_done"],
            "context_create
         request_headers
         request_body
         request_trailers
         response_headers
         response_body
         response_trailers
         log
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without a delete callback",
            &["proxy_on_delete"],
            "context_create
         request_headers
         request_body
         request_trailers
         response_headers
         response_body
         response_trailers
         log
         done
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without a callback at a context's creation",
            &["proxy_on_context_create"],
            "request_headers
         request_body
         request_trailers
         response_headers
         response_body
         response_trailers
         log
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without callbacks of the response",
            &["proxy_on_response_headers", "proxy_on_response_body", "proxy_on_response_trailers"],
            "context_create
         request_headers
         request_body
         request_trailers
         log
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without callbacks of the request",
            &["proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"],
            "context_create
         response_headers
         response_body
         response_trailers
         log
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        without(
            "without body callbacks",
            &["proxy_on_request_body", "proxy_on_response_body"],
            "context_create
         request_headers
         request_trailers
         response_headers
         response_trailers
         log
         done
         delete
         upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        Row::new("without any callback", &Guest::new()).answered(answer()).send(whole()).shows(
            "upstream POST / 'ab' trailers x-t=1
         client 200 'answer' trailers x-t=1",
        ),
        reply_without_response_callbacks(),
        continued_at_the_response(),
        continued_where_nothing_waits(),
        numbers(),
        tick(),
        refused_by_the_router(),
    ]
}

fn without(name: &'static str, left_out: &[&str], expected: &'static str) -> Row {
    Row::new(name, &chatty(left_out, &[])).answered(answer()).send(whole()).shows(expected)
}

fn reply_without_response_callbacks() -> Row {
    let mut g = Guest::new();
    let call = g.reply(403, "no", &[]);
    let guest = g.on("proxy_on_request_headers", format!("(call {call})"));
    Row::new("a reply of a module that has one callback only", &guest)
        .get("/")
        .shows("client 403 content-length=2 content-type=text/plain 'no'")
}

/// At the response the request has gone on: to let it go again does nothing.
fn continued_at_the_response() -> Row {
    let mut g = Guest::new();
    let again = g.bytes("continue", "$continue (i32.const 0)");
    let body = g.say("request body");
    let guest = g.on("proxy_on_request_body", body + CONTINUE).on("proxy_on_log", again);
    Row::new("a request that is over cannot go on", &guest).send(Request::post("ab")).shows(
        "request body
         request body
         continue 0
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'",
    )
}

fn continued_where_nothing_waits() -> Row {
    let mut g = Guest::new();
    let call = g.bytes("continue", "$continue (i32.const 0)");
    let both = call + &g.bytes("continue response", "$continue (i32.const 1)");
    let tick =
        format!("(if (i32.eqz (global.get $told)) (then (global.set $told (i32.const 1)) {both}))");
    let hold = "(global.set $told (i32.const 0)) (i32.const 0)";
    let guest = g
        .with("(global $told (mut i32) (i32.const 1))")
        .on("proxy_on_request_headers", hold)
        // At the stream's delete, as the root: no stream is there to go on.
        .on("proxy_on_delete", format!("(drop (call $effective (i32.const 1))) {tick}"));
    Row::new("a root context has nothing that could go on", &guest).get("/").shows(
        "continue 0
         continue response 0
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn numbers() -> Row {
    let mut g = Guest::new();
    let create = g.numbers("create", &["(local.get $0)", "(local.get $1)"]);
    let own = g.numbers("headers", &["(local.get $0)"]);
    let done = g.numbers("done", &["(local.get $0)"]);
    let guest = g
        .on("proxy_on_context_create", format!("(if (local.get $1) (then {create}))"))
        .on("proxy_on_request_headers", own + CONTINUE)
        .on("proxy_on_done", done + "(i32.const 1)");
    Row::new("contexts are numbered as they come", &guest).get("/").get("/").shows(
        "create 2 1
         headers 2
         done 2
         upstream GET /
         client 200 content-length=6 'answer'
         create 3 1
         headers 3
         done 3
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn tick() -> Row {
    let mut g = Guest::new();
    let (line, late) = (g.say("tick"), g.text("late enough"));
    let now = "(drop (call $now (i32.const 24))) (i64.load (i32.const 24))";
    let late = format!(
        "(call $put {late})
         (call $dec (i64.ge_u (i64.sub (block (result i64) {now}) (global.get $since)) (i64.const 40000000)))
         (call $end)"
    );
    let tick = format!(
        "(if (global.get $stream) (then
           {line} {late}
           (call $dec (call $tick_period (i32.const 0))) (call $end)
           (drop (call $effective (global.get $stream)))
           (global.set $stream (i32.const 0))
           (call $dec (call $continue (i32.const 0))) (call $end)))"
    );
    let headers = format!(
        "(if (i64.eqz (global.get $since)) (then
           (global.set $since (block (result i64) {now}))
           (global.set $stream (local.get $0))
           (call $dec (call $effective (global.get $root)))
           (call $dec (call $tick_period (i32.const 60)))
           (call $end)
           (return (i32.const 4))))
         {CONTINUE}"
    );
    let guest = g
        .with(
            "(global $stream (mut i32) (i32.const 0)) (global $root (mut i32) (i32.const 0))
             (global $since (mut i64) (i64.const 0))",
        )
        .on("proxy_on_configure", "(global.set $root (local.get $0)) (i32.const 1)")
        .on("proxy_on_request_headers", headers)
        .on("proxy_on_tick", tick);
    Row::new("a tick comes after its period and no more once that is 0", &guest)
        .get("/")
        .get("/")
        .shows(
            "0 0
         tick
         late enough 1
         0
         0
         upstream GET /
         client 200 content-length=6 'answer'
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

/// What a module makes unroutable is answered by Envoy, and the module sees that answer.
fn refused_by_the_router() -> Row {
    let mut g = Guest::new();
    let path = g.text(":path");
    let line = g.pairs("response", 2);
    let guest = g
        .on(
            "proxy_on_request_headers",
            format!("(drop (call $remove_header (i32.const 0) {path})) {CONTINUE}"),
        )
        .on("proxy_on_response_headers", line + CONTINUE);
    Row::new("a request without its path is 404", &guest).get("/").shows(
        "response 0 :status=404
         client 404 content-length=0",
    )
}
