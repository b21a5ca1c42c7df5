//! An HTTP/1.1 upstream that answers with what it saw, for `make run` and for the end-to-end tests.
//!
//! Small and std-only on purpose: the tests must see every byte that Envoy forwarded, duplicates,
//! order and obs-text included, and general-purpose servers normalise some of that away.
//!
//! ```no_run
//! let server = portcullis_echo::Server::start("127.0.0.1:0", portcullis_echo::Echo)?;
//! println!("{}", server.address());
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

mod echo;
mod headers;
mod message;
mod server;
pub mod wire;

pub use echo::Echo;
pub use headers::Headers;
pub use message::{Answer, Request, Response};
pub use server::{Ended, Handler, Server};
