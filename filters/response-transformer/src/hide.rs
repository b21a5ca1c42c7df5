//! Fields that tell a client what runs behind the gateway, and help nobody but who looks for a known hole in it.

use portcullis_control::config::Node;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::Edit;

/// Names and versions of servers, frameworks and proxies, in lower case (OWASP Secure Headers Project, "headers to
/// remove", those that name software).
const SERVER: [&str; 18] = [
    "server",
    "via",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-powered-cms",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-sourcefiles",
    "x-generator",
    "x-runtime",
    "x-version",
    "x-server",
    "x-backend-server",
    "x-served-by",
    "x-varnish",
    "x-php-version",
    "x-owa-version",
    "x-framework",
];

/// What Envoys say of themselves: times, attempts, names of clusters.
const ENVOY: &[u8] = b"x-envoy-";

/// What is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hide {
    /// [`SERVER`].
    Server,
    /// [`SERVER`] and `x-envoy-*`.
    All,
}

impl Hide {
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        node.word(&[("server", Hide::Server), ("all", Hide::All)])
    }

    fn covers(self, name: &[u8]) -> bool {
        let server = || SERVER.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()));
        let envoy = || {
            let start = name.get(..ENVOY.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(ENVOY))
        };
        server() || self == Hide::All && envoy()
    }

    /// Takes them out of the response.
    pub(crate) fn apply(self, exchange: &mut Exchange) {
        for name in exchange.response_headers().names(|name| self.covers(name)) {
            exchange.edit_response(Edit::Remove(name));
        }
    }
}
