//! What is fetched: sets of keys, and lists of revoked tokens.

pub(crate) mod keys;
pub(crate) mod revocations;

use portcullis_control::fetched::Sources;

#[doc(hidden)]
pub use keys::{fuzz_discovery, fuzz_key_set};
#[doc(hidden)]
pub use revocations::fuzz_revocations;

/// What all routes of a configuration fetch.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// Sets of keys.
    pub(crate) keys: Sources<keys::KeySet>,
    /// Lists of revoked tokens.
    pub(crate) revocations: Sources<revocations::RevocationList>,
}
