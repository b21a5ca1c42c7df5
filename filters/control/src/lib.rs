//! The contract that every control is written against: pure Rust, no proxy-wasm, no clock, no I/O.
//!
//! A [`control::Control`] compiles its configuration into a value and answers each phase of a request with a
//! [`control::Verdict`]. It sees the request through an [`exchange::Exchange`] and the world through
//! [`surroundings::Surroundings`]; what carries its verdicts out is not its business.

pub mod address;
pub mod alternatives;
pub mod arguments;
pub mod authentication;
pub mod bytes;
pub mod certificate;
pub mod claims;
pub mod config;
pub mod consumers;
pub mod content_encoding;
pub mod control;
pub mod counter;
pub mod exchange;
pub mod fetched;
pub mod headers;
pub mod identity;
pub mod inspection;
pub mod job;
pub mod json;
pub mod json_edit;
pub mod load;
pub mod media_type;
pub mod mode;
pub mod multipart;
pub mod path;
pub mod place;
pub mod policy;
pub mod program;
pub mod record;
pub mod refusal;
pub mod required_claim;
pub mod route;
pub mod store;
pub mod surroundings;
pub mod template;
pub mod transform;
