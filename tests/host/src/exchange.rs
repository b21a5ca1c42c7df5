//! What goes into a stream and what came of it: the request, the upstream's answer, the exchange.

use std::collections::BTreeMap;

use crate::headers::Headers;
use crate::log::LogLine;

/// A stream of one worker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamId(pub(crate) u32);

/// A request as the client sends it, and what its connection and the upstream bring along.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) headers: Headers,
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) trailers: Option<Headers>,
    pub(crate) properties: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(crate) filter_state: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) answer: Option<Response>,
}

/// The request id that Envoy would have made up; [`Request::without`] takes it away.
pub const REQUEST_ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

impl Request {
    /// A request for `gateway.test` over http.
    pub fn new(method: &str, path: impl AsRef<[u8]>) -> Self {
        let mut headers = Headers::new([(":authority", "gateway.test")]);
        headers.add(":path", path);
        headers.add(":method", method);
        headers.add(":scheme", "http");
        // What Envoy's connection manager adds before any filter.
        headers.add("x-forwarded-proto", "http");
        headers.add("x-request-id", REQUEST_ID);
        Self {
            headers,
            chunks: Vec::new(),
            trailers: None,
            properties: Vec::new(),
            filter_state: Vec::new(),
            answer: None,
        }
    }

    /// A GET.
    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Self::new("GET", path)
    }

    /// A POST; give it a body with [`Request::body`].
    pub fn post(path: impl AsRef<[u8]>) -> Self {
        Self::new("POST", path)
    }

    /// A request of exactly these headers, pseudo-headers included.
    pub fn of(headers: Headers) -> Self {
        Self { headers, ..Self::get("/") }
    }

    /// Adds a header, keeping those of the same name.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Replaces a header, a pseudo-header for example.
    #[must_use]
    pub fn set(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.set(name, value);
        self
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<[u8]>) -> Self {
        self.headers.remove(name);
        self
    }

    /// One more chunk of the body; each reaches the filter in a callback of its own, the last of them
    /// with the end of the stream. HTTP/1.1 tells the end apart: an empty chunk at last says so.
    #[must_use]
    pub fn body(mut self, chunk: impl AsRef<[u8]>) -> Self {
        self.chunks.push(chunk.as_ref().to_vec());
        self
    }

    /// A trailer: from the first on, no body callback says that the stream ends.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.get_or_insert_default().add(name, value);
        self
    }

    /// A property of this stream, in the host's encoding; see [`crate::property`].
    #[must_use]
    pub fn property(mut self, path: &[&str], value: impl AsRef<[u8]>) -> Self {
        self.properties.push((join(path), Some(value.as_ref().to_vec())));
        self
    }

    /// A property that this stream has not: NotFound.
    #[must_use]
    pub fn without_property(mut self, path: &[&str]) -> Self {
        self.properties.push((join(path), None));
        self
    }

    /// The address that Envoy shows, such as `203.0.113.7:4711` or `[2001:db8::1]:4711`.
    #[must_use]
    pub fn from_address(self, address: &str) -> Self {
        self.property(&["source", "address"], address)
    }

    /// Filter state that an earlier filter wrote with `set_property([key])`.
    #[must_use]
    pub fn filter_state(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        let full = [b"wasm.", key.as_bytes()].concat();
        self.filter_state.push((full, value.as_ref().to_vec()));
        self
    }

    /// What the upstream answers once it has the whole request; without it, 200 and `METHOD PATH`.
    #[must_use]
    pub fn answered(mut self, response: Response) -> Self {
        self.answer = Some(response);
        self
    }
}

/// A property's path as the guest writes it.
pub(crate) fn join(path: &[&str]) -> Vec<u8> {
    path.join("\0").into_bytes()
}

/// An answer: of the upstream, or of a cluster to a callout.
#[derive(Clone, Debug)]
pub struct Response {
    pub(crate) headers: Headers,
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) trailers: Option<Headers>,
}

impl Response {
    /// An answer with this status, no body.
    pub fn new(status: u32) -> Self {
        let headers = Headers::new([(":status", status.to_string())]);
        Self { headers, chunks: Vec::new(), trailers: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name, value);
        self
    }

    /// One more chunk of the body.
    #[must_use]
    pub fn body(mut self, chunk: impl AsRef<[u8]>) -> Self {
        self.chunks.push(chunk.as_ref().to_vec());
        self
    }

    /// A trailer.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.get_or_insert_default().add(name, value);
        self
    }
}

/// How a message ended, seen from whom it was sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum End {
    /// Not yet.
    #[default]
    Open,
    /// Whole.
    Complete,
    /// Cut: what came before is all there will be.
    Reset,
}

/// A message as its receiver saw it: the upstream a request, the client a response.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its headers.
    pub headers: Headers,
    /// Its body so far.
    pub body: Vec<u8>,
    /// Its trailers.
    pub trailers: Option<Headers>,
    /// Whether it is whole.
    pub end: End,
}

impl Seen {
    /// The body as text; bytes that are none become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose it is: for [`crate::Worker::stream`] while it is open.
    pub stream: StreamId,
    /// What the client got; `None` while it has got nothing.
    pub client: Option<Seen>,
    /// What the upstream got; `None` where the request never reached it.
    pub upstream: Option<Seen>,
    /// Whether the filter holds the request or the response, so that nothing moves by itself.
    pub paused: bool,
    /// The lines logged on behalf of this stream.
    pub log: Vec<LogLine>,
    /// What this stream added to counters and gauges (a recorded gauge: the value).
    pub metrics: BTreeMap<String, i64>,
    /// Filter state by its full key, such as `wasm.portcullis.decision`.
    pub filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Envoy's response code details: `via_upstream`, or those of a local reply.
    pub details: String,
    /// Why the VM died in one of this stream's callbacks.
    pub trap: Option<String>,
    /// The fuel of this stream's most expensive callback.
    pub fuel: u64,
}

impl Exchange {
    /// The status that the client got.
    ///
    /// # Panics
    /// If it has got none, with the exchange in the message.
    pub fn status(&self) -> u32 {
        match self.client.as_ref().and_then(|client| client.headers.status()) {
            Some(status) => status,
            None => panic!("the client got no status: {self:#?}"),
        }
    }

    /// The first value of a response header, as text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.client.as_ref()?.headers.text(name)
    }

    /// The response body as text, empty where there is none.
    pub fn body(&self) -> String {
        self.client.as_ref().map(Seen::text).unwrap_or_default()
    }

    /// What the upstream saw.
    ///
    /// # Panics
    /// If the request never reached it, with the exchange in the message.
    pub fn upstream(&self) -> &Seen {
        match &self.upstream {
            Some(seen) => seen,
            None => panic!("the upstream saw nothing: {self:#?}"),
        }
    }

    /// Filter state that a filter wrote with `set_property([key])`, as text.
    pub fn state(&self, key: &str) -> Option<String> {
        let value = self.filter_state.get([b"wasm.", key.as_bytes()].concat().as_slice())?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// What this stream added to a counter or gauge.
    pub fn metric(&self, name: &str) -> i64 {
        self.metrics.get(name).copied().unwrap_or(0)
    }

    /// Whether a line of this stream's log contains the text.
    pub fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.text.contains(text))
    }
}
