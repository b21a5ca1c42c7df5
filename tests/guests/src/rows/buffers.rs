//! Buffers: ranges, replacing and growing a body, buffers of other phases, the plugin's configuration.

use super::CONTINUE;
use crate::guest::{Guest, OUT, WORD};
use crate::row::{Answer, Request, Row};

fn get(g: &mut Guest, buffer: u32, start: i64, length: i64) -> String {
    let call =
        format!("$get_buffer (i32.const {buffer}) (i32.const {start}) (i32.const {length}) {OUT}");
    g.bytes(&format!("get {buffer} {start} {length}"), &call)
}

fn set(g: &mut Guest, buffer: u32, start: i64, length: i64, data: &str) -> String {
    let bytes = g.text(data);
    let call = format!(
        "$set_buffer (i32.const {buffer}) (i32.const {start}) (i32.const {length}) {bytes}"
    );
    g.bytes(&format!("set {buffer} {start} {length} {data}"), &call)
}

fn length(g: &mut Guest, buffer: u32) -> String {
    let label = format!("status {buffer}");
    g.word(&label, &format!("$buffer_status (i32.const {buffer}) {WORD} (i32.const 24)"))
}

/// Only where there are bytes: the end of a body comes in a callback of its own, without any.
fn with_bytes(body: &str) -> String {
    format!("(if (local.get $1) (then {body})) {CONTINUE}")
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows =
        vec![ranges(), other_buffers(), before_the_body(), after_the_body(), configuration()];
    rows.extend(changes());
    rows.extend(response_changes());
    rows
}

fn ranges() -> Row {
    let mut g = Guest::new();
    let pairs = [
        (0, 10),
        (0, 99),
        (0, -1),
        (0, 0),
        (2, 3),
        (9, 5),
        (10, 1),
        (11, 1),
        (-1, 1),
        (-1, -1),
        (5, -1),
    ];
    let mut body = g.numbers("body", &["(local.get $1)", "(local.get $2)"]) + &length(&mut g, 0);
    for (start, length) in pairs {
        body += &get(&mut g, 0, start, length);
    }
    Row::new(
        "a range of a body may begin past its end and be longer than it",
        &g.on("proxy_on_request_body", with_bytes(&body)),
    )
    .send(Request::post("0123456789"))
    .shows(
        "body 10 0
         status 0 0 10
         get 0 0 10 0 '0123456789'
         get 0 0 99 0 '0123456789'
         get 0 0 -1 0 '0123456789'
         get 0 0 0 0 ''
         get 0 2 3 0 '234'
         get 0 9 5 0 '9'
         get 0 10 1 0 ''
         get 0 11 1 0 ''
         get 0 -1 1 0 ''
         get 0 -1 -1 0 ''
         get 0 5 -1 0 '56789'
         upstream POST / content-length=10 '0123456789'
         client 200 content-length=6 'answer'",
    )
}

fn other_buffers() -> Row {
    let mut g = Guest::new();
    let body: String = (1..10)
        .map(|buffer| {
            length(&mut g, buffer) + &get(&mut g, buffer, 0, 99) + &set(&mut g, buffer, 0, 0, "x")
        })
        .collect();
    Row::new(
        "buffers of other phases are empty or not there and cannot be written",
        &g.on("proxy_on_request_body", with_bytes(&body)),
    )
    .send(Request::post("ab"))
    .shows(
        "status 1 0 0
         get 1 0 99 0 ''
         set 1 0 0 x 2
         status 2 0 0
         get 2 0 99 0 ''
         set 2 0 0 x 2
         status 3 0 0
         get 3 0 99 0 ''
         set 3 0 0 x 2
         status 4 1
         get 4 0 99 1
         set 4 0 0 x 1
         status 5 0 0
         get 5 0 99 0 ''
         set 5 0 0 x 2
         status 6 0 0
         get 6 0 99 0 ''
         set 6 0 0 x 2
         status 7 1
         get 7 0 99 1
         set 7 0 0 x 1
         status 8 0 0
         get 8 0 99 0 ''
         set 8 0 0 x 2
         status 9 2
         get 9 0 99 2
         set 9 0 0 x 2
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'",
    )
}

fn before_the_body() -> Row {
    let mut g = Guest::new();
    let body = length(&mut g, 0) + &get(&mut g, 0, 0, 9) + &set(&mut g, 0, 0, 0, "x");
    Row::new(
        "before a body has come it reads as empty and cannot be written",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .send(Request::post("ab"))
    .shows(
        "status 0 0 0
         get 0 0 9 0 ''
         set 0 0 0 x 2
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'",
    )
}

fn after_the_body() -> Row {
    let mut g = Guest::new();
    let body = length(&mut g, 0) + &get(&mut g, 0, 0, 9) + &set(&mut g, 0, 0, 0, "x");
    let log = length(&mut g, 0) + &length(&mut g, 1);
    Row::new(
        "once a body has gone on it reads as empty",
        &g.on("proxy_on_request_body", CONTINUE)
            .on("proxy_on_response_headers", body + CONTINUE)
            .on("proxy_on_log", log),
    )
    .send(Request::post("ab"))
    .shows(
        "status 0 0 0
         get 0 0 9 0 ''
         set 0 0 0 x 2
         status 0 0 0
         status 1 0 0
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'",
    )
}

fn configuration() -> Row {
    let mut g = Guest::new();
    let read = get(&mut g, 7, 0, 99);
    let later = [get(&mut g, 7, 0, 99), get(&mut g, 6, 0, 99), length(&mut g, 7)].concat();
    Row::new(
        "the configuration can be read while it is handed over and not later",
        &g.on("proxy_on_configure", read + "(i32.const 1)")
            .on("proxy_on_request_headers", later + CONTINUE),
    )
    .configuration("told")
    .get("/")
    .shows(
        "get 7 0 99 0 'told'
         get 7 0 99 0 'told'
         get 7 0 99 0 'told'
         get 7 0 99 1
         get 6 0 99 0 ''
         status 7 1
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn change(name: &'static str, start: i64, length: i64, data: &str, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let body = set(&mut g, 0, start, length, data);
    let guest = g.on("proxy_on_request_body", with_bytes(&body));
    Row::new(name, &guest).send(Request::new("POST", "/").chunk("0123456789")).shows(expected)
}

fn changes() -> Vec<Row> {
    vec![
        change(
            "bytes set at the front with length 0 are prepended",
            0,
            0,
            "ab",
            "set 0 0 0 ab 0
         upstream POST / 'ab0123456789'
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set at the front replace as many as they say",
            0,
            3,
            "ab",
            "set 0 0 3 ab 0
         upstream POST / 'ab3456789'
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set at the front with a great length replace the body",
            0,
            -1,
            "ab",
            "set 0 0 -1 ab 0
         upstream POST / 'ab'
         client 200 content-length=6 'answer'",
        ),
        change(
            "no bytes at the front with a great length empty the body",
            0,
            -1,
            "",
            "set 0 0 -1  0
         upstream POST /
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set at the end are appended",
            10,
            0,
            "ab",
            "set 0 10 0 ab 0
         upstream POST / '0123456789ab'
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set past the end are appended",
            99,
            5,
            "ab",
            "set 0 99 5 ab 0
         upstream POST / '0123456789ab'
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set in the middle are a bad argument",
            5,
            2,
            "ab",
            "set 0 5 2 ab 2
         upstream POST / '0123456789'
         client 200 content-length=6 'answer'",
        ),
        change(
            "bytes set just before the end are a bad argument",
            9,
            99,
            "ab",
            "set 0 9 99 ab 2
         upstream POST / '0123456789'
         client 200 content-length=6 'answer'",
        ),
    ]
}

fn response_change(
    name: &'static str,
    start: i64,
    length: i64,
    data: &str,
    expected: &'static str,
) -> Row {
    let mut g = Guest::new();
    let key = g.text("content-length");
    let body = [
        g.numbers("body", &["(local.get $1)", "(local.get $2)"]),
        get(&mut g, 1, 0, 99),
        set(&mut g, 1, start, length, data),
        get(&mut g, 1, 0, 99),
    ]
    .concat();
    let guest = g
        .on(
            "proxy_on_response_headers",
            format!("(drop (call $remove_header (i32.const 2) {key})) {CONTINUE}"),
        )
        .on("proxy_on_response_body", with_bytes(&body));
    Row::new(name, &guest).answered(Answer::new(200).body("0123456789")).get("/").shows(expected)
}

fn response_changes() -> Vec<Row> {
    vec![
        response_change(
            "a response body can be replaced",
            0,
            -1,
            "ab",
            "body 10 0
         get 1 0 99 0 '0123456789'
         set 1 0 -1 ab 0
         get 1 0 99 0 'ab'
         upstream GET /
         client 200 'ab'",
        ),
        response_change(
            "a response body can be prepended to",
            0,
            0,
            "ab",
            "body 10 0
         get 1 0 99 0 '0123456789'
         set 1 0 0 ab 0
         get 1 0 99 0 'ab0123456789'
         upstream GET /
         client 200 'ab0123456789'",
        ),
        response_change(
            "a response body can be appended to",
            10,
            0,
            "ab",
            "body 10 0
         get 1 0 99 0 '0123456789'
         set 1 10 0 ab 0
         get 1 0 99 0 '0123456789ab'
         upstream GET /
         client 200 '0123456789ab'",
        ),
    ]
}
