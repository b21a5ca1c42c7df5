//! The rows, by what they are about.

mod actions;
mod bodies;
mod buffers;
mod callouts;
mod closing;
mod headers;
mod joined;
mod life;
mod metrics;
mod phases;
mod properties;
mod replies;
mod response_actions;
mod shared;
mod system;
mod traps;

use crate::row::Row;

/// What a callback returns to let the message go on.
const CONTINUE: &str = "(i32.const 0)";

/// Every row.
#[must_use]
pub fn all() -> Vec<Row> {
    [
        actions::rows(),
        bodies::rows(),
        buffers::rows(),
        callouts::rows(),
        closing::rows(),
        headers::rows(),
        joined::rows(),
        life::rows(),
        metrics::rows(),
        phases::rows(),
        properties::rows(),
        replies::rows(),
        response_actions::rows(),
        shared::rows(),
        system::rows(),
        traps::rows(),
    ]
    .concat()
}
