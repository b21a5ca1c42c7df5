//! The closed list of refusals, with Kong's messages: a client learns whether it sent a certificate, the log why it would
//! not do.

use portcullis_control::reasons;

reasons! {
    /// Why a request is not let through.
    pub(crate) enum Refused {
        /// None was presented, or the connection has no TLS.
        NoCertificate = (401, "no_certificate", "No required TLS certificate was sent"),
        /// Certificates come by proxies, and this peer is none of them.
        UntrustedPeer = (401, "untrusted_peer", "No required TLS certificate was sent"),
        /// What the proxy forwarded is not what Envoy writes.
        MalformedXfcc = (401, "malformed_xfcc", "TLS certificate failed verification"),
        /// Nobody has verified it in this connection's handshake.
        Unverified = (401, "unverified", "TLS certificate failed verification"),
        /// Its fingerprint is on the list of those that are not good any more.
        FingerprintDenied = (401, "fingerprint_denied", "TLS certificate failed verification"),
        /// Its fingerprint is not on the list of those that may.
        FingerprintNotAllowed = (401, "fingerprint_not_allowed", "TLS certificate failed verification"),
        /// It has no SPIFFE ID of these trust domains.
        TrustDomain = (401, "trust_domain", "TLS certificate failed verification"),
        /// None of its alternative names may.
        SanNotAllowed = (401, "san_not_allowed", "TLS certificate failed verification"),
        /// It is nobody's that the configuration knows.
        NoConsumer = (401, "no_consumer", "TLS certificate failed verification"),
    }
}
