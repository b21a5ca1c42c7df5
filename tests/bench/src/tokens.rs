//! Tokens, minted before anything is measured.

use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, Time, keys, mint};
use serde_json::{Map, Value, json};

/// Tokens that are sent one after the other where each is to be new: three times what our cache keeps (2,048) and sixty
/// times what Envoy's keeps (100), so that none is still known when its turn comes again.
pub const FRESH: usize = 6_144;

/// RSA with 2,048 bits.
const KEY: &str = "rsa2048";

/// The only issuer.
pub const ISSUER: &str = "https://idp.example.com";
/// One of the two audiences of each token.
pub const AUDIENCE: &str = "orders-api";
/// `kid` of the key.
pub const KEY_ID: &str = "k1";

/// Tokens of one issuer, all of the same length but for digits.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Each is used again only after all others.
    pub fresh: Vec<String>,
    /// Not one of the fresh ones.
    pub repeated: String,
}

impl Tokens {
    /// Signs so many fresh tokens and the repeated one, on all cores.
    ///
    /// # Panics
    /// When the clock is wrong.
    #[must_use]
    pub fn mint(count: usize) -> Self {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let fresh = thread::scope(|scope| {
            let mint = |first: usize| {
                let numbers = (first..count).step_by(threads);
                numbers.map(|number| token(number, now)).collect::<Vec<_>>()
            };
            let minting: Vec<_> =
                (0..threads).map(|first| scope.spawn(move || mint(first))).collect();
            minting.into_iter().flat_map(|thread| thread.join().expect("tokens")).collect()
        });
        Tokens { fresh, repeated: token(count, now) }
    }
}

fn token(number: usize, now: u64) -> String {
    let claims = [
        ("iss", json!(ISSUER)),
        ("aud", json!([AUDIENCE, "billing-api"])),
        ("sub", json!(format!("user-{number:05}"))),
        ("email", json!(format!("user-{number:05}@example.com"))),
        ("roles", json!("reader,writer")),
        ("scope", json!("orders:read orders:write")),
        ("jti", json!(format!("7f3a1c52-9b0e-4d57-8a43-{number:012}"))),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let spec = Spec {
        alg: Some("RS256".to_owned()),
        key: Some(KEY.to_owned()),
        kid: Some(KEY_ID.to_owned()),
        claims: Map::from_iter(claims),
        iat: Some(Time::Words("-5".to_owned())),
        exp: Some(Time::Words("+86400".to_owned())),
        ..Spec::default()
    };
    mint(&spec, now)
}

/// The key set that verifies the tokens.
#[must_use]
pub fn jwks() -> Value {
    let mut key = keys::jwk(KEY);
    key["kid"] = json!(KEY_ID);
    key["alg"] = json!("RS256");
    json!({"keys": [key]})
}
