//! Subject alternative names: of which kind each is, and how one is compared with what a configuration says.

use std::net::IpAddr;

use crate::config::Node;

/// A name that a certificate has beside its subject, of the kinds that hosts and proxies tell. No URI is without a colon
/// and no DNS name has one, so a text is of one kind alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    /// A URI, as it is written.
    Uri(String),
    /// A DNS name, in lower case.
    Dns(String),
}

impl San {
    /// A URI of a certificate; `None` if it is none, or has what no URI may have (RFC 5280 §4.2.1.6).
    #[must_use]
    pub fn uri(bytes: &[u8]) -> Option<Self> {
        visible(bytes).filter(|text| text.contains(':')).map(|text| San::Uri(text.to_owned()))
    }

    /// A DNS name of a certificate; `None` if it is none.
    #[must_use]
    pub fn dns(bytes: &[u8]) -> Option<Self> {
        let text = visible(bytes).filter(|text| !text.contains(':'));
        text.map(|text| San::Dns(text.to_ascii_lowercase()))
    }

    /// A name of a configuration, of the kind that it must be.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        San::uri(text.as_bytes()).or_else(|| San::dns(text.as_bytes()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            San::Uri(name) | San::Dns(name) => name,
        }
    }
}

/// Text of visible ASCII, with something in it.
fn visible(bytes: &[u8]) -> Option<&str> {
    let plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(bytes).ok().filter(|_| plain)
}

/// What a configuration asks of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SanRule {
    /// This one: URIs as they are written, DNS names without case.
    Is(San),
    /// A DNS name of one label more than this ending, which begins with a dot.
    Below(String),
}

impl SanRule {
    /// Reads a URI, a DNS name, or `*.` and a DNS name. What a certificate itself has of stars is a name like others.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        if let Some(ending) = text.strip_prefix('*')
            && ending.starts_with('.')
            && !ending.contains('*')
            && !is_unseen(ending)
            && let Some(San::Dns(ending)) = San::parse(ending)
        {
            return Some(SanRule::Below(ending));
        }
        read_san(node).map(SanRule::Is)
    }

    /// True if the name is what is asked for.
    #[must_use]
    pub fn fits(&self, name: &San) -> bool {
        match (self, name) {
            (SanRule::Is(own), name) => own == name,
            (SanRule::Below(ending), San::Dns(name)) => name
                .strip_suffix(ending.as_str())
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
            (SanRule::Below(_), San::Uri(_)) => false,
        }
    }
}

/// True for an e-mail or IP address: a certificate has these as kinds of their own, which neither hosts nor proxies tell.
fn is_unseen(text: &str) -> bool {
    let mailbox = text.contains('@') && !text.contains(':');
    mailbox || text.parse::<IpAddr>().is_ok()
}

/// Reads a URI or a DNS name that is meant as it is written.
#[must_use]
pub fn read_san(node: &Node<'_>) -> Option<San> {
    let text = node.text()?;
    if is_unseen(text) {
        node.fault(
            "expected a URI or a DNS name: Envoy does not tell the e-mail and IP addresses of a certificate, so its \
             fingerprint has to do",
        );
        return None;
    }
    if text.contains('*') {
        node.fault(
            "expected a name without `*`: URIs are compared whole, and of DNS names `*.` may stand at the beginning \
             where a rule is meant",
        );
        return None;
    }
    let found = San::parse(text);
    if found.is_none() {
        node.fault("expected a URI or a DNS name of visible ASCII");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reader;
    use serde_json::Value;

    fn rule(text: &str) -> Result<SanRule, String> {
        let value = Value::from(text);
        let reader = Reader::new(&|_| None);
        let rule = SanRule::read(&reader.root(&value));
        reader.finish(rule).map(|(rule, _)| rule).map_err(|faults| faults.to_string())
    }

    #[test]
    fn a_name_is_of_one_kind() {
        let (uri, dns) =
            (|text: &str| San::uri(text.as_bytes()), |text: &str| San::dns(text.as_bytes()));
        assert_eq!(uri("spiffe://TD/A"), Some(San::Uri("spiffe://TD/A".to_owned())));
        assert_eq!(dns("A.Example"), Some(San::Dns("a.example".to_owned())));
        // A DNS name in the place of a URI is none, nor the other way round.
        assert_eq!((uri("a.example"), dns("spiffe://td/a")), (None, None));
        for bad in [&b""[..], b"a b:", b"a:\xff", b"a:\n", b"a\0:"] {
            assert_eq!((San::uri(bad), San::dns(bad)), (None, None), "{bad:?}");
        }
    }

    #[test]
    fn uris_are_compared_whole_and_dns_names_without_case_and_by_one_label() {
        let names = [
            San::uri(b"spiffe://td/a"),
            San::uri(b"spiffe://td/A"),
            San::uri(b"spiffe://td/a/b"),
            San::dns(b"api.Example"),
            San::dns(b"x.api.example"),
            San::dns(b"*.example"),
            San::dns(b"example"),
            San::dns(b".example"),
            San::dns(b"evilexample"),
        ]
        .map(Option::unwrap);
        for (text, expected) in [
            ("spiffe://td/a", &[0][..]),
            ("API.example", &[3]),
            ("*.Example", &[3, 5]),
            ("*.api.example", &[4]),
            ("example", &[6]),
            ("evil", &[]),
        ] {
            let rule = rule(text).unwrap();
            let found: Vec<usize> =
                (0..names.len()).filter(|index| rule.fits(&names[*index])).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_star_anywhere_else_is_refused() {
        for bad in
            ["*", "*example", "a.*.example", "*.*.example", "spiffe://td/*", "a*.example", "*.a:b"]
        {
            assert!(rule(bad).unwrap_err().contains("without `*`"), "{bad}");
        }
        for bad in ["a b", "z\u{e9}.example"] {
            assert!(rule(bad).unwrap_err().contains("visible ASCII"), "{bad}");
        }
    }

    #[test]
    fn a_name_of_a_kind_that_nobody_sees_is_refused() {
        for bad in ["ada@example.com", "10.0.0.1", "2001:db8::1", "::1", "*.a@example.com"] {
            assert!(rule(bad).unwrap_err().contains("does not tell"), "{bad}");
        }
        for good in ["ssh://ada@example.com", "mailto:ada@example.com", "1.example", "10.0.0"] {
            assert!(rule(good).is_ok(), "{good}");
        }
    }
}
