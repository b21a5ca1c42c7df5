//! A JSON Web Token (RFC 7519) as `envoy/envoy.yaml` accepts it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::json;

use crate::key::Key;

/// A working day with room: long enough to play, short enough to be worthless when found.
pub(crate) const LIFETIME_SECONDS: u64 = 12 * 60 * 60;

/// The issuer and audience that the shipped configurations name.
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "orders-api";

/// A token for `name`, from `now` (seconds since 1970) on.
pub(crate) fn mint(key: &Key, name: &str, roles: &[&str], now: u64) -> String {
    let claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": name,
        "email": format!("{name}@example.com"),
        "email_verified": true,
        "roles": roles,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECONDS,
    });
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        encode(Key::header().to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = encode(&key.sign(&signed));
    format!("{signed}.{signature}")
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{Signature, VerifyingKey};
    use serde_json::Value;

    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn a_token_verifies_under_the_published_key_set() {
        let key = Key::generate();
        let token = mint(&key, "ada", &["admin"], 1_000);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let set: Value = serde_json::from_str(&key.to_jwks()).unwrap();
        let mut point = vec![4];
        point.extend(decode(set["keys"][0]["x"].as_str().unwrap()));
        point.extend(decode(set["keys"][0]["y"].as_str().unwrap()));
        let public = VerifyingKey::from_sec1_bytes(&point).unwrap();
        let signature = Signature::from_slice(&decode(signature)).unwrap();
        public.verify(signed.as_bytes(), &signature).unwrap();

        let claims: Value =
            serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
        assert_eq!(claims["sub"], "ada");
        assert_eq!(claims["exp"], 1_000 + LIFETIME_SECONDS);
    }
}
