//! go-ftw's test format: a file of tests, each of stages, each an input and what is expected of it.

mod fields;
mod read;

pub use read::read;

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The rule that its tests are about.
    pub rule: u32,
    /// The tests in the order written.
    pub tests: Vec<Test>,
    /// What of the file itself the runner does not know; the tests count all the same.
    pub broken: Option<String>,
}

/// One test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Test {
    /// The rule and the test's number: `942100-3`.
    pub id: String,
    /// The rule that it is about.
    pub rule: u32,
    /// What it is about, in words.
    pub description: String,
    /// All must pass.
    pub stages: Vec<Stage>,
    /// Why it can't be read: it fails without having run, and has no stages.
    pub broken: Option<String>,
}

/// One exchange of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What is sent.
    pub input: Input,
    /// What is expected.
    pub output: Output,
}

/// What is sent. `None` is the default of a field, `Some("")` is really empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// `GET` by default.
    pub method: Option<String>,
    /// `/` by default.
    pub uri: Option<String>,
    /// `HTTP/1.1` by default.
    pub version: Option<String>,
    /// Sorted by name, as go-ftw sends a map; or in the order written where the file has `ordered_headers`.
    pub headers: Vec<(String, String)>,
    /// The body before go-ftw's encodings.
    pub data: Option<Vec<u8>>,
    /// The whole request, which makes everything else unused.
    pub encoded_request: Option<Vec<u8>>,
    /// Whether go-ftw adds `Connection`, `Content-Length` and `Content-Type`; true by default.
    pub autocomplete_headers: Option<bool>,
    /// Whether cookies of the response go into the next stage.
    pub save_cookie: bool,
    /// Whether a redirect is followed.
    pub follow_redirect: bool,
}

/// What is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The exact status.
    pub status: Option<u16>,
    /// A pattern that the response's body must match.
    pub response_contains: Option<String>,
    /// The exchange must fail (true) or must not (false).
    pub expect_error: Option<bool>,
    /// Once more if it failed: the log may have been late.
    pub retry_once: bool,
    /// Exactly one rule may have logged: the expected one.
    pub isolated: bool,
    /// What the log must have and must not have.
    pub log: Log,
}

/// What the log must have and must not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Rules that must have logged, all of them.
    pub expect_ids: Vec<u32>,
    /// Rules of which none may have logged.
    pub no_expect_ids: Vec<u32>,
    /// A line must match.
    pub match_regex: Option<String>,
    /// No line may match.
    pub no_match_regex: Option<String>,
}

impl Output {
    /// True when nothing at all is expected: such a test would always pass.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_none()
            && self.response_contains.is_none()
            && self.expect_error.is_none()
            && self.log == Log::default()
    }
}
