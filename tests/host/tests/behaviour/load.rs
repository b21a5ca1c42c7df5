//! What loads and what does not: imports, ABI, signatures, calls during `_initialize`.

use portcullis_host::{Host, StartErrorKind, imports, outside_envoy_1_36};

use crate::guest::{Guest, NONE, OUT, module};
use crate::lines;

fn load_error(wat: &str) -> String {
    match Host::of(&module(wat)).start().err().expect("not loaded").kind {
        StartErrorKind::Load(why) => why,
        other => panic!("{other:?}"),
    }
}

const MARKER: &str = r#"(func (export "proxy_abi_version_0_2_1"))"#;
const MALLOC: &str = r#"(func (export "malloc") (param i32) (result i32) (i32.const 8))"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

#[test]
fn an_import_that_envoy_1_36_lacks_is_named() {
    for (from, name) in [
        ("env", "proxy_clear_route_cache"),
        ("env", "__wbindgen_throw"),
        ("wasi_snapshot_preview1", "fd_readdir"),
        ("wasi_snapshot_preview1", "proc_raise"),
        ("other", "proxy_log"),
    ] {
        let wat = format!(
            r#"(module (import "{from}" "{name}" (func)) (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
               {MARKER} {MALLOC} {MEMORY})"#
        );
        let wasm = module(&wat);
        assert_eq!(outside_envoy_1_36(&wasm), [format!("{from}.{name}")]);
        assert_eq!(imports(&wasm).len(), 2);
        let why = load_error(&wat);
        assert!(why.contains(&format!("{from}.{name}")) && !why.contains("proxy_log,"), "{why}");
    }
}

#[test]
fn everything_envoy_1_36_offers_links() {
    let unusual = ["proxy_increment_metric", "proxy_record_metric", "pthread_equal"];
    assert!(portcullis_host::ENV.iter().filter(|name| unusual.contains(name)).count() == 3);
    assert!(outside_envoy_1_36(&Guest::new().build()).is_empty());
    Host::of(&Guest::new().build()).start().unwrap();
}

#[test]
fn an_import_of_the_wrong_signature_does_not_load() {
    let wat = format!(
        r#"(module (import "env" "proxy_done" (func (param i32) (result i32))) {MARKER} {MALLOC} {MEMORY})"#
    );
    assert!(load_error(&wat).contains("proxy_done"));
}

#[test]
fn an_imported_memory_does_not_load() {
    let wat = format!(r#"(module (import "env" "memory" (memory 1)) {MARKER} {MALLOC})"#);
    assert!(load_error(&wat).contains("env.memory"));
}

#[test]
fn the_abi_marker_and_an_allocator_are_required() {
    assert!(load_error(&format!("(module {MALLOC} {MEMORY})")).contains("ABI version"));
    assert!(load_error(&format!("(module {MARKER} {MEMORY})")).contains("malloc"));
    let error = Host::of(b"\0asm, almost").start().err().expect("not loaded");
    assert!(matches!(error.kind, StartErrorKind::Load(_)));
}

#[test]
fn a_callback_of_the_wrong_signature_does_not_load() {
    let wat = format!(r#"(module {MARKER} {MALLOC} {MEMORY} (func (export "proxy_on_log")))"#);
    assert!(load_error(&wat).contains("proxy_on_log"));
}

#[test]
fn host_calls_during_initialize_trap_but_for_the_log() {
    let mut g = Guest::new();
    let line = g.say("starting");
    let host = Host::of(&g.on("_initialize", line).build()).start().unwrap();
    assert_eq!(lines(&host), ["starting"]);
    let g = Guest::new().on("_initialize", "(drop (call $log_level (i32.const 16)))");
    let error = Host::of(&g.build()).start().err().expect("a trap");
    assert!(matches!(error.kind, StartErrorKind::Trap(why) if why.contains("restricted_callback")));
}

#[test]
fn host_calls_inside_malloc_trap() {
    let wat = format!(
        r#"(module
          (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_done" (func $done (result i32)))
          {MARKER} {MEMORY} (data (i32.const 64) "plugin_name")
          (func (export "malloc") (param i32) (result i32) (call $done))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $get (i32.const 64) (i32.const 11) {OUT})) (i32.const 1)))"#
    );
    let error = Host::of(&module(&wat)).start().err().expect("a trap");
    assert!(matches!(error.kind, StartErrorKind::Trap(why) if why.contains("restricted_callback")));
}

#[test]
fn an_allocator_that_gives_nothing_is_an_invalid_memory_access() {
    let wat = format!(
        r#"(module
          (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
          {MARKER} {MEMORY} (data (i32.const 64) "plugin_name")
          (func (export "malloc") (param i32) (result i32) (i32.const 0))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (i32.eq (i32.const 6) (call $get (i32.const 64) (i32.const 11) {OUT}))))"#
    );
    Host::of(&module(&wat)).start().unwrap();
}

#[test]
fn pointers_outside_of_memory_are_an_invalid_memory_access() {
    let g = Guest::new();
    let far = "(i32.const -16) (i32.const 32)";
    let calls = format!(
        "{} {} {} (i32.const 1)",
        g.status(&format!("$get_property {far} {OUT}")),
        g.status(&format!("$log (i32.const 2) {far}")),
        g.status("$now (i32.const -4)"),
    );
    let host = Host::of(&g.on("proxy_on_configure", calls).build()).start().unwrap();
    assert_eq!(lines(&host), ["6", "6", "6"]);
    let g = Guest::new();
    let nothing = g.status(&format!("$log (i32.const 9) {NONE}"));
    let host = Host::of(&g.on("proxy_on_configure", format!("{nothing} (i32.const 1)")).build());
    assert_eq!(lines(&host.start().unwrap()), ["2"], "a level that does not exist");
}
