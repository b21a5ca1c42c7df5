//! What Envoy 1.36 offers a module to import: the contract that every shipped module keeps to.
//!
//! Envoy 1.39 added WASI stubs; a module that imports one of those loads there and not on 1.36 or 1.37.

use wasmparser::{Parser, Payload};

/// Functions of module `env` for a module of ABI 0.2.1.
pub const ENV: &[&str] = &[
    "proxy_log",
    "proxy_get_log_level",
    "proxy_get_status",
    "proxy_set_property",
    "proxy_get_property",
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_send_local_response",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_get_header_map_value",
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_get_buffer_status",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_close",
    "proxy_grpc_cancel",
    "proxy_grpc_send",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_current_time_nanoseconds",
    "proxy_define_metric",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_metric",
    "proxy_set_effective_context",
    "proxy_done",
    "proxy_call_foreign_function",
    "envoy_resolve_dns",
    "pthread_equal",
    "emscripten_notify_memory_growth",
];

/// Functions of `wasi_snapshot_preview1` and `wasi_unstable` on Envoy 1.36 and 1.37, all of them.
pub const WASI: &[&str] = &[
    "fd_write",
    "fd_read",
    "fd_seek",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_prestat_get",
    "fd_prestat_dir_name",
    "path_open",
    "environ_get",
    "environ_sizes_get",
    "args_get",
    "args_sizes_get",
    "clock_time_get",
    "random_get",
    "sched_yield",
    "poll_oneoff",
    "proc_exit",
];

/// The names that a WASI function may be imported from.
pub const WASI_MODULES: &[&str] = &["wasi_snapshot_preview1", "wasi_unstable"];

/// Every import of a module as (module, name).
///
/// # Panics
/// If the bytes are no wasm module.
pub fn imports(wasm: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload.expect("a wasm module") {
            for import in section.into_imports() {
                let import = import.expect("an import");
                found.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
    }
    found
}

/// The imports that Envoy 1.36 would refuse the module for, as `module.name`; empty is good.
///
/// # Panics
/// If the bytes are no wasm module.
pub fn outside_envoy_1_36(wasm: &[u8]) -> Vec<String> {
    let offered = |module: &str, name: &str| match module {
        "env" => ENV.contains(&name),
        _ => WASI_MODULES.contains(&module) && WASI.contains(&name),
    };
    imports(wasm)
        .into_iter()
        .filter(|(module, name)| !offered(module, name))
        .map(|(module, name)| format!("{module}.{name}"))
        .collect()
}
