//! JSON Web Keys and sets of them (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, Curve};
use crate::base64url;
use crate::key::fault::quoted;
use crate::key::{Key, KeyFault};

/// Keys in one set, at most: identity providers publish 2 to 10, and each costs memory in every worker.
pub const MAX_KEYS: usize = 64;
/// The members in which only a private key has a value (RFC 7518 §6.2.2, §6.3.2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The keys of a set, and what is wrong with those that can't be used.
#[derive(Debug)]
pub struct KeySet {
    /// The keys that may be used, in their order.
    pub keys: Vec<Key>,
    /// What is wrong with others, by their index in `keys` of the text.
    pub faults: Vec<(usize, KeyFault)>,
}

/// The keys of a JWK Set (RFC 7517 §5). A set from elsewhere goes without the keys that have faults; one that somebody
/// wrote into a configuration is refused for any fault that is not [foreign](KeyFault::is_foreign).
///
/// # Errors
/// The value is no set, or has more than [`MAX_KEYS`] keys.
pub fn parse_set(set: &Value) -> Result<KeySet, KeyFault> {
    let list = set.get("keys").and_then(Value::as_array).ok_or(KeyFault::SetForm)?;
    if list.len() > MAX_KEYS {
        return Err(KeyFault::SetTooLong { keys: list.len(), limit: MAX_KEYS });
    }
    let mut found = KeySet { keys: Vec::with_capacity(list.len()), faults: Vec::new() };
    for (index, entry) in list.iter().enumerate() {
        let key = entry.as_object().ok_or(KeyFault::SetForm).and_then(parse);
        match key {
            Ok(key) => found.keys.push(key),
            Err(fault) => found.faults.push((index, fault)),
        }
    }
    Ok(found)
}

/// One key. Its `use`, `key_ops`, `alg` and `kid` are honoured; certificates beside it (`x5c`, `x5u`) are not looked at.
///
/// # Errors
/// The key can't or may not be used to verify signatures.
pub fn parse(jwk: &Map<String, Value>) -> Result<Key, KeyFault> {
    let kind = text(jwk, "kty")?.ok_or(KeyFault::Member { name: "kty" })?;
    if kind != "oct" && PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
        return Err(KeyFault::Private);
    }
    if let Some(purpose) = text(jwk, "use")?.filter(|purpose| *purpose != "sig") {
        return Err(KeyFault::NotForSignatures { value: quoted(purpose) });
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or(KeyFault::Member { name: "key_ops" })?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err(KeyFault::NotForVerifying);
        }
    }
    let algorithm = text(jwk, "alg")?
        .map(|name| {
            Algorithm::parse(name)
                .ok_or_else(|| KeyFault::UnknownKind { name: "alg", value: quoted(name) })
        })
        .transpose()?;
    let key = match kind {
        "RSA" => Key::rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?)?,
        "EC" => elliptic(jwk)?,
        "OKP" => match text(jwk, "crv")?.ok_or(KeyFault::Member { name: "crv" })? {
            "Ed25519" => Key::ed25519(&bytes(jwk, "x")?)?,
            other => return Err(KeyFault::UnknownKind { name: "crv", value: quoted(other) }),
        },
        "oct" => Key::secret(bytes(jwk, "k")?)?,
        other => return Err(KeyFault::UnknownKind { name: "kty", value: quoted(other) }),
    };
    let key = key.with_kid(text(jwk, "kid")?.map(str::to_owned));
    match algorithm {
        Some(algorithm) => key.only_for(algorithm),
        None => Ok(key),
    }
}

fn elliptic(jwk: &Map<String, Value>) -> Result<Key, KeyFault> {
    let name = text(jwk, "crv")?.ok_or(KeyFault::Member { name: "crv" })?;
    let curve = [Curve::P256, Curve::P384, Curve::P521]
        .into_iter()
        .find(|curve| curve.name() == name)
        .ok_or_else(|| KeyFault::UnknownKind { name: "crv", value: quoted(name) })?;
    // Uncompressed, SEC 1 §2.3.3. RFC 7518 §6.2.1.2: the full size of a coordinate, zeros in front included.
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(jwk, name)?;
        if coordinate.len() != curve.field_bytes() {
            return Err(KeyFault::Encoding { name });
        }
        point.extend_from_slice(&coordinate);
    }
    Key::ec(curve, &point)
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, KeyFault> {
    jwk.get(name).map(|value| value.as_str().ok_or(KeyFault::Member { name })).transpose()
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let text = text(jwk, name)?.ok_or(KeyFault::Member { name })?;
    base64url::decode(text.as_bytes()).ok_or(KeyFault::Encoding { name })
}
