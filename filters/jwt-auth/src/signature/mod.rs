//! One question, 'did this key sign that?', answered by the host where it can and in pure Rust where it can't.

pub(crate) mod ecdsa;
pub(crate) mod eddsa;
mod hmac;
pub(crate) mod rsa;

use portcullis_control::surroundings::{Hash, SignatureCheck, Surroundings};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::algorithm::{Algorithm, Family};
use crate::key::{Key, Material};

/// Whether `signature` is one of `message` by `algorithm` under `key`.
///
/// RSASSA-PKCS1-v1_5 and ECDSA go to the host, 30 times as fast as wasm; the rest, and everything where the host can't,
/// is computed here. A key that does not fit the algorithm has signed nothing.
#[must_use]
pub fn verify(
    key: &Key,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
    surroundings: &dyn Surroundings,
) -> bool {
    if !key.fits(algorithm) {
        return false;
    }
    match (algorithm.family(), key.material()) {
        (Family::RsaPkcs1(hash), Material::Rsa(key)) => {
            // RFC 8017 §8.2.2, step 1: another length is no signature.
            if signature.len() != key.modulus.len() {
                return false;
            }
            let check = SignatureCheck { hash, public_key: &key.spki, signature, message };
            surroundings
                .verify_signature(&check)
                .unwrap_or_else(|_| rsa::verify_pkcs1(key, hash, message, signature))
        }
        (Family::RsaPss(hash), Material::Rsa(key)) => {
            rsa::verify_pss(key, hash, message, signature)
        }
        (Family::Ecdsa(curve), Material::Ec(key)) => {
            let Some(der) = ecdsa::der_of_raw(curve, signature) else { return false };
            let check = SignatureCheck {
                hash: curve.hash(),
                public_key: &key.spki,
                signature: &der,
                message,
            };
            surroundings
                .verify_signature(&check)
                .unwrap_or_else(|_| ecdsa::verify(key, message, signature))
        }
        (Family::EdDsa, Material::Ed25519(key)) => eddsa::verify(key, message, signature),
        (Family::Hmac(hash), Material::Secret(secret)) => {
            hmac::verify(hash, secret, message, signature)
        }
        _ => false,
    }
}

/// The hash of these parts, one behind the other.
fn digest(hash: Hash, parts: &[&[u8]]) -> Box<[u8]> {
    fn of<D: Digest>(parts: &[&[u8]]) -> Box<[u8]> {
        let mut hasher = D::new();
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize().as_slice().into()
    }
    match hash {
        Hash::Sha256 => of::<Sha256>(parts),
        Hash::Sha384 => of::<Sha384>(parts),
        Hash::Sha512 => of::<Sha512>(parts),
    }
}

#[cfg(test)]
mod tests;
