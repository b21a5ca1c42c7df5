//! A proxy-wasm host on wasmtime: one value per test.
