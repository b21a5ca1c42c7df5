//! The control: everything but the body is changed when the headers are there, the body when it has ended.

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{DIGESTS, Edit, FieldName, FieldValue};
use portcullis_control::media_type::is_encoded;
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;
use portcullis_control::template::{Template, Values};
use portcullis_control::transform::{HeaderOperations, HeaderValues};

use crate::body::{Announced, BodyFault, BodyOperations, Prepared};
use crate::config;
use crate::fields::FieldOperations;
use crate::reason::Refused;
use crate::target::{changed, path_of};

/// Bytes of a body that is held to be changed, unless the configuration says otherwise: below the 1 MiB that Envoy holds
/// by default, as past that it answers itself.
pub(crate) const MAX_BODY_BYTES: usize = 512 * 1_024;

/// The most that the configuration may say: a body is in a worker's memory twice while it is changed.
pub(crate) const MAX_MAX_BODY_BYTES: u64 = 64 * 1_024 * 1_024;

/// A value was not fit for its place.
const DROPPED_VALUE: &str = "dropped_value";
/// A body that is no good was forwarded as it is (`on_malformed_body: pass`).
const MALFORMED_BODY: &str = "malformed_body_passed";
/// There was no body to change.
const NO_BODY: &str = "no_body";
/// A body of another type was forwarded as it is.
const OTHER_CONTENT_TYPE: &str = "other_content_type_passed";
/// A stream was forwarded as it is (`on_stream: pass`).
const STREAM: &str = "stream_passed";

const PATH: FieldName = FieldName::from_static(":path");
const METHOD: FieldName = FieldName::from_static(":method");

/// `http_method`.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: FieldValue,
    /// False where a body means nothing, and may be read as the next request (RFC 9110 §9.3.1).
    pub(crate) has_body: bool,
}

/// Changes requests.
#[derive(Debug)]
pub struct RequestTransformer {
    pub(crate) headers: HeaderOperations,
    pub(crate) query: FieldOperations,
    pub(crate) uri: Option<Template>,
    pub(crate) method: Option<Method>,
    pub(crate) body: BodyOperations,
    pub(crate) refuse_malformed: bool,
    pub(crate) refuse_other_types: bool,
    pub(crate) refuse_streams: bool,
    pub(crate) max_body: usize,
}

/// What is waited for.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The values for a body that is changed.
    prepared: Option<Prepared>,
    /// There may be none at all.
    none_allowed: bool,
}

/// What is written before the body, made of the request as it came.
struct Head {
    headers: HeaderValues,
    target: Option<FieldValue>,
    dropped: u32,
}

impl RequestTransformer {
    /// What becomes of the body: `None` if nothing.
    fn prepare(&self, exchange: &mut Exchange, end: bool) -> Result<Option<Prepared>, Refused> {
        if self.body.is_empty() {
            return Ok(None);
        }
        if end {
            exchange.count(NO_BODY);
            return Ok(None);
        }
        if is_encoded(exchange.request_headers()) {
            return Err(Refused::EncodedBody);
        }
        let pass = |exchange: &mut Exchange, refuse: bool, reason: Refused, note| {
            if refuse {
                return Err(reason);
            }
            exchange.note(note, Vec::new());
            Ok(None)
        };
        let format = match Announced::by(exchange.request_headers()) {
            Announced::As(format) => format,
            Announced::Other => {
                let refuse = self.refuse_other_types;
                return pass(exchange, refuse, Refused::OtherContentType, OTHER_CONTENT_TYPE);
            }
            Announced::Doubtful => {
                let refuse = self.refuse_malformed;
                return pass(exchange, refuse, Refused::MalformedBody, MALFORMED_BODY);
            }
        };
        if exchange.is_stream() {
            return pass(exchange, self.refuse_streams, Refused::Stream, STREAM);
        }
        let (prepared, dropped) = self.body.prepare(format, &Values::of(exchange));
        count_dropped(exchange, dropped);
        Ok(Some(prepared))
    }

    /// Fills all other templates.
    fn head(&self, exchange: &Exchange) -> Result<Head, Refused> {
        let values = Values::of(exchange);
        let headers = self.headers.values(&values);
        let mut dropped = headers.dropped;
        let changes_target = self.uri.is_some() || !self.query.is_empty();
        let target = || exchange.request_headers().first(":path");
        // `*` and what CONNECT has are no paths.
        let target = changes_target.then(target).flatten();
        let target = match target.filter(|target| target.first() == Some(&b'/')) {
            Some(target) => {
                let path = match &self.uri {
                    Some(uri) => Some(path_of(uri, &values).ok_or(Refused::PathValue)?),
                    None => None,
                };
                let arguments = self.query.values(&values);
                dropped = dropped.saturating_add(arguments.dropped);
                let changed = changed(target, path.as_deref(), (&self.query, &arguments));
                changed.map_err(|_| Refused::TooManyFields)?.and_then(FieldValue::new)
            }
            None => None,
        };
        Ok(Head { headers, target, dropped })
    }

    /// True if a body may not be there because of the method that the request gets.
    fn takes_body_away(&self, exchange: &Exchange) -> bool {
        let method = self.method_for(exchange).filter(|method| !method.has_body);
        method.is_some_and(|method| !is_upgrade_of(exchange, &method.name))
    }

    /// The method that the request gets. A tunnel stays one, and who asks for headers alone stays one: of an answer to
    /// another method the body would follow them on the connection, where the client reads the next answer.
    fn method_for(&self, exchange: &Exchange) -> Option<&Method> {
        self.method.as_ref().filter(|_| !matches!(exchange.method(), b"CONNECT" | b"HEAD"))
    }

    /// Changes everything but the body.
    fn write(&self, exchange: &mut Exchange, head: Head) {
        count_dropped(exchange, head.dropped);
        if let Some(target) = head.target {
            exchange.set_request_header(PATH, target);
        }
        if let Some(method) = self.method_for(exchange) {
            let name = method.name.clone();
            exchange.set_request_header(METHOD, name);
        }
        self.headers.apply(exchange, head.headers);
    }
}

fn count_dropped(exchange: &mut Exchange, dropped: u32) {
    for _ in 0..dropped {
        exchange.count(DROPPED_VALUE);
    }
}

/// True for an upgrade that keeps its method: what follows is another protocol and no body. Envoy shows `upgrade` of real
/// upgrades alone; one that tells a length is taken at its word.
fn is_upgrade_of(exchange: &Exchange, method: &FieldValue) -> bool {
    let headers = exchange.request_headers();
    exchange.method() == method.as_bytes()
        && headers.first("upgrade").is_some()
        && headers.first("content-length").is_none()
}

/// Takes away what would be wrong of a body that will be changed when these headers have gone; of others the runtime does.
fn remove_digests(exchange: &mut Exchange) {
    for name in DIGESTS {
        if exchange.request_headers().first(name).is_some() {
            exchange.edit_request(Edit::Remove(FieldName::from_static(name)));
        }
    }
}

impl Control for RequestTransformer {
    const NAME: &'static str = "request-transformer";
    const PLACES: &'static [Place] = &[Place::RequestTransformer];
    const PHASES: &'static [Phase] = &[Phase::RequestBody, Phase::RequestTrailers];
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] =
        &[DROPPED_VALUE, MALFORMED_BODY, NO_BODY, OTHER_CONTENT_TYPE, STREAM];
    type State = Waiting;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        self.headers.identity_headers()
    }

    fn client_headers(&self) -> Vec<FieldName> {
        self.headers.client_headers()
    }

    fn may_hold_request(&self) -> bool {
        !self.body.is_empty() || self.method.as_ref().is_some_and(|method| !method.has_body)
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Waiting, end: bool) -> Verdict {
        let none_allowed = !end && self.takes_body_away(exchange);
        // Where headers go ahead, they would have gone when the body shows.
        if none_allowed && (exchange.headers_go_ahead() || exchange.is_stream()) {
            return Verdict::from(Refused::BodyForMethod);
        }
        let prepared = match self.prepare(exchange, end) {
            Ok(prepared) => prepared,
            Err(reason) => return Verdict::from(reason),
        };
        match self.head(exchange) {
            Ok(head) => self.write(exchange, head),
            Err(reason) => return Verdict::from(reason),
        }
        if prepared.is_none() && !none_allowed {
            return Verdict::Continue;
        }
        if prepared.is_some() && exchange.headers_go_ahead() {
            // A body of another length would leave the upstream waiting for the rest, or with one too many.
            exchange.edit_request(Edit::Remove(FieldName::from_static("content-length")));
            remove_digests(exchange);
        }
        *state = Waiting { prepared, none_allowed };
        Verdict::HoldBody { max: if none_allowed { 1 } else { self.max_body } }
    }

    fn request_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Waiting,
        body: Body<'_>,
    ) -> Verdict {
        if state.none_allowed && !body.bytes.is_empty() {
            return Verdict::from(Refused::BodyForMethod);
        }
        if !body.complete {
            return Verdict::from(Refused::BodyTooLarge);
        }
        let Some(prepared) = state.prepared.take() else { return Verdict::Continue };
        if body.bytes.is_empty() {
            exchange.count(NO_BODY);
            return Verdict::Continue;
        }
        match self.body.apply(&prepared, body.bytes) {
            Ok(Some(changed)) => {
                exchange.replace_request_body(changed);
                Verdict::Continue
            }
            Ok(None) => Verdict::Continue,
            Err(BodyFault::TooManyFields) => Verdict::from(Refused::TooManyFields),
            Err(BodyFault::Malformed) if self.refuse_malformed => {
                Verdict::from(Refused::MalformedBody)
            }
            Err(BodyFault::Malformed) => {
                exchange.note(MALFORMED_BODY, Vec::new());
                Verdict::Continue
            }
        }
    }
}
