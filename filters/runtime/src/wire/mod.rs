//! The encodings that proxy-wasm and Envoy's foreign functions speak.

#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "natively only the tests speak them")
)]

pub(crate) mod pairs;
pub(crate) mod protobuf;
pub(crate) mod structure;
