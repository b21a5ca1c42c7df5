//! What an upstream receives and what it answers.

use std::sync::mpsc::Receiver;

use crate::{Headers, wire};

/// A request as it stood on the wire.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent; bytes outside ASCII become U+FFFD.
    pub target: String,
    /// The header fields.
    pub headers: Headers,
    /// The body, at most [`wire::MAX_KEPT_BODY_BYTES`] of it.
    pub body: Vec<u8>,
    /// How long the body was, in bytes.
    pub body_length: u64,
    /// The trailer fields.
    pub trailers: Headers,
}

impl Request {
    /// A request without body from its head; `None` where the start line is no request line.
    pub(crate) fn from_head(head: wire::Head) -> Option<Self> {
        let start = String::from_utf8_lossy(&head.start).into_owned();
        let (method, rest) = start.split_once(' ')?;
        let (target, _version) = rest.rsplit_once(' ')?;
        let (method, target) = (method.to_owned(), target.to_owned());
        Some(Self { method, target, headers: head.headers, ..Self::default() })
    }
}

/// A well-formed response. Without trailers it goes out with `content-length`, with them in chunks.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields, without those of the framing, which are added.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Headers,
}

impl Response {
    /// An empty response of this status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Headers::new(), body: Vec::new(), trailers: Headers::new() }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Adds a trailer field.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Sets the body and says that it is JSON.
    #[must_use]
    pub fn json(self, body: impl AsRef<[u8]>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    fn has_no_body(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }

    /// True if nothing follows its head, whatever it has: what did would be taken for the next response.
    pub(crate) fn ends_with_head(&self, method: &str) -> bool {
        method == "HEAD" || self.has_no_body()
    }

    /// Its bytes up to the empty line, framed for a whole body or for chunks.
    pub(crate) fn head_bytes(&self, chunked: bool) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} {}\r\n", self.status, phrase(self.status)).into_bytes();
        let mut headers = self.headers.clone();
        if !self.has_no_body() {
            if chunked {
                headers.push("transfer-encoding", "chunked");
            } else if !headers.has("content-length") {
                headers.push("content-length", self.body.len().to_string());
            }
        }
        wire::put_fields(&mut out, &headers);
        out
    }

    /// All its bytes, as the answer to a request of this method.
    pub(crate) fn bytes(&self, method: &str) -> Vec<u8> {
        let chunked = !self.trailers.is_empty();
        let mut out = self.head_bytes(chunked);
        if self.ends_with_head(method) {
            return out;
        }
        if chunked {
            wire::put_chunk(&mut out, &self.body);
            wire::put_last_chunk(&mut out, &self.trailers);
        } else {
            out.extend_from_slice(&self.body);
        }
        out
    }
}

/// What an upstream does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Sends a response and keeps the connection.
    Response(Response),
    /// Sends the head of the response and its body, then every chunk that arrives from the
    /// channel, and ends the body when the channel's other side is dropped.
    Stream(Response, Receiver<Vec<u8>>),
    /// Sends the response, then every byte of the client back, as after an upgrade.
    Tunnel(Response),
    /// Sends these bytes as they are and closes.
    Raw(Vec<u8>),
    /// Closes without a word.
    Hangup,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        404 => "Not Found",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
