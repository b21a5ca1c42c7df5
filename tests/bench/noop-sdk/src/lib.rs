//! The yardstick of the benchmarks: an empty HTTP filter on the proxy-wasm SDK, as anybody would write it.
//!
//! Envoy calls it in every phase of every request, and it does nothing. It never ships.
#![allow(missing_docs, reason = "the SDK's macro writes a public function without a word")]

use proxy_wasm::traits::{Context, HttpContext};

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(NoOp));
}}

struct NoOp;

impl Context for NoOp {}
impl HttpContext for NoOp {}
