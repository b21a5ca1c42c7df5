//! Changes requests on their way to the upstream: Kong's request-transformer, with templates instead of Lua.
//!
//! [`control::RequestTransformer`] is the control. `fields` are operations on what is a list of names and values (a query,
//! a form, a multipart form), `body` chooses by the content type, `target` writes the path.

mod arguments;
pub mod body;
mod config;
mod control;
mod fields;
mod multipart;
mod reason;
mod target;

pub use control::RequestTransformer;
