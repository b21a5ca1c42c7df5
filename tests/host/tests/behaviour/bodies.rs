//! Body rules: what each return code holds, drops and shows, with and without StopIteration.

use portcullis_host::{End, HeadersAction, Host, Request, Response};

use crate::guest::{Guest, OUT};
use crate::{lines, traps};

/// Logs size and end of a body callback and the whole body as visible, then returns a code.
fn body(buffer: u32, code: u32) -> String {
    format!(
        "(call $num (local.get $1)) (call $num (local.get $2))
         (drop (call $get_buffer (i32.const {buffer}) (i32.const 0) (i32.const 65536) {OUT}))
         (call $show) (i32.const {code})"
    )
}

fn holding(headers: u32, code: u32) -> Vec<u8> {
    Guest::new()
        .on("proxy_on_request_headers", format!("(i32.const {headers})"))
        .on("proxy_on_request_body", body(0, code))
        .build()
}

#[test]
fn continue_passes_each_chunk_by_itself() {
    let mut host = Host::of(&holding(0, 0)).start().unwrap();
    let exchange = host.send(Request::post("/").body("ab").body("cde"));
    assert_eq!(lines(&host), ["2", "0", "ab", "3", "1", "cde"]);
    assert_eq!(exchange.upstream().text(), "abcde");
    assert_eq!(exchange.status(), 200);
    assert!(!exchange.paused);
}

#[test]
fn what_a_headers_code_means() {
    use HeadersAction as A;
    let table = [
        (0, true, A::Continue),
        (1, true, A::StopIteration),
        (1, false, A::StopAllIterationAndWatermark),
        (2, true, A::Continue),
        (3, true, A::StopAllIterationAndBuffer),
        (4, true, A::StopAllIterationAndWatermark),
        (5, true, A::StopAllIterationAndWatermark),
        (99, false, A::StopAllIterationAndWatermark),
    ];
    for (code, allowed, wanted) in table {
        let wasm = holding(code, 0);
        let builder = Host::of(&wasm).allow_on_headers_stop_iteration(allowed);
        let mut host = builder.start().unwrap();
        let request = Request::post("/");
        let worker = host.worker(0);
        let id = worker.open(&request);
        let headers = portcullis_host::Headers::new([(":method", "POST"), (":path", "/")]);
        let action = worker.stream(id).request_headers(&headers, false);
        assert_eq!(action, wanted, "{code} with the option {allowed}");
        assert_eq!(worker.exchange(id).upstream.is_some(), wanted == A::Continue);
    }
}

#[test]
fn without_the_option_a_pause_at_headers_never_sees_a_body() {
    let builder = Host::of(&holding(1, 0)).allow_on_headers_stop_iteration(false);
    let mut host = builder.start().unwrap();
    let exchange = host.send(Request::post("/").body("abc"));
    assert!(exchange.paused);
    assert!(exchange.upstream.is_none());
    assert!(lines(&host).is_empty());
}

#[test]
fn with_the_option_headers_wait_for_the_body_and_can_still_change() {
    let mut g = Guest::new();
    let (x, v) = (g.text("x-n"), g.text("v"));
    let at_end = format!(
        "(if (result i32) (local.get $2)
           (then (call $set_header (i32.const 0) {x} {v})) (else (i32.const 1)))"
    );
    let wasm = g
        .on("proxy_on_request_headers", "(i32.const 1)")
        .on("proxy_on_request_body", at_end)
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let id = host.worker(0).open(&Request::post("/"));
    let headers = portcullis_host::Headers::new([(":method", "POST"), (":path", "/")]);
    let mut stream = host.worker(0).stream(id);
    stream.request_headers(&headers, false);
    stream.request_body("ab", false);
    assert!(stream.exchange().upstream.is_none());
    stream.request_body("cd", true);
    let exchange = stream.exchange();
    assert_eq!(exchange.upstream().text(), "abcd");
    assert_eq!(exchange.upstream().headers.text("x-n").unwrap(), "v");
    assert_eq!(exchange.status(), 200);
}

#[test]
fn buffering_shows_the_whole_body_each_time() {
    let mut host = Host::of(&holding(0, 1)).start().unwrap();
    let exchange = host.send(Request::post("/").body("ab").body("cde"));
    assert_eq!(lines(&host), ["2", "0", "ab", "5", "1", "abcde"]);
    assert_eq!(exchange.upstream().text(), "");
    assert_eq!(exchange.upstream().end, End::Open);
    assert!(exchange.paused);
}

#[test]
fn a_buffered_body_over_the_limit_is_envoys_413_and_the_filter_sees_it() {
    let mut g = Guest::new();
    let status = g.text(":status");
    let wasm = g
        .on("proxy_on_request_headers", "(i32.const 1)")
        .on("proxy_on_request_body", "(i32.const 1)")
        .on(
            "proxy_on_response_headers",
            format!(
                "(drop (call $get_header (i32.const 2) {status} {OUT})) (call $show) (i32.const 0)"
            ),
        )
        .build();
    let mut host = Host::of(&wasm).buffer_limit(10).start().unwrap();
    let exchange = host.send(Request::post("/").body("0123456789").body("0"));
    assert_eq!(lines(&host), ["413"]);
    assert_eq!((exchange.status(), exchange.body().as_str()), (413, "Payload Too Large"));
    assert_eq!(exchange.details, "request_payload_too_large");
    assert!(exchange.upstream.is_none());
    let fits = host.send(Request::post("/").body("0123456789"));
    assert!(fits.client.is_none() && fits.paused, "the limit itself fits");
}

#[test]
fn watermark_codes_wait_instead_of_a_413() {
    for (headers, code) in [(4, 0), (0, 2), (1, 2)] {
        let mut host = Host::of(&holding(headers, code)).buffer_limit(10).start().unwrap();
        let big = vec![b'x'; 100];
        let exchange = host.send(Request::post("/").body(&big).body(&big).body("end"));
        assert!(exchange.client.is_none(), "{headers} {code}: {exchange:?}");
        assert!(exchange.paused);
    }
}

#[test]
fn a_body_held_with_all_iteration_reaches_the_filter_after_the_resume() {
    let wasm = Guest::new()
        .on("proxy_on_request_headers", "(drop (call $tick_period (i32.const 5))) (i32.const 4)")
        .on("proxy_on_request_body", body(0, 0))
        .on(
            "proxy_on_tick",
            "(drop (call $effective (i32.const 2))) (drop (call $continue (i32.const 0)))",
        )
        .build();
    let mut host = Host::of(&wasm).buffer_limit(4).start().unwrap();
    let held = host.send(Request::post("/").body("abcde").body("fg"));
    assert!(held.paused && held.upstream.is_none());
    assert!(lines(&host).is_empty());
    assert_eq!(host.tick(), 1);
    // The first chunk filled the buffer; the second waited outside.
    assert_eq!(lines(&host), ["5", "0", "abcde", "2", "1", "fg"]);
    let exchange = host.worker(0).exchange(held.stream);
    assert_eq!(exchange.upstream().text(), "abcdefg");
    assert_eq!(exchange.status(), 200);
}

#[test]
fn no_buffer_drops_the_chunk() {
    let at_end = "(if (result i32) (local.get $2) (then (i32.const 0)) (else (i32.const 3)))";
    let wasm = Guest::new().on("proxy_on_request_body", at_end).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::post("/").body("lost").body("kept"));
    assert_eq!(exchange.upstream().text(), "kept");
}

#[test]
fn trailers_end_a_body_that_never_said_so() {
    let mut g = Guest::new();
    let trailers = g.say("trailers");
    let g =
        g.on("proxy_on_request_headers", "(i32.const 1)").on("proxy_on_request_body", body(0, 1));
    let wasm = g.on("proxy_on_request_trailers", format!("{trailers} {}", visible())).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::post("/").body("abc").trailer("x-t", "1"));
    assert_eq!(lines(&host), ["3", "0", "abc", "trailers", "abc"]);
    assert_eq!(exchange.upstream().text(), "abc");
    assert!(exchange.upstream().trailers.is_some());
    assert_eq!(exchange.status(), 200);
}

/// In a trailers callback: logs the held body, lets everything go.
fn visible() -> String {
    format!(
        "(drop (call $get_buffer (i32.const 0) (i32.const 0) (i32.const 65536) {OUT}))
         (call $show) (i32.const 0)"
    )
}

#[test]
fn after_all_iteration_a_body_held_again_is_lost_to_its_trailers() {
    for (headers, code, body) in [(4, 0, "abc"), (4, 1, ""), (3, 1, ""), (4, 2, ""), (4, 3, "")] {
        let wasm = Guest::new()
            .on(
                "proxy_on_request_headers",
                format!("(drop (call $tick_period (i32.const 5))) (i32.const {headers})"),
            )
            .on("proxy_on_request_body", format!("(i32.const {code})"))
            .on("proxy_on_request_trailers", "(call $num (local.get $1)) (i32.const 0)")
            .on(
                "proxy_on_tick",
                "(drop (call $effective (i32.const 2))) (drop (call $continue (i32.const 0)))",
            )
            .build();
        let mut host = Host::of(&wasm).start().unwrap();
        let held = host.send(Request::post("/").body("abc").trailer("x-t", "1"));
        host.tick();
        let exchange = host.worker(0).exchange(held.stream);
        assert_eq!(exchange.upstream().text(), body, "{headers} {code}");
        assert_eq!(exchange.status(), 200);
        assert_eq!(lines(&host).len(), if code == 0 { 1 } else { 2 }, "trailers callbacks");
        assert_eq!(exchange.logged("lost it"), code != 0);
    }
}

#[test]
fn a_body_buffer_can_be_replaced_prepended_and_appended_but_not_in_the_middle() {
    let table = [
        ("(i32.const 0) (i32.const 4096)", "0", "NEW"),
        ("(i32.const 0) (i32.const 2)", "0", "NEWcd"),
        ("(i32.const 0) (i32.const 0)", "0", "NEWabcd"),
        ("(i32.const 4) (i32.const 0)", "0", "abcdNEW"),
        ("(i32.const 9) (i32.const 9)", "0", "abcdNEW"),
        ("(i32.const 1) (i32.const 1)", "2", "abcd"),
    ];
    for (range, status, result) in table {
        let mut g = Guest::new();
        let new = g.text("NEW");
        let set = g.status(&format!("$set_buffer (i32.const 0) {range} {new}"));
        let wasm = g.on("proxy_on_request_body", format!("{set} (i32.const 0)")).build();
        let mut host = Host::of(&wasm).start().unwrap();
        let request = Request::post("/").header("content-length", "4").body("abcd");
        let exchange = host.send(request);
        assert_eq!(lines(&host), [status], "{range}");
        assert_eq!(exchange.upstream().text(), result, "{range}");
        let length = exchange.upstream().headers.text("content-length").unwrap();
        assert_eq!(length, "4", "Envoy never corrects it");
    }
}

#[test]
fn a_range_outside_of_the_body_is_cut_or_empty() {
    let table =
        [("1", "1", "b"), ("1", "-1", "bcd"), ("4", "5", ""), ("9", "5", ""), ("0", "0", "")];
    for (start, length, part) in table {
        let g = Guest::new();
        let get = g.status(&format!(
            "$get_buffer (i32.const 0) (i32.const {start}) (i32.const {length}) {OUT}"
        ));
        // What is there before must be written over, by nothing at all where there is nothing.
        let body =
            format!("(i32.store (i32.const 20) (i32.const 7)) {get} (call $show) (i32.const 0)");
        let wasm = g.on("proxy_on_request_body", body).build();
        let mut host = Host::of(&wasm).start().unwrap();
        host.send(Request::post("/").body("abcd"));
        assert_eq!(lines(&host), ["0", part], "{start} {length}");
    }
}

#[test]
fn buffers_that_are_not_there() {
    let g = Guest::new();
    let get = |buffer: u32| {
        g.status(&format!("$get_buffer (i32.const {buffer}) (i32.const 0) (i32.const 9) {OUT}"))
    };
    let calls = format!(
        "{} {} {} {} {} (i32.const 0)",
        get(0), // a request body in the headers phase: empty
        get(7), // the plugin configuration outside of configure
        get(4), // a callout's body outside of its callback
        get(9), // no such buffer
        g.status(
            "$set_buffer (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
        ),
    );
    let wasm = g.on("proxy_on_request_headers", calls).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["0", "1", "1", "2", "2"]);
}

#[test]
fn a_held_response_over_the_limit_is_a_500() {
    let wasm = Guest::new()
        .on("proxy_on_response_headers", "(i32.const 1)")
        .on("proxy_on_response_body", "(i32.const 1)")
        .build();
    let mut host = Host::of(&wasm).buffer_limit(4).start().unwrap();
    let request = Request::get("/").answered(Response::new(200).body("01234"));
    let exchange = host.send(request);
    assert_eq!((exchange.status(), exchange.details.as_str()), (500, "response_payload_too_large"));
    assert!(traps(&host).is_empty());
}

#[test]
fn a_response_body_over_the_limit_after_its_headers_is_cut() {
    let wasm = Guest::new().on("proxy_on_response_body", "(i32.const 1)").build();
    let mut host = Host::of(&wasm).buffer_limit(4).start().unwrap();
    let request = Request::get("/").answered(Response::new(200).body("01234"));
    let client = host.send(request).client.unwrap();
    assert_eq!((client.headers.status(), client.end), (Some(200), End::Reset));
}

#[test]
fn a_held_response_can_be_rewritten_as_a_whole() {
    let mut g = Guest::new();
    let (name, value, new) = (g.text(":status"), g.text("418"), g.text("short and stout"));
    let at_end = format!(
        "(if (result i32) (local.get $2)
           (then (drop (call $set_header (i32.const 2) {name} {value}))
                 (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 65536) {new}))
           (else (i32.const 1)))"
    );
    let wasm = g
        .on("proxy_on_response_headers", "(i32.const 1)")
        .on("proxy_on_response_body", at_end)
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let answer = Response::new(200).body("abc").body("def");
    let exchange = host.send(Request::get("/").answered(answer));
    assert_eq!((exchange.status(), exchange.body().as_str()), (418, "short and stout"));
}
