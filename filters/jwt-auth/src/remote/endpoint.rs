//! Where keys are fetched: a URL, and the cluster of Envoy that stands for it.

use portcullis_control::control::Call;

/// A fetch is given up after so many milliseconds: an identity provider that needs longer is as good as down.
pub(crate) const TIMEOUT_MS: u32 = 2_000;

/// A place to fetch from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Envoy's cluster; it decides where the call goes, and whether over TLS.
    pub(crate) cluster: String,
    /// `:authority`.
    pub(crate) authority: String,
    /// `:path`, with its query.
    pub(crate) path: String,
}

impl Endpoint {
    /// The endpoint of an absolute `http` or `https` URL without user and fragment (RFC 9110 §4.2); `None` for anything
    /// else.
    pub(crate) fn parse(url: &str, cluster: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let plain =
            rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte));
        if authority.is_empty() || authority.contains('@') || !plain {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { ["/", path].concat() };
        Some(Endpoint {
            cluster: cluster.to_owned(),
            authority: authority.to_ascii_lowercase(),
            path,
        })
    }

    /// The document of OpenID Connect Discovery 1.0 §4 below a URL.
    pub(crate) fn parse_discovery(url: &str, cluster: &str) -> Option<Self> {
        let base = url.strip_suffix('/').unwrap_or(url);
        if base.contains('?') {
            return None;
        }
        Endpoint::parse(&[base, "/.well-known/openid-configuration"].concat(), cluster)
    }

    /// A GET of it.
    pub(crate) fn call(&self) -> Call {
        let headers = [
            (":method", "GET"),
            (":path", &self.path),
            (":authority", &self.authority),
            ("accept", "application/json"),
        ];
        Call::Http {
            cluster: self.cluster.clone(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .to_vec(),
            body: Vec::new(),
            timeout_ms: TIMEOUT_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_authority_and_path() {
        for (url, expected) in [
            ("https://idp.example.com/keys", Some(("idp.example.com", "/keys"))),
            ("http://IDP:8080/a/b?c=d", Some(("idp:8080", "/a/b?c=d"))),
            ("https://idp.example.com", Some(("idp.example.com", "/"))),
            ("https://idp.example.com?a", Some(("idp.example.com", "/?a"))),
            ("https://[::1]:443/", Some(("[::1]:443", "/"))),
            ("https:///keys", None),
            ("https://user@idp/keys", None),
            ("https://idp/keys#x", None),
            ("https://idp/a b", None),
            ("https://idp/\r\nx: y", None),
            ("https://idp/\u{e9}", None),
            ("ftp://idp/keys", None),
            ("idp/keys", None),
            ("", None),
        ] {
            let found = Endpoint::parse(url, "c");
            let found = found.as_ref().map(|found| (found.authority.as_str(), found.path.as_str()));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn discovery_stands_below_the_url() {
        for url in ["https://idp/realms/a", "https://idp/realms/a/"] {
            let found = Endpoint::parse_discovery(url, "c").unwrap();
            assert_eq!(found.path, "/realms/a/.well-known/openid-configuration");
        }
        assert_eq!(Endpoint::parse_discovery("https://idp/?a", "c"), None);
    }
}
