//! ECDSA: a JWS's pair of numbers as the host wants it, and the whole check where there is no host to ask.

use crate::algorithm::Curve;
use crate::der::{SEQUENCE, write, write_positive_integer};
use crate::key::EcKey;
use crate::signature::digest;

/// Ecdsa-Sig-Value (RFC 3279 §2.2.3) of a pair `r ‖ s` (RFC 7518 §3.4); `None` unless both halves have the full length
/// and none is zero, the signature that CVE-2022-21449 took for everyone's.
pub(super) fn der_of_raw(curve: Curve, raw: &[u8]) -> Option<Vec<u8>> {
    let half = curve.field_bytes();
    let (r, s) = raw.split_at_checked(half).filter(|(_, s)| s.len() == half)?;
    if [r, s].iter().any(|half| half.iter().all(|byte| *byte == 0)) {
        return None;
    }
    Some(write(SEQUENCE, &[write_positive_integer(r), write_positive_integer(s)].concat()))
}

/// The uncompressed form of a point (SEC 1 §2.3.3); `None` if it is not on the curve, is the point at infinity, or is
/// written in another way than compressed or uncompressed.
pub(crate) fn uncompressed(curve: Curve, point: &[u8]) -> Option<Box<[u8]>> {
    if !matches!(point.first(), Some(2..=4)) {
        return None;
    }
    match curve {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .ok()
            .map(|key| key.to_sec1_point(false).as_bytes().into()),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .ok()
            .map(|key| key.to_sec1_point(false).as_bytes().into()),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .ok()
            .map(|key| key.to_sec1_point(false).as_bytes().into()),
    }
}

/// Verifies without a host.
pub(super) fn verify(key: &EcKey, message: &[u8], raw: &[u8]) -> bool {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    let hashed = digest(key.curve.hash(), &[message]);
    match key.curve {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&key.point)
            .and_then(|key| key.verify_prehash(&hashed, &p256::ecdsa::Signature::from_slice(raw)?)),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&key.point)
            .and_then(|key| key.verify_prehash(&hashed, &p384::ecdsa::Signature::from_slice(raw)?)),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&key.point)
            .and_then(|key| key.verify_prehash(&hashed, &p521::ecdsa::Signature::from_slice(raw)?)),
    }
    .is_ok()
}
