//! A VM's life: what is called when, ticks, effective contexts, reloads, traps.

use std::time::Duration;

use portcullis_host::{FailurePolicy, Host, Request, StartErrorKind};

use crate::guest::{Guest, NONE, OUT};
use crate::{lines, traps};

/// A guest that logs the name of every callback it gets.
fn chatty() -> Guest {
    let mut g = Guest::new();
    let names = [
        ("proxy_on_context_create", ""),
        ("proxy_on_vm_start", "(i32.const 1)"),
        ("proxy_on_configure", "(i32.const 1)"),
        ("proxy_on_request_headers", "(i32.const 0)"),
        ("proxy_on_request_body", "(i32.const 0)"),
        ("proxy_on_response_headers", "(i32.const 0)"),
        ("proxy_on_response_body", "(i32.const 0)"),
        ("proxy_on_done", "(i32.const 1)"),
        ("proxy_on_log", ""),
        ("proxy_on_delete", ""),
    ];
    for (name, result) in names {
        let line = g.say(name.trim_start_matches("proxy_on_"));
        g = g.on(name, format!("{line} (call $num (local.get $0)) {result}"));
    }
    g
}

#[test]
fn the_order_of_callbacks_is_envoys() {
    let mut host = Host::of(&chatty().build()).start().unwrap();
    assert_eq!(lines(&host), ["context_create", "1", "vm_start", "1", "configure", "1"]);
    host.process().clear_log();
    host.send(Request::post("/").body("x"));
    let expected = [
        "context_create",
        "request_headers",
        "request_body",
        "response_headers",
        "response_body",
        "log",
        "done",
        "delete",
    ];
    let named: Vec<_> = lines(&host).into_iter().filter(|line| line != "2").collect();
    assert_eq!(named, expected);
}

#[test]
fn a_request_refused_before_this_filter_is_seen_at_its_log_alone() {
    let mut host = Host::of(&chatty().build()).start().unwrap();
    host.process().clear_log();
    let exchange = host.worker(0).refused_before(&Request::get("/"), 403);
    assert_eq!(exchange.status(), 403);
    assert_eq!(lines(&host), ["context_create", "2", "log", "2", "done", "2", "delete", "2"]);
}

#[test]
fn canary_main_thread_and_workers_are_all_configured() {
    let wasm = chatty().build();
    let host = Host::of(&wasm).workers(2).canary().main_thread().start().unwrap();
    let configured = lines(&host).iter().filter(|line| *line == "configure").count();
    assert_eq!(configured, 4);
}

#[test]
fn a_refused_configuration_says_which_callback_refused() {
    for (callback, name) in
        [("proxy_on_vm_start", "proxy_on_vm_start"), ("proxy_on_configure", "proxy_on_configure")]
    {
        let mut g = Guest::new();
        let line = g.say("field x: no");
        let wasm = g.on(callback, format!("{line} (i32.const 0)")).build();
        let error = Host::of(&wasm).start().err().expect("refused");
        assert_eq!(error.kind, StartErrorKind::Refused(name));
        assert!(error.text().contains("field x: no"));
    }
}

#[test]
fn the_plugin_configuration_is_there_while_configuring() {
    let g = Guest::new();
    let read = format!(
        "(drop (call $get_buffer (i32.const 7) (i32.const 0) (local.get $1) {OUT})) (call $show)
         (drop (call $get_buffer (i32.const 6) (i32.const 0) (i32.const 99) {OUT})) (call $show) (i32.const 1)"
    );
    let wasm = g.on("proxy_on_configure", read).build();
    let host = Host::of(&wasm).configure("{\"a\":1}").vm_configuration("vm").start().unwrap();
    assert_eq!(lines(&host), ["{\"a\":1}", "vm"]);
}

#[test]
fn ticks_come_when_the_clock_says_so() {
    let wasm = Guest::new()
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 100))) (i32.const 1)")
        .on(
            "proxy_on_tick",
            "(drop (call $now (i32.const 24)))
             (call $num (i32.wrap_i64 (i64.div_u (i64.sub (i64.load (i32.const 24)) (i64.const 1767225600000000000)) (i64.const 1000000))))",
        )
        .build();
    let mut host = Host::of(&wasm).workers(2).start().unwrap();
    host.advance(Duration::from_millis(99));
    assert!(lines(&host).is_empty());
    host.advance(Duration::from_millis(250));
    assert_eq!(lines(&host), ["100", "100", "200", "200", "300", "300"]);
    assert_eq!(host.tick(), 2);
}

#[test]
fn an_effective_context_is_the_streams_until_it_is_gone() {
    let mut g = Guest::new();
    let path = g.text(":path");
    let tick = format!(
        "{} {} {} {} {}",
        g.status(&format!("$get_header (i32.const 0) {path} {OUT}")),
        g.status("$effective (i32.const 2)"),
        g.status(&format!("$get_header (i32.const 0) {path} {OUT}")),
        g.status("$continue (i32.const 0)"),
        g.status(&format!("$get_header (i32.const 0) {path} {OUT}")),
    );
    let wasm = g
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 1))) (i32.const 1)")
        .on("proxy_on_request_headers", "(i32.const 4)")
        .on("proxy_on_tick", tick)
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let held = host.send(Request::get("/"));
    assert!(held.paused);
    host.tick();
    assert_eq!(lines(&host), ["2", "0", "0", "0", "2"]);
    assert_eq!(host.worker(0).exchange(held.stream).status(), 200);
    host.process().clear_log();
    // The stream is over: its context is stale, and calls act on the root again.
    host.tick();
    assert_eq!(lines(&host), ["2", "2", "2", "0", "2"]);
}

#[test]
fn resuming_what_nobody_holds_is_reported() {
    let g = Guest::new().on("proxy_on_request_headers", "(call $continue (i32.const 0))");
    let mut host = Host::of(&g.build()).start().unwrap();
    host.send(Request::get("/"));
    let violations = host.take_violations();
    assert!(violations[0].contains("proxy_continue_stream"), "{violations:?}");
}

#[test]
fn a_violation_that_nobody_takes_fails_the_test() {
    let g = Guest::new().on("proxy_on_request_headers", "(call $continue (i32.const 0))");
    let mut host = Host::of(&g.build()).start().unwrap();
    host.send(Request::get("/"));
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(host)));
    assert!(dropped.is_err());
}

/// Counts configurations in a global; a request gets the number as its status. `/trap` traps.
fn versioned() -> Vec<u8> {
    let mut g = Guest::new();
    let (path, done) = (g.text(":path"), g.say("done"));
    let deleted = g.say("deleted");
    let headers = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT}))
         (if (i32.eq (i32.load (i32.const 20)) (i32.const 5)) (then unreachable))
         (call $num (global.get $version)) (i32.const 0)"
    );
    g.with("(global $version (mut i32) (i32.const 0)) (global $root (mut i32) (i32.const 0))")
        .on(
            "proxy_on_configure",
            "(global.set $version (i32.add (global.get $version) (i32.const 1)))
             (global.set $root (local.get $0)) (i32.ne (local.get $1) (i32.const 3))",
        )
        .on("proxy_on_request_headers", headers)
        .on(
            "proxy_on_done",
            format!("(if (i32.eq (local.get $0) (i32.const 1)) (then {done})) (i32.const 1)"),
        )
        .on(
            "proxy_on_delete",
            format!("(if (i32.eq (local.get $0) (i32.const 1)) (then {deleted}))"),
        )
        .build()
}

#[test]
fn a_new_configuration_runs_in_the_same_vm_and_the_old_root_is_let_go() {
    let mut host = Host::of(&versioned()).start().unwrap();
    host.send(Request::get("/"));
    host.reconfigure("{}").unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["1", "done", "deleted", "2"]);
}

#[test]
fn a_bad_new_configuration_changes_nothing() {
    let mut host = Host::of(&versioned()).start().unwrap();
    let error = host.reconfigure("bad").expect_err("refused");
    assert!(error.is_refusal());
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["1"]);
}

#[test]
fn open_streams_keep_the_old_configuration_alive() {
    let mut g = Guest::new();
    let done = g.say("done");
    let wasm = g
        .on("proxy_on_request_headers", "(i32.const 4)")
        .on(
            "proxy_on_done",
            format!("(if (i32.eq (local.get $0) (i32.const 1)) (then {done})) (i32.const 1)"),
        )
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let held = host.send(Request::get("/"));
    host.reconfigure("{}").unwrap();
    assert!(lines(&host).is_empty());
    host.worker(0).stream(held.stream).abandon();
    assert_eq!(lines(&host), ["done"]);
}

#[test]
fn a_root_that_is_not_done_waits_for_proxy_done() {
    let mut g = Guest::new();
    let deleted = g.say("deleted");
    let status = g.status("$done");
    let wasm = g
        .on("proxy_on_configure", "(drop (call $tick_period (i32.const 1))) (i32.const 1)")
        .on("proxy_on_done", "(i32.const 0)")
        .on("proxy_on_tick", status)
        .on("proxy_on_delete", deleted)
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.reconfigure("{}").unwrap();
    assert!(lines(&host).is_empty());
    host.tick();
    assert_eq!(
        lines(&host),
        ["0", "deleted", "1"],
        "the old root is done, the new one was not asked"
    );
}

#[test]
fn a_trap_costs_its_worker_the_vm_and_the_next_request_brings_a_new_one() {
    let mut host = Host::of(&versioned()).workers(2).start().unwrap();
    host.reconfigure("{}").unwrap();
    let exchange = host.send(Request::get("/trap"));
    assert_eq!((exchange.status(), exchange.details.as_str()), (503, "wasm_fail_stream"));
    assert!(exchange.trap.unwrap().contains("unreachable"));
    assert_eq!(traps(&host).len(), 1);
    assert!(host.worker(0).trapped().is_some());
    assert!(host.worker(1).trapped().is_none());
    host.process().clear_log();
    assert_eq!(host.send(Request::get("/")).status(), 200);
    assert_eq!(host.worker(1).send(Request::get("/")).status(), 200);
    // The new VM has been configured once, the untouched one twice.
    assert_eq!(lines(&host), ["1", "2"]);
    assert_eq!((host.worker(0).reloads(), host.worker(1).reloads()), (1, 0));
}

#[test]
fn shared_data_outlives_a_trap() {
    let mut g = Guest::new();
    let (key, value, trap) = (g.text("k"), g.text("v"), "unreachable");
    let body = format!("(drop (call $set_shared {key} {value} (i32.const 0))) {trap}");
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(host.process().shared_data("portcullis", "k").unwrap().0, b"v");
}

#[test]
fn failure_policies_differ_after_the_trap() {
    for (policy, status) in
        [(FailurePolicy::Reload, 200), (FailurePolicy::Closed, 503), (FailurePolicy::Open, 200)]
    {
        let mut host = Host::of(&versioned()).failure_policy(policy).start().unwrap();
        assert_eq!(host.send(Request::get("/trap")).status(), 503, "{policy:?}");
        assert_eq!(host.send(Request::post("/").body("x")).status(), status, "{policy:?}");
        let revived = host.worker(0).trapped().is_none();
        assert_eq!(revived, policy == FailurePolicy::Reload);
    }
}

#[test]
fn an_earlier_stream_of_a_dead_vm_fails_at_its_next_event() {
    let mut g = Guest::new();
    let path = g.text(":path");
    let body = format!(
        "(drop (call $get_header (i32.const 0) {path} {OUT}))
         (if (i32.eq (i32.load (i32.const 20)) (i32.const 5)) (then unreachable)) (i32.const 1)"
    );
    let wasm = g
        .on("proxy_on_request_headers", body)
        .on(
            "proxy_on_request_body",
            format!("(drop (call $get_pairs (i32.const 0) {NONE})) (i32.const 1)"),
        )
        .build();
    let mut host = Host::of(&wasm).start().unwrap();
    let worker = host.worker(0);
    let held = worker.open(&Request::post("/"));
    let headers = portcullis_host::Headers::new([(":method", "POST"), (":path", "/")]);
    worker.stream(held).request_headers(&headers, false);
    worker.send(Request::get("/trap"));
    worker.send(Request::get("/new vm"));
    worker.stream(held).request_body("late", true);
    assert_eq!(worker.exchange(held).status(), 503);
}
