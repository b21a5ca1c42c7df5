//! Injected faults: every call, every number, at the argument and the time a test wants.

use portcullis_host::{Fault, Host, Request, Status};

use crate::guest::{Guest, NONE, OUT};
use crate::lines;

#[test]
fn every_status_can_be_answered_known_or_not() {
    let mut g = Guest::new();
    let key = g.text("xds\0route_name");
    let body = format!("{} (i32.const 0)", g.status(&format!("$get_property {key} {OUT}")));
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    for status in Status::ALL.iter().skip(1) {
        host.process().clear_log();
        host.process().clear_faults();
        host.inject(Fault::new("proxy_get_property", *status).matching("route_name"));
        host.send(Request::get("/"));
        assert_eq!(lines(&host), [status.0.to_string()]);
    }
}

#[test]
fn every_host_call_can_be_made_to_fail() {
    let none = [NONE, NONE, NONE, NONE].join(" ");
    let table = [
        ("proxy_get_log_level", "$log_level (i32.const 16)".to_owned()),
        ("proxy_get_status", format!("$get_status (i32.const 28) {OUT}")),
        ("proxy_set_property", format!("$set_property {NONE} {NONE}")),
        ("proxy_get_property", format!("$get_property {NONE} {OUT}")),
        ("proxy_continue_stream", "$continue (i32.const 0)".to_owned()),
        ("proxy_close_stream", "$close (i32.const 0)".to_owned()),
        ("proxy_send_local_response", format!("$reply {none}")),
        ("proxy_get_shared_data", format!("$get_shared {NONE} {OUT} (i32.const 24)")),
        ("proxy_set_shared_data", format!("$set_shared {NONE} {NONE} (i32.const 0)")),
        ("proxy_get_header_map_value", format!("$get_header (i32.const 0) {NONE} {OUT}")),
        ("proxy_add_header_map_value", format!("$add_header (i32.const 0) {NONE} {NONE}")),
        ("proxy_replace_header_map_value", format!("$set_header (i32.const 0) {NONE} {NONE}")),
        ("proxy_remove_header_map_value", format!("$remove_header (i32.const 0) {NONE}")),
        ("proxy_get_header_map_pairs", format!("$get_pairs (i32.const 0) {OUT}")),
        ("proxy_set_header_map_pairs", format!("$set_pairs (i32.const 0) {NONE}")),
        ("proxy_get_header_map_size", "$map_size (i32.const 0) (i32.const 16)".to_owned()),
        ("proxy_get_buffer_status", format!("$buffer_status (i32.const 0) {OUT}")),
        ("proxy_get_buffer_bytes", format!("$get_buffer (i32.const 0) {NONE} {OUT}")),
        ("proxy_set_buffer_bytes", format!("$set_buffer (i32.const 0) {NONE} {NONE}")),
        ("proxy_http_call", format!("$http_call {none} (i32.const 0) (i32.const 24)")),
        ("proxy_grpc_call", format!("$grpc_call {none} {NONE} (i32.const 0) (i32.const 24)")),
        ("proxy_set_tick_period_milliseconds", "$tick_period (i32.const 1)".to_owned()),
        ("proxy_get_current_time_nanoseconds", "$now (i32.const 24)".to_owned()),
        ("proxy_define_metric", format!("$define_metric (i32.const 0) {NONE} (i32.const 24)")),
        ("proxy_increment_metric", "$increment (i32.const 4) (i64.const 1)".to_owned()),
        ("proxy_record_metric", "$record (i32.const 4) (i64.const 1)".to_owned()),
        ("proxy_get_metric", "$get_metric (i32.const 4) (i32.const 24)".to_owned()),
        ("proxy_set_effective_context", "$effective (i32.const 1)".to_owned()),
        ("proxy_done", "$done".to_owned()),
        ("proxy_call_foreign_function", format!("$foreign {NONE} {NONE} {OUT}")),
        ("proxy_register_shared_queue", format!("$register_queue {NONE} (i32.const 24)")),
        ("proxy_resolve_shared_queue", format!("$resolve_queue {NONE} {NONE} (i32.const 24)")),
        ("proxy_dequeue_shared_queue", format!("$dequeue (i32.const 1) {OUT}")),
        ("proxy_enqueue_shared_queue", format!("$enqueue (i32.const 1) {NONE}")),
    ];
    let g = Guest::new();
    let calls: String = table.iter().map(|(_, call)| g.status(call)).collect();
    let wasm = g.on("proxy_on_request_headers", calls + "(i32.const 0)").build();
    let mut host = Host::of(&wasm).start().unwrap();
    for (name, _) in &table {
        host.inject(Fault::new(name, Status(77)));
    }
    let exchange = host.send(Request::get("/"));
    assert_eq!(exchange.status(), 200, "nothing took effect");
    assert_eq!(lines(&host), vec!["77"; table.len()]);
}

#[test]
fn metrics_have_envoys_rules_and_the_exchange_its_share() {
    let mut g = Guest::new();
    let name = g.text("portcullis.x.allowed");
    let define = |kind: u32, at: u32| {
        format!("(drop (call $define_metric (i32.const {kind}) {name} (i32.const {at})))")
    };
    let calls = format!(
        "{} {} {} {} {} {} {} {} (i32.const 0)",
        define(0, 24),
        define(2, 28),
        g.status("$increment (i32.load (i32.const 24)) (i64.const 2)"),
        g.status("$increment (i32.load (i32.const 24)) (i64.const 0)"),
        g.status("$increment (i32.load (i32.const 28)) (i64.const 1)"),
        g.status("$get_metric (i32.load (i32.const 28)) (i32.const 32)"),
        g.status("$record (i32.const 400) (i64.const 1)"),
        g.status(&format!("$define_metric (i32.const 3) {name} (i32.const 24)")),
    );
    let wasm = g.on("proxy_on_request_headers", calls).build();
    let mut host = Host::of(&wasm).workers(2).start().unwrap();
    host.send(Request::get("/"));
    let exchange = host.worker(1).send(Request::get("/"));
    assert_eq!(lines(&host)[..6], ["0", "2", "2", "2", "1", "2"]);
    assert_eq!(exchange.metric("portcullis.x.allowed"), 2);
    assert_eq!(host.process().metric("portcullis.x.allowed"), 4, "one stat for all workers");
}
