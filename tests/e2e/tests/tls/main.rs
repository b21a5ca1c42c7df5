//! TLS as it ships: who gets through the handshake of `envoy/envoy.yaml`, and what answers say then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod gateway;
mod handshakes;
mod hsts;
mod script;
