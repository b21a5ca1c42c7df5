//! WASI as far as Envoy 1.36 has it, from the same clock and seed as everything else.

use portcullis_host::{Host, Level, Source};

use crate::guest::module;

/// A guest that makes these WASI calls while it initialises and stores their errnos as text.
fn calling(imports: &[(&str, &str)], calls: &[&str]) -> Vec<u8> {
    let imports: String = imports
        .iter()
        .map(|(name, parameters)| {
            format!(
                "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {parameters}) (result i32)))"
            )
        })
        .collect();
    let calls: String = calls
        .iter()
        .map(|call| {
            format!(
                "(i32.store8 (i32.const 64) (i32.add (i32.const 48) (call {call}))) (call $say)"
            )
        })
        .collect();
    module(&format!(
        r#"(module {imports}
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (memory (export "memory") 2) (data (i32.const 200) "hello\n") (data (i32.const 240) "\c8\00\00\00\06\00\00\00")
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func $say (drop (call $log (i32.const 2) (i32.const 64) (i32.const 1))))
          (func $show (param i32 i32) (drop (call $log (i32.const 2) (local.get 0) (local.get 1))))
          (func (export "_initialize") {calls}))"#
    ))
}

fn errnos(imports: &[(&str, &str)], calls: &[&str]) -> Vec<u32> {
    let host = Host::of(&calling(imports, calls)).env("A", "b").start().unwrap();
    let log = host.process().log();
    let guest = log.iter().filter(|line| line.source == Source::Guest);
    guest.map(|line| u32::from(line.text.chars().next().unwrap()) - 48).collect()
}

#[test]
fn each_function_answers_its_errno() {
    let imports = [
        ("clock_time_get", "i32 i64 i32"),
        ("random_get", "i32 i32"),
        ("poll_oneoff", "i32 i32 i32 i32"),
        ("fd_read", "i32 i32 i32 i32"),
        ("fd_seek", "i32 i64 i32 i32"),
        ("fd_close", "i32"),
        ("fd_prestat_get", "i32 i32"),
        ("fd_prestat_dir_name", "i32 i32 i32"),
        ("fd_fdstat_get", "i32 i32"),
        ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ];
    let calls = [
        "$clock_time_get (i32.const 0) (i64.const 0) (i32.const 80)",
        "$clock_time_get (i32.const 2) (i64.const 0) (i32.const 80)",
        "$random_get (i32.const 512) (i32.const 65536)",
        "$random_get (i32.const 512) (i32.const 65537)",
        "$poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)",
        "$fd_read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)",
        "$fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0)",
        "$fd_close (i32.const 1)",
        "$fd_prestat_get (i32.const 3) (i32.const 80)",
        "$fd_prestat_dir_name (i32.const 3) (i32.const 0) (i32.const 0)",
        "$fd_fdstat_get (i32.const 1) (i32.const 80)",
        "$fd_fdstat_get (i32.const 3) (i32.const 80)",
        "$path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)",
    ];
    assert_eq!(errnos(&imports, &calls), [0, 58, 0, 28, 52, 52, 0, 0, 8, 52, 0, 8, 44]);
}

#[test]
fn what_is_written_to_the_standard_streams_is_logged() {
    let wasm = calling(
        &[("fd_write", "i32 i32 i32 i32")],
        &[
            "$fd_write (i32.const 1) (i32.const 240) (i32.const 1) (i32.const 80)",
            "$fd_write (i32.const 2) (i32.const 240) (i32.const 1) (i32.const 80)",
            "$fd_write (i32.const 5) (i32.const 240) (i32.const 1) (i32.const 80)",
        ],
    );
    let host = Host::of(&wasm).start().unwrap();
    let log = host.process().log();
    let written: Vec<_> = log
        .iter()
        .filter(|line| line.source == Source::Stream)
        .map(|line| (line.level, line.text.as_str()))
        .collect();
    assert_eq!(written, [(Level::Info, "hello"), (Level::Error, "hello")]);
}

#[test]
fn the_environment_is_the_tests() {
    let wasm = module(
        r#"(module
          (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "_initialize")
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (drop (call $get (i32.const 16) (i32.const 128)))
            (drop (call $log (i32.const 2) (i32.load (i32.const 20)) (i32.const 3)))
            (drop (call $log (i32.const 2) (i32.const 128) (i32.load (i32.const 4))))))"#,
    );
    let host = Host::of(&wasm).env("A", "1").env("B", "2").start().unwrap();
    assert_eq!(crate::lines(&host), ["B=2", "A=1\0B=2\0"]);
}

#[test]
fn random_bytes_are_the_same_in_every_run_and_differ_by_seed() {
    let draw = |seed: Option<u64>| {
        let wasm = module(
            r#"(module
              (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
              (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "malloc") (param i32) (result i32) (i32.const 1024))
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                (drop (call $random (i32.const 0) (i32.const 16)))
                (drop (call $set (i32.const 99) (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 0)))
                (i32.const 1)))"#,
        );
        let process = portcullis_host::Process::new();
        if let Some(seed) = seed {
            process.seed(seed);
        }
        let _host = Host::of(&wasm).process(&process).start().unwrap();
        process.shared_data("portcullis", [0]).unwrap().0
    };
    assert_eq!(draw(None), draw(None));
    assert_ne!(draw(None), draw(Some(7)));
}
