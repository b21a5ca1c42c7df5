//! Decides whether the caller may use a route.
//!
//! [`Acl`] is the control: it looks at the identity alone that the auth controls before it found. `rules` says what is
//! asked of it, `config` reads that.

mod config;
mod control;
mod reason;
mod rules;

pub use control::Acl;
