//! A proxy-wasm host on wasmtime: runs a module as Envoy 1.40 would, one value per test.
//!
//! ```no_run
//! use portcullis_host::{Host, Request};
//!
//! let mut host = Host::load("dist/jwt-auth.wasm")
//!     .configure(r#"{"issuers": []}"#)
//!     .env("SECRET", "s3cret")
//!     .start()
//!     .expect("a good configuration");
//! let exchange = host.send(Request::get("/v1/orders").header("authorization", "Bearer x.y.z"));
//! assert_eq!(exchange.status(), 401);
//! assert!(exchange.upstream.is_none());
//! ```
//!
//! What it has is what our modules use of Envoy, with Envoy's statuses and encodings. What it does
//! not have: routing, codecs, header validation, other filters in the chain, gRPC streams, TCP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

mod abi;
mod call;
mod calls;
mod drive;
mod engine;
mod exchange;
mod fault;
mod flow;
mod headers;
mod host;
mod imports;
mod log;
mod metrics;
/// The serialised form of header maps.
pub mod pairs;
mod process;
mod proto;
mod reply;
mod settings;
mod signature;
mod simd;
mod state;
mod stream;
mod worker;

pub use abi::{DataAction, HeadersAction, Level, Status, TrailersAction};
pub use call::{Answer, Call, CallKind};
pub use drive::StreamHandle;
pub use exchange::{End, Exchange, REQUEST_ID, Request, Response, Seen, StreamId};
pub use fault::Fault;
pub use headers::Headers;
pub use host::{Builder, Host, StartError, StartErrorKind};
pub use imports::{ENV, WASI, WASI_MODULES, imports, outside_envoy_1_36};
pub use log::{LogLine, Source};
pub use process::{Process, START_OF_TIME};
pub use settings::{
    DEFAULT_BUFFER_LIMIT, DEFAULT_FUEL, DEFAULT_MEMORY, FailurePolicy, MINOR_VERSION, property,
};
pub use simd::comparisons_of_16_bytes;
pub use worker::Worker;
