//! What an endpoint answers, and the form in which one worker hands it to the others.

use std::fmt;

use portcullis_control::control::CallAnswer;
use portcullis_control::headers::HeaderMap;
use portcullis_control::json;
use serde_json::Value;

use crate::key::{Key, KeyFault, jwk};

/// A document is at most so long, bytes: real key sets have 1 to 10 KiB, and each worker keeps one.
pub(crate) const MAX_BYTES: usize = 128 * 1024;

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Useless {
    /// No answer, or none in time.
    Unreachable,
    /// Another status than 200; a redirect too, as following it would let the endpoint choose the host.
    Status(String),
    /// More than [`MAX_BYTES`].
    TooLong(usize),
    /// No JSON, or with duplicate members.
    Json,
    /// No key set.
    Set(KeyFault),
    /// A key set without a key that could verify anything.
    NoKey,
    /// A discovery document of another issuer, or of none.
    Issuer,
    /// A discovery document without a usable `jwks_uri`.
    JwksUri,
    /// The keys are on another host, and no cluster stands for it.
    OtherHost(String),
}

impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Useless::Unreachable => f.write_str("no answer; look at the cluster and its endpoint"),
            Useless::Status(status) => write!(f, "status {status}, but 200 is needed"),
            Useless::TooLong(bytes) => write!(f, "{bytes} bytes, at most {MAX_BYTES} are read"),
            Useless::Json => f.write_str("not JSON"),
            Useless::Set(fault) => write!(f, "no key set: {fault}"),
            Useless::NoKey => f.write_str("a key set without a usable key"),
            Useless::Issuer => f.write_str("`issuer` is not the configured one"),
            Useless::JwksUri => f.write_str("no usable `jwks_uri`"),
            Useless::OtherHost(host) => {
                write!(
                    f,
                    "the keys are on another host, {host}; say in `jwks_cluster` which cluster stands for it"
                )
            }
        }
    }
}

/// The body of a good answer, and for how many seconds it may be kept.
pub(crate) fn body(answer: &CallAnswer) -> Result<(&[u8], Option<u64>), Useless> {
    let CallAnswer::Http { headers, body } = answer else { return Err(Useless::Unreachable) };
    match headers.first(":status") {
        Some(b"200") => {}
        // Envoy's own for a refused connection and a timeout.
        Some(b"503" | b"504") => return Err(Useless::Unreachable),
        status => {
            let status = String::from_utf8_lossy(status.unwrap_or_default()).into_owned();
            return Err(Useless::Status(status));
        }
    }
    if body.len() > MAX_BYTES {
        return Err(Useless::TooLong(body.len()));
    }
    Ok((body, max_age(headers)))
}

/// `max-age` of Cache-Control in seconds (RFC 9111 §5.2.2.1); 0 where caching is forbidden.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let directives = || {
        let lines = headers.all("cache-control");
        lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
    };
    if directives()
        .any(|one| one.eq_ignore_ascii_case(b"no-store") || one.eq_ignore_ascii_case(b"no-cache"))
    {
        return Some(0);
    }
    directives().find_map(|one| {
        let (name, value) = one.split_at_checked(8)?;
        let digits = std::str::from_utf8(value).ok()?.trim_matches('"');
        name.eq_ignore_ascii_case(b"max-age=").then(|| digits.parse().ok())?
    })
}

/// The keys of a set from elsewhere, and how many of its entries are of no use. Secrets are not taken: what is fetched
/// is known to more people than the two who may share one.
pub(crate) fn keys(text: &[u8]) -> Result<(Vec<Key>, usize), Useless> {
    let value = json::parse(text).map_err(|_| Useless::Json)?;
    let set = jwk::parse_set(&value).map_err(Useless::Set)?;
    let all = set.keys.len().saturating_add(set.faults.len());
    let keys: Vec<Key> = set.keys.into_iter().filter(|key| !key.is_secret()).collect();
    let skipped = all.saturating_sub(keys.len());
    if keys.is_empty() { Err(Useless::NoKey) } else { Ok((keys, skipped)) }
}

/// The `jwks_uri` of a discovery document (OpenID Connect Discovery 1.0 §3) that is this issuer's.
pub(crate) fn jwks_uri(text: &[u8], issuer: &str) -> Result<String, Useless> {
    let value = json::parse(text).map_err(|_| Useless::Json)?;
    if value.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(Useless::Issuer);
    }
    value.get("jwks_uri").and_then(Value::as_str).map(str::to_owned).ok_or(Useless::JwksUri)
}

/// A key set as it is published: when it was fetched, for how long it is fresh (milliseconds), and its text.
pub(crate) fn publish(fetched: u64, fresh: u64, text: &[u8]) -> Vec<u8> {
    [&fetched.to_le_bytes()[..], &fresh.to_le_bytes(), text].concat()
}

/// Reads what [`publish`] wrote.
pub(crate) fn published(blob: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (fetched, rest) = blob.split_first_chunk::<8>()?;
    let (fresh, text) = rest.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*fetched), u64::from_le_bytes(*fresh), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[(&str, &str)], body: Vec<u8>) -> CallAnswer {
        let mut headers = HeaderMap::default();
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        CallAnswer::Http { headers, body }
    }

    #[test]
    fn only_a_whole_200_is_an_answer() {
        let with = |status| answer(&[(":status", status)], b"{}".to_vec());
        assert_eq!(body(&with("200")), Ok((&b"{}"[..], None)));
        for status in ["301", "302", "304", "404", "500", "201"] {
            assert_eq!(body(&with(status)), Err(Useless::Status(status.to_owned())));
        }
        assert_eq!(body(&with("503")), Err(Useless::Unreachable));
        assert_eq!(body(&CallAnswer::Failed { grpc_status: 0 }), Err(Useless::Unreachable));
        let sized = |size| answer(&[(":status", "200")], vec![b' '; size]);
        assert!(body(&sized(MAX_BYTES)).is_ok());
        assert_eq!(body(&sized(MAX_BYTES + 1)), Err(Useless::TooLong(MAX_BYTES + 1)));
    }

    #[test]
    fn cache_control_says_how_long_it_may_be_kept() {
        for (line, seconds) in [
            ("max-age=600", Some(600)),
            ("public, MAX-AGE=\"60\", must-revalidate", Some(60)),
            ("no-store, max-age=600", Some(0)),
            ("no-cache", Some(0)),
            ("max-age=-1", None),
            ("max-age=99999999999999999999", None),
            ("s-maxage=5", None),
            ("max-age", None),
            ("", None),
        ] {
            let answer = answer(&[(":status", "200"), ("cache-control", line)], Vec::new());
            assert_eq!(body(&answer), Ok((&b""[..], seconds)), "{line}");
        }
    }

    #[test]
    fn what_is_no_key_set_gives_no_key() {
        let secret = r#"{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}"#;
        for (text, useless) in [
            ("", Useless::Json),
            ("<html>", Useless::Json),
            (r#"{"keys":[],"keys":[]}"#, Useless::Json),
            ("{}", Useless::Set(KeyFault::SetForm)),
            (r#"{"keys":{}}"#, Useless::Set(KeyFault::SetForm)),
            (r#"{"keys":[]}"#, Useless::NoKey),
            (r#"{"keys":[1,{"kty":"x"}]}"#, Useless::NoKey),
            (secret, Useless::NoKey),
        ] {
            assert_eq!(keys(text.as_bytes()).map(|(keys, _)| keys.len()), Err(useless), "{text}");
        }
    }

    #[test]
    fn a_discovery_document_is_the_issuers_own() {
        let document = |issuer: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://k/"}}"#);
        let found = |text: &str| jwks_uri(text.as_bytes(), "https://idp");
        assert_eq!(found(&document("https://idp")), Ok("https://k/".to_owned()));
        assert_eq!(found(&document("https://idp/")), Err(Useless::Issuer));
        assert_eq!(found(r#"{"jwks_uri":"https://k/"}"#), Err(Useless::Issuer));
        assert_eq!(found(r#"{"issuer":"https://idp","jwks_uri":1}"#), Err(Useless::JwksUri));
        assert_eq!(found("x"), Err(Useless::Json));
    }

    #[test]
    fn what_is_published_is_read_again() {
        assert_eq!(published(&publish(1, 2, b"{}")), Some((1, 2, &b"{}"[..])));
        assert_eq!(published(b"short"), None);
    }
}
