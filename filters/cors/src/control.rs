//! The control itself: answers preflights on the request, and decorates every other answer.

use std::borrow::Cow;

use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldValue;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

use crate::allowed::{Allowed, Grant};
use crate::origin::Origin;
use crate::{answer, config};

/// Counted and noted: an origin that may not read. Its page gets nothing, and its author a riddle.
const UNMATCHED: &str = "unmatched";

/// Answers preflights and says which origin may read an answer.
#[derive(Debug)]
pub struct Cors {
    pub(crate) allowed: Allowed,
    /// Unset: what the browser asks for is echoed.
    pub(crate) headers: Option<FieldValue>,
    pub(crate) exposed_headers: Option<FieldValue>,
    pub(crate) methods: FieldValue,
    pub(crate) max_age: Option<FieldValue>,
    pub(crate) credentials: bool,
    pub(crate) private_network: bool,
    pub(crate) preflight_continue: bool,
    pub(crate) allow_origin_absent: bool,
}

/// What is remembered of a request.
#[derive(Debug, Default)]
pub enum Asked {
    /// Nothing: an earlier control answered before this one was asked.
    #[default]
    NotYet,
    /// A preflight, which has its answer or gets the upstream's as it is.
    Preflight,
    /// Anything else.
    Answer(Grant),
}

impl Cors {
    /// False if every answer says the same, whoever asks.
    pub(crate) const fn reads_origin(&self) -> bool {
        self.allowed.varies() || !self.allow_origin_absent
    }

    /// What the answer to a request that is no preflight has to say.
    fn due(&self, origin: Option<&[u8]>) -> Grant {
        let asked = origin.is_some() || self.allow_origin_absent;
        if asked { self.allowed.grant(origin) } else { Grant::default() }
    }
}

/// The cheapest question that nearly every request answers with no.
fn may_be_preflight(exchange: &Exchange) -> bool {
    exchange.peek_request_header("access-control-request-method").is_some()
}

/// An origin for the record: what is none could be anything.
fn shown(origin: &[u8]) -> String {
    Origin::parse(origin)
        .map_or_else(|| "malformed".to_owned(), |origin| origin.as_str().to_owned())
}

impl Control for Cors {
    const NAME: &'static str = "cors";
    const PLACES: &'static [Place] = &[Place::Cors];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::Cors);
    const PHASES: &'static [Phase] = &[Phase::ResponseHeaders];
    const REASONS: &'static [&'static Reason] = &[];
    const COUNTERS: &'static [&'static str] = &[UNMATCHED];
    type State = Asked;

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        config::read(section)
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Asked, _end: bool) -> Verdict {
        if !self.reads_origin() && !may_be_preflight(exchange) {
            *state = Asked::Answer(self.due(None));
            return Verdict::Continue;
        }
        // No browser sends two, and who does is kept from reading nothing.
        let origin = exchange.peek_request_header("origin").map(Cow::into_owned);
        let Some(origin) = origin.filter(|origin| !origin.is_empty()) else {
            *state = Asked::Answer(self.due(None));
            return Verdict::Continue;
        };
        let is_preflight = may_be_preflight(exchange) && exchange.is_preflight();
        if is_preflight && self.preflight_continue {
            *state = Asked::Preflight;
            return Verdict::Continue;
        }
        let grant = self.allowed.grant(Some(&origin));
        if grant.unmatched {
            exchange.note(UNMATCHED, vec![("origin", shown(&origin))]);
        }
        if is_preflight {
            *state = Asked::Preflight;
            let reply = answer::to_preflight(self, grant, exchange.request_headers());
            return Verdict::Reply(Box::new(reply));
        }
        *state = Asked::Answer(grant);
        Verdict::Continue
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut Asked, _end: bool) -> Verdict {
        let grant = match std::mem::take(state) {
            Asked::Preflight => return Verdict::Continue,
            Asked::Answer(grant) => grant,
            Asked::NotYet => {
                let origin =
                    exchange.request_headers().first("origin").filter(|origin| !origin.is_empty());
                self.due(origin)
            }
        };
        answer::on_response(self, grant, exchange);
        Verdict::Continue
    }
}
