//! What stands between the runner and whatever judges: one exchange in, a status and log lines out.

use std::fmt;

/// A request as a front end hands it to a filter.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, as sent.
    pub method: Vec<u8>,
    /// The request target, as sent.
    pub uri: Vec<u8>,
    /// The protocol version, as sent; `HTTP/1.1` as a rule.
    pub version: Vec<u8>,
    /// Header fields in the order they were sent.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Trailer fields after a chunked body.
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    /// The first value of a header, its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut found =
            self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        found.next().map(|(_, value)| value.as_slice())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        writeln!(f, "{} {} {}", text(&self.method), text(&self.uri), text(&self.version))?;
        for (name, value) in &self.headers {
            writeln!(f, "{}: {}", text(name), text(value))?;
        }
        write!(f, "\n{}", text(&self.body))
    }
}

/// A response of the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What came of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The status that the client gets.
    pub status: u16,
    /// Log lines as ModSecurity's: `… [id "942100"] [msg "…"] [data "…"] …`, one for each rule that logged.
    pub lines: Vec<String>,
    /// The body that the client gets, where it is known.
    pub body: Option<Vec<u8>>,
    /// Why there was no response at all, if there was none.
    pub failure: Option<String>,
}

/// What judges one exchange.
pub trait Waf {
    /// Judges the request, and the backend's response if it is asked for one.
    fn run(&mut self, request: &Request, backend: &mut dyn FnMut(&Request) -> Response) -> Outcome;
}
