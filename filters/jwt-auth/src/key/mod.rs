//! Verification keys: a value of this type is a public key or a secret that may be used, so nobody checks it again.

pub mod fault;
pub mod jwk;
pub mod pem;
pub mod secret;
mod spki;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::algorithm::{Algorithm, Curve, Family, hash_bytes};
use crate::signature::rsa::Modulus;
pub use fault::KeyFault;

/// An RSA modulus has at least so many bits (RFC 7518 §3.3).
pub const MIN_RSA_BITS: usize = 2_048;
/// An RSA modulus has at most so many bits: the cost of a check grows with the square, and BoringSSL stops here too.
pub const MAX_RSA_BITS: usize = 8_192;
/// An RSA exponent has at most so many bits, as in BoringSSL: a long one only makes the check slow.
pub const MAX_RSA_EXPONENT_BITS: u32 = 33;
/// A token is tried against so many keys at most, as each costs a signature check and anybody can send a bad one.
pub const MAX_CANDIDATES: usize = 8;

/// A key that signatures are verified with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    material: Material,
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    id: KeyId,
}

/// What tells keys apart: equal for the same material, however it was written and whatever it is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Rsa(Box<RsaKey>),
    Ec(EcKey),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    Secret(Box<[u8]>),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RsaKey {
    /// DER of SubjectPublicKeyInfo, as the host takes it.
    pub(crate) spki: Box<[u8]>,
    /// Big-endian, without leading zeros, odd.
    pub(crate) modulus: Box<[u8]>,
    /// The same, ready to compute with.
    pub(crate) montgomery: Modulus,
    /// Odd, at least 3.
    pub(crate) exponent: u64,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EcKey {
    pub(crate) curve: Curve,
    /// DER of SubjectPublicKeyInfo, as the host takes it.
    pub(crate) spki: Box<[u8]>,
    /// The uncompressed point (SEC 1 §2.3.3), known to lie on the curve.
    pub(crate) point: Box<[u8]>,
}

impl Key {
    fn new(material: Material) -> Self {
        let mut hasher = Sha256::new();
        match &material {
            Material::Rsa(key) => hasher.update(&key.spki),
            Material::Ec(key) => hasher.update(&key.spki),
            Material::Ed25519(key) => {
                hasher.update(b"ed25519\0");
                hasher.update(key.as_bytes());
            }
            Material::Secret(secret) => {
                hasher.update(b"secret\0");
                hasher.update(secret);
            }
        }
        Key { material, kid: None, algorithm: None, id: KeyId(hasher.finalize().into()) }
    }

    /// An RSA key from big-endian modulus and exponent, zeros in front allowed.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let modulus = crate::der::without_leading_zeros(modulus);
        let bits = bit_length(modulus);
        if bits < MIN_RSA_BITS {
            return Err(KeyFault::RsaTooShort { bits });
        }
        if bits > MAX_RSA_BITS {
            return Err(KeyFault::RsaTooLong { bits });
        }
        let montgomery = Modulus::new(modulus).ok_or(KeyFault::RsaModulusEven)?;
        let exponent = crate::der::without_leading_zeros(exponent)
            .iter()
            .try_fold(0u64, |sum, byte| Some(sum.checked_mul(256)? | u64::from(*byte)))
            .filter(|exponent| {
                let bits = u64::BITS.saturating_sub(exponent.leading_zeros());
                *exponent >= 3 && exponent & 1 == 1 && bits <= MAX_RSA_EXPONENT_BITS
            })
            .ok_or(KeyFault::RsaExponent)?;
        let spki = spki::of_rsa(modulus, exponent).into();
        let modulus = modulus.into();
        Ok(Key::new(Material::Rsa(Box::new(RsaKey { spki, modulus, montgomery, exponent }))))
    }

    /// An elliptic curve key from a point of SEC 1 §2.3.3, compressed or not.
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Result<Self, KeyFault> {
        let point = crate::signature::ecdsa::uncompressed(curve, point)
            .ok_or(KeyFault::NotOnCurve { curve: curve.name() })?;
        let spki = spki::of_ec(curve, &point).into();
        Ok(Key::new(Material::Ec(EcKey { curve, spki, point })))
    }

    /// An Ed25519 key from its 32 bytes.
    pub(crate) fn ed25519(point: &[u8]) -> Result<Self, KeyFault> {
        let key = crate::signature::eddsa::strict_key(point)
            .ok_or(KeyFault::NotOnCurve { curve: "Ed25519" })?;
        Ok(Key::new(Material::Ed25519(Box::new(key))))
    }

    /// A secret for HMAC.
    pub(crate) fn secret(secret: Vec<u8>) -> Result<Self, KeyFault> {
        let least = hash_bytes(portcullis_control::surroundings::Hash::Sha256);
        if secret.len() < least {
            return Err(KeyFault::SecretTooShort { bytes: secret.len(), needed: least });
        }
        Ok(Key::new(Material::Secret(secret.into())))
    }

    /// The same key under a name; a token that names another never meets it.
    #[must_use]
    pub fn with_kid(mut self, kid: Option<String>) -> Self {
        self.kid = kid;
        self
    }

    /// The same key, for one algorithm alone.
    ///
    /// # Errors
    /// The key is of another kind, is declared for another algorithm, or is too weak for this one.
    pub fn only_for(mut self, algorithm: Algorithm) -> Result<Self, KeyFault> {
        self.check(algorithm)?;
        self.algorithm = Some(algorithm);
        Ok(self)
    }

    /// Whether signatures of this algorithm may be verified with this key, and if not, why: RSA keys never are secrets
    /// of an HMAC, a curve goes with one algorithm, a declared `alg` is the only one (RFC 8725 §3.1).
    ///
    /// # Errors
    /// The reason, for a configuration to name.
    pub fn check(&self, algorithm: Algorithm) -> Result<(), KeyFault> {
        let other_kind = KeyFault::OtherAlgorithm { algorithm: algorithm.name() };
        if self.algorithm.is_some_and(|own| own != algorithm) {
            return Err(other_kind);
        }
        match (algorithm.family(), &self.material) {
            (Family::RsaPkcs1(_) | Family::RsaPss(_), Material::Rsa(_))
            | (Family::EdDsa, Material::Ed25519(_)) => Ok(()),
            (Family::Ecdsa(curve), Material::Ec(key)) if key.curve == curve => Ok(()),
            (Family::Hmac(hash), Material::Secret(secret)) => {
                let needed = hash_bytes(hash);
                if secret.len() < needed {
                    return Err(KeyFault::SecretTooShort { bytes: secret.len(), needed });
                }
                Ok(())
            }
            _ => Err(other_kind),
        }
    }

    /// [`Key::check`] as a yes or no, for the way of a request.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.check(algorithm).is_ok()
    }

    /// The name of the key, if it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that the key is declared for, if it is.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// What tells this key from others.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// True for a secret: whoever can verify with it can sign with it, so a key set from elsewhere must have none.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }
}

/// The keys that a token may have been signed with, [`MAX_CANDIDATES`] at most: those that fit its algorithm, and of
/// these with a `kid` first those of that name, which must not be crowded out, then the nameless.
pub fn candidates<'a>(
    keys: impl IntoIterator<Item = &'a Key, IntoIter: Clone>,
    algorithm: Algorithm,
    kid: Option<&str>,
) -> impl Iterator<Item = &'a Key> {
    let keys = keys.into_iter().filter(move |key| key.fits(algorithm));
    let first = keys.clone().filter(move |key| kid.is_none() || key.kid() == kid);
    let nameless = keys.filter(move |key| kid.is_some() && key.kid().is_none());
    first.chain(nameless).take(MAX_CANDIDATES)
}

fn bit_length(trimmed: &[u8]) -> usize {
    let unused = trimmed.first().map_or(0, |byte| byte.leading_zeros());
    trimmed.len().saturating_mul(8).saturating_sub(usize::try_from(unused).unwrap_or(0))
}

/// Shows what kind of key it is and its name, never what it is made of.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.material {
            Material::Rsa(_) => "RSA",
            Material::Ec(key) => key.curve.name(),
            Material::Ed25519(_) => "Ed25519",
            Material::Secret(_) => "secret",
        };
        f.debug_struct("Key")
            .field("kind", &kind)
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A digest of a secret would let whoever reads the log try guesses, so nothing is shown.
impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId(..)")
    }
}

#[cfg(test)]
mod tests;

/// Feeds any bytes to every parser of keys; what comes out must be usable.
#[doc(hidden)]
pub fn fuzz_key(data: &[u8]) {
    let found = [
        std::str::from_utf8(data).ok().and_then(|text| pem::parse(text).ok()),
        spki::parse(data).ok(),
        secret::parse(&String::from_utf8_lossy(data), true).ok(),
        match portcullis_control::json::parse(data) {
            Ok(serde_json::Value::Object(jwk)) => jwk::parse(&jwk).ok(),
            _ => None,
        },
    ];
    for key in found.into_iter().flatten() {
        assert!(
            Algorithm::ALL.iter().any(|algorithm| key.fits(*algorithm)),
            "{key:?} fits nothing"
        );
        let spki = match &key.material {
            Material::Rsa(rsa) => &rsa.spki,
            Material::Ec(ec) => &ec.spki,
            Material::Ed25519(_) | Material::Secret(_) => continue,
        };
        assert!(
            spki::parse(spki).is_ok_and(|again| again.id == key.id),
            "{key:?} reads differently"
        );
    }
}
