//! What the results of a request's headers, body and trailers callbacks lead to.

use crate::guest::Guest;
use crate::row::{Request, Row};

/// Results of the callbacks of one direction: of headers, of a body that goes on, of its end, of trailers.
#[derive(Clone, Copy)]
pub(super) struct Results {
    pub(super) headers: u32,
    pub(super) body: u32,
    pub(super) end: u32,
    pub(super) trailers: u32,
}

pub(super) const ALL_GO_ON: Results = Results { headers: 0, body: 0, end: 0, trailers: 0 };

/// Logs every callback of a direction with its numbers, and answers as told.
fn direction(mut g: Guest, name: &str, results: Results) -> Guest {
    let numbers = ["(local.get $1)", "(local.get $2)"];
    let headers = g.numbers(&format!("{name} headers"), &numbers[1..]);
    let body = g.numbers(&format!("{name} body"), &numbers);
    let trailers = g.numbers(&format!("{name} trailers"), &numbers[..1]);
    let on =
        format!("(select (i32.const {}) (i32.const {}) (local.get $2))", results.end, results.body);
    // 2 from headers goes on: nothing is held then.
    let held = u32::from(!matches!(results.headers, 0 | 2));
    g.on(
        &format!("proxy_on_{name}_headers"),
        format!(
            "{headers} {} (i32.const {})",
            note(&format!("(i32.const {held})")),
            results.headers
        ),
    )
    .on(&format!("proxy_on_{name}_body"), format!("{body} {} {on}", note(&on)))
    .on(
        &format!("proxy_on_{name}_trailers"),
        format!(
            "{trailers} {} (i32.const {})",
            note(&format!("(i32.const {})", results.trailers)),
            results.trailers
        ),
    )
}

/// Notes the stream while a callback's result holds it, so that a tick lets go of nothing else.
fn note(held: &str) -> String {
    format!("(global.set $stream (select (local.get $0) (i32.const 0) {held}))")
}

pub(super) fn guest(name: &str, results: Results) -> Guest {
    direction(Guest::new().with("(global $stream (mut i32) (i32.const 0))"), name, results)
}

/// Lets what is held go on, once, when time has passed.
pub(super) fn ticking(mut g: Guest, stream: u32) -> Guest {
    let line = g.say("tick");
    let tick = format!(
        "(if (global.get $stream) (then
           {line}
           (drop (call $effective (global.get $stream)))
           (global.set $stream (i32.const 0))
           (drop (call $continue (i32.const {stream})))))"
    );
    g.on("proxy_on_configure", "(drop (call $tick_period (i32.const 30))) (i32.const 1)")
        .on("proxy_on_tick", tick)
}

/// The usual ways a request can look: none, a body with length, in one chunk, with trailers.
fn shapes(row: Row) -> Row {
    row.get("/")
        .send(Request::post("ab"))
        .send(Request::new("POST", "/").chunk("abc"))
        .send(Request::new("POST", "/").chunk("abcd").trailer("x-t", "1"))
}

fn request(name: &'static str, results: Results, expected: &'static str) -> Row {
    shapes(Row::new(name, &guest("request", results))).shows(expected)
}

/// As [`request`], for results that hold until something lets go.
fn held(name: &'static str, results: Results, expected: &'static str) -> Row {
    shapes(Row::new(name, &ticking(guest("request", results), 0))).shows(expected)
}

/// As [`held`], where the end of a body holds: with a length, the upstream answers before that end.
fn end_held(name: &'static str, results: Results, expected: &'static str) -> Row {
    Row::new(name, &ticking(guest("request", results), 0))
        .send(Request::new("POST", "/").chunk("abc"))
        .send(Request::new("POST", "/").chunk("abcd").trailer("x-t", "1"))
        .shows(expected)
}

/// What [`shapes`] show where everything is held until the tick.
const HELD: &str = "request headers 1
     tick
     upstream GET /
     client 200 content-length=6 'answer'
     request headers 0
     tick
     request body 2 1
     upstream POST / content-length=2 'ab'
     client 200 content-length=6 'answer'
     request headers 0
     tick
     request body 3 1
     upstream POST / 'abc'
     client 200 content-length=6 'answer'
     request headers 0
     tick
     request body 4 0
     request trailers 1
     upstream POST / 'abcd' trailers x-t=1
     client 200 content-length=6 'answer'";

/// What [`shapes`] show where nothing is held to the end.
const GONE_ON: &str = "request headers 1
     upstream GET /
     client 200 content-length=6 'answer'
     request headers 0
     request body 2 0
     request body 0 1
     upstream POST / content-length=2 'ab'
     client 200 content-length=6 'answer'
     request headers 0
     request body 3 0
     request body 0 1
     upstream POST / 'abc'
     client 200 content-length=6 'answer'
     request headers 0
     request body 4 0
     request trailers 1
     upstream POST / 'abcd' trailers x-t=1
     client 200 content-length=6 'answer'";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        request("all callbacks of a request that goes on", ALL_GO_ON, GONE_ON),
        request(
            "2 from headers is no reason to stop",
            Results { headers: 2, ..ALL_GO_ON },
            GONE_ON,
        ),
        held(
            "1 from headers holds until the body goes on",
            Results { headers: 1, ..ALL_GO_ON },
            "request headers 1
         tick
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 0 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         request body 3 0
         request body 0 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held("3 from headers holds everything", Results { headers: 3, ..ALL_GO_ON }, HELD),
        held("4 from headers holds everything", Results { headers: 4, ..ALL_GO_ON }, HELD),
        held(
            "4 from headers and the body held to its end",
            Results { headers: 4, body: 1, ..ALL_GO_ON },
            "request headers 1
         tick
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         tick
         request body 2 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         tick
         request body 3 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         tick
         request body 4 0
         request trailers 1
         request trailers 1
         upstream POST / trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held("5 from headers holds everything", Results { headers: 5, ..ALL_GO_ON }, HELD),
        held(
            "1 from headers without the option holds everything",
            Results { headers: 1, ..ALL_GO_ON },
            HELD,
        )
        .without_stop_iteration(),
        held(
            "3 from headers without the option holds everything",
            Results { headers: 3, ..ALL_GO_ON },
            HELD,
        )
        .without_stop_iteration(),
        end_held(
            "the body's end holds",
            Results { end: 1, ..ALL_GO_ON },
            "request headers 0
         request body 3 0
         request body 0 1
         tick
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        end_held(
            "headers and the body's end hold",
            Results { headers: 1, end: 1, ..ALL_GO_ON },
            "request headers 0
         request body 3 0
         request body 0 1
         tick
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held(
            "the body holds to its end",
            Results { body: 1, ..ALL_GO_ON },
            "request headers 1
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 2 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         request body 3 0
         request body 3 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held(
            "headers hold and the body to its end",
            Results { headers: 1, body: 1, ..ALL_GO_ON },
            "request headers 1
         tick
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 2 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         request body 3 0
         request body 3 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        end_held(
            "the body's end holds with 2",
            Results { end: 2, ..ALL_GO_ON },
            "request headers 0
         request body 3 0
         request body 0 1
         tick
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        end_held(
            "the body's end holds with 3",
            Results { end: 3, ..ALL_GO_ON },
            "request headers 0
         request body 3 0
         request body 0 1
         tick
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held("the body holds to its end with 2", Results { body: 2, ..ALL_GO_ON }, GONE_ON),
        held(
            "trailers hold",
            Results { trailers: 1, ..ALL_GO_ON },
            "request headers 1
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 0 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         request body 3 0
         request body 0 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         tick
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
        held(
            "headers hold and trailers too",
            Results { headers: 1, body: 1, trailers: 1, ..ALL_GO_ON },
            "request headers 1
         tick
         upstream GET /
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 2 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         request headers 0
         request body 3 0
         request body 3 1
         upstream POST / 'abc'
         client 200 content-length=6 'answer'
         request headers 0
         request body 4 0
         request trailers 1
         tick
         upstream POST / 'abcd' trailers x-t=1
         client 200 content-length=6 'answer'",
        ),
    ];
    rows.extend([chunks(), two_directions()]);
    rows
}

fn chunks() -> Row {
    let results = Results { headers: 1, body: 1, ..ALL_GO_ON };
    let request =
        || Request::new("POST", "/").chunk("ab").chunk_after(2, "cd").chunk_after(3, "ef");
    Row::new(
        "a held body is seen whole each time that more of it comes",
        &guest("request", results),
    )
    .send(request())
    .send(request().trailer("x-t", "1"))
    .shows(
        "request headers 0
         request body 2 0
         request body 4 0
         request body 6 0
         request body 6 1
         upstream POST / 'abcdef'
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 4 0
         request body 6 0
         request trailers 1
         upstream POST / 'abcdef' trailers x-t=1
         client 200 content-length=6 'answer'",
    )
}

fn two_directions() -> Row {
    let request =
        || Request::new("POST", "/").chunk("ab").chunk_after(2, "cd").chunk_after(3, "ef");
    Row::new("a body that goes on is seen in parts", &guest("request", ALL_GO_ON))
        .send(request())
        .send(request().trailer("x-t", "1"))
        .shows(
            "request headers 0
         request body 2 0
         request body 2 0
         request body 2 0
         request body 0 1
         upstream POST / 'abcdef'
         client 200 content-length=6 'answer'
         request headers 0
         request body 2 0
         request body 2 0
         request body 2 0
         request trailers 1
         upstream POST / 'abcdef' trailers x-t=1
         client 200 content-length=6 'answer'",
        )
}
