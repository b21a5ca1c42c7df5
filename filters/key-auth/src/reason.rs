//! The closed list of refusals, with Kong's messages.

use portcullis_control::reasons;

reasons! {
    /// Why a request is not let through.
    pub(crate) enum Refused {
        /// No key anywhere.
        NoKey = (401, "no_key", "No API key found in request"),
        /// Two different keys: which one counts would depend on who looks.
        DuplicateKey = (401, "duplicate_key", "Duplicate API key found"),
        /// Longer than any key that a configuration may have.
        KeyTooLong = (401, "key_too_long", "Unauthorized"),
        /// Nobody's key.
        UnknownKey = (401, "unknown_key", "Unauthorized"),
        /// A body that may hold a key, and is longer than what is held.
        BodyTooLarge = (413, "body_too_large", "Payload too large"),
    }
}
