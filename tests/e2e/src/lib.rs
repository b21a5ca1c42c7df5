//! Starts a real Envoy and talks to it as a client and as an upstream.
//!
//! ```no_run
//! use portcullis_e2e::{Envoy, EnvoyConfig, Request, Upstream, Wasm};
//! use serde_json::json;
//!
//! let upstream = Upstream::echo();
//! let module = Wasm::new("rate-limiting").config(json!({"minute": 1, "limit_by": "ip"}));
//! let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module));
//! assert_eq!(envoy.get("/a").status, 200);
//! let refused = envoy.send(&Request::get("/a").header("x-a", b"\xff"));
//! assert_eq!(refused.status, 429);
//! assert_eq!(upstream.requests().len(), 1);
//! ```
//!
//! Every Envoy has its own ports, folder and log, so tests run side by side. Its log is printed
//! where a test panics, and it ends with the test in any case.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

mod admin;
mod binary;
pub mod bootstrap;
mod certificates;
mod client;
mod config;
mod envoy;
mod log;
mod module;
mod poll;
mod process;
mod reload;
mod tls;
mod traffic;
mod upstream;
mod upstream_http2;

pub use binary::{Version, envoy_binary, envoy_version, probe, repository, wasm, yardstick};
pub use certificates::{Shown, certificates};
pub use client::connection::{Connection, Tunnel};
pub use client::http2::Http2;
pub use client::reply::{Error, Reply};
pub use client::request::Request;
pub use client::tls::{Sessions, TlsClient};
pub use config::{Configuration, EnvoyConfig, EnvoyFile, Launch};
pub use envoy::{Envoy, StartFailure};
pub use module::Wasm;
pub use poll::{PATIENCE, eventually, within};
pub use portcullis_echo::{Answer, Ended, Headers, Request as Seen, Response};
pub use process::CpuTime;
pub use reload::Rejected;
pub use rustls;
pub use tls::Tls;
pub use traffic::{Tally, Traffic, many_clients};
pub use upstream::{Gate, Upstream};
