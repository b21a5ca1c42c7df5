//! Transforms answers: headers by Kong's lists, security headers on every answer, and error bodies that tell nothing.
//!
//! [`ResponseTransformer`] is the control. `security` has the headers that browsers obey, `header_value` what they may say,
//! `hide` those that tell who answered, `mask` what the client gets of an upstream's error, `operations` Kong's lists.

mod config;
mod control;
mod face;
mod header_value;
mod hide;
mod mask;
mod operations;
mod own_body;
mod reason;
mod security;
mod status;

pub use control::ResponseTransformer;
