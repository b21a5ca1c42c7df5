//! The closed list of refusals, with Kong's messages.

use portcullis_control::reasons;

reasons! {
    /// Why a request is not let through.
    pub(crate) enum Refused {
        /// Nobody is known, or the anonymous consumer, who may not.
        NoIdentity = (401, "no_identity", "Unauthorized"),
        /// No group of `allow`, or one of `deny`.
        Group = (403, "group", "You cannot consume this service"),
        /// None of the sets of scopes.
        Scope = (403, "scope", "You cannot consume this service"),
        /// A claim is missing or has another value.
        Claim = (403, "claim", "You cannot consume this service"),
        /// Not one of the consumers.
        Consumer = (403, "consumer", "You cannot consume this service"),
        /// Not one of the certificates.
        Certificate = (403, "certificate", "You cannot consume this service"),
    }
}
