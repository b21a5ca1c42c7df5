//! A header map with the habits of Envoy's: names in lower case, duplicates kept in order, `host` is `:authority`.

use crate::pairs::Pair;

/// Names for which Envoy's map of a request has a place of their own: a second value is joined to the first by a comma,
/// from the client as from a guest. The table of guests says which. `authorization` is joined too by the pinned Envoy, not
/// by one that is built with fewer extensions: here a module sees it apart.
const JOINED_IN_REQUESTS: [&str; 23] = [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "content-encoding",
    "content-type",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
];

/// The same for a response.
const JOINED_IN_RESPONSES: [&str; 20] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "cache-control",
    "content-encoding",
    "content-type",
    "etag",
    "expires",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "location",
    "vary",
    "via",
    "x-envoy-upstream-service-time",
    "x-request-id",
];

/// Headers or trailers, in order.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers {
    pairs: Vec<Pair>,
}

impl Headers {
    /// A map of these pairs, names lowered.
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.add(name, value);
        }
        headers
    }

    /// The first value under this name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = key(name.as_ref());
        self.pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_slice())
    }

    /// The first value under this name as text; bytes that are none become U+FFFD.
    pub fn text(&self, name: impl AsRef<[u8]>) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Every value under this name.
    pub fn all(&self, name: impl AsRef<[u8]>) -> Vec<&[u8]> {
        let name = key(name.as_ref());
        self.pairs.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_slice()).collect()
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: impl AsRef<[u8]>) -> bool {
        self.get(name).is_some()
    }

    /// Adds one, keeping those that are there; pseudo-headers stand before all others, as in Envoy's map. Nothing is
    /// joined: what a host joins depends on what it is built with, and a module must be right either way.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = key(name.as_ref());
        let at = if name.starts_with(b":") {
            self.pairs.iter().take_while(|(known, _)| known.starts_with(b":")).count()
        } else {
            self.pairs.len()
        };
        self.pairs.insert(at, (name, value.as_ref().to_vec()));
    }

    /// Adds one as Envoy's codecs and host calls do: joined to the one that is there where names are joined.
    pub fn append(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = key(name.as_ref());
        if self.joins(&name)
            && let Some((_, old)) = self.pairs.iter_mut().find(|(known, _)| *known == name)
        {
            old.push(b',');
            old.extend_from_slice(value.as_ref());
            return;
        }
        self.add(name, value);
    }

    /// Whether a second value of this name is joined to the first. Pseudo-headers, which come first, tell a request's
    /// map from a response's; trailers have none.
    fn joins(&self, name: &[u8]) -> bool {
        let names: &[&str] = match self.pairs.first() {
            Some((first, _)) if first == b":status" => &JOINED_IN_RESPONSES,
            Some((first, _)) if first.starts_with(b":") => &JOINED_IN_REQUESTS,
            _ => &[],
        };
        name.starts_with(b":") || names.iter().any(|known| known.as_bytes() == name)
    }

    /// Replaces every one of this name: removed, then added at the end, as Envoy's `setCopy` does.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(name.as_ref());
        self.add(name, value);
    }

    /// Gives the first of this name another value, in its place; adds one where there is none.
    pub(crate) fn put(&mut self, name: &str, value: impl AsRef<[u8]>) {
        match self.pairs.iter_mut().find(|(known, _)| known == name.as_bytes()) {
            Some((_, old)) => *old = value.as_ref().to_vec(),
            None => self.add(name, value),
        }
    }

    /// Removes every one of this name.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        let name = key(name.as_ref());
        self.pairs.retain(|(n, _)| *n != name);
    }

    /// All pairs in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The bytes of all names and values, which is what `proxy_get_header_map_size` answers.
    pub fn byte_size(&self) -> usize {
        self.pairs.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// `:status` as a number.
    pub fn status(&self) -> Option<u32> {
        self.text(":status")?.parse().ok()
    }

    /// All values of a name joined by commas, as the property `request.headers.x` reads.
    pub(crate) fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let all = self.all(name);
        (!all.is_empty()).then(|| all.join(&b","[..]))
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        f.debug_list().entries(self.pairs.iter().map(|(n, v)| (text(n), text(v)))).finish()
    }
}

fn key(name: &[u8]) -> Vec<u8> {
    let lower = name.to_ascii_lowercase();
    if lower == b"host" { b":authority".to_vec() } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowered_and_host_is_the_authority() {
        let headers = Headers::new([("Host", "a.example"), ("X-Two", "1"), ("x-two", "2")]);
        assert_eq!(headers.get(":authority"), Some(&b"a.example"[..]));
        assert_eq!(headers.get("HOST"), Some(&b"a.example"[..]));
        assert_eq!(headers.get("x-two"), Some(&b"1"[..]), "the first of duplicates");
        assert_eq!(headers.joined(b"x-two"), Some(b"1,2".to_vec()));
    }

    #[test]
    fn setting_replaces_all_duplicates() {
        let mut headers = Headers::new([("x", "1"), ("y", "2"), ("x", "3")]);
        headers.set("X", "4");
        assert_eq!(headers, Headers::new([("y", "2"), ("x", "4")]));
        headers.remove("x");
        assert!(!headers.has("x"));
        assert_eq!(headers.byte_size(), 2);
    }
}
