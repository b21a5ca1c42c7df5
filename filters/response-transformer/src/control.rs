//! The control itself: what becomes of an answer's headers, and of its body where that is not for the client.

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::inspection::{
    Inspection, OnLimit, OnUninspected, Uninspected, says_not_modified, tells_of_absent_body,
};
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::record::{DECISION_STATE, says_refused};
use portcullis_control::refusal::Reason;
use portcullis_control::store::KeptKey;

use crate::config;
use crate::hide::Hide;
use crate::mask::Mask;
use crate::operations::Operations;
use crate::reason::Refused;
use crate::security::{SecurityHeaders, is_https};

/// Counted and noted: an error of the upstream that the client did not see.
const MASKED: &str = "masked";

/// Counted: a value of a template that could have been read as something else, and was left out.
const DROPPED_VALUE: &str = "dropped_value";

/// Counted: an answer without a body, of which a body was to be changed.
const NO_BODY: &str = "no_body";

/// Counted and noted: an answer that was to be changed and passed as it was, as its JSON is none.
const NOT_JSON: &str = "not_json";

/// Counted and noted: an answer that was to be changed and passed as it was, as it is too large.
const TOO_LARGE: &str = "too_large";

/// Transforms every answer that a filter sees.
#[derive(Debug)]
pub struct ResponseTransformer {
    pub(crate) operations: Option<Operations>,
    pub(crate) hide: Option<Hide>,
    pub(crate) security: Option<SecurityHeaders>,
    pub(crate) mask: Option<Mask>,
    pub(crate) inspection: Inspection,
    pub(crate) key: KeptKey,
}

/// What is remembered of a request.
#[derive(Debug, Default)]
pub struct Passing {
    /// The client's connection has TLS; unknown until this control was asked about the request.
    is_https: Option<bool>,
    waiting: Waiting,
}

/// What an answer waits for whose body is held.
#[derive(Clone, Copy, Debug, Default)]
enum Waiting {
    /// Nothing.
    #[default]
    No,
    /// To be masked, with this status.
    Mask(u16),
    /// For its body to be changed, with this status if that matters.
    Operations(Option<u16>),
}

impl ResponseTransformer {
    /// True if nothing is configured.
    pub(crate) const fn does_nothing(&self) -> bool {
        self.operations.is_none()
            && self.hide.is_none()
            && self.security.is_none()
            && self.mask.is_none()
    }

    /// True if the request says something that answers depend on.
    fn reads_request(&self) -> bool {
        self.security.as_ref().is_some_and(SecurityHeaders::depends_on_tls)
            || self.operations.as_ref().is_some_and(Operations::reads_request)
    }

    /// Counts what was not written.
    fn count_dropped(exchange: &mut Exchange, dropped: u32) {
        for _ in 0..dropped {
            exchange.count(DROPPED_VALUE);
        }
    }

    /// The held body of an answer that is to be changed.
    fn rewrite(&self, exchange: &mut Exchange, status: Option<u16>, body: Body<'_>) -> Verdict {
        let Some(operations) = &self.operations else { return Verdict::Continue };
        if !body.complete {
            // Of one that is too large there is as much as is held; of one that is late, which is noted already, less.
            let is_late = body.bytes.len() < self.inspection.max;
            let why = if is_late { Uninspected::TimedOut } else { Uninspected::OverLimit };
            if self.inspection.on_limit == OnLimit::Refuse {
                return Verdict::from(why);
            }
            if !is_late {
                exchange.note(TOO_LARGE, Vec::new());
            }
            return Verdict::Continue;
        }
        if body.bytes.is_empty() {
            exchange.count(NO_BODY);
            return Verdict::Continue;
        }
        match operations.rewrite(exchange, status, body.bytes) {
            Ok((changed, dropped)) => {
                Self::count_dropped(exchange, dropped);
                if let Some(changed) = changed {
                    exchange.replace_response_body(changed);
                }
                Verdict::Continue
            }
            Err(_) if self.inspection.on_uninspected == OnUninspected::Refuse => {
                Verdict::from(Refused::NotJson)
            }
            Err(_) => {
                exchange.note(NOT_JSON, Vec::new());
                Verdict::Continue
            }
        }
    }

    /// Masks an error of the upstream.
    fn conceal(&self, exchange: &mut Exchange, status: u16, body: Body<'_>) -> Verdict {
        let Some(mask) = &self.mask else { return Verdict::Continue };
        exchange.note(MASKED, mask.fields(exchange, status, body, &self.key));
        Verdict::Reply(Box::new(mask.reply(exchange, status)))
    }

    /// The status, if an error of the upstream's is not for the client.
    fn masked(&self, exchange: &Exchange) -> Option<u16> {
        let mask = self.mask.as_ref()?;
        status(exchange).filter(|status| mask.has(*status) && !is_ours(exchange))
    }
}

/// True for what this module or another one of ours refused: its body says what it is to say. Each module writes what it
/// refused before its answer reaches the next one; Envoy does not tell, as to it an answer that was put in the place of the
/// upstream's is the upstream's (`via_upstream`).
fn is_ours(exchange: &Exchange) -> bool {
    let refused = |record: Vec<u8>| says_refused(&record);
    exchange.is_own_reply() || exchange.property(&[DECISION_STATE]).is_some_and(refused)
}

fn status(exchange: &Exchange) -> Option<u16> {
    std::str::from_utf8(&exchange.peek_response_header(":status")?).ok()?.parse().ok()
}

impl Control for ResponseTransformer {
    const NAME: &'static str = "response-transformer";
    const PLACES: &'static [Place] = &[Place::Afterwards];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::ResponseTransformer);
    const PHASES: &'static [Phase] = &[Phase::ResponseHeaders, Phase::ResponseBody];
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] =
        &[MASKED, DROPPED_VALUE, NO_BODY, NOT_JSON, TOO_LARGE];
    type State = Passing;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn decides_at(&self, _place: Place) -> bool {
        self.reads_request()
    }

    fn inspects_response(&self) -> Option<Inspection> {
        let changes = self.operations.as_ref().is_some_and(Operations::changes_bodies);
        // What a mask puts in a body's place does not need all of it.
        let on_limit = self.inspection.on_limit;
        let on_limit = if self.mask.is_some() { OnLimit::Beginning } else { on_limit };
        (self.mask.is_some() || changes).then_some(Inspection {
            on_limit,
            rewrites: true,
            ..self.inspection
        })
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Passing, _end: bool) -> Verdict {
        if self.operations.as_ref().is_some_and(Operations::reads_request) {
            // They are gone when the answer comes, but for those that somebody has read.
            let _ = exchange.request_headers();
        }
        if self.security.as_ref().is_some_and(SecurityHeaders::depends_on_tls) {
            state.is_https = Some(is_https(exchange));
        }
        Verdict::Continue
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut Passing, end: bool) -> Verdict {
        state.waiting = Waiting::No;
        let tells_of_absent = end
            && self.inspects_response().is_some()
            && tells_of_absent_body(exchange.method(), exchange.response_headers());
        // It need not say of which type the body is.
        let is_not_modified = tells_of_absent && says_not_modified(exchange.response_headers());
        if let Some(operations) = &self.operations {
            let status = operations.depends_on_status().then(|| status(exchange)).flatten();
            // Before its type may be changed.
            if operations.changes_bodies()
                && (is_not_modified || operations.wants_body(exchange.response_headers(), status))
                && !is_ours(exchange)
            {
                state.waiting = Waiting::Operations(status);
            }
            let dropped = operations.apply(exchange, status);
            Self::count_dropped(exchange, dropped);
        }
        if let Some(hide) = self.hide {
            hide.apply(exchange);
        }
        if let Some(security) = &self.security {
            let reads = security.depends_on_tls();
            let is_https = reads && state.is_https.unwrap_or_else(|| is_https(exchange));
            security.apply(exchange, is_https);
        }
        if (!end || tells_of_absent)
            && let Some(status) = self.masked(exchange)
        {
            state.waiting = Waiting::Mask(status);
        }
        match state.waiting {
            Waiting::No => Verdict::Continue,
            // What it says of that body is mended where bodies are looked at.
            _ if end && !tells_of_absent => {
                exchange.count(NO_BODY);
                Verdict::Continue
            }
            _ => Verdict::Inspect,
        }
    }

    fn response_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        body: Body<'_>,
    ) -> Verdict {
        match state.waiting {
            Waiting::No => Verdict::Continue,
            Waiting::Mask(status) => self.conceal(exchange, status, body),
            Waiting::Operations(status) => self.rewrite(exchange, status, body),
        }
    }
}
