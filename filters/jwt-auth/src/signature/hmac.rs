//! HMAC (RFC 2104) over SHA-2, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use portcullis_control::surroundings::Hash;
use sha2::{Sha256, Sha384, Sha512};

pub(super) fn verify(hash: Hash, secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
    fn with<M: Mac + KeyInit>(secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
        // A signature of another length than the hash's is refused there, cut ones too.
        <M as KeyInit>::new_from_slice(secret)
            .is_ok_and(|mac| mac.chain_update(message).verify_slice(signature).is_ok())
    }
    match hash {
        Hash::Sha256 => with::<Hmac<Sha256>>(secret, message, signature),
        Hash::Sha384 => with::<Hmac<Sha384>>(secret, message, signature),
        Hash::Sha512 => with::<Hmac<Sha512>>(secret, message, signature),
    }
}
