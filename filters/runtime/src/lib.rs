//! Runs controls inside Envoy: the only crate that knows proxy-wasm.
