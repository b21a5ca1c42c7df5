//! The test keys of `tests/cases/keys/`, private ones for signing and public ones for configurations.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use serde_json::{Map, Value};

macro_rules! keys {
    ($($name:literal),* $(,)?) => {
        /// Every asymmetric key: its name, the private JWK, the public PEM.
        const KEYS: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("../../keys/", $name, ".json")),
            include_str!(concat!("../../keys/", $name, ".pem")),
        )),*];
    };
}

keys![
    "rsa1024",
    "rsa2048",
    "rsa2048-other",
    "rsa2049",
    "rsa4096",
    "rsa8192",
    "p256",
    "p256-other",
    "p384",
    "p521",
    "ed25519",
    "ed25519-other",
];

const SECRETS: &str = include_str!("../../keys/secrets.json");
const PRIVATE_MEMBERS: [&str; 3] = ["d", "p", "q"];

fn entry(name: &str) -> (&'static str, &'static str) {
    let found = KEYS.iter().find(|(own, _, _)| *own == name);
    let (_, private, public) = found.unwrap_or_else(|| panic!("no test key is named {name:?}"));
    (private, public)
}

/// The names of all asymmetric keys.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(name, _, _)| *name)
}

/// The private key as a JWK, for a case that a private key is refused.
///
/// # Panics
/// There is no such key.
#[must_use]
pub fn private_jwk(name: &str) -> Map<String, Value> {
    serde_json::from_str(entry(name).0).expect("a test key is JSON")
}

/// The public key as a JWK without `kid`, `alg` and `use`; a secret as `oct`.
///
/// # Panics
/// There is no such key.
#[must_use]
pub fn jwk(name: &str) -> Value {
    if name.starts_with("secret") {
        let k = URL_SAFE_NO_PAD.encode(secret(name).as_bytes());
        return serde_json::json!({"kty": "oct", "k": k});
    }
    let mut jwk = private_jwk(name);
    jwk.retain(|member, _| !PRIVATE_MEMBERS.contains(&member.as_str()));
    Value::Object(jwk)
}

/// The public key as PEM, SubjectPublicKeyInfo.
///
/// # Panics
/// There is no such key.
#[must_use]
pub fn pem(name: &str) -> &'static str {
    entry(name).1
}

/// A private RSA key as PEM of PKCS #1, for libraries that sign themselves.
///
/// # Panics
/// There is no such key.
#[must_use]
pub fn private_pem(name: &str) -> String {
    let pem = super::sign::rsa(name).to_pkcs1_pem(LineEnding::LF).expect("a test key has a PEM");
    pem.as_str().to_owned()
}

/// A secret as text; its bytes are the key.
///
/// # Panics
/// There is no such secret.
#[must_use]
pub fn secret(name: &str) -> String {
    let secrets: Map<String, Value> = serde_json::from_str(SECRETS).expect("secrets are JSON");
    let found = secrets.get(name).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no test secret is named {name:?}")).to_owned()
}

/// A member of the private key, decoded.
pub(super) fn member(name: &str, member: &str) -> Vec<u8> {
    let jwk = private_jwk(name);
    let text = jwk.get(member).and_then(Value::as_str);
    let text = text.unwrap_or_else(|| panic!("the test key {name:?} has no {member:?}"));
    URL_SAFE_NO_PAD.decode(text).expect("a test key is base64url")
}
