//! The control itself: what is too large by its headers, and what turns out to be while it passes.

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

use crate::config;
use crate::head::Head;
use crate::length::Length;
use crate::reason::Refused;
use crate::watch::{Watch, Within};

/// Counted and noted: a response over its limit that passed.
const LARGE_RESPONSE: &str = "large_response";

/// Bounds the size of requests and responses, and of their parts.
#[derive(Debug)]
pub struct RequestSizeLimiting {
    /// Bytes of a request's body.
    pub(crate) limit: u64,
    pub(crate) require_content_length: bool,
    pub(crate) hold: bool,
    pub(crate) head: Head,
    pub(crate) within: Within,
    pub(crate) response: Option<ResponseLimit>,
}

/// How large a response may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseLimit {
    /// Bytes of its body.
    pub(crate) limit: u64,
    /// Larger ones pass and are counted.
    pub(crate) count: bool,
}

/// What is remembered of a request.
#[derive(Default)]
pub struct Passing {
    request: Request,
    /// The response is over its limit, and that has been said.
    large_response: bool,
}

#[derive(Default)]
enum Request {
    /// Nothing was looked at yet.
    #[default]
    New,
    /// Its body passes.
    Watched(Watch),
    /// Nothing more is to be said: it has no body, or is over a limit already.
    Over,
    /// What passes both ways is another protocol.
    Tunnel,
}

impl Passing {
    /// The request goes on like this, or it is over.
    fn go_on(&mut self, request: Result<Request, Refused>) -> Verdict {
        let (request, verdict) = match request {
            Ok(request) => (request, Verdict::Continue),
            Err(reason) => (Request::Over, Verdict::from(reason)),
        };
        self.request = request;
        verdict
    }
}

impl RequestSizeLimiting {
    /// Judges the headers, and begins to watch the body, if there is one; also the length that they tell.
    fn begin(&self, exchange: &Exchange, end: bool) -> Result<(Request, Length), Refused> {
        if !self.head.is_empty() {
            self.head.judge(exchange)?;
        }
        if end {
            return Ok((Request::Over, Length::Untold));
        }
        let length = Length::of(exchange.peek_request_header("content-length").as_deref());
        match length {
            Length::Told(length) if length > self.limit => return Err(Refused::PayloadTooLarge),
            Length::Told(_) => {}
            // An upgrade or CONNECT has no body: what follows is another protocol.
            Length::Untold if is_tunnel(exchange) => return Ok((Request::Tunnel, length)),
            Length::Untold if self.require_content_length && !may_be_untold(exchange) => {
                return Err(Refused::LengthRequired);
            }
            Length::Untold => {}
        }
        Ok((Request::Watched(self.within.begin(exchange)?), length))
    }

    /// True if nothing may pass before the whole body has come: its size is not told, or not all that counts.
    fn holds(&self, exchange: &Exchange, watch: &Watch, length: Length) -> bool {
        self.hold && (watch.is_on() || length == Length::Untold) && !exchange.is_stream()
    }
}

fn is_tunnel(exchange: &Exchange) -> bool {
    exchange.is_stream() && !exchange.is_grpc()
}

/// A gRPC call, and a body in chunks. Envoy does not show `transfer-encoding`, but in HTTP/1.1 there is no other way.
fn may_be_untold(exchange: &Exchange) -> bool {
    let chunked = exchange.request_headers().only("transfer-encoding");
    let in_chunks = chunked.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    in_chunks
        || exchange.is_grpc()
        || exchange.property(&["request", "protocol"]).as_deref() == Some(b"HTTP/1.1")
}

/// Once a response has begun, a refusal resets the stream.
fn late(exchange: &Exchange) -> Refused {
    match exchange.property(&["response", "code"]) {
        Some(_) => Refused::CutLate,
        None => Refused::PayloadTooLarge,
    }
}

impl Control for RequestSizeLimiting {
    const NAME: &'static str = "request-size-limiting";
    const PLACES: &'static [Place] = &[Place::RequestSizeLimiting];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::RequestSizeLimiting);
    const PHASES: &'static [Phase] =
        &[Phase::RequestBody, Phase::ResponseHeaders, Phase::ResponseBody];
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[LARGE_RESPONSE];
    type State = Passing;

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        config::read(section)
    }

    fn may_hold_request(&self) -> bool {
        self.hold
    }

    fn decides_on_responses(&self) -> bool {
        self.response.is_some()
    }

    fn observes_request(&self) -> bool {
        true
    }

    fn observes_response(&self) -> bool {
        self.response.is_some()
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Passing, end: bool) -> Verdict {
        if self.response.is_some() {
            // What a refusal of the response says of its request: they are gone when it comes, but for those that somebody
            // has read.
            let _ = exchange.request_headers();
        }
        match self.begin(exchange, end) {
            Ok((Request::Watched(watch), length)) if self.holds(exchange, &watch, length) => {
                state.request = Request::Watched(watch);
                Verdict::HoldUnread { max: usize::try_from(self.limit).unwrap_or(usize::MAX) }
            }
            begun => state.go_on(begun.map(|(request, _)| request)),
        }
    }

    fn request_body(
        &self,
        _exchange: &mut Exchange,
        state: &mut Passing,
        body: Body<'_>,
    ) -> Verdict {
        // All of it was counted as it came; a host that does not tell us of each part still gets no more through.
        if body.complete || !matches!(state.request, Request::Watched(_)) {
            return Verdict::Continue;
        }
        state.request = Request::Over;
        Verdict::from(Refused::PayloadTooLarge)
    }

    fn request_chunk(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        total: u64,
        _end: bool,
    ) -> Verdict {
        // An earlier control may let bodies come before this one is asked.
        let mut request = match std::mem::take(&mut state.request) {
            Request::New => self.begin(exchange, false).map(|(request, _)| request),
            begun => Ok(begun),
        };
        if let Ok(Request::Watched(watch)) = &mut request {
            if total > self.limit {
                request = Err(late(exchange));
            } else if watch.is_on()
                && let Err(reason) = watch.take(exchange)
            {
                request = Err(reason);
            }
        }
        state.go_on(request)
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut Passing, end: bool) -> Verdict {
        let Some(limit) = self.response.filter(|_| !end && !exchange.is_own_reply()) else {
            return Verdict::Continue;
        };
        match Length::of(exchange.peek_response_header("content-length").as_deref()) {
            Length::Told(length) if length > limit.limit => {
                state.large_response = true;
                limit.exceeded(exchange, length, Refused::ResponseTooLarge)
            }
            _ => Verdict::Continue,
        }
    }

    fn response_chunk(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        total: u64,
        _end: bool,
    ) -> Verdict {
        let Some(limit) = self.response.filter(|limit| total > limit.limit) else {
            return Verdict::Continue;
        };
        let is_tunnel = matches!(state.request, Request::Tunnel);
        if state.large_response || is_tunnel || exchange.is_own_reply() {
            return Verdict::Continue;
        }
        state.large_response = true;
        limit.exceeded(exchange, total, Refused::ResponseCut)
    }
}

impl ResponseLimit {
    fn exceeded(self, exchange: &mut Exchange, bytes: u64, reason: Refused) -> Verdict {
        if !self.count {
            return Verdict::from(reason);
        }
        exchange.note(LARGE_RESPONSE, vec![("bytes", bytes.to_string())]);
        Verdict::Continue
    }
}
