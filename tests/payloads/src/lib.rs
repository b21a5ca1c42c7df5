//! What the WAF is tested and measured with: hostile bodies, large values, the same in every run.
//!
//! They are made, not stored: a body of 128 KiB says less about itself than the few lines that make it.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test that cannot go on should say so and stop"
)]

pub mod hostile;
mod random;
pub mod values;

pub use random::Random;
