//! The trait that every control implements, and the answers that it can give.

use crate::config::{Node, Section};
use crate::counter::CounterFamily;
use crate::exchange::Exchange;
use crate::headers::{FieldName, Forwarded, HeaderMap};
use crate::inspection::Inspection;
use crate::job::{Job, JobEvent, JobStep, Report};
use crate::place::{Place, ResponsePlace};
use crate::policy::Common;
use crate::program::Site;
use crate::refusal::{Reason, Refusal, Reply};
use crate::surroundings::Surroundings;

/// What becomes of the request after a control was asked.
#[derive(Debug)]
pub enum Verdict {
    /// The next control is asked.
    Continue,
    /// The client gets a refusal; no later control is asked.
    Refuse(Box<Refusal>),
    /// The client gets an answer that is no refusal; no later control is asked.
    Reply(Box<Reply>),
    /// Everything waits for the answer to a call; then `call_done` is asked.
    Call(Box<Call>),
    /// Everything waits until one of the module's jobs has something new, at the longest until this time (nanoseconds
    /// since the epoch); then `woken` is asked, which may wait on. How many wait is the control's to bound.
    Wait {
        /// The end of the waiting.
        until: u64,
    },
    /// On a request. Everything waits for the body; then `request_body` is asked. Headers stay held meanwhile, so both can
    /// still be changed.
    HoldBody {
        /// Bytes that are held at most, at least 1. Past it the control is asked with what is there.
        max: usize,
    },
    /// As [`Verdict::HoldBody`], for a control that only wants nothing to pass before the body's end: its bytes are not
    /// read, so `request_body` is asked with none.
    HoldUnread {
        /// Bytes that are held at most, at least 1. Past it the control is asked.
        max: usize,
    },
    /// On a response. Everything waits for the body, as the control's [`Control::inspects_response`] says; then
    /// `response_body` is asked, and headers and body can still be changed.
    Inspect,
}

impl<R: Into<Refusal>> From<R> for Verdict {
    fn from(refusal: R) -> Self {
        Verdict::Refuse(Box::new(refusal.into()))
    }
}

/// A held body. It ended at its last byte or at trailers, whichever came first.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// False if there is more than the control wanted to hold: `bytes` is the beginning.
    pub complete: bool,
}

/// A call to a cluster of Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// HTTP.
    Http {
        /// The cluster's name.
        cluster: String,
        /// `:method`, `:path`, `:authority` and whatever else; values are bytes.
        headers: Vec<(String, Vec<u8>)>,
        /// The body, possibly empty.
        body: Vec<u8>,
        /// Milliseconds; 0 would wait for ever and is taken as 1.
        timeout_ms: u32,
    },
    /// gRPC, unary.
    Grpc {
        /// The cluster's name.
        cluster: String,
        /// Fully qualified service (`envoy.service.ratelimit.v3.RateLimitService`).
        service: String,
        /// Method.
        method: String,
        /// Serialised request.
        message: Vec<u8>,
        /// Milliseconds.
        timeout_ms: u32,
    },
}

/// What came back from a call.
#[derive(Clone, Debug)]
pub enum CallAnswer {
    /// A response, whatever its status. Envoy answers 503 for a refused connection and 504 for a timeout itself.
    Http {
        /// Headers with `:status`.
        headers: HeaderMap,
        /// The body.
        body: Vec<u8>,
    },
    /// The message of a unary gRPC call that ended with status 0.
    Grpc(Vec<u8>),
    /// No such cluster, no host, or a gRPC status other than 0.
    Failed {
        /// The gRPC status, or 0 where there is none.
        grpc_status: u32,
    },
}

/// Callbacks of the host that not every control needs: a module has those that its controls take part in, as each is
/// half a microsecond of every request. The request's headers are there for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// [`Verdict::HoldBody`] and [`Verdict::HoldUnread`] on a request, and [`Control::request_chunk`].
    RequestBody,
    /// [`Control::request_trailers`]; also for a control with [`Control::identity_headers`] or
    /// [`Control::forwarded_headers`], which no trailer may name.
    RequestTrailers,
    /// [`Control::response_headers`].
    ResponseHeaders,
    /// [`Verdict::Inspect`], and [`Control::response_chunk`].
    ResponseBody,
    /// [`Verdict::Call`] and [`Verdict::Wait`], and jobs that call.
    Calls,
    /// [`Control::log`].
    Log,
}

impl Phase {
    /// All of them.
    pub const ALL: &'static [Phase] = &[
        Phase::RequestBody,
        Phase::RequestTrailers,
        Phase::ResponseHeaders,
        Phase::ResponseBody,
        Phase::Calls,
        Phase::Log,
    ];

    /// True if this phase is one of them.
    #[must_use]
    pub const fn is_in(self, mut phases: &[Phase]) -> bool {
        while let Some((first, rest)) = phases.split_first() {
            if *first as u8 == self as u8 {
                return true;
            }
            phases = rest;
        }
        false
    }

    /// True if each of the first is one of the second.
    #[must_use]
    pub const fn all_in(mut needed: &[Phase], phases: &[Phase]) -> bool {
        while let Some((first, rest)) = needed.split_first() {
            if !first.is_in(phases) {
                return false;
            }
            needed = rest;
        }
        true
    }
}

/// A control: a compiled configuration that decides. Pure: the same value runs under every engine.
///
/// Phases are asked in the order of the request. A control asks for nothing that its verdict does not need: each view
/// of the [`Exchange`] is read from the host when first looked at.
pub trait Control: Sized + 'static {
    /// Name of the control and its module (`jwt-auth`).
    const NAME: &'static str;
    /// Where it is asked about a request; more than one for rate-limiting alone.
    const PLACES: &'static [Place];
    /// Where it is asked about a response; `None`: never.
    const RESPONSE_PLACE: Option<ResponsePlace> = None;
    /// What it takes part in beside the request's headers. A verdict that needs another phase is an internal fault, and
    /// a module without the phase does not compile.
    const PHASES: &'static [Phase] = Phase::ALL;
    /// True for controls that say who is calling: their routes must not depend on headers that the client chooses.
    const AUTHENTICATES: bool = false;
    /// True if `consumers` is a field of its own module.
    const USES_CONSUMERS: bool = false;
    /// The closed list of its refusals.
    const REASONS: &'static [&'static Reason];
    /// The closed list of what else it counts (`[a-z0-9_]+`).
    const COUNTERS: &'static [&'static str] = &[];
    /// Its families of counters.
    const FAMILIES: &'static [&'static CounterFamily] = &[];
    /// What it remembers of one request between phases.
    type State: Default + 'static;

    /// Compiles its fields into a value that can only be valid; every mistake becomes a fault of its node.
    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self>;

    /// Compiles a list of sets of fields, for a control that may be configured more than once.
    fn compile_list(node: &Node<'_>, _items: &[Node<'_>], _site: &Site<'_>) -> Option<Self> {
        node.fault("expected an object, but found a list");
        None
    }

    /// True if this configuration has something to decide at one of [`Control::PLACES`].
    fn decides_at(&self, _place: Place) -> bool {
        true
    }

    /// Headers that it may set to say who is calling: removed from every incoming request.
    fn identity_headers(&self) -> Vec<FieldName> {
        Vec::new()
    }

    /// Headers into which it puts what a client chose, under another name: none of them may say who is calling, of any
    /// control on any route.
    fn client_headers(&self) -> Vec<FieldName> {
        Vec::new()
    }

    /// True if a request also passes without a valid credential (`anonymous`): then it is no alternative to others.
    fn lets_anybody_pass(&self) -> bool {
        false
    }

    /// Headers by which trusted proxies say who is calling: removed from every request of anybody else.
    fn forwarded_headers(&self) -> Vec<Forwarded> {
        Vec::new()
    }

    /// True if it may answer [`Verdict::HoldBody`] or [`Verdict::HoldUnread`] on a request.
    fn may_hold_request(&self) -> bool {
        false
    }

    /// How it looks at the bodies of responses, if it may answer [`Verdict::Inspect`]: then the upstream is asked for the
    /// whole body in `identity` encoding, or the client would choose what is looked at.
    fn inspects_response(&self) -> Option<Inspection> {
        None
    }

    /// True if this configuration has something to decide at [`Control::RESPONSE_PLACE`].
    fn decides_on_responses(&self) -> bool {
        true
    }

    /// True if [`Control::request_chunk`] is wanted.
    fn observes_request(&self) -> bool {
        false
    }

    /// True if [`Control::response_chunk`] is wanted.
    fn observes_response(&self) -> bool {
        false
    }

    /// The request's headers are there. `end`: there is no body.
    fn request_headers(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _end: bool,
    ) -> Verdict {
        Verdict::Continue
    }

    /// The answer to the control's call is there.
    fn call_done(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _answer: &CallAnswer,
    ) -> Verdict {
        Verdict::Continue
    }

    /// A job has something new, or the time that the request would wait is over.
    fn woken(&self, _exchange: &mut Exchange, _state: &mut Self::State) -> Verdict {
        Verdict::from(Common::Internal)
    }

    /// The held body is there.
    fn request_body(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _body: Body<'_>,
    ) -> Verdict {
        Verdict::Continue
    }

    /// Another alternative (`any_of`) found out who is calling, and this control was not asked, or refused and was
    /// undone: it takes away the credentials that it would have taken away itself. What nobody accepted must not look
    /// accepted to an upstream that trusts us to have checked.
    fn stand_back(&self, _exchange: &mut Exchange) {}

    /// Bytes of the body passed by, or were added to what is held; `total` since its beginning. The bytes themselves are
    /// [`Exchange::request_chunk`]. Only `Continue` and `Refuse` are possible.
    fn request_chunk(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _total: u64,
        _end: bool,
    ) -> Verdict {
        Verdict::Continue
    }

    /// The request's trailers are there. Only `Continue` and `Refuse` are possible.
    fn request_trailers(&self, _exchange: &mut Exchange, _state: &mut Self::State) -> Verdict {
        Verdict::Continue
    }

    /// The response's headers are there: the upstream's, the router's or our own reply's. `end`: there is no body.
    fn response_headers(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _end: bool,
    ) -> Verdict {
        Verdict::Continue
    }

    /// The held response body is there, as earlier controls left it. What is put in its place by
    /// [`Exchange::replace_response_body`] stands for later ones.
    fn response_body(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _body: Body<'_>,
    ) -> Verdict {
        Verdict::Continue
    }

    /// Bytes of the response passed by. Only `Continue` and `Refuse` are possible.
    fn response_chunk(
        &self,
        _exchange: &mut Exchange,
        _state: &mut Self::State,
        _total: u64,
        _end: bool,
    ) -> Verdict {
        Verdict::Continue
    }

    /// The exchange is over. Asked of every control, also where an earlier one refused.
    fn log(&self, _exchange: &mut Exchange, _state: &mut Self::State) {}

    /// What it runs whose version an operator wants to know, by kind (`ruleset`) and version: a gauge
    /// `portcullis.<control>.<kind>.<version>` is 1 while it does.
    fn versions(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What it does in the background.
    fn jobs(&self) -> Vec<Job> {
        Vec::new()
    }

    /// Something happened to one of its jobs.
    fn job(
        &self,
        _name: &str,
        _event: JobEvent<'_>,
        _surroundings: &dyn Surroundings,
        _report: &mut Report,
    ) -> JobStep {
        JobStep::Done
    }
}
