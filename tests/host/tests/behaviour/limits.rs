//! Fuel and memory: what a guest may burn, and that running out is told.

use portcullis_host::{Host, Request, StartErrorKind};

use crate::guest::Guest;
use crate::{lines, traps};

#[test]
fn an_endless_loop_is_a_trap_that_says_so() {
    let g = Guest::new()
        .on("proxy_on_request_headers", "(loop $for_ever (br $for_ever)) (i32.const 0)");
    let mut host = Host::of(&g.build()).fuel(1_000_000).start().unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!(exchange.status(), 503);
    assert!(exchange.trap.unwrap().contains("fuel"));
    assert_eq!(traps(&host).len(), 1);
}

#[test]
fn fuel_is_of_each_callback_and_its_use_is_told() {
    let burn = "(local $n i32) (local.set $n (i32.const 1000))
        (loop $more (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $more (local.get $n)))
        (i32.const 0)";
    let g = Guest::new().on("proxy_on_request_headers", burn).on("proxy_on_response_headers", burn);
    let mut host = Host::of(&g.build()).fuel(20_000).start().unwrap();
    for _ in 0..5 {
        let exchange = host.send(Request::get("/"));
        assert_eq!(exchange.status(), 200);
        assert!((1_000..20_000).contains(&exchange.fuel), "{}", exchange.fuel);
    }
}

#[test]
fn a_configuration_that_never_ends_is_no_start() {
    let g = Guest::new().on("proxy_on_configure", "(loop $for_ever (br $for_ever)) (i32.const 1)");
    let error = Host::of(&g.build()).fuel(10_000).start().err().expect("a trap");
    assert!(matches!(error.kind, StartErrorKind::Trap(why) if why.contains("fuel")));
}

#[test]
fn memory_past_the_limit_is_refused_to_the_guest() {
    let grow = "(call $num (i32.eq (memory.grow (i32.const 16)) (i32.const -1))) (i32.const 0)";
    let g = Guest::new().on("proxy_on_request_headers", grow);
    // 40 pages are there, 16 more fit once.
    let mut host = Host::of(&g.build()).memory(60 * 65536).start().unwrap();
    host.send(Request::get("/"));
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["0", "1"]);
}

#[test]
fn a_module_that_begins_over_the_limit_does_not_load() {
    let error = Host::of(&Guest::new().build()).memory(65536).start().err().expect("too big");
    assert!(matches!(error.kind, StartErrorKind::Load(_)), "{error}");
}

#[test]
fn linear_memory_is_told_and_grows_with_the_guest() {
    let g = Guest::new()
        .on("proxy_on_request_headers", "(drop (memory.grow (i32.const 16))) (i32.const 0)");
    let mut host = Host::of(&g.build()).start().unwrap();
    let before = host.worker(0).linear_memory();
    host.send(Request::get("/"));
    assert_eq!(host.worker(0).linear_memory(), before + 16 * 65536);
}
