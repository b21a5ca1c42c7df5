//! What a control may ask of its surroundings: the seam between a decision and Envoy.
//!
//! Time, randomness, counters and cryptography are asked for here and nowhere else, so that the same control value
//! runs in Envoy, in the case runner and in a unit test.

#[cfg(test)]
pub(crate) mod stub;

use crate::headers::HeaderMap;
use crate::store::SharedData;

/// The hash of a signature, by the names that Envoy's `verify_signature` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What is asked of the host's signature check.
///
/// RSASSA-PKCS1-v1_5 or ECDSA, as the key says; PSS and EdDSA are not known to any Envoy.
#[derive(Clone, Copy, Debug)]
pub struct SignatureCheck<'a> {
    /// The hash over `message`.
    pub hash: Hash,
    /// The public key as DER of SubjectPublicKeyInfo (RFC 5280).
    pub public_key: &'a [u8],
    /// RSA: the signature; ECDSA: ASN.1 DER of `Ecdsa-Sig-Value` (RFC 3279), not the raw pair of RFC 7518.
    pub signature: &'a [u8],
    /// What was signed.
    pub message: &'a [u8],
}

/// The host has no such function, or it failed: the caller falls back or refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// The version of the Envoy that hosts us, asked once when a configuration is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostVersion {
    /// 1; 0 if the host does not say.
    pub major: u32,
    /// 40 of 1.40.
    pub minor: u32,
}

impl HostVersion {
    /// Reads it from the node that Envoy tells its control plane of; 0.0 where it is not there.
    #[must_use]
    pub fn of(host: &dyn Surroundings) -> Self {
        let number = |name| {
            let path = ["xds", "node", "user_agent_build_version", "version", name];
            let bytes: [u8; 8] = host.property(&path)?.try_into().ok()?;
            u32::try_from(u64::from_le_bytes(bytes)).ok()
        };
        match (number("major_number"), number("minor_number")) {
            (Some(major), Some(minor)) => HostVersion { major, minor },
            _ => HostVersion::default(),
        }
    }

    /// True if it says whether a client certificate was verified (`connection.peer_certificate_valid`).
    #[must_use]
    pub fn says_verified(self) -> bool {
        self >= HostVersion { major: 1, minor: 39 }
    }

    /// True if a body that was held, and told to go on outside of its callbacks, goes on being held: what comes next is
    /// lost if that passes at once (run: 1.36 and 1.37 lose it, 1.39 does not). One that does not say may be such a host.
    #[must_use]
    pub fn holds_on(self) -> bool {
        self < HostVersion { major: 1, minor: 39 }
    }
}

/// The world around a control. Methods take `&self`: an implementation is a handle, not the state itself.
///
/// Everything here costs a call into the host; views of the request keep what they have read.
pub trait Surroundings {
    /// Nanoseconds since the Unix epoch, wall clock.
    fn now(&self) -> u64;

    /// 64 random bits that a client cannot predict.
    fn random(&self) -> u64;

    /// 128 such bits.
    fn random_bytes(&self) -> [u8; 16] {
        (u128::from(self.random()) << 64 | u128::from(self.random())).to_be_bytes()
    }

    /// Data shared by all workers of this process.
    fn shared(&self) -> &dyn SharedData;

    /// Checks a signature in the host; an error means 'cannot', never 'wrong'.
    fn verify_signature(&self, check: &SignatureCheck<'_>) -> Result<bool, Unavailable>;

    /// A property of the stream by its path (`["source", "address"]`), in the host's encoding; `None` if it has none.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;

    /// The request's headers as the host holds them now; empty where the host no longer shows them.
    fn request_headers(&self) -> HeaderMap;

    /// The first value of one of the request's headers; names that Envoy joins come joined by commas.
    fn request_header(&self, name: &str) -> Option<Vec<u8>> {
        self.request_headers().first(name).map(<[u8]>::to_vec)
    }

    /// So many bytes of what the host shows of the request's body now, from `start` on; `None` if it cannot say.
    fn request_body(&self, _start: usize, _size: usize) -> Option<Vec<u8>> {
        None
    }

    /// The request's trailers.
    fn request_trailers(&self) -> HeaderMap;

    /// The response's headers as the host holds them now.
    fn response_headers(&self) -> HeaderMap;

    /// As [`Surroundings::request_header`].
    fn response_header(&self, name: &str) -> Option<Vec<u8>> {
        self.response_headers().first(name).map(<[u8]>::to_vec)
    }

    /// The response's trailers.
    fn response_trailers(&self) -> HeaderMap;
}
