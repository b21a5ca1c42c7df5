//! Header maps: statuses by phase, duplicates, serialised pairs and their limits.

use portcullis_host::{Headers, Host, Request, Response, pairs};

use crate::guest::{Guest, OUT};
use crate::lines;

const CONTINUE: &str = "(i32.const 0)";

#[test]
fn a_header_reads_as_its_first_value_and_an_absent_one_as_not_found() {
    let mut g = Guest::new();
    let (x, no, bad) = (g.text("X-Two"), g.text("absent"), g.text("x"));
    let body = format!(
        "{} (call $show) {} {} {CONTINUE}",
        g.status(&format!("$get_header (i32.const 0) {x} {OUT}")),
        g.status(&format!("$get_header (i32.const 0) {no} {OUT}")),
        g.status(&format!("$get_header (i32.const 8) {bad} {OUT}")),
    );
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/").header("x-two", "1").header("x-two", "2"));
    assert_eq!(lines(&host), ["0", "1", "1", "2"]);
}

#[test]
fn changes_reach_the_upstream_in_order() {
    let mut g = Guest::new();
    let (a, b, gone, v) = (g.text("X-A"), g.text("x-b"), g.text("x-gone"), g.text("new"));
    let body = format!(
        "(drop (call $add_header (i32.const 0) {a} {v})) (drop (call $set_header (i32.const 0) {b} {v}))
         (drop (call $remove_header (i32.const 0) {gone})) {CONTINUE}"
    );
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let request = Request::get("/")
        .header("x-a", "old")
        .header("x-b", "1")
        .header("x-b", "2")
        .header("x-gone", "1");
    let exchange = host.send(request);
    let upstream = &exchange.upstream().headers;
    assert_eq!(upstream.all("x-a"), [b"old", b"new"]);
    assert_eq!(upstream.all("x-b"), [b"new"]);
    assert!(!upstream.has("x-gone"));
}

#[test]
fn all_pairs_come_in_the_serialised_form() {
    let g = Guest::new();
    let body = format!(
        "(drop (call $get_pairs (i32.const 0) {OUT})) (call $num (i32.load (i32.const 20))) {CONTINUE}"
    );
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let headers = Headers::new([(":method", "GET"), (":path", "/"), ("x", "\u{e9}")]);
    host.send(Request::of(headers.clone()));
    assert_eq!(lines(&host), [pairs::encode(headers.pairs()).len().to_string()]);
}

#[test]
fn more_pairs_than_the_limit_wipe_the_map() {
    for (count, status) in [(1024, 200), (1025, 404)] {
        let proto = ("x-forwarded-proto", "http");
        let whole = [(":method", "GET"), (":path", "/"), (":authority", "a"), proto];
        let many = (4..count).map(|n| (format!("x-{n}"), "v".to_owned()));
        let whole = whole.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let all = Headers::new(whole.into_iter().chain(many));
        let mut g = Guest::new();
        let map = g.text(pairs::encode(all.pairs()));
        let body = format!("{} {CONTINUE}", g.status(&format!("$set_pairs (i32.const 0) {map}")));
        let wasm = g.on("proxy_on_request_headers", body).build();
        let mut host = Host::of(&wasm).start().unwrap();
        let exchange = host.send(Request::get("/"));
        assert_eq!(lines(&host), ["0"], "either way the call is Ok");
        assert_eq!(exchange.status(), status);
        assert_eq!(exchange.upstream.is_some_and(|seen| seen.headers == all), status == 200);
    }
}

#[test]
fn messages_without_their_pseudo_headers_are_envoys_errors() {
    let table = [
        ("proxy_on_request_headers", 0, ":method", 503, "missing required header: :method"),
        ("proxy_on_request_headers", 0, ":path", 404, ""),
        ("proxy_on_response_headers", 2, ":status", 502, "missing required header: :status"),
    ];
    for (callback, map, name, status, body) in table {
        let mut g = Guest::new();
        let key = g.text(name);
        let remove = format!("(drop (call $remove_header (i32.const {map}) {key})) {CONTINUE}");
        let mut host = Host::of(&g.on(callback, remove).build()).start().unwrap();
        let exchange = host.send(Request::get("/"));
        assert_eq!((exchange.status(), exchange.body().as_str()), (status, body), "{name}");
    }
}

#[test]
fn request_headers_are_gone_once_they_went_upstream_and_back_at_the_log() {
    let mut g = Guest::new();
    let x = g.text(":path");
    let read = format!(
        "{} {} {}",
        g.status(&format!("$get_header (i32.const 0) {x} {OUT}")),
        g.status(&format!("$set_header (i32.const 0) {x} {x}")),
        g.status(&format!("$get_pairs (i32.const 0) {OUT}"))
            + "(call $num (i32.load (i32.const 20)))",
    );
    let log = format!("{} (call $show)", g.status(&format!("$get_header (i32.const 0) {x} {OUT}")));
    let wasm = g
        .on("proxy_on_request_body", format!("{read} {CONTINUE}"))
        .on("proxy_on_response_headers", format!("{read} {CONTINUE}"))
        .on("proxy_on_log", log)
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::post("/p").body("b"));
    assert_eq!(lines(&host), ["2", "2", "0", "0", "2", "2", "0", "0", "0", "/p"]);
}

#[test]
fn a_map_of_the_other_direction_is_a_bad_argument() {
    let mut g = Guest::new();
    let x = g.text("x");
    let body = format!(
        "{} {} {} {CONTINUE}",
        g.status(&format!("$get_header (i32.const 2) {x} {OUT}")),
        g.status(&format!("$get_header (i32.const 1) {x} {OUT}")),
        g.status("$map_size (i32.const 2) (i32.const 16)"),
    );
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["2", "2", "2"]);
}

#[test]
fn trailers_come_into_being_in_the_last_body_callback_only() {
    let mut g = Guest::new();
    let (name, value) = (g.text("x-sum"), g.text("7"));
    let add = g.status(&format!("$add_header (i32.const 1) {name} {value}"));
    let wasm = g.on("proxy_on_request_body", format!("{add} {CONTINUE}")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::post("/").body("a").body("b"));
    assert_eq!(lines(&host), ["2", "0"]);
    let upstream = exchange.upstream();
    assert_eq!(upstream.text(), "ab");
    assert_eq!(upstream.trailers, Some(Headers::new([("x-sum", "7")])));
}

#[test]
fn response_trailers_pass_and_can_be_changed() {
    let mut g = Guest::new();
    let (name, value) = (g.text("x-t"), g.text("new"));
    let set = format!("(drop (call $set_header (i32.const 3) {name} {value})) {CONTINUE}");
    let wasm = g.on("proxy_on_response_trailers", set).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let answer = Response::new(200).body("x").trailer("x-t", "old");
    let client = host.send(Request::get("/").answered(answer)).client.unwrap();
    assert_eq!(client.trailers, Some(Headers::new([("x-t", "new")])));
}

#[test]
fn values_are_bytes() {
    let mut g = Guest::new();
    let x = g.text("x");
    let body = format!(
        "(drop (call $get_header (i32.const 0) {x} {OUT}))
         (drop (call $set_header (i32.const 0) {x} (i32.load (i32.const 16)) (i32.load (i32.const 20)))) {CONTINUE}"
    );
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/").header("x", b"\xff\xfe\x01"));
    assert_eq!(exchange.upstream().headers.get("x"), Some(&b"\xff\xfe\x01"[..]));
}
