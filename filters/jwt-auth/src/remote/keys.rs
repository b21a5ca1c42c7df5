//! Sets of keys that are fetched, from where a configuration says or a provider's discovery document.

use std::fmt;

use portcullis_control::fetched::{Answered, Asked, Counters, Document, Endpoint, Source};
use portcullis_control::json;
use portcullis_control::surroundings::Surroundings;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::key::{Key, KeyFault, jwk};

/// A document is at most so long, bytes: real key sets have 1 to 10 KiB, and each worker keeps one.
pub(crate) const MAX_BYTES: usize = 128 * 1024;

/// A source of keys.
pub(crate) type KeySource = Source<KeySet>;

/// What the names of its counters are.
pub(crate) const COUNTERS: Counters =
    Counters { fetched: "keys_fetched", failed: "keys_failed", skipped: "keys_skipped" };

/// A key set, and how it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySet {
    /// Where it is is known.
    Known,
    /// A discovery document says where it is.
    Discovered(Discovery),
}

/// What a discovery document must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discovery {
    /// Where it is.
    pub(crate) document: Endpoint,
    /// Whose it has to be.
    pub(crate) issuer: String,
    /// The cluster of a key set on another host.
    pub(crate) jwks_cluster: Option<String>,
}

/// Why a document gives no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Useless {
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

impl Document for KeySet {
    type Value = Vec<Key>;
    const NAME: &'static str = "keys";
    const MAX_BYTES: usize = MAX_BYTES;
    const COUNTERS: Counters = COUNTERS;

    fn read(
        &self,
        asked: Asked,
        body: &[u8],
        _surroundings: &dyn Surroundings,
    ) -> Result<Answered, String> {
        let read = match (self, asked) {
            (KeySet::Discovered(discovery), Asked::First) => {
                discovery.keys_are_at(body).map(Answered::Elsewhere)
            }
            _ => parse(body).map(|(_, skipped)| Answered::Document(body.to_vec(), skipped)),
        };
        read.map_err(|useless| useless.to_string())
    }

    fn open(&self, published: &[u8], _surroundings: &dyn Surroundings) -> Option<Vec<Key>> {
        parse(published).ok().map(|(keys, _)| keys)
    }
}

impl Discovery {
    /// Where discovery of an issuer begins: below its URL (OpenID Connect Discovery 1.0 §4).
    pub(crate) fn endpoint(url: &str, cluster: &str) -> Option<Endpoint> {
        let base = url.strip_suffix('/').unwrap_or(url);
        if base.contains('?') {
            return None;
        }
        Endpoint::parse(&[base, "/.well-known/openid-configuration"].concat(), cluster)
    }

    /// Where the keys of a discovery document are (§3) that is this issuer's.
    fn keys_are_at(&self, text: &[u8]) -> Result<Endpoint, Useless> {
        let value = json::parse(text).map_err(|_| Useless::Json)?;
        if value.get("issuer").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Useless::Issuer);
        }
        let uri = value.get("jwks_uri").and_then(Value::as_str).ok_or(Useless::JwksUri)?;
        let other = self.jwks_cluster.as_deref();
        let mut endpoint = Endpoint::parse(uri, other.unwrap_or(&self.document.cluster))
            .ok_or(Useless::JwksUri)?;
        if endpoint.authority == self.document.authority {
            endpoint.cluster.clone_from(&self.document.cluster);
        } else if other.is_none() {
            return Err(Useless::OtherHost(endpoint.authority));
        }
        Ok(endpoint)
    }
}

/// The keys of a set from elsewhere, and how many of its entries are of no use. Secrets are not taken: what is fetched
/// is known to more people than the two who may share one.
fn parse(text: &[u8]) -> Result<(Vec<Key>, usize), Useless> {
    let value = json::parse(text).map_err(|_| Useless::Json)?;
    let set = jwk::parse_set(&value).map_err(Useless::Set)?;
    let all = set.keys.len().saturating_add(set.faults.len());
    let keys: Vec<Key> = set.keys.into_iter().filter(|key| !key.is_secret()).collect();
    let skipped = all.saturating_sub(keys.len());
    if keys.is_empty() { Err(Useless::NoKey) } else { Ok((keys, skipped)) }
}

/// Reads any bytes as a key set. What is taken can verify something, is within its bounds, and is the same for the
/// worker that reads what was published; an entry of no use more changes nothing but the count.
#[doc(hidden)]
pub fn fuzz_key_set(data: &[u8]) {
    let Ok((keys, skipped)) = parse(data) else { return };
    let ids = |keys: &[Key]| keys.iter().map(|key| *key.id()).collect::<Vec<_>>();
    assert!((1..=jwk::MAX_KEYS).contains(&keys.len()), "{} keys", keys.len());
    for key in &keys {
        assert!(!key.is_secret(), "a secret that everybody can fetch");
        assert!(
            Algorithm::ALL.iter().any(|algorithm| key.fits(*algorithm)),
            "{key:?} fits nothing"
        );
    }
    let mut set: Value = serde_json::from_slice(data).unwrap_or_default();
    let entries = set.get("keys").and_then(Value::as_array).map_or(0, Vec::len);
    assert_eq!(keys.len().saturating_add(skipped), entries, "an entry is taken or counted");
    let again = parse(set.to_string().as_bytes());
    assert_eq!(again.map(|(again, _)| ids(&again)), Ok(ids(&keys)), "another spelling");
    if let Some(list) = set.get_mut("keys").and_then(Value::as_array_mut)
        && list.len() < jwk::MAX_KEYS
    {
        list.insert(0, Value::Null);
        let more = parse(set.to_string().as_bytes()).map(|(more, skipped)| (ids(&more), skipped));
        assert_eq!(more, Ok((ids(&keys), skipped.saturating_add(1))));
    }
}

/// Reads any bytes as a discovery document. What it leads to is the issuer's own, on a host that a cluster stands for,
/// and a request line that nobody could add to.
#[doc(hidden)]
pub fn fuzz_discovery(data: &[u8]) {
    const ISSUER: &str = "https://idp.example.com";
    let Some(document) = Discovery::endpoint(ISSUER, "idp") else { return };
    let with = |issuer: &str, jwks_cluster: Option<&str>| Discovery {
        document: document.clone(),
        issuer: issuer.to_owned(),
        jwks_cluster: jwks_cluster.map(str::to_owned),
    };
    let found = [None, Some("keys")].map(|other| with(ISSUER, other).keys_are_at(data));
    for endpoint in found.iter().flatten() {
        let value: Value = serde_json::from_slice(data).unwrap_or_default();
        assert_eq!(value.get("issuer").and_then(Value::as_str), Some(ISSUER));
        let own = endpoint.authority == document.authority;
        assert_eq!(endpoint.cluster, if own { "idp" } else { "keys" });
        for part in [&endpoint.authority, &endpoint.path] {
            assert!(!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic()), "{part}");
        }
        assert!(endpoint.path.starts_with('/') && !endpoint.authority.contains(['/', '?', '@']));
        let evil = with("https://evil.example.com", Some("keys")).keys_are_at(data);
        assert_eq!(evil, Err(Useless::Issuer));
    }
    // Without a cluster of its own, no other host is ever asked.
    if let [Ok(endpoint), _] = &found {
        assert_eq!(endpoint.authority, document.authority);
        assert_eq!(found.last(), found.first());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(parse(text.as_bytes()).map(|(keys, _)| keys.len()), Err(useless), "{text}");
        }
    }

    #[test]
    fn discovery_stands_below_the_url() {
        for url in ["https://idp/realms/a", "https://idp/realms/a/"] {
            let found = Discovery::endpoint(url, "c").unwrap();
            assert_eq!(found.path, "/realms/a/.well-known/openid-configuration");
        }
        assert_eq!(Discovery::endpoint("https://idp/?a", "c"), None);
    }

    #[test]
    fn a_discovery_document_is_the_issuers_own_and_names_a_host_that_has_a_cluster() {
        let discovery = |jwks_cluster: Option<&str>| Discovery {
            document: Discovery::endpoint("https://idp", "c").unwrap(),
            issuer: "https://idp".to_owned(),
            jwks_cluster: jwks_cluster.map(str::to_owned),
        };
        let document =
            |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
        let found = |text: &str, cluster| {
            let endpoint = discovery(cluster).keys_are_at(text.as_bytes())?;
            Ok((endpoint.cluster, endpoint.authority, endpoint.path))
        };
        let at =
            |cluster: &str, host: &str| Ok((cluster.to_owned(), host.to_owned(), "/k".to_owned()));
        let own = document("https://idp", "https://IDP/k");
        assert_eq!(found(&own, None), at("c", "idp"));
        assert_eq!(found(&own, Some("d")), at("c", "idp"));
        // The port that https has anyway makes no other host (RFC 9110 §4.2.3).
        assert_eq!(found(&document("https://idp", "https://idp:443/k"), None), at("c", "idp"));
        let port = document("https://idp", "https://idp:8443/k");
        assert_eq!(found(&port, None), Err(Useless::OtherHost("idp:8443".to_owned())));
        let other = document("https://idp", "https://keys/k");
        assert_eq!(found(&other, None), Err(Useless::OtherHost("keys".to_owned())));
        assert_eq!(found(&other, Some("d")), at("d", "keys"));
        for (text, useless) in [
            (document("https://idp/", "https://idp/k"), Useless::Issuer),
            (r#"{"jwks_uri":"https://idp/k"}"#.to_owned(), Useless::Issuer),
            (r#"{"issuer":"https://idp","jwks_uri":1}"#.to_owned(), Useless::JwksUri),
            (document("https://idp", "file:///etc/passwd"), Useless::JwksUri),
            (document("https://idp", "https://idp@evil/k"), Useless::JwksUri),
            ("x".to_owned(), Useless::Json),
        ] {
            assert_eq!(found(&text, None), Err(useless), "{text}");
        }
    }
}
