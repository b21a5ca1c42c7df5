//! What the requests carry to say who is calling, made before anything is measured.

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

/// The header that a key stands in.
pub const KEY_HEADER: &str = "x-api-key";

/// Clients with a key: enough that a list that is searched from its beginning would be seen.
const CLIENTS: usize = 1_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Message {
    /// A GET of an application.
    #[default]
    Get,
    /// A GET of a page of another origin.
    Page,
    /// A POST with a body and its length.
    Post,
    /// A GET of what the upstream fails at: its answer is a 500 with a body.
    Failing,
    /// A GET of many orders: the answer is 10 kB of JSON.
    List,
}

/// The origin of the page.
pub const ORIGIN: &str = "https://app.example.com";

/// What one request carries. All of them carry a token and a key, whether somebody looks at them or not, so that all are
/// of the same size.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'c> {
    /// A bearer token.
    pub token: &'c str,
    /// An API key.
    pub key: &'c str,
    /// The rest of the request.
    pub message: Message,
}

/// Tokens of one issuer, all of the same length but for digits, and keys.
#[derive(Clone, Debug)]
pub struct Credentials {
    tokens: Vec<String>,
    repeated: String,
    keys: Vec<String>,
}

impl Credentials {
    /// Without end: each token is used again only after all others, and each key.
    pub fn fresh(&self) -> impl Iterator<Item = Presented<'_>> {
        let pairs = self.tokens.iter().cycle().zip(self.keys.iter().cycle());
        pairs.map(|(token, key)| Presented { token, key, message: Message::Get })
    }

    /// A token that is not one of the fresh ones, and the first key.
    #[must_use]
    pub fn repeated(&self) -> Presented<'_> {
        let key = self.keys.first().map_or("", String::as_str);
        Presented { token: &self.repeated, key, message: Message::Get }
    }

    /// How many fresh tokens there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    /// Signs so many fresh tokens and the repeated one, on all cores.
    ///
    /// # Panics
    /// When the clock is wrong.
    #[must_use]
    pub fn mint(count: usize) -> Self {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let tokens = thread::scope(|scope| {
            let mint = |first: usize| {
                let numbers = (first..count).step_by(threads);
                numbers.map(|number| token(number, now)).collect::<Vec<_>>()
            };
            let minting: Vec<_> =
                (0..threads).map(|first| scope.spawn(move || mint(first))).collect();
            minting.into_iter().flat_map(|thread| thread.join().expect("tokens")).collect()
        });
        Credentials { tokens, repeated: token(count, now), keys: api_keys().collect() }
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

/// The keys of all clients, as long as keys are.
pub fn api_keys() -> impl Iterator<Item = String> {
    (0..CLIENTS).map(|number| format!("pk_live_9d1f4c{number:026}"))
}

/// The key set that verifies the tokens.
#[must_use]
pub fn jwks() -> Value {
    let mut key = keys::jwk(KEY);
    key["kid"] = json!(KEY_ID);
    key["alg"] = json!("RS256");
    json!({"keys": [key]})
}
