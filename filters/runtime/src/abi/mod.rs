//! The ABI of proxy-wasm 0.2.1, spoken directly.
//!
//! Not through the Rust SDK: its dispatcher knows no `StopAllIterationAndWatermark`, panics on header values that are
//! not UTF-8 and on statuses that it does not expect, and cannot be mixed with calls of one's own. What is here is the
//! calls that Portcullis makes, each giving a `Result`, and the callbacks that it takes.

#![allow(
    unsafe_code,
    reason = "the host is spoken to through raw pointers; each block says why it is sound"
)]

mod calls;
mod exports;
mod imports;
mod memory;

pub use exports::{phases, start};
