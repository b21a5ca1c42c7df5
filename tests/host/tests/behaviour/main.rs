//! The host against small guests: it must answer as Envoy does before any module is judged by it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

mod bodies;
mod callouts;
mod faults;
mod life;
mod limits;
mod load;
mod maps;
mod properties;
mod replies;
mod shared;
mod signature;
mod wasi;

use portcullis_guests::guest;
use portcullis_host::{Host, Level, Source};

/// The lines that the guest has logged, in order.
fn lines(host: &Host) -> Vec<String> {
    let log = host.process().log();
    log.into_iter().filter(|line| line.source != Source::Host).map(|line| line.text).collect()
}

/// What the host itself had to say at `Critical`: traps.
fn traps(host: &Host) -> Vec<String> {
    let log = host.process().log();
    let own = log.into_iter().filter(|line| line.source == Source::Host);
    own.filter(|line| line.level == Level::Critical).map(|line| line.text).collect()
}
