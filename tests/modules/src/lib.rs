//! Cases and hostile inputs against the built modules in the wasmtime host.
