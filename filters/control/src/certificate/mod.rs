//! The client certificate of the connection, as far as the host tells: each property is read when first asked for, and
//! once a request.

mod fingerprint;
mod san;
mod subject;

use std::cell::OnceCell;

pub use fingerprint::Fingerprint;
pub use san::{San, SanRule, read_san};
#[doc(hidden)]
pub use subject::fuzz_subject;
pub use subject::{MAX_SUBJECT_BYTES, Subject};

use crate::surroundings::Surroundings;

/// What has been read so far; the [`PeerCertificate`] reads the rest.
#[derive(Debug, Default)]
pub(crate) struct SeenCertificate {
    verified: OnceCell<Option<bool>>,
    fingerprint: OnceCell<Option<Fingerprint>>,
    subject: OnceCell<Vec<u8>>,
    uri_san: OnceCell<Option<Vec<u8>>>,
    dns_san: OnceCell<Option<Vec<u8>>>,
}

/// The certificate that the client of this connection presented, if it did. Whoever presents one has its private key;
/// that somebody trusted has signed it, only [`PeerCertificate::verified`] says.
///
/// `connection.mtls` is not asked: it says no more than that there is a fingerprint, and is easily taken for more.
#[derive(Clone, Copy)]
pub struct PeerCertificate<'x> {
    host: &'x dyn Surroundings,
    seen: &'x SeenCertificate,
}

impl<'x> PeerCertificate<'x> {
    pub(crate) fn new(host: &'x dyn Surroundings, seen: &'x SeenCertificate) -> Self {
        PeerCertificate { host, seen }
    }

    fn read(&self, property: &str) -> Option<Vec<u8>> {
        self.host.property(&["connection", property])
    }

    /// True if a certificate was presented and verified in this connection's handshake; false where none was, and on a
    /// resumed session. `None` where the host cannot say: [`crate::surroundings::HostVersion::says_verified`].
    #[must_use]
    pub fn verified(&self) -> Option<bool> {
        *self.seen.verified.get_or_init(|| {
            let value = self.read("peer_certificate_valid")?;
            Some(value == [1])
        })
    }

    /// The fingerprint; `None` if no certificate was presented.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        *self
            .seen
            .fingerprint
            .get_or_init(|| Fingerprint::parse(&self.read("sha256_peer_certificate_digest")?))
    }

    /// The subject as RFC 2253 text; empty if there is no certificate, or none in it.
    #[must_use]
    pub fn subject(&self) -> &'x [u8] {
        self.seen.subject.get_or_init(|| self.read("subject_peer_certificate").unwrap_or_default())
    }

    /// The first URI of the subject's alternative names; no host tells the others.
    #[must_use]
    pub fn uri_san(&self) -> Option<&'x [u8]> {
        self.seen.uri_san.get_or_init(|| self.read("uri_san_peer_certificate")).as_deref()
    }

    /// The first DNS name of the subject's alternative names; no host tells the others.
    #[must_use]
    pub fn dns_san(&self) -> Option<&'x [u8]> {
        self.seen.dns_san.get_or_init(|| self.read("dns_san_peer_certificate")).as_deref()
    }
}

#[cfg(test)]
mod tests;
