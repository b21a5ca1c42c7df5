//! Tokens for cases, good ones and every kind of bad one, made from a description at the case's own time.

pub mod keys;
mod sign;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A token as a case describes it: `{ alg = "RS256", kid = "k1", claims = { sub = "ada" }, exp = "+60" }`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Spec {
    /// The header's `alg`, and the way of signing unless `sign-as` says another.
    pub alg: Option<String>,
    /// The algorithm that signs, whatever the header says.
    pub sign_as: Option<String>,
    /// The key by its name in `tests/cases/keys/`, or `pem:NAME`: the text of a public key taken as a secret. Absent:
    /// `rsa2048`, `p256`, `p384`, `p521`, `ed25519` or `secret64`, as the algorithm asks.
    pub key: Option<String>,
    /// The header's `kid`.
    pub kid: Option<String>,
    /// More members of the header; null takes one away.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// `exp`: a number as it is, `"+60"` or `"-1"` from the case's time, `"absent"`. Absent: `"+300"`, unless `claims`
    /// has it.
    pub exp: Option<Time>,
    /// `nbf`, as `exp`; absent: none.
    pub nbf: Option<Time>,
    /// `iat`, as `exp`; absent: none.
    pub iat: Option<Time>,
    /// The header as text, in place of everything that makes one.
    pub header_text: Option<String>,
    /// The payload as text, in place of everything that makes one.
    pub payload_text: Option<String>,
    /// The third part as it stands in the token.
    pub signature: Option<String>,
    /// What happens to the token once it is signed.
    pub tamper: Option<Tamper>,
    /// The whole token as it is, in place of everything above.
    pub raw: Option<String>,
}

/// A time in a description.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Time {
    /// As it is.
    At(serde_json::Number),
    /// `+60`, `-1`, `+0.5` seconds from the case's time, or `absent`.
    Words(String),
}

/// What may happen to a token between its issuer and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// One bit of the signature is another.
    FlipSignature,
    /// The signature lacks its last byte.
    CutSignature,
    /// The signature has a zero byte more.
    LengthenSignature,
    /// The signature is empty, its dot is there.
    EmptySignature,
    /// The signature is all zeros, as long as it was (CVE-2022-21449 for ES*).
    ZeroSignature,
    /// The third part and its dot are gone.
    NoSignature,
    /// A fourth part follows.
    FourthPart,
    /// Only the header is left.
    HeaderOnly,
    /// A member `admin: true` came into the claims after signing.
    Claims,
    /// The header's `alg` became `none` and the signature empty.
    AlgNone,
    /// The signature's part got its padding, which is no other token.
    PadSignature,
    /// The last character of the signature's part stands for the same bytes with bits behind them; where there are no
    /// such bits, it is another.
    TrailingBits,
    /// The signature of an elliptic curve is DER, as everywhere but in a JWS.
    DerSignature,
}

/// Makes the token at `now` (seconds since the epoch).
///
/// # Panics
/// The description asks for something that there is no key or no algorithm for.
#[must_use]
pub fn mint(spec: &Spec, now: u64) -> String {
    if let Some(raw) = &spec.raw {
        return raw.clone();
    }
    let header = spec.header_text.clone().unwrap_or_else(|| header(spec).to_string());
    let payload = spec.payload_text.clone().unwrap_or_else(|| payload(spec, now).to_string());
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    if let Some(third) = &spec.signature {
        return format!("{input}.{third}");
    }
    let algorithm = spec.sign_as.as_deref().or(spec.alg.as_deref()).unwrap_or("RS256");
    let signature = match algorithm {
        "none" => Vec::new(),
        _ => sign::sign(algorithm, spec.key.as_deref(), input.as_bytes()),
    };
    match spec.tamper {
        Some(tamper) => tampered(tamper, &input, &header, &payload, signature),
        None => format!("{input}.{}", encode(&signature)),
    }
}

fn header(spec: &Spec) -> Value {
    let mut header = Map::new();
    header.insert("alg".into(), spec.alg.as_deref().unwrap_or("RS256").into());
    header.insert("typ".into(), "JWT".into());
    if let Some(kid) = &spec.kid {
        header.insert("kid".into(), kid.as_str().into());
    }
    header.extend(spec.header.clone());
    header.retain(|_, value| !value.is_null());
    Value::Object(header)
}

fn payload(spec: &Spec, now: u64) -> Value {
    let mut claims = spec.claims.clone();
    let default = (!claims.contains_key("exp")).then(|| Time::Words("+300".into()));
    let exp = spec.exp.clone().or(default);
    for (name, time) in
        [("exp", exp.as_ref()), ("nbf", spec.nbf.as_ref()), ("iat", spec.iat.as_ref())]
    {
        match time {
            Some(Time::At(number)) => {
                claims.insert(name.into(), Value::Number(number.clone()));
            }
            Some(Time::Words(words)) if words == "absent" => {
                claims.remove(name);
            }
            Some(Time::Words(words)) => {
                claims.insert(name.into(), relative(words, now));
            }
            None => {}
        }
    }
    Value::Object(claims)
}

fn relative(words: &str, now: u64) -> Value {
    assert!(
        words.starts_with(['+', '-']),
        "a time is a number, \"+60\", \"-1\" or \"absent\", not {words:?}"
    );
    match words.parse::<i64>() {
        Ok(seconds) => json!(now.saturating_add_signed(seconds)),
        Err(_) => json!(now as f64 + words.parse::<f64>().expect("seconds from now")),
    }
}

fn tampered(
    tamper: Tamper,
    input: &str,
    header: &str,
    payload: &str,
    mut signature: Vec<u8>,
) -> String {
    let good = encode(&signature);
    let with = |signature: &[u8]| format!("{input}.{}", encode(signature));
    match tamper {
        Tamper::FlipSignature => {
            let middle = signature.len() / 2;
            signature[middle] ^= 1;
            with(&signature)
        }
        Tamper::CutSignature => with(&signature[..signature.len() - 1]),
        Tamper::LengthenSignature => with(&[&signature[..], &[0]].concat()),
        Tamper::EmptySignature => with(&[]),
        Tamper::ZeroSignature => with(&vec![0; signature.len()]),
        Tamper::NoSignature => input.to_owned(),
        Tamper::FourthPart => format!("{input}.{good}.{good}"),
        Tamper::HeaderOnly => encode(header.as_bytes()),
        Tamper::Claims => {
            let mut claims: Map<String, Value> =
                serde_json::from_str(payload).expect("claims to change");
            claims.insert("admin".into(), true.into());
            let claims = Value::Object(claims).to_string();
            format!("{}.{}.{good}", encode(header.as_bytes()), encode(claims.as_bytes()))
        }
        Tamper::AlgNone => {
            let mut header: Map<String, Value> =
                serde_json::from_str(header).expect("a header to change");
            header.insert("alg".into(), "none".into());
            let header = Value::Object(header).to_string();
            format!("{}.{}.", encode(header.as_bytes()), encode(payload.as_bytes()))
        }
        Tamper::PadSignature => format!("{input}.{good}{}", "=".repeat((4 - good.len() % 4) % 4)),
        Tamper::TrailingBits => {
            const ALPHABET: &[u8] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let mut text = good.into_bytes();
            let last = text.last_mut().expect("a signature");
            let value = ALPHABET.iter().position(|letter| letter == last).expect("base64url");
            *last = ALPHABET[value ^ 1];
            format!("{input}.{}", String::from_utf8(text).expect("base64url"))
        }
        Tamper::DerSignature => with(&sign::der(&signature)),
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;
