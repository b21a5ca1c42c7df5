//! The only globals: one engine, one linker, and each module compiled once a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, ExternType, FuncType, Linker, Module, ValType};

use crate::imports;
use crate::state::HostState;

/// The marker a module of ABI 0.2.1 exports.
const ABI_MARKER: &str = "proxy_abi_version_0_2_1";

/// Callbacks with the number of their arguments and whether they return one; all are i32.
const CALLBACKS: [(&str, usize, bool); 24] = [
    ("_initialize", 0, false),
    ("_start", 0, false),
    ("malloc", 1, true),
    ("proxy_on_memory_allocate", 1, true),
    ("proxy_on_context_create", 2, false),
    ("proxy_on_vm_start", 2, true),
    ("proxy_on_configure", 2, true),
    ("proxy_on_tick", 1, false),
    ("proxy_on_queue_ready", 2, false),
    ("proxy_on_request_headers", 3, true),
    ("proxy_on_request_body", 3, true),
    ("proxy_on_request_trailers", 2, true),
    ("proxy_on_response_headers", 3, true),
    ("proxy_on_response_body", 3, true),
    ("proxy_on_response_trailers", 2, true),
    ("proxy_on_http_call_response", 5, false),
    ("proxy_on_grpc_receive_initial_metadata", 3, false),
    ("proxy_on_grpc_receive", 3, false),
    ("proxy_on_grpc_receive_trailing_metadata", 3, false),
    ("proxy_on_grpc_close", 3, false),
    ("proxy_on_done", 1, true),
    ("proxy_on_log", 1, false),
    ("proxy_on_delete", 1, false),
    ("proxy_on_foreign_function", 3, false),
];

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.consume_fuel(true);
        Engine::new(&config).expect("a supported configuration")
    })
}

/// All host calls, for the engine above.
pub(crate) fn linker() -> &'static Linker<HostState> {
    static LINKER: OnceLock<Linker<HostState>> = OnceLock::new();
    LINKER.get_or_init(|| {
        let mut linker = Linker::new(engine());
        crate::calls::define(&mut linker).expect("no host call is defined twice");
        linker
    })
}

type Compiled = Arc<OnceLock<Result<Module, String>>>;

/// The module of these bytes, or why Envoy would not load it.
pub(crate) fn compile(wasm: &[u8]) -> Result<Module, String> {
    static MODULES: OnceLock<Mutex<HashMap<[u8; 32], Compiled>>> = OnceLock::new();
    let modules = MODULES.get_or_init(Mutex::default);
    // By content, so that a module built anew is never taken for its predecessor.
    let key = Sha256::digest(wasm).into();
    let entry =
        modules.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    // Compiled outside the map's lock: other modules need not wait.
    entry.get_or_init(|| load(wasm)).clone()
}

fn load(wasm: &[u8]) -> Result<Module, String> {
    let module = Module::new(engine(), wasm).map_err(|error| format!("{error:?}"))?;
    let outside = imports::outside_envoy_1_36(wasm);
    if !outside.is_empty() {
        return Err(format!("imports that Envoy 1.36 does not offer: {}", outside.join(", ")));
    }
    if module.get_export(ABI_MARKER).is_none() {
        return Err("Missing or unknown Proxy-Wasm ABI version".to_owned());
    }
    for (name, parameters, returns) in CALLBACKS {
        let Some(export) = module.get_export(name) else { continue };
        let fits = matches!(&export, ExternType::Func(found) if is_i32(found, parameters, returns));
        if !fits {
            return Err(format!("Bad function signature for: {name}"));
        }
    }
    let exports = |name| module.get_export(name).is_some();
    if !exports("malloc") && !exports("proxy_on_memory_allocate") {
        return Err("Wasm module is missing malloc function".to_owned());
    }
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err("Wasm module exports no memory".to_owned());
    }
    Ok(module)
}

fn is_i32(function: &FuncType, parameters: usize, returns: bool) -> bool {
    function.params().len() == parameters
        && function.results().len() == usize::from(returns)
        && function.params().chain(function.results()).all(|kind| matches!(kind, ValType::I32))
}
