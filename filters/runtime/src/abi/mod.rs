//! The ABI of proxy-wasm 0.2.1, spoken directly.
//!
//! Not through the Rust SDK: its dispatcher knows no `StopAllIterationAndWatermark`, panics on header values that are
//! not UTF-8 and on statuses that it does not expect, and cannot be mixed with calls of one's own. What is here is the
//! calls that Portcullis makes, each giving a `Result`, the callbacks that it takes, and the memory that both use.

#![allow(
    unsafe_code,
    reason = "the host is spoken to through raw pointers, and an allocator deals in them; each block says why it is sound"
)]

#[cfg(target_arch = "wasm32")]
mod calls;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod imports;
#[cfg(target_arch = "wasm32")]
mod memory;
// These can be tested without a host.
mod compare;
mod pool;

#[cfg(target_arch = "wasm32")]
pub use exports::{phases, start};
