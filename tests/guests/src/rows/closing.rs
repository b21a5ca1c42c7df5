//! Streams that a guest closes: nobody gets an answer, and the log phase comes all the same.

use super::CONTINUE;
use crate::guest::Guest;
use crate::row::{Request, Row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        close(),
        close_response(),
        close_from_a_body(
            "request",
            Request::post("ab"),
            "close 0
         log
         client nothing",
        ),
        close_from_a_body(
            "response",
            Request::new("GET", "/"),
            "close 0
         log
         upstream GET /
         client nothing",
        ),
    ]
}

fn close() -> Row {
    let mut g = Guest::new();
    let call = g.bytes("close", "$close (i32.const 0)");
    let log = g.say("log");
    let guest = g.on("proxy_on_request_headers", call + CONTINUE).on("proxy_on_log", log);
    Row::new("a closed request gets no answer", &guest).get("/").shows(
        "close 0
         log
         client nothing",
    )
}

fn close_response() -> Row {
    let mut g = Guest::new();
    let call = g.bytes("close", "$close (i32.const 1)");
    let log = g.say("log");
    let guest = g.on("proxy_on_response_headers", call + CONTINUE).on("proxy_on_log", log);
    Row::new("a closed response never comes", &guest).get("/").shows(
        "close 0
         log
         upstream GET /
         client nothing",
    )
}

/// Closed in the middle of a body that is held with its headers.
fn close_from_a_body(direction: &str, request: Request, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let stream = i32::from(direction == "response");
    let call = g.bytes("close", &format!("$close (i32.const {stream})")) + "(i32.const 1)";
    let log = g.say("log");
    let guest = g
        .on(&format!("proxy_on_{direction}_headers"), "(i32.const 1)")
        .on(&format!("proxy_on_{direction}_body"), call)
        .on("proxy_on_log", log);
    let name = match stream {
        0 => "a request closed from its body gets no answer",
        _ => "a response closed from its body never comes",
    };
    Row::new(name, &guest).send(request).shows(expected)
}
