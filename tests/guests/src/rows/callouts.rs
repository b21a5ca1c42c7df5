//! Calls to clusters: those that fail at once, and what the callback of the others can read.

use super::CONTINUE;
use crate::guest::{Guest, NONE, OUT, WORD};
use crate::row::{Request, Row};

const WHOLE: [(&str, &str); 3] =
    [(":method", "GET"), (":path", "/called"), (":authority", "callee")];

fn call(g: &mut Guest, cluster: &str, headers: &[(&str, &str)], timeout: i32) -> String {
    let (name, map) = (g.text(cluster), g.map(headers));
    format!("$http_call {name} {map} {NONE} {NONE} (i32.const {timeout}) {WORD}")
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        refused(),
        answered("callee", "a call's answer is read in its callback and the request goes on", "call 0 4
         response 5 6 0
         path as root 2
         status 0 '202'
         length 0 '6'
         type 1
         took 0
         call status 0 ''
         trailers 0
         body 0 'called'
         write 2
         add 2
         effective 0
         path as stream 0 '/'
         status as stream 0 '202'
         continue 0
         path after 2
         upstream GET /
         client 200 content-length=6 'answer'"),
        answered("refused", "a call to a host that refuses is answered with 503", "call 0 4
         response 3 98 0
         path as root 2
         status 0 '503'
         length 0 '98'
         type 0 'text/plain'
         took 1
         call status 0 ''
         trailers 0
         body 0 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure'
         write 2
         add 2
         effective 0
         path as stream 0 '/'
         status as stream 0 '503'
         continue 0
         path after 2
         upstream GET /
         client 200 content-length=6 'answer'")
        // Then with the reason of the transport behind it.
        .before(39, "response 3 98 0", "response 3 167 0")
        .before(39, "length 0 '98'", "length 0 '167'")
        .before(
            39,
            "body 0 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure'",
            "body 0 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure,'",
        ),
        reply_from_the_callback(),
        with_a_body(),
        grpc(),
        grpc_calls_that_are_not_there(),
    ]
}

fn refused() -> Row {
    let mut g = Guest::new();
    let mut body = String::new();
    let mut add = |g: &mut Guest, label: &str, cluster: &str, headers: &[(&str, &str)], timeout| {
        let call = call(g, cluster, headers, timeout);
        body += &g.word(label, &call);
    };
    add(&mut g, "unknown cluster", "nobody", &WHOLE, 1000);
    add(&mut g, "no cluster", "", &WHOLE, 1000);
    add(&mut g, "no headers", "callee", &[], 1000);
    for left_out in 0..3 {
        let mut headers = WHOLE.to_vec();
        let (name, _) = headers.remove(left_out);
        add(&mut g, &format!("without {name}"), "callee", &headers, 1000);
    }
    add(&mut g, "endless timeout", "callee", &WHOLE, -1);
    add(&mut g, "no hosts", "empty", &WHOLE, 1000);
    Row::new(
        "calls that fail at once",
        &g.on("proxy_on_request_headers", body + CONTINUE)
            .on("proxy_on_http_call_response", "unreachable"),
    )
    .get("/")
    .shows(
        "unknown cluster 2 0
         no cluster 2 0
         no headers 2 0
         without :method 2 0
         without :path 2 0
         without :authority 2 0
         endless timeout 2 0
         no hosts 10 0
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

/// Notes the stream, calls, and holds it.
fn holding(g: &mut Guest, cluster: &str) -> String {
    let call = call(g, cluster, &WHOLE, 5000);
    format!("(global.set $stream (local.get $0)) {} (i32.const 4)", g.word("call", &call))
}

const STREAM: &str = "(global $stream (mut i32) (i32.const 0))";

fn answered(cluster: &str, name: &'static str, expected: &'static str) -> Row {
    let mut g = Guest::new();
    let hold = holding(&mut g, cluster);
    let path = g.text(":path");
    let (status, length) = (g.text(":status"), g.text("content-length"));
    let (kind, took) = (g.text("content-type"), g.text("x-envoy-upstream-service-time"));
    let callback = [
        g.numbers("response", &["(local.get $2)", "(local.get $3)", "(local.get $4)"]),
        g.bytes("path as root", &format!("$get_header (i32.const 0) {path} {OUT}")),
        g.bytes("status", &format!("$get_header (i32.const 6) {status} {OUT}")),
        g.bytes("length", &format!("$get_header (i32.const 6) {length} {OUT}")),
        g.bytes("type", &format!("$get_header (i32.const 6) {kind} {OUT}")),
        g.numbers("took", &[&format!("(call $get_header (i32.const 6) {took} {OUT})")]),
        g.bytes("call status", &format!("$get_status (i32.const 24) {OUT}")),
        g.pairs("trailers", 7),
        g.bytes("body", &format!("$get_buffer (i32.const 4) (i32.const 0) (i32.const 99) {OUT}")),
        g.bytes("write", &format!("$set_buffer (i32.const 4) (i32.const 0) (i32.const 0) {NONE}")),
        g.bytes("add", &format!("$add_header (i32.const 6) {path} {path}")),
        g.bytes("effective", "$effective (global.get $stream)"),
        g.bytes("path as stream", &format!("$get_header (i32.const 0) {path} {OUT}")),
        g.bytes("status as stream", &format!("$get_header (i32.const 6) {status} {OUT}")),
        g.bytes("continue", "$continue (i32.const 0)"),
        g.bytes("path after", &format!("$get_header (i32.const 0) {path} {OUT}")),
    ]
    .concat();
    let guest = g
        .with(STREAM)
        .on("proxy_on_request_headers", hold)
        .on("proxy_on_http_call_response", callback);
    Row::new(name, &guest).get("/").shows(expected)
}

fn reply_from_the_callback() -> Row {
    let mut g = Guest::new();
    let hold = holding(&mut g, "callee");
    let reply = g.reply(401, "no", &[("x-a", "1")]);
    let callback =
        format!("(drop (call $effective (global.get $stream))) {}", g.bytes("reply", &reply));
    let headers = g.say("response headers");
    let guest = g
        .with(STREAM)
        .on("proxy_on_request_headers", hold)
        .on("proxy_on_http_call_response", callback)
        .on("proxy_on_response_headers", headers + CONTINUE);
    Row::new("a reply from the callback of a call", &guest).get("/").shows(
        "call 0 4
         reply 0
         response headers
         client 401 content-length=2 content-type=text/plain x-a=1 'no'",
    )
}

fn with_a_body() -> Row {
    let mut g = Guest::new();
    let hold = holding(&mut g, "callee");
    let body = g.numbers("body", &["(local.get $1)", "(local.get $2)"]);
    let callback =
        "(drop (call $effective (global.get $stream))) (drop (call $continue (i32.const 0)))";
    let guest = g
        .with(STREAM)
        .on("proxy_on_request_headers", hold)
        .on("proxy_on_request_body", body + CONTINUE)
        .on("proxy_on_http_call_response", callback);
    Row::new("a body that came during a call is seen whole after it", &guest)
        .send(Request::post("ab"))
        .send(Request::new("POST", "/").chunk("a").chunk("b").trailer("x-t", "1"))
        .shows(
            "call 0 4
         body 2 1
         upstream POST / content-length=2 'ab'
         client 200 content-length=6 'answer'
         call 0 8
         body 2 0
         upstream POST / 'ab' trailers x-t=1
         client 200 content-length=6 'answer'",
        )
}

fn grpc() -> Row {
    let mut g = Guest::new();
    let (service, method) = (g.text("a.Service"), g.text("Method"));
    let mut call = |label: &str, target: &[u8]| {
        let target = g.text(target);
        let call =
            format!("$grpc_call {target} {service} {method} {NONE} {NONE} (i32.const 1000) {WORD}");
        g.word(label, &call)
    };
    // A bare name that happens to be a message, such as `hi`, would end Envoy.
    let body = call("garbage", b"\xff\xff\xff")
        + &call("unknown cluster", b"\x0a\x08\x0a\x06nobody")
        + &call("no hosts", b"\x0a\x07\x0a\x05empty");
    Row::new("gRPC calls that fail at once", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "garbage 4
         unknown cluster 10
         no hosts 10
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

fn grpc_calls_that_are_not_there() -> Row {
    let mut g = Guest::new();
    let bytes = g.text("message");
    let body: String = [0, 1, 7, 400, 401, 402]
        .iter()
        .map(|token| {
            g.bytes(&format!("close {token}"), &format!("$grpc_close (i32.const {token})"))
                + &g.bytes(&format!("cancel {token}"), &format!("$grpc_cancel (i32.const {token})"))
                + &g.bytes(
                    &format!("send {token}"),
                    &format!("$grpc_send (i32.const {token}) {bytes} (i32.const 0)"),
                )
        })
        .collect();
    Row::new("gRPC calls that are not there", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "close 0 2
         cancel 0 2
         send 0 2
         close 1 1
         cancel 1 1
         send 1 2
         close 7 2
         cancel 7 2
         send 7 2
         close 400 2
         cancel 400 2
         send 400 2
         close 401 1
         cancel 401 1
         send 401 2
         close 402 1
         cancel 402 1
         send 402 1
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}
