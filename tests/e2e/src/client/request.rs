//! A well-formed request; what is not well-formed goes out through `Connection::write`.

use portcullis_echo::{Headers, wire};

/// The host that requests name unless they say otherwise.
const HOST: &str = "portcullis.test";

/// A request to be sent over HTTP/1.1 or HTTP/2.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(crate) host: Option<String>,
    pub(crate) headers: Headers,
    pub(crate) body: Option<Vec<Vec<u8>>>,
    pub(crate) chunked: bool,
    pub(crate) trailers: Headers,
}

impl Request {
    /// Any method and target, such as `OPTIONS` and `*`.
    pub fn new(method: &str, target: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.as_ref().to_vec(),
            host: Some(HOST.to_owned()),
            headers: Headers::new(),
            body: None,
            chunked: false,
            trailers: Headers::new(),
        }
    }

    /// A GET.
    pub fn get(target: impl AsRef<[u8]>) -> Self {
        Self::new("GET", target)
    }

    /// A POST with a body and its `content-length`.
    pub fn post(target: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target).body(body)
    }

    /// A CONNECT to an authority such as `example.com:443`.
    #[must_use]
    pub fn connect(authority: &str) -> Self {
        Self::new("CONNECT", authority).host(authority)
    }

    /// The handshake of a WebSocket (RFC 6455 §4.1), for `Connection::upgrade`.
    pub fn websocket(target: impl AsRef<[u8]>) -> Self {
        Self::get(target)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// Adds a header field, as bytes; never replaces one.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Puts one field in place of all of its name, which is written as they are.
    #[must_use]
    pub fn replace_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let others = self.headers.iter().filter(|(known, _)| *known != name.as_bytes());
        self.headers = others.collect();
        self.header(name, value)
    }

    /// Adds `authorization: Bearer <token>`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The `host` or `:authority`; `portcullis.test` unless set.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Leaves the host out.
    #[must_use]
    pub fn without_host(mut self) -> Self {
        self.host = None;
        self
    }

    /// The body, sent with its `content-length` unless there are chunks or trailers.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(vec![body.as_ref().to_vec()]);
        self
    }

    /// The body in chunks (HTTP/1.1) or data frames (HTTP/2), without `content-length`.
    #[must_use]
    pub fn chunks<B: AsRef<[u8]>>(mut self, chunks: impl IntoIterator<Item = B>) -> Self {
        self.body = Some(chunks.into_iter().map(|chunk| chunk.as_ref().to_vec()).collect());
        self.chunked = true;
        self
    }

    /// Adds a trailer field behind the body.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push(name, value);
        self
    }

    /// The length that `content-length` tells; `None` where there is no such field.
    pub(crate) fn content_length(&self) -> Option<usize> {
        let body = self.body.as_ref().filter(|_| !self.chunked && self.trailers.is_empty())?;
        Some(body.iter().map(Vec::len).sum())
    }

    /// Its bytes in HTTP/1.1.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        let mut headers = Headers::new();
        if let Some(host) = &self.host {
            headers.push("host", host);
        }
        for (name, value) in self.headers.iter() {
            headers.push(name, value);
        }
        let length = self.content_length();
        let in_chunks = length.is_none() && (self.body.is_some() || !self.trailers.is_empty());
        if in_chunks {
            headers.push("transfer-encoding", "chunked");
        }
        if let Some(length) = length.filter(|_| !self.headers.has("content-length")) {
            headers.push("content-length", length.to_string());
        }
        wire::put_fields(&mut out, &headers);
        for part in self.body.iter().flatten() {
            if in_chunks {
                wire::put_chunk(&mut out, part);
            } else {
                out.extend_from_slice(part);
            }
        }
        if in_chunks {
            wire::put_last_chunk(&mut out, &self.trailers);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn a_body_has_its_length_and_trailers_need_chunks() {
        let plain = Request::post("/a", "hi").header("x", b"\xff").bytes();
        let expected =
            b"POST /a HTTP/1.1\r\nhost: portcullis.test\r\nx: \xff\r\ncontent-length: 2\r\n\r\nhi";
        assert_eq!(plain, expected);
        let trailers = Request::post("/", "hi").without_host().trailer("t", "1").bytes();
        let expected =
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nt: 1\r\n\r\n";
        assert_eq!(trailers, expected);
    }
}
