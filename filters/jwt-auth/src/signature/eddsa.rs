//! Ed25519 (RFC 8032) as strict as it gets: one encoding of a key, one of a signature, no points of small order.

use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, VerifyingKey};

/// A key from its bytes; `None` for points of small order, under which one signature fits many messages, and for
/// encodings past the field's prime, which name the same point twice.
pub(crate) fn strict_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let bytes: &[u8; PUBLIC_KEY_LENGTH] = bytes.try_into().ok()?;
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    (is_canonical(bytes) && !key.is_weak()).then_some(key)
}

/// RFC 8032 §5.1.3: y, little-endian without the top bit, is below 2^255 - 19.
fn is_canonical(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    *lowest < 0xed || highest & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// The equation without cofactor, S below the group's order, R compared as bytes and not of small order.
pub(super) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
