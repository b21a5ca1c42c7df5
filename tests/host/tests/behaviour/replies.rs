//! Local replies: when they take effect, which phases they pass, what they look like.

use portcullis_host::{End, Host, Request, Response};

use crate::guest::{Guest, NONE, OUT};
use crate::{lines, traps};

/// A call of `proxy_send_local_response`.
fn reply(g: &mut Guest, status: u32, body: &str, headers: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        headers.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
    let (body, headers) = (g.text(body), g.text(portcullis_host::pairs::encode(&pairs)));
    let details = g.text("my details");
    format!("$reply (i32.const {status}) {details} {body} {headers} (i32.const -1)")
}

#[test]
fn a_reply_stops_whatever_is_returned_and_passes_its_own_response_phase() {
    let mut g = Guest::new();
    let call =
        reply(&mut g, 403, "no", &[("x-why", "because"), ("content-type", "application/json")]);
    let (name, value) = (g.text("x-seen"), g.text("1"));
    let status = g.status(&call);
    let wasm = g
        .on("proxy_on_request_headers", format!("{status} (i32.const 0)"))
        .on(
            "proxy_on_response_headers",
            format!("(drop (call $set_header (i32.const 2) {name} {value})) (i32.const 0)"),
        )
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::post("/").body("never read"));
    assert!(exchange.upstream.is_none());
    assert_eq!((exchange.status(), exchange.body().as_str()), (403, "no"));
    assert_eq!(exchange.header("x-why").unwrap(), "because");
    assert_eq!(exchange.header("x-seen").unwrap(), "1");
    assert_eq!(exchange.header("content-type").unwrap(), "application/json");
    assert_eq!(exchange.header("content-length").unwrap(), "2");
    assert_eq!(exchange.details, "my_details");
    assert_eq!(lines(&host), ["0"]);
}

#[test]
fn the_first_of_two_replies_wins_and_both_are_ok() {
    let mut g = Guest::new();
    let (first, second) = (reply(&mut g, 401, "a", &[]), reply(&mut g, 403, "b", &[]));
    let body = format!("{} {} (i32.const 0)", g.status(&first), g.status(&second));
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    assert_eq!(host.send(Request::get("/")).status(), 401);
    assert_eq!(lines(&host), ["0", "0"]);
}

#[test]
fn a_reply_after_the_headers_went_up_cuts_the_upstream() {
    let mut g = Guest::new();
    let call = reply(&mut g, 413, "too much", &[]);
    let wasm = g.on("proxy_on_request_body", format!("(call {call})")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::post("/").body("x").body("y"));
    assert_eq!(exchange.status(), 413);
    let upstream = exchange.upstream();
    assert_eq!((upstream.end, upstream.text().as_str()), (End::Reset, ""));
}

#[test]
fn a_reply_from_the_response_headers_passes_no_phase_and_loses_earlier_changes() {
    let mut g = Guest::new();
    let call = reply(&mut g, 502, "bad", &[]);
    let (name, value, line) = (g.text("x-seen"), g.text("1"), g.say("response headers"));
    let wasm = g
        .on(
            "proxy_on_response_headers",
            format!("{line} (drop (call $set_header (i32.const 2) {name} {value})) (call {call})"),
        )
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.status(), exchange.body().as_str()), (502, "bad"));
    assert_eq!(exchange.header("x-seen"), None);
    assert_eq!(lines(&host), ["response headers"], "once");
}

#[test]
fn a_reply_from_a_response_body_whose_headers_are_out_cuts_the_client() {
    let mut g = Guest::new();
    let call = reply(&mut g, 502, "bad", &[]);
    let wasm = g.on("proxy_on_response_body", format!("(call {call})")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let client = host.send(Request::get("/")).client.unwrap();
    assert_eq!((client.headers.status(), client.end), (Some(200), End::Reset));
}

#[test]
fn a_reply_from_a_held_response_body_replaces_the_response() {
    let mut g = Guest::new();
    let call = reply(&mut g, 502, "bad", &[]);
    let wasm = g
        .on("proxy_on_response_headers", "(i32.const 1)")
        .on("proxy_on_response_body", format!("(call {call})"))
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.status(), exchange.body().as_str()), (502, "bad"));
}

#[test]
fn a_grpc_request_gets_its_refusal_in_headers() {
    let table = [(403, "7"), (401, "16"), (429, "14"), (503, "14"), (500, "2")];
    for (status, grpc) in table {
        let mut g = Guest::new();
        let call = reply(&mut g, status, "no way", &[]);
        let wasm = g.on("proxy_on_request_headers", format!("(call {call})")).build();
        let mut host = Host::of(&wasm).start().unwrap();
        let request = Request::post("/s/m").header("content-type", "application/grpc+proto");
        let exchange = host.send(request);
        assert_eq!((exchange.status(), exchange.body().as_str()), (200, ""));
        assert_eq!(exchange.header("grpc-status").unwrap(), grpc);
        assert_eq!(exchange.header("grpc-message").unwrap(), "no way");
    }
}

#[test]
fn a_reply_without_body_has_no_content_type_and_a_head_request_gets_none() {
    let mut g = Guest::new();
    let call = reply(&mut g, 204, "", &[("content-type", "text/html")]);
    let wasm = g.on("proxy_on_request_headers", format!("(call {call})")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.status(), exchange.header("content-type")), (204, None));
    let mut g = Guest::new();
    let call = reply(&mut g, 403, "secret", &[]);
    let wasm = g.on("proxy_on_request_headers", format!("(call {call})")).build();
    let exchange = Host::of(&wasm).start().unwrap().send(Request::new("HEAD", "/"));
    assert_eq!((exchange.status(), exchange.body().as_str()), (403, ""));
}

#[test]
fn a_root_context_has_no_one_to_reply_to() {
    let mut g = Guest::new();
    let call = reply(&mut g, 403, "no", &[]);
    let status = g.status(&call);
    let wasm = g.on("proxy_on_configure", format!("{status} (i32.const 1)")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    assert_eq!(lines(&host), ["0"]);
    assert_eq!(host.send(Request::get("/")).status(), 200);
}

#[test]
fn a_closed_stream_is_cut_on_both_sides() {
    let g = Guest::new();
    let wasm = g.on("proxy_on_response_headers", "(call $close (i32.const 0))").build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/").answered(Response::new(200)));
    let client = exchange.client.unwrap();
    assert_eq!((client.headers.status(), client.end), (None, End::Reset));
}

#[test]
fn after_a_reply_the_log_phase_has_both_sets_of_headers() {
    let mut g = Guest::new();
    let call = reply(&mut g, 403, "no", &[]);
    let (path, status, none) = (g.text(":path"), g.text(":status"), NONE);
    let log = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT})) (call $show)
         (drop (call $get_header (i32.const 2) {status} {OUT})) (call $show)
         {}",
        g.status(&format!("$get_header (i32.const 3) {none} {OUT}"))
    );
    let wasm =
        g.on("proxy_on_request_headers", format!("(call {call})")).on("proxy_on_log", log).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/p"));
    assert_eq!(lines(&host), ["/p", "403", "1"]);
    assert!(traps(&host).is_empty());
}

#[test]
fn a_reply_from_its_own_response_phase_replaces_the_first() {
    let mut g = Guest::new();
    let (first, second) = (reply(&mut g, 401, "a", &[]), reply(&mut g, 403, "b", &[]));
    let wasm = g
        .on("proxy_on_request_headers", format!("(call {first})"))
        .on("proxy_on_response_headers", format!("(call {second})"))
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.status(), exchange.body().as_str()), (403, "b"));
}

#[test]
fn a_reply_at_the_end_of_a_stream_is_reported_as_the_crash_it_is() {
    for (callback, result) in
        [("proxy_on_log", ""), ("proxy_on_done", "(i32.const 1)"), ("proxy_on_delete", "")]
    {
        let mut g = Guest::new();
        let call = reply(&mut g, 403, "no", &[]);
        let status = g.status(&call);
        let mut host = Host::of(&g.on(callback, status + result).build()).start().unwrap();
        assert_eq!(host.send(Request::get("/")).status(), 200);
        let violations = host.take_violations();
        assert!(violations[0].contains("process dies"), "{callback} {violations:?}");
    }
}

#[test]
fn a_replys_headers_keep_duplicates_and_not_its_framing() {
    let mut g = Guest::new();
    let headers = [(":status", "200"), ("content-length", "99"), ("x-a", "1"), ("x-a", "2")];
    let call = reply(&mut g, 403, "secret", &headers);
    let wasm = g.on("proxy_on_request_headers", format!("(call {call})")).build();
    let client = Host::of(&wasm).start().unwrap().send(Request::get("/")).client.unwrap();
    let expected = [
        (":status", "403"),
        ("content-length", "6"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("content-type", "text/plain"),
    ];
    assert_eq!(client.headers, portcullis_host::Headers::new(expected));
}
