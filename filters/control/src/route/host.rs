//! Host names, compared as the same host is meant: lower case, without port and trailing dot.

use crate::config::Node;

/// A host of a configuration, exact or `*.` and everything below a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostMatch {
    Exact(String),
    Below(String),
}

impl HostMatch {
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        let name = text.strip_prefix("*.").unwrap_or(text);
        let plain = canonical(name.as_bytes());
        if plain.is_empty()
            || plain.contains('*')
            || plain.contains('/')
            || plain.contains(char::is_whitespace)
        {
            node.fault(format!(
                "expected a host such as api.example.com or *.example.com, but found `{text}`"
            ));
            return None;
        }
        Some(if name.len() == text.len() {
            HostMatch::Exact(plain)
        } else {
            HostMatch::Below(format!(".{plain}"))
        })
    }

    pub(super) fn matches(&self, host: &str) -> bool {
        match self {
            HostMatch::Exact(name) => host == name,
            HostMatch::Below(suffix) => {
                host.len() > suffix.len() && host.ends_with(suffix.as_str())
            }
        }
    }
}

/// `:authority` without port and trailing dot, in lower case. Bytes that are no UTF-8 match no host.
pub(super) fn canonical(authority: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(authority) else {
        return String::new();
    };
    let without_port = match text.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_v6(host) =>
        {
            host
        }
        _ => text,
    };
    without_port.strip_suffix('.').unwrap_or(without_port).to_ascii_lowercase()
}

/// `2001:db8:` of an IPv6 address without brackets: its last group is no port.
fn is_bare_v6(host: &str) -> bool {
    host.contains(':') && !host.ends_with(']')
}
