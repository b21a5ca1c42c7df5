//! A row of the table: a guest, how its filter is set up, what it is sent, and the text of what comes of it.

use crate::guest::Guest;

/// The host that requests name; the upstream's view shows another one only.
pub const HOST: &str = "portcullis.test";

/// The cluster behind the filter.
pub const UPSTREAM: &str = "upstream";
/// A cluster for callouts that answers as [`Answer::callee`] says.
pub const CALLEE: &str = "callee";
/// A cluster whose only host refuses connections.
pub const REFUSED: &str = "refused";
/// A cluster without hosts.
pub const EMPTY: &str = "empty";

/// What a trap leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// A new VM for the next request.
    Reload,
    /// 503 from then on.
    Closed,
    /// New streams skip the filter.
    Open,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What must hold, in words.
    pub name: &'static str,
    /// The module.
    pub wasm: Vec<u8>,
    /// The plugin's configuration.
    pub configuration: Option<&'static str>,
    /// `allow_on_headers_stop_iteration`.
    pub stop_iteration: bool,
    /// What a trap leads to.
    pub policy: Policy,
    /// What the upstream answers.
    pub answer: Answer,
    /// One after the other, the next once all of the former is over.
    pub requests: Vec<Request>,
    /// What comes of it, see [`crate::seen`].
    pub expected: &'static str,
    /// Lines that differ on Envoys before a minor version: that version, the line now, the line then.
    pub earlier: Vec<(u32, &'static str, &'static str)>,
}

impl Row {
    /// A row whose filter is set up as the shipped configurations are.
    pub fn new(name: &'static str, guest: &Guest) -> Self {
        Self {
            name,
            wasm: guest.build(),
            configuration: None,
            stop_iteration: true,
            policy: Policy::Reload,
            answer: Answer::new(200).body("answer"),
            requests: Vec::new(),
            expected: "",
            earlier: Vec::new(),
        }
    }

    /// The plugin's configuration.
    #[must_use]
    pub fn configuration(mut self, text: &'static str) -> Self {
        self.configuration = Some(text);
        self
    }

    /// As on hosts that cannot hold headers.
    #[must_use]
    pub fn without_stop_iteration(mut self) -> Self {
        self.stop_iteration = false;
        self
    }

    /// What a trap leads to; a new VM unless set.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What the upstream answers; 200 and `answer` unless set.
    #[must_use]
    pub fn answered(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// One more request.
    #[must_use]
    pub fn send(mut self, request: Request) -> Self {
        self.requests.push(request);
        self
    }

    /// One more GET.
    #[must_use]
    pub fn get(self, path: &'static str) -> Self {
        self.send(Request::new("GET", path))
    }

    /// A line that is another one on Envoys before `1.<minor>`.
    #[must_use]
    pub fn before(mut self, minor: u32, now: &'static str, then: &'static str) -> Self {
        self.earlier.push((minor, now, then));
        self
    }

    /// The text of what comes of it; lines count without the blanks around them.
    #[must_use]
    pub fn shows(mut self, expected: &'static str) -> Self {
        self.expected = expected;
        self
    }
}

/// A part of a request's body.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// It is sent once the row has logged so many lines for this request.
    pub after: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the client sends.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// Header fields, in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body; the last part carries the end of the request.
    pub chunks: Vec<Chunk>,
    /// Whether there is a `content-length`.
    pub length: bool,
    /// Trailer fields.
    pub trailers: Vec<(&'static str, &'static str)>,
    /// The client waits for no answer: it leaves once the row has logged so many lines for this request.
    pub leaves_after: Option<usize>,
}

impl Request {
    /// A request without body.
    pub fn new(method: &'static str, path: &'static str) -> Self {
        let (headers, chunks, trailers) = Default::default();
        Self { method, path, headers, chunks, length: false, trailers, leaves_after: None }
    }

    /// A POST with a body and its `content-length`.
    pub fn post(body: impl AsRef<[u8]>) -> Self {
        let request = Self::new("POST", "/");
        let length = body.as_ref().len().to_string();
        let mut request = request.header("content-length", &length).chunk(body);
        request.length = true;
        request
    }

    /// Whether its body is in chunks: there is more than a head, and no `content-length`.
    #[must_use]
    pub fn is_chunked(&self) -> bool {
        let more = !self.chunks.is_empty() || !self.trailers.is_empty();
        more && !self.length
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// One more chunk, sent with what comes before it.
    #[must_use]
    pub fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        self.chunk_after(0, bytes)
    }

    /// One more chunk, sent once there are so many lines of log.
    #[must_use]
    pub fn chunk_after(mut self, after: usize, bytes: impl AsRef<[u8]>) -> Self {
        self.chunks.push(Chunk { after, bytes: bytes.as_ref().to_vec() });
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &'static str, value: &'static str) -> Self {
        self.trailers.push((name, value));
        self
    }

    /// Leaves once there are so many lines of log, for what is never answered.
    #[must_use]
    pub fn leaves_after(mut self, lines: usize) -> Self {
        self.leaves_after = Some(lines);
        self
    }
}

/// What an upstream answers. Without trailers it has a `content-length`.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header fields without those of the framing.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Vec<(&'static str, &'static str)>,
}

impl Answer {
    /// An answer without body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), trailers: Vec::new() }
    }

    /// What [`CALLEE`] answers.
    pub fn callee() -> Self {
        Self::new(202).header("x-callee", "1").header("x-callee", "2").body("called")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &'static str, value: &'static str) -> Self {
        self.trailers.push((name, value));
        self
    }
}
