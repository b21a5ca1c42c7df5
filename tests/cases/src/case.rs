//! A case: a configuration, requests with their times, and what must come of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::certificates;
use crate::documents::Document;
use crate::fields::{Fields, Text, Values};
use crate::tokens::Spec;

/// Where the clock of a case stands unless it says otherwise: 2023-11-14T22:13:20Z.
pub const START: u64 = 1_700_000_000;

/// The client unless a request says otherwise: an address of TEST-NET-3 (RFC 5737).
pub const CLIENT: &str = "203.0.113.7:50000";

/// The host that requests name unless they say otherwise.
pub const HOST: &str = "gateway.test";

/// One `[[case]]` of a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A behaviour; unique in the repository.
    pub name: String,
    /// The file, from the repository's root.
    #[serde(skip)]
    pub file: PathBuf,
    /// The control in whose folder the file stands.
    #[serde(skip)]
    pub control: String,
    /// The module that runs it; the folder's control unless set.
    #[serde(default)]
    pub module: String,
    /// The plugin configuration; none at all is empty text.
    pub config: Option<Value>,
    /// The plugin configuration as text, which need not be JSON.
    pub config_text: Option<String>,
    /// `vm_config.environment_variables`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Seconds since the epoch at the first request.
    #[serde(default = "start")]
    pub start: u64,
    /// Whether the outcome depends on when requests are sent.
    #[serde(default)]
    pub clock: Clock,
    /// The only engines that can say it, and why.
    pub only: Option<Only>,
    /// The fault lines with which the configuration must be refused, in any order.
    #[serde(default)]
    pub refused: Vec<String>,
    /// The warnings at load, all of them, in any order.
    #[serde(default)]
    pub warned: Vec<String>,
    /// What clusters answer when the module calls them.
    #[serde(default, rename = "document")]
    pub documents: Vec<Document>,
    /// What clients send, in order.
    #[serde(default, rename = "request")]
    pub requests: Vec<Request>,
    /// Metrics (`portcullis.waf.rule.942100`) and their values once all requests are over. A real Envoy has one of a name
    /// for all cases: there it is at least so large.
    #[serde(default)]
    pub metrics: BTreeMap<String, u64>,
    /// Texts, each of which stands in a line of the log.
    #[serde(default)]
    pub logged: Vec<String>,
    /// Texts that stand in none.
    #[serde(default)]
    pub unlogged: Vec<String>,
    /// The Envoys that it is about; all of them unless set.
    pub envoys: Option<Envoys>,
    /// The tokens of the file, by name.
    #[serde(skip)]
    pub tokens: BTreeMap<String, Spec>,
    /// The client certificates of the file, by name.
    #[serde(skip)]
    pub certificates: BTreeMap<String, certificates::Spec>,
}

/// Minor versions of Envoy 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Envoys {
    /// This one and later ones.
    From(u32),
    /// Those before this one.
    Before(u32),
}

/// The minor version of the Envoy that engines are like unless a case says otherwise.
pub const MINOR: u32 = 40;

impl Envoys {
    /// True if it is about this one.
    #[must_use]
    pub const fn has(self, minor: u32) -> bool {
        match self {
            Envoys::From(first) => minor >= first,
            Envoys::Before(first) => minor < first,
        }
    }
}

fn start() -> u64 {
    START
}

/// Whether a case depends on the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Requests must come at their times.
    #[default]
    Kept,
    /// The outcome is the same at any time: an engine that cannot set the clock ignores `at`.
    Any,
}

/// A restriction to some engines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// `native`, `module`, `envoy`.
    pub engines: Vec<String>,
    /// Why the others cannot say it.
    pub reason: String,
}

/// One request of a case, and what the upstream answers to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Seconds after the case's start.
    #[serde(default)]
    pub at: f64,
    /// How often it is sent, each time with the same expectation.
    #[serde(default = "once")]
    pub times: u32,
    /// `source.address`.
    #[serde(default = "client")]
    pub client: String,
    /// `:method`.
    #[serde(default = "get")]
    pub method: String,
    /// `:path`; what CONNECT has instead is `host`.
    #[serde(default = "root")]
    pub path: String,
    /// `:authority`.
    #[serde(default = "host")]
    pub host: String,
    /// Header fields: a table, or a list of pairs.
    #[serde(default)]
    pub headers: Fields,
    /// The body; it comes with its `content-length` unless there are trailers.
    pub body: Option<Text>,
    /// The body in parts instead, each of which reaches the filter by itself, without `content-length`. A real Envoy may
    /// see several at once.
    pub parts: Option<Vec<Text>>,
    /// Trailer fields.
    #[serde(default)]
    pub trailers: Fields,
    /// The certificate that the client presents, by its name in the file; without, a connection has no TLS.
    pub certificate: Option<String>,
    /// Properties of the stream by their dotted path, as text.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Filter state that an earlier module of ours left, by its name without `wasm.`.
    #[serde(default)]
    pub filter_state: BTreeMap<String, String>,
    /// True: shared data cannot be read or written from this request on.
    #[serde(default)]
    pub shared_data_down: bool,
    /// The upstream's status.
    #[serde(default = "ok")]
    pub upstream_status: u16,
    /// The upstream's header fields.
    #[serde(default)]
    pub upstream_headers: Fields,
    /// The upstream's body.
    pub upstream_body: Option<Text>,
    /// The upstream's body in parts instead, each of which reaches the filter by itself, without `content-length`. A real
    /// Envoy may see several at once.
    pub upstream_parts: Option<Vec<Text>>,
    /// Seconds that pass between one part of it and the next.
    #[serde(default)]
    pub upstream_pause: u64,
    /// The upstream's trailer fields.
    #[serde(default)]
    pub upstream_trailers: Fields,
    /// What must come of it.
    pub expect: Expect,
}

fn once() -> u32 {
    1
}

fn client() -> String {
    CLIENT.to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn host() -> String {
    HOST.to_owned()
}

fn ok() -> u16 {
    200
}

/// What must come of a request. What is not named is not compared, but for the decision record: a
/// request without `reason` was not refused, one without `would_refuse` would not have been, and without `tried` no
/// alternative was asked in vain.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status that the client gets; left out only beside `dropped`.
    #[serde(default)]
    pub status: u16,
    /// True: the client gets no answer, as the stream is cut.
    #[serde(default)]
    pub dropped: bool,
    /// Header fields of the answer, each with exactly these values.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// Header fields that the answer has, whatever their value.
    #[serde(default)]
    pub present: Vec<String>,
    /// Header fields that the answer does not have.
    #[serde(default)]
    pub absent: Vec<String>,
    /// `message` of the answer's JSON.
    pub message: Option<String>,
    /// Members of the answer's JSON, exactly so; it may have others.
    #[serde(default)]
    pub body: BTreeMap<String, Value>,
    /// The answer's body, whole.
    pub text: Option<String>,
    /// `grpc-status` of the answer, in headers as Envoy sends a local reply.
    pub grpc_status: Option<u32>,
    /// The label of the refusal in the decision record. With one, the upstream saw nothing.
    pub reason: Option<String>,
    /// The labels of what was noted, in order.
    pub notes: Option<Vec<String>>,
    /// The label of the refusal that a control in shadow mode did not make.
    pub would_refuse: Option<String>,
    /// The labels of the refusals of alternatives after which another one was asked, in order.
    #[serde(default)]
    pub tried: Vec<String>,
    /// All lines of the decision record, in order, each with at least these members.
    pub record: Option<Vec<BTreeMap<String, Value>>>,
    /// What the upstream got.
    pub upstream: Option<Upstream>,
    /// True: the upstream saw nothing. False: it saw the request.
    pub upstream_untouched: Option<bool>,
    /// True: the upstream saw the beginning of the request, and never its end. A real Envoy may be quicker than its
    /// connection to the upstream.
    #[serde(default)]
    pub cut: bool,
}

/// What the upstream must get.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Header fields with exactly these values.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// Header fields that it does not get.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The request target.
    pub path: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// Trailer fields with exactly these values.
    #[serde(default)]
    pub trailers: BTreeMap<String, Values>,
    /// Trailer fields that it does not get.
    #[serde(default)]
    pub absent_trailers: Vec<String>,
}

impl Case {
    /// True if the configuration must be refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// The minor version of the Envoy that an engine is like which may choose.
    #[must_use]
    pub fn minor(&self) -> u32 {
        match self.envoys {
            Some(Envoys::Before(first)) => first.saturating_sub(1),
            _ => MINOR,
        }
    }

    /// The full name of its test.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}: {}", self.control, self.name)
    }
}
