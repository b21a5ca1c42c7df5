//! Decides whether a client certificate will do and whose it is.
//!
//! [`MtlsAuth`] is the control; below it each step stands on its own: `presented` says what the certificate is, of the
//! connection or as a proxy forwarded it (`xfcc`), `rules` whether it will do, `directory` whose it is.

mod config;
mod connections;
mod control;
mod directory;
mod presented;
mod reason;
mod rules;
mod spiffe;
pub mod xfcc;

pub use config::read_credentials;
pub use control::MtlsAuth;
