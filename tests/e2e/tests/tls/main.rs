//! TLS: who gets through the handshake of `envoy/envoy.yaml`, what answers say then, and what mtls-auth makes of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod bound;
mod gateway;
mod handshakes;
mod hsts;
mod mtls;
mod script;
mod xfcc;
