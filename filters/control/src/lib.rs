//! The contract that every control is written against: pure Rust, no proxy-wasm, no clock, no I/O.

pub mod headers;
pub mod json;
pub mod store;
pub mod surroundings;
