//! A case at a certain time: placeholders are replaced, tokens minted, repetitions written out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::{CLIENT, Case, Clock, Expect, HOST, Request, START, Upstream};
use crate::certificates::Minted;
use crate::documents::Documents;
use crate::fields::Text;
use crate::words::{Field, Words};

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// What an engine carries out.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where the clock stands before the first request, nanoseconds since the epoch.
    pub start: u64,
    /// The plugin configuration as bytes.
    pub configuration: Vec<u8>,
    /// The same as JSON, where the case writes it so.
    pub json: Option<Value>,
    /// The VM's environment.
    pub env: BTreeMap<String, String>,
    /// What clusters answer.
    pub documents: Documents,
    /// What clients send, in order.
    pub requests: Vec<Sent>,
}

/// One request as it is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// How a report calls it: `request 2`, `request 2 (time 3 of 5)`.
    pub label: String,
    /// When it is sent, nanoseconds since the epoch.
    pub at: u64,
    /// `source.address`.
    pub client: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: Vec<u8>,
    /// The host.
    pub host: Vec<u8>,
    /// Header fields, names in lower case.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The sizes of the parts in which it comes; without any it comes at once.
    pub parts: Vec<usize>,
    /// Trailer fields.
    pub trailers: Vec<Field>,
    /// The client certificate.
    pub certificate: Option<Minted>,
    /// Properties by their dotted path.
    pub properties: BTreeMap<String, String>,
    /// Filter state of earlier modules.
    pub filter_state: BTreeMap<String, String>,
    /// Shared data cannot be read or written from now on.
    pub shared_data_down: bool,
    /// What the upstream answers.
    pub answer: Answer,
    /// What must come of it.
    pub expected: Expected,
}

/// An upstream's answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Vec<u8>,
    /// The sizes of the parts in which it comes; without any it comes at once.
    pub parts: Vec<usize>,
    /// Trailer fields.
    pub trailers: Vec<Field>,
    /// Nanoseconds between one part and the next.
    pub pause: u64,
}

impl Answer {
    /// The body part by part.
    #[must_use]
    pub fn in_parts(&self) -> Vec<Vec<u8>> {
        if self.parts.is_empty() && self.body.is_empty() {
            return Vec::new();
        }
        in_parts(&self.body, &self.parts)
    }
}

/// A body in parts of these sizes; without any, at once.
fn in_parts(body: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    if sizes.is_empty() {
        return vec![body.to_vec()];
    }
    let mut rest = body;
    let mut take = |size: &usize| {
        let (part, behind) = rest.split_at(*size);
        rest = behind;
        part.to_vec()
    };
    sizes.iter().map(&mut take).collect()
}

impl Default for Sent {
    /// A GET of `/` by the usual client, answered with 200.
    fn default() -> Self {
        Sent {
            label: String::new(),
            at: START.saturating_mul(SECOND),
            client: CLIENT.to_owned(),
            method: "GET".to_owned(),
            path: b"/".to_vec(),
            host: HOST.into(),
            headers: Vec::new(),
            body: None,
            parts: Vec::new(),
            trailers: Vec::new(),
            certificate: None,
            properties: BTreeMap::new(),
            filter_state: BTreeMap::new(),
            shared_data_down: false,
            answer: Answer { status: 200, ..Answer::default() },
            expected: Expected::default(),
        }
    }
}

impl Sent {
    /// The body part by part.
    #[must_use]
    pub fn in_parts(&self) -> Vec<Vec<u8>> {
        self.body.iter().flat_map(|body| in_parts(body, &self.parts)).collect()
    }
}

/// Values that fields must have, by name.
pub type ExpectedFields = BTreeMap<String, Vec<Vec<u8>>>;

/// What must come of a request; placeholders are replaced in fields, `plain` holds the rest.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// As the table has it.
    pub plain: Expect,
    /// Header fields of the answer.
    pub headers: ExpectedFields,
    /// What the upstream gets.
    pub upstream: Option<ExpectedUpstream>,
}

/// What the upstream must get.
#[derive(Clone, Debug)]
pub struct ExpectedUpstream {
    /// As the table has it.
    pub plain: Upstream,
    /// Header fields.
    pub headers: ExpectedFields,
    /// Trailer fields.
    pub trailers: ExpectedFields,
}

impl Case {
    /// The case at its own time.
    ///
    /// # Errors
    /// A placeholder that stands for nothing.
    pub fn prepare(&self) -> Result<Prepared, String> {
        self.prepare_at(self.start)
    }

    /// The case with its clock starting at `start`, seconds since the epoch. Under another start than its own, a
    /// [`Clock::Any`] case has all its requests at once.
    ///
    /// # Errors
    /// A placeholder that stands for nothing.
    pub fn prepare_at(&self, start: u64) -> Result<Prepared, String> {
        let words = Words::new(&self.tokens, &self.certificates, start);
        let json = self.config.as_ref().map(|config| words.json(config)).transpose()?;
        let text = match (&json, &self.config_text) {
            (Some(json), _) => json.to_string(),
            (None, Some(text)) => words.text(text, start)?,
            (None, None) => String::new(),
        };
        let mut env = BTreeMap::new();
        for (name, value) in &self.env {
            env.insert(name.clone(), words.text(value, start)?);
        }
        let at_once = start != self.start && self.clock == Clock::Any;
        let mut requests = Vec::new();
        for (index, request) in self.requests.iter().enumerate() {
            for time in 1..=request.times {
                let number = index + 1;
                let label = match request.times {
                    1 => format!("request {number}"),
                    times => format!("request {number} (time {time} of {times})"),
                };
                let offset = if at_once { 0 } else { nanoseconds(request.at) };
                let at = start.saturating_mul(SECOND).saturating_add_signed(offset);
                requests.push(send(&words, request, label, at)?);
            }
        }
        Ok(Prepared {
            start: start.saturating_mul(SECOND),
            configuration: text.into_bytes(),
            json,
            env,
            documents: Documents::prepare(&self.documents, &words, start.saturating_mul(SECOND))?,
            requests,
        })
    }
}

/// Fractions of a second down to the nanosecond, as far as an `f64` has them.
pub(crate) fn nanoseconds(seconds: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a case spans less than 292 years")]
    let nanoseconds = (seconds * 1e9).round() as i64;
    nanoseconds
}

fn send(words: &Words<'_>, request: &Request, label: String, at: u64) -> Result<Sent, String> {
    let second = at / SECOND;
    let expected = Expected {
        plain: request.expect.clone(),
        headers: expected_fields(words, &request.expect.headers, second)?,
        upstream: request
            .expect
            .upstream
            .as_ref()
            .map(|upstream| {
                Ok::<_, String>(ExpectedUpstream {
                    plain: upstream.clone(),
                    headers: expected_fields(words, &upstream.headers, second)?,
                    trailers: expected_fields(words, &upstream.trailers, second)?,
                })
            })
            .transpose()?,
    };
    let bytes = |text: &Text| words.bytes(text, second);
    let mut body = request.body.as_ref().map(bytes).transpose()?;
    let mut headers = words.fields(&request.headers, second)?;
    let told = |name: &str| headers.iter().any(|(known, _)| known == name);
    let lengthless = !request.trailers.0.is_empty() || told("content-length");
    if let Some(body) = body.as_ref().filter(|_| !lengthless) {
        headers.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    }
    let mut parts = Vec::new();
    for part in request.parts.iter().flatten() {
        let part = bytes(part)?;
        parts.push(part.len());
        body.get_or_insert_default().extend(part);
    }
    let mut answer = Answer {
        status: request.upstream_status,
        headers: words.fields(&request.upstream_headers, second)?,
        body: request.upstream_body.as_ref().map(bytes).transpose()?.unwrap_or_default(),
        parts: Vec::new(),
        trailers: words.fields(&request.upstream_trailers, second)?,
        pause: request.upstream_pause.saturating_mul(SECOND),
    };
    for part in request.upstream_parts.iter().flatten() {
        let part = bytes(part)?;
        answer.parts.push(part.len());
        answer.body.extend(part);
    }
    let mut filter_state = BTreeMap::new();
    for (name, value) in &request.filter_state {
        filter_state.insert(name.clone(), words.text(value, second)?);
    }
    Ok(Sent {
        label,
        at,
        client: request.client.clone(),
        method: request.method.clone(),
        path: words.text(&request.path, second)?.into_bytes(),
        host: request.host.clone().into_bytes(),
        headers,
        body,
        parts,
        trailers: words.fields(&request.trailers, second)?,
        certificate: request
            .certificate
            .as_ref()
            .map(|name| words.certificate(name))
            .transpose()?,
        properties: request.properties.clone(),
        filter_state,
        shared_data_down: request.shared_data_down,
        answer,
        expected,
    })
}

fn expected_fields(
    words: &Words<'_>,
    fields: &BTreeMap<String, crate::fields::Values>,
    second: u64,
) -> Result<ExpectedFields, String> {
    let field = |(name, values): (&String, _)| {
        Ok((name.to_ascii_lowercase(), words.values(values, second)?))
    };
    fields.iter().map(field).collect()
}
