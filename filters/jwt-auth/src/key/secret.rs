//! Shared secrets for HMAC, as text or as base64.

use crate::base64url::decode_either;
use crate::key::{Key, KeyFault};

/// The key of a secret; with `is_base64` the bytes that the text stands for, in either alphabet of RFC 4648.
///
/// # Errors
/// No base64 where it should be, or fewer bytes than any hash that it could be used with has (RFC 7518 §3.2). Whether
/// it is long enough for one algorithm tells [`Key::check`].
pub fn parse(text: &str, is_base64: bool) -> Result<Key, KeyFault> {
    let secret = if is_base64 {
        decode_either(text.trim().as_bytes()).ok_or(KeyFault::SecretNotBase64)?
    } else {
        text.as_bytes().to_vec()
    };
    Key::secret(secret)
}
