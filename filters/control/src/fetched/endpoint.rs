//! Where a document is fetched: an address, and the cluster of Envoy that stands for it.

use crate::control::Call;

/// A fetch is given up after so many milliseconds: an endpoint that needs longer is as good as down.
pub(super) const TIMEOUT_MS: u32 = 2_000;

/// A place to fetch from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Envoy's cluster; it decides where the call goes, and whether over TLS.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`, with its query.
    pub path: String,
}

impl Endpoint {
    /// The endpoint of an absolute `http` or `https` URL without user and fragment (RFC 9110 §4.2); `None` for anything
    /// else.
    #[must_use]
    pub fn parse(url: &str, cluster: &str) -> Option<Self> {
        let schemes = [("https://", ":443"), ("http://", ":80")];
        let (rest, port) = schemes
            .into_iter()
            .find_map(|(scheme, port)| Some((url.strip_prefix(scheme)?, port)))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        // The same authority with its scheme's port, without a port, and with an empty one (RFC 3986 §6.2.3).
        let default = authority.strip_suffix(port).or_else(|| authority.strip_suffix(':'));
        let authority = default.unwrap_or(authority);
        let path = if path.starts_with('/') { path.to_owned() } else { ["/", path].concat() };
        Endpoint::new(authority, &path, cluster)
    }

    /// The endpoint of an authority and a path, which may have a query; `None` where one is none.
    #[must_use]
    pub fn new(authority: &str, path: &str, cluster: &str) -> Option<Self> {
        let plain = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte))
        };
        let is_authority = !authority.is_empty() && !authority.contains(['@', '/', '?']);
        let sound = is_authority && plain(authority) && path.starts_with('/') && plain(path);
        sound.then(|| Endpoint {
            cluster: cluster.to_owned(),
            authority: authority.to_ascii_lowercase(),
            path: path.to_owned(),
        })
    }

    /// A GET of it.
    #[must_use]
    pub fn call(&self) -> Call {
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
            ("https://[::1]:443/", Some(("[::1]", "/"))),
            ("https://idp:443/keys", Some(("idp", "/keys"))),
            ("http://idp:80?a", Some(("idp", "/?a"))),
            ("https://idp:/", Some(("idp", "/"))),
            ("https://idp:80/", Some(("idp:80", "/"))),
            ("http://idp:443/", Some(("idp:443", "/"))),
            ("https://idp:8443/", Some(("idp:8443", "/"))),
            ("https://:443/", None),
            ("https://user@idp:443/", None),
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
    fn an_authority_and_a_path_are_what_a_url_would_have() {
        for (authority, path, sound) in [
            ("revocations", "/v1/list?all", true),
            ("lists.example.com:8443", "/", true),
            ("outbound|443||lists.example.com", "/", false),
            ("", "/", false),
            ("a/b", "/", false),
            ("a@b", "/", false),
            ("lists", "v1", false),
            ("lists", "", false),
            ("lists", "/a b", false),
            ("lists", "/a#b", false),
        ] {
            assert_eq!(Endpoint::new(authority, path, "c").is_some(), sound, "{authority}{path}");
        }
    }
}
