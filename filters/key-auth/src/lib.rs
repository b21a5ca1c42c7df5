//! Decides whether an API key is valid and whose it is.
//!
//! [`KeyAuth`] is the control; below it each step stands on its own: `presented` finds the key in headers and query,
//! `body` in forms and JSON, `credentials` knows whose it is.

pub mod body;
mod config;
mod control;
pub mod credentials;
mod presented;
mod reason;

pub use config::read_credentials;
pub use control::KeyAuth;
pub use presented::KeyHeaders;
