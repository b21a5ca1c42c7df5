//! The control itself: phases 1 and 2 before the upstream sees anything, 3 and 4 on the response, 5 at the end.

use std::rc::Rc;

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::counter::CounterFamily;
use portcullis_control::exchange::Exchange;
use portcullis_control::inspection::{Inspection, Sight, Uninspected};
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::mode::Mode;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;
use portcullis_control::route::RouteMatch;
use portcullis_control::surroundings::Surroundings;
use portcullis_waf_engine::{Connection, EngineMode, Profile, Program, RulePhase, Transaction};

use crate::audit::{self, Audit};
use crate::config;
use crate::judge::Reasons;
use crate::preview::{PREVIEW_REFUSED, Preview, RESPONSE_PREVIEW_REFUSED};
use crate::reason::Refused;
use crate::request::{self, Kind};

/// Counted and noted: frames of an upgrade or tunnel that nobody looks at.
pub(crate) const UNINSPECTED_UPGRADE: &str = "uninspected.upgrade";
/// Counted and noted: messages of a gRPC call that nobody looks at.
pub(crate) const UNINSPECTED_STREAM: &str = "uninspected.stream";
/// Counted and noted: a body of which only the beginning was looked at (`on_limit: partial`).
pub(crate) const PARTIAL_BODY: &str = "partial_body";
/// Counted and noted: something that could not be judged, let through by `on_error: allow`.
pub(crate) const ERROR_ALLOWED: &str = "error_allowed";
/// Counted and noted: rules matched, and the request went on.
pub(crate) const MATCHED: &str = "matched";
/// Counted as the runtime does, where a response could not be looked at.
const RESPONSE_OVER_LIMIT: &str = Uninspected::OverLimit.counter();

/// How often a rule matched that writes a line.
pub(crate) const RULES: CounterFamily =
    CounterFamily { name: "rule", member: "rule.<id>", most: MAX_RULES };
/// The same by what the rule is about.
pub(crate) const CLASSES: CounterFamily =
    CounterFamily { name: "class", member: "class.<class>", most: MAX_CLASSES };

/// Rules that are counted apart, at most: CRS and its plugins have about 400 that write lines, and Envoy keeps each
/// counter for ever.
const MAX_RULES: usize = 1_024;
/// Classes that are counted apart, at most: CRS has 17.
const MAX_CLASSES: usize = 64;

/// The job that compiles patterns before requests need them; one for all policies, as they share patterns.
const WARM: &str = "waf:warm";

/// Milliseconds between looks whether there is something to compile: soon after the first request, and nothing otherwise.
const WARM_MS: u64 = 1_000;

/// Runs SecLang rules on requests and responses.
pub struct Waf {
    pub(crate) program: Rc<Program>,
    /// For `mode: enforce`.
    pub(crate) enforced: Rc<Profile>,
    /// For `mode: shadow`: everything is seen, nothing is decided.
    pub(crate) shadowed: Rc<Profile>,
    /// Further profiles, for requests that match: the exclusions of all that do count together.
    pub(crate) exclusions: Vec<(RouteMatch, Rc<Profile>)>,
    pub(crate) limits: Limits,
    pub(crate) block_status: Option<u16>,
    pub(crate) allow_errors: bool,
    pub(crate) pass_streams: bool,
    /// Lines of the log a second and worker, at most.
    pub(crate) log_lines: u32,
    pub(crate) audit: Option<Audit>,
    pub(crate) preview: Option<Preview>,
    pub(crate) inspection: Option<Inspection>,
}

/// Bytes of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// With files.
    pub(crate) body: usize,
    /// Without.
    pub(crate) no_files: usize,
    /// Past it, the beginning is judged, and the rest passes.
    pub(crate) partial: bool,
}

impl Limits {
    /// The most that is held of a body.
    fn held(self, files: bool) -> usize {
        if files { self.body } else { self.no_files.min(self.body) }
    }
}

/// What is remembered of a request.
#[derive(Default)]
pub struct Passing {
    pub(crate) transaction: Option<Box<Transaction>>,
    /// Lines of the log that were written.
    pub(crate) told: usize,
    /// Errors of the engine that were told.
    pub(crate) errors: usize,
    /// A refusal was told, or made.
    pub(crate) decided: bool,
}

impl Waf {
    /// A transaction of this request's route.
    pub(crate) fn transaction(
        &self,
        exchange: &Exchange,
        connection: &Connection<'_>,
    ) -> Transaction {
        let profile = if exchange.mode() == Mode::Shadow { &self.shadowed } else { &self.enforced };
        let mut transaction = Transaction::new(&self.program, profile, connection);
        for (found, profile) in &self.exclusions {
            if found.matches(exchange, &mut Vec::new()) {
                transaction.exclude_as(profile);
            }
        }
        transaction
    }

    /// Phase 2 of a request of which nothing more is looked at, and what else is to be said of it.
    fn judge_without_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        refused: Option<Refused>,
    ) -> Verdict {
        let Some(reason) = refused else { return self.judge_request(exchange, state) };
        // In `shadow` it goes on, and its rules tell what they would have seen.
        if exchange.mode() == Mode::Shadow {
            if let Some(transaction) = state.transaction.as_mut() {
                transaction.run(RulePhase::RequestBody);
            }
            self.tell(exchange, state);
        }
        self.refuse(state, reason)
    }
}

impl Control for Waf {
    const NAME: &'static str = "waf";
    const PLACES: &'static [Place] = &[Place::Waf];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::Waf);
    const PHASES: &'static [Phase] = &[
        Phase::RequestBody,
        Phase::RequestTrailers,
        Phase::ResponseHeaders,
        Phase::ResponseBody,
        Phase::Log,
    ];
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[
        UNINSPECTED_UPGRADE,
        UNINSPECTED_STREAM,
        PARTIAL_BODY,
        ERROR_ALLOWED,
        MATCHED,
        PREVIEW_REFUSED,
        RESPONSE_PREVIEW_REFUSED,
        Uninspected::Encoded.counter(),
        RESPONSE_OVER_LIMIT,
        Uninspected::Unheld.counter(),
        Uninspected::TimedOut.counter(),
    ];
    const FAMILIES: &'static [&'static CounterFamily] = &[&RULES, &CLASSES];
    type State = Passing;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn may_hold_request(&self) -> bool {
        true
    }

    fn inspects_response(&self) -> Option<Inspection> {
        self.inspection
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Passing, end: bool) -> Verdict {
        let kind = Kind::of(exchange);
        let mut transaction = request::begin(self, exchange, kind, end);
        transaction.run(RulePhase::RequestHeaders);
        let wants_body = kind == Kind::Plain && !end && transaction.wants_request_body();
        // Rules that only detect refuse nothing; in `shadow` it is told what would be refused.
        let decides = transaction.engine() == EngineMode::On || exchange.mode() == Mode::Shadow;
        let held = self.limits.held(transaction.expects_files());
        state.transaction = Some(Box::new(transaction));
        // In `shadow` the request goes on whatever is decided, and nobody would be asked about its body any more.
        if exchange.mode() == Mode::Shadow {
            self.tell(exchange, state);
        } else {
            let verdict = self.decide(exchange, state, Reasons::REQUEST);
            if !matches!(verdict, Verdict::Continue) {
                return verdict;
            }
        }
        match kind {
            Kind::Plain if !wants_body => self.judge_request(exchange, state),
            // Envoy hands the upstream's 100 through, which a held request never gets: its body would never come.
            Kind::Plain if exchange.peek_request_header("expect").is_some() => {
                self.judge_without_body(exchange, state, Some(Refused::Expectation))
            }
            Kind::Plain => Verdict::HoldBody { max: held },
            Kind::Tunnel => {
                let verdict = self.judge_request(exchange, state);
                note_unread(exchange, &verdict, UNINSPECTED_UPGRADE);
                verdict
            }
            // Whatever `on_stream` says: a body does not become another protocol by a header of its client's.
            Kind::LoadedUpgrade => {
                let refused = decides.then_some(Refused::Stream);
                let verdict = self.judge_without_body(exchange, state, refused);
                if refused.is_none() {
                    note_unread(exchange, &verdict, UNINSPECTED_UPGRADE);
                }
                verdict
            }
            Kind::Grpc => {
                let refused = (!self.pass_streams && decides && !end).then_some(Refused::Stream);
                let unread = refused.is_none() && !end;
                let verdict = self.judge_without_body(exchange, state, refused);
                if unread {
                    note_unread(exchange, &verdict, UNINSPECTED_STREAM);
                }
                verdict
            }
        }
    }

    fn request_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        body: Body<'_>,
    ) -> Verdict {
        let Some(transaction) = state.transaction.as_mut() else { return Verdict::Continue };
        let shadow = exchange.mode() == Mode::Shadow;
        // As ModSecurity: rules that only detect look at the beginning of what is too long.
        let partial = self.limits.partial || (transaction.engine() != EngineMode::On && !shadow);
        if !body.complete && !partial && !shadow {
            return self.refuse(state, Refused::PayloadTooLarge);
        }
        if body.complete {
            for (name, value) in exchange.request_trailers().iter() {
                transaction.request_trailer(name, value);
            }
        }
        transaction.request_body(body.bytes, body.complete);
        // Of a body without files no more was held; what rules call its values may be longer than itself.
        let more =
            transaction.expects_files() && transaction.other_than_files() > self.limits.no_files;
        let too_large = !body.complete || more;
        if too_large && partial {
            exchange.note(PARTIAL_BODY, vec![("bytes", body.bytes.len().to_string())]);
        }
        let refused = (too_large && !partial).then_some(Refused::PayloadTooLarge);
        self.judge_without_body(exchange, state, refused)
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut Passing, end: bool) -> Verdict {
        if exchange.is_own_reply() || is_envoys_own(exchange) {
            return Verdict::Continue;
        }
        let Some(transaction) = state.transaction.as_mut() else { return Verdict::Continue };
        let status = exchange.response_headers().first(":status").unwrap_or_default();
        let status = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok());
        transaction.response_line(status.unwrap_or_default());
        let headers = exchange.response_headers().iter();
        for (name, value) in headers.filter(|(name, _)| !name.starts_with(b":")) {
            transaction.response_header(name, value);
        }
        transaction.run(RulePhase::ResponseHeaders);
        let content_type = exchange.response_headers().first("content-type").unwrap_or_default();
        let wants_body = !end && transaction.wants_response_body(content_type);
        let seen = self.inspection.filter(|_| wants_body).map(|it| sight(exchange, it.max));
        let holds = seen == Some(Ok(()));
        if exchange.mode() == Mode::Shadow && holds {
            self.tell(exchange, state);
            return Verdict::Inspect;
        }
        let verdict = self.decide(exchange, state, Reasons::RESPONSE);
        if !matches!(verdict, Verdict::Continue) {
            return verdict;
        }
        if holds {
            return Verdict::Inspect;
        }
        let verdict = self.response_body(exchange, state, Body { bytes: &[], complete: true });
        if let Some(Err(Some(why))) = seen {
            note_unread(exchange, &verdict, why.counter());
        }
        verdict
    }

    fn response_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        body: Body<'_>,
    ) -> Verdict {
        let Some(transaction) = state.transaction.as_mut() else { return Verdict::Continue };
        // What came too late is counted by who waited for it.
        let max = self.inspection.map_or(usize::MAX, |inspection| inspection.max);
        if !body.complete && body.bytes.len() >= max {
            exchange.note(RESPONSE_OVER_LIMIT, vec![("bytes", body.bytes.len().to_string())]);
        }
        if body.complete {
            for (name, value) in exchange.response_trailers().iter() {
                transaction.response_trailer(name, value);
            }
        }
        if !body.bytes.is_empty() {
            transaction.response_body(body.bytes, body.complete);
        }
        transaction.run(RulePhase::ResponseBody);
        self.decide_at_end(exchange, state, Reasons::RESPONSE)
    }

    fn versions(&self) -> Vec<(&'static str, String)> {
        let signatures = self.program.signatures().iter();
        signatures.map(|signature| ("ruleset", signature.clone())).collect()
    }

    fn log(&self, exchange: &mut Exchange, state: &mut Passing) {
        let Some(transaction) = state.transaction.as_mut() else { return };
        transaction.run(RulePhase::Logging);
        self.tell(exchange, state);
        let (Some(audit), Some(transaction)) = (&self.audit, &state.transaction) else { return };
        if let Some(line) = audit.transaction(exchange, transaction) {
            exchange.log(line, audit::MAX_LINES);
        }
    }

    fn jobs(&self) -> Vec<Job> {
        vec![Job { name: WARM.to_owned(), period_ms: WARM_MS, lease_ms: 0 }]
    }

    fn job(
        &self,
        _name: &str,
        event: JobEvent<'_>,
        _surroundings: &dyn Surroundings,
        _report: &mut Report,
    ) -> JobStep {
        match event {
            JobEvent::Due if self.program.warm() => JobStep::Again,
            _ => JobStep::Done,
        }
    }
}

/// Whether the body of a response can be looked at, or why nobody does; `None` where nothing is missed. Phase 4 runs all the
/// same: its rules look at more than bodies.
fn sight(exchange: &Exchange, max: usize) -> Result<(), Option<Uninspected>> {
    match Sight::of(exchange.method(), exchange.response_headers(), false, max) {
        Sight::Never => Err(None),
        Sight::Encoded => Err(Some(Uninspected::Encoded)),
        Sight::Large | Sight::Clear if exchange.headers_go_ahead() => {
            Err(Some(Uninspected::Unheld))
        }
        Sight::Large | Sight::Clear => Ok(()),
    }
}

/// Counts what goes on behind its headers without being looked at.
fn note_unread(exchange: &mut Exchange, verdict: &Verdict, counter: &'static str) {
    if matches!(verdict, Verdict::Continue) || exchange.mode() == Mode::Shadow {
        exchange.note(counter, Vec::new());
    }
}

/// True for what Envoy answers itself. It answers with errors alone, so that nothing is asked of the host for others.
fn is_envoys_own(exchange: &Exchange) -> bool {
    let status = exchange.response_headers().first(":status").unwrap_or_default();
    let error = matches!(status.first(), Some(b'4' | b'5'));
    error
        && exchange
            .property(&["response", "code_details"])
            .is_some_and(|details| details != b"via_upstream")
}
