//! SPIFFE IDs, taken apart as their standard has them: `spiffe://prod.evil.example/` begins with `spiffe://prod` and is
//! not of it.

use portcullis_control::config::Node;

const SCHEME: &str = "spiffe://";

/// Bytes of an ID, at most (SPIFFE-ID §2.3).
const MAX_ID_BYTES: usize = 2_048;

/// Bytes of a trust domain, at most (SPIFFE-ID §2.3).
const MAX_TRUST_DOMAIN_BYTES: usize = 255;

/// The trust domain of a SPIFFE ID; `None` if it is none. Nothing is put into another spelling.
#[must_use]
pub(crate) fn trust_domain(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix(SCHEME).filter(|_| uri.len() <= MAX_ID_BYTES)?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let is_segment = |segment: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
    };
    let whole = path.is_none_or(|path| path.split('/').all(is_segment));
    (is_trust_domain(domain) && whole).then_some(domain)
}

fn is_trust_domain(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    !text.is_empty() && text.len() <= MAX_TRUST_DOMAIN_BYTES && text.bytes().all(plain)
}

/// Reads a trust domain of a configuration, also as the ID of it.
pub(crate) fn read_trust_domain(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let domain = text.strip_prefix(SCHEME).unwrap_or(text);
    if !is_trust_domain(domain) {
        node.fault(format!(
            "expected a trust domain of at most {MAX_TRUST_DOMAIN_BYTES} lower-case letters, digits, dots, hyphens and \
             underscores, such as `prod.example`"
        ));
        return None;
    }
    Some(domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_trust_domain_and_what_looks_like_one_has_none() {
        for (uri, expected) in [
            ("spiffe://prod.example/orders", Some("prod.example")),
            ("spiffe://prod/ns/a_b/sa/C.d-1", Some("prod")),
            ("spiffe://prod", Some("prod")),
            ("spiffe://prod.evil.example/", None),
            ("spiffe://prod/", None),
            ("spiffe://prod//a", None),
            ("spiffe://prod/./a", None),
            ("spiffe://prod/../evil/a", None),
            ("spiffe://prod/a/", None),
            ("spiffe://prod@evil/a", None),
            ("spiffe://prod:443/a", None),
            ("spiffe://prod?x", None),
            ("spiffe://prod#x", None),
            ("spiffe://prod/a?x=1", None),
            ("spiffe://prod/%61", None),
            ("spiffe://Prod/a", None),
            ("SPIFFE://prod/a", None),
            ("spiffe:prod/a", None),
            ("spiffe:///a", None),
            ("spiffe://", None),
            ("https://prod/a", None),
            ("", None),
        ] {
            assert_eq!(trust_domain(uri), expected, "{uri}");
        }
        let of = |domain: usize, path: usize| {
            format!("spiffe://{}/{}", "d".repeat(domain), "p".repeat(path))
        };
        let path = MAX_ID_BYTES - "spiffe://d/".len();
        for (uri, good) in
            [(of(255, 1), true), (of(256, 1), false), (of(1, path), true), (of(1, path + 1), false)]
        {
            assert_eq!(trust_domain(&uri).is_some(), good, "{}", uri.len());
        }
    }
}
