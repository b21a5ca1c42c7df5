//! Decides whether a bearer token is valid and whose it is.

pub mod algorithm;
pub mod base64url;
pub mod cache;
pub mod claims;
mod der;
pub mod key;
pub mod signature;
pub mod template;
pub mod token;
