//! Decides whether a bearer token is valid and whose it is.
//!
//! [`control::JwtAuth`] is the control; below it each step stands on its own: `presented` finds the token, `token` takes
//! it apart, `key` and `signature` verify it, `claims` judges what it says.

pub mod algorithm;
pub mod base64url;
mod binding;
pub mod cache;
pub mod claims;
mod config;
mod control;
mod demands;
mod der;
mod doorkeeper;
mod judge;
pub mod key;
mod missing;
mod policy;
mod presented;
mod reason;
pub mod remote;
mod revoked;
pub mod signature;
pub mod token;

pub use control::JwtAuth;
