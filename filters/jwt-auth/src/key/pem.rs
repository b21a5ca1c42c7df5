//! Public keys as PEM (RFC 7468), also where YAML has folded the line breaks into spaces, or an environment variable
//! has them as `\n`.

use base64::Engine;

use crate::key::fault::quoted;
use crate::key::{Key, KeyFault, spki};

/// A text longer than this holds no key that is taken: RSA with 8,192 bits needs about 1,500 bytes.
pub const MAX_PEM_BYTES: usize = 8 * 1024;

/// The key in exactly one PEM with the label `PUBLIC KEY` (RFC 7468 §13) or `RSA PUBLIC KEY` (PKCS#1).
///
/// # Errors
/// Everything else, private keys and certificates by name, and keys that may not be used.
pub fn parse(text: &str) -> Result<Key, KeyFault> {
    if text.len() > MAX_PEM_BYTES {
        return Err(KeyFault::PemForm);
    }
    // No backslash is in any PEM, so nothing else can be meant.
    let text = text.replace("\\n", "\n");
    let (label, content) = split(&text).ok_or(KeyFault::PemForm)?;
    if label.contains("PRIVATE KEY") {
        return Err(KeyFault::Private);
    }
    let pkcs1 = match label {
        "PUBLIC KEY" => false,
        "RSA PUBLIC KEY" => true,
        other => return Err(KeyFault::PemLabel { label: quoted(other) }),
    };
    let packed: Vec<u8> = content.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .map_err(|_| KeyFault::PemContent)?;
    if pkcs1 { spki::parse_rsa(&der) } else { spki::parse(&der) }
}

/// Label and content of a text that is one PEM and nothing else.
fn split(text: &str) -> Option<(&str, &str)> {
    let (label, rest) = text.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (content, end) = rest.split_once("-----END ")?;
    (end.strip_suffix("-----")? == label).then_some((label, content))
}
