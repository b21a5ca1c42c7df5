//! What the README tells a newcomer to type, typed: `make run` and `docker compose up`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod compose;
mod make_run;
mod round;
