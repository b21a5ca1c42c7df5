//! An ES256 key as JSON Web Key (RFC 7517, RFC 7518 section 6.2).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate;
use serde_json::{Value, json};

/// The name of the key in the key set and in each token's header.
const KEY_ID: &str = "demo";

/// A private key; ES256, because it is made in no time where an RSA key takes seconds.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn generate() -> Self {
        Self(SigningKey::generate())
    }

    /// The JOSE header of what [`Key::sign`] signs.
    pub(crate) fn header() -> Value {
        json!({"alg": "ES256", "typ": "JWT", "kid": KEY_ID})
    }

    /// The signature in the form of JWS: r and s, 32 bytes each (RFC 7518 section 3.4).
    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        let signature: Signature = self.0.sign(text.as_bytes());
        signature.to_bytes().to_vec()
    }

    /// The public half as a key set on one line, without spaces.
    pub(crate) fn to_jwks(&self) -> String {
        json!({"keys": [self.public()]}).to_string()
    }

    pub(crate) fn to_private_jwk(&self) -> String {
        let mut jwk = self.public();
        jwk["d"] = Value::String(BASE64_URL_SAFE_NO_PAD.encode(self.0.to_bytes()));
        jwk.to_string()
    }

    /// Reads what [`Key::to_private_jwk`] wrote.
    pub(crate) fn from_private_jwk(text: &str) -> Result<Self, String> {
        let jwk: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let d = jwk["d"].as_str().ok_or("`d` is missing")?;
        let d = BASE64_URL_SAFE_NO_PAD.decode(d).map_err(|error| error.to_string())?;
        SigningKey::from_slice(&d).map(Self).map_err(|error| error.to_string())
    }

    fn public(&self) -> Value {
        // 0x04, then x and y (SEC 1 section 2.3.3).
        let point = self.0.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
            "x": BASE64_URL_SAFE_NO_PAD.encode(x),
            "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let key = Key::generate();
        let read = Key::from_private_jwk(&key.to_private_jwk()).unwrap();
        assert_eq!(key.to_jwks(), read.to_jwks());
    }

    #[test]
    fn the_key_set_needs_no_quotes_and_holds_no_secret() {
        let key = Key::generate();
        let set = key.to_jwks();
        assert!(!set.contains(['\'', ' ', '#', '$', '\\', '\n']), "{set}");
        let set: Value = serde_json::from_str(&set).unwrap();
        assert_eq!(set["keys"][0]["d"], Value::Null);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        for text in ["", "{}", r#"{"d":"!"}"#, r#"{"d":"AAAA"}"#] {
            assert!(Key::from_private_jwk(text).is_err(), "{text}");
        }
    }
}
