//! A compact JWS (RFC 7515 §7.1) taken apart, before anybody asks whether its signature is good.

use std::rc::Rc;

use portcullis_control::claims::Claims;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url;

/// Tokens longer than this are refused unless a configuration says otherwise: Envoy's headers end at 60 KiB together,
/// and every byte is decoded before the signature can say no.
pub const DEFAULT_MAX_TOKEN_BYTES: usize = 8 * 1024;
/// What a configuration may raise that bound to: Envoy's own bound on all headers of a request.
pub const MAX_MAX_TOKEN_BYTES: usize = 60 * 1024;

/// A token that has the form of one. Nothing in it is to be believed until its signature is verified.
#[derive(Clone, PartialEq)]
pub struct Token {
    compact: Box<[u8]>,
    signing_input_bytes: usize,
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Rc<Claims>,
    /// The signature's bytes; empty where the third part is.
    pub signature: Box<[u8]>,
    /// The header's `alg`.
    pub algorithm: Algorithm,
}

/// Why a text is no token, in the order in which the faults are looked for; each is one `invalid_token` (RFC 6750
/// §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Longer than the bound.
    TooLong,
    /// Not three parts, something behind the token, or a part that is no JSON object as it should be.
    Json,
    /// `alg` is missing, no string, or not in the closed list.
    Algorithm,
    /// The payload is JSON, but no object.
    Claims,
    /// The third part is no base64url; a fourth part makes it so.
    Signature,
    /// `kid` is no string (RFC 7515 §4.1.4).
    KeyId,
    /// `crit` is there: an extension that must be understood, and none is (RFC 7515 §4.1.11).
    Critical,
}

impl Token {
    /// Takes apart what stands behind the scheme.
    ///
    /// # Errors
    /// The first fault, in Kong's order: JSON, `alg`, claims, signature; then `kid` and `crit`, which Kong ignores.
    pub fn parse(text: &[u8], max_bytes: usize) -> Result<Self, TokenFault> {
        if text.len() > max_bytes {
            return Err(TokenFault::TooLong);
        }
        let mut parts = text.splitn(3, |byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenFault::Json);
        };
        let signing_input_bytes = header.len() + 1 + payload.len();
        let signature = base64url::decode(signature).ok_or_else(|| {
            // Whatever no token68 has (RFC 9110 §11.2), a space first of all, comes from something behind the token.
            let one = signature.iter().all(|byte| is_token68(*byte));
            if one { TokenFault::Signature } else { TokenFault::Json }
        });
        if signature == Err(TokenFault::Json) {
            return Err(TokenFault::Json);
        }
        let (_, Value::Object(header)) = json(header)? else { return Err(TokenFault::Json) };
        let (payload, claims) = json(payload)?;
        let algorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(Algorithm::parse)
            .ok_or(TokenFault::Algorithm)?;
        let Value::Object(claims) = claims else { return Err(TokenFault::Claims) };
        let signature = signature?.into();
        if header.get("kid").is_some_and(|kid| !kid.is_string()) {
            return Err(TokenFault::KeyId);
        }
        if header.contains_key("crit") {
            return Err(TokenFault::Critical);
        }
        Ok(Token {
            compact: text.into(),
            signing_input_bytes,
            header,
            claims: Rc::new(Claims::read_from(payload, claims)),
            signature,
            algorithm,
        })
    }

    /// The whole token as it came.
    #[must_use]
    pub fn compact(&self) -> &[u8] {
        &self.compact
    }

    /// What the signature is over: the first two parts and the dot between them, as they came.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.compact.get(..self.signing_input_bytes).unwrap_or_default()
    }

    /// The header's `kid`: which key the signer says it was. A hint, not a proof.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }
}

/// Shows that there is a token, never what is in it.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A part's text, and what it says.
fn json(part: &[u8]) -> Result<(Vec<u8>, Value), TokenFault> {
    let text = base64url::decode(part).ok_or(TokenFault::Json)?;
    let value = portcullis_control::json::parse(&text).map_err(|_| TokenFault::Json)?;
    Ok((text, value))
}

const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Takes any bytes apart; what is a token is made of them, and is read the same a second time.
#[doc(hidden)]
pub fn fuzz_token(data: &[u8]) {
    let Ok(token) = Token::parse(data, DEFAULT_MAX_TOKEN_BYTES) else { return };
    assert_eq!(token.compact(), data);
    assert_eq!(token.signing_input().iter().filter(|byte| **byte == b'.').count(), 1);
    assert!(Token::parse(token.compact(), data.len()).is_ok_and(|again| again == token));
    assert!(!token.header.contains_key("crit"));
}

#[cfg(test)]
mod tests;
