//! Controls of different types in one chain.

use std::any::Any;
use std::rc::Rc;

use crate::config::{Node, Section};
use crate::control::{Body, CallAnswer, Control, Phase, Verdict};
use crate::counter::CounterFamily;
use crate::exchange::Exchange;
use crate::headers::{FieldName, Forwarded};
use crate::inspection::Inspection;
use crate::job::{Job, JobEvent, JobStep, Report};
use crate::place::{Place, ResponsePlace};
use crate::program::Site;
use crate::reasons;
use crate::refusal::Reason;
use crate::surroundings::Surroundings;

reasons! {
    /// What the runtime itself refuses, on behalf of any control.
    pub enum Common {
        /// Servers disagree on what the path names.
        AmbiguousPath = (400, "ambiguous_path", "Bad request"),
        /// A part of ours failed; nothing was decided, so nothing passes.
        Internal = (503, "internal", "Service unavailable"),
    }
}

/// What is asked of a request or response.
#[derive(Debug)]
pub enum Ask<'a> {
    /// See [`Control::request_headers`].
    RequestHeaders {
        /// No body follows.
        end: bool,
    },
    /// See [`Control::call_done`].
    CallDone(&'a CallAnswer),
    /// See [`Control::woken`].
    Woken,
    /// See [`Control::request_body`].
    RequestBody(Body<'a>),
    /// See [`Control::stand_back`]; the verdict is ignored.
    StandBack,
    /// See [`Control::request_chunk`].
    RequestChunk {
        /// Bytes since the beginning.
        total: u64,
        /// The last one.
        end: bool,
    },
    /// See [`Control::request_trailers`].
    RequestTrailers,
    /// See [`Control::response_headers`].
    ResponseHeaders {
        /// No body follows.
        end: bool,
    },
    /// See [`Control::response_body`].
    ResponseBody(Body<'a>),
    /// See [`Control::response_chunk`].
    ResponseChunk {
        /// Bytes since the beginning.
        total: u64,
        /// The last one.
        end: bool,
    },
    /// See [`Control::log`]; the verdict is ignored.
    Log,
}

/// A [`Control`] whose type is forgotten.
pub trait Policy {
    /// A fresh state for one request.
    fn state(&self) -> Box<dyn Any>;
    /// Asks the control.
    fn ask(&self, exchange: &mut Exchange, state: &mut dyn Any, ask: Ask<'_>) -> Verdict;
    /// See [`Control::decides_at`].
    fn decides_at(&self, place: Place) -> bool;
    /// See [`Control::identity_headers`].
    fn identity_headers(&self) -> Vec<FieldName>;
    /// See [`Control::client_headers`].
    fn client_headers(&self) -> Vec<FieldName>;
    /// See [`Control::lets_anybody_pass`].
    fn lets_anybody_pass(&self) -> bool;
    /// See [`Control::forwarded_headers`].
    fn forwarded_headers(&self) -> Vec<Forwarded>;
    /// See [`Control::may_hold_request`].
    fn may_hold_request(&self) -> bool;
    /// See [`Control::inspects_response`].
    fn inspects_response(&self) -> Option<Inspection>;
    /// See [`Control::decides_on_responses`].
    fn decides_on_responses(&self) -> bool;
    /// See [`Control::observes_request`].
    fn observes_request(&self) -> bool;
    /// See [`Control::observes_response`].
    fn observes_response(&self) -> bool;
    /// See [`Control::versions`].
    fn versions(&self) -> Vec<(&'static str, String)>;
    /// See [`Control::jobs`].
    fn jobs(&self) -> Vec<Job>;
    /// See [`Control::job`].
    fn job(
        &self,
        name: &str,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep;
}

impl<C: Control> Policy for C {
    fn state(&self) -> Box<dyn Any> {
        Box::new(C::State::default())
    }

    fn ask(&self, exchange: &mut Exchange, state: &mut dyn Any, ask: Ask<'_>) -> Verdict {
        let Some(state) = state.downcast_mut::<C::State>() else {
            return Verdict::from(Common::Internal);
        };
        match ask {
            Ask::RequestHeaders { end } => self.request_headers(exchange, state, end),
            Ask::CallDone(answer) => self.call_done(exchange, state, answer),
            Ask::Woken => self.woken(exchange, state),
            Ask::RequestBody(body) => self.request_body(exchange, state, body),
            Ask::StandBack => {
                self.stand_back(exchange);
                Verdict::Continue
            }
            Ask::RequestChunk { total, end } => self.request_chunk(exchange, state, total, end),
            Ask::RequestTrailers => self.request_trailers(exchange, state),
            Ask::ResponseHeaders { end } => self.response_headers(exchange, state, end),
            Ask::ResponseBody(body) => self.response_body(exchange, state, body),
            Ask::ResponseChunk { total, end } => self.response_chunk(exchange, state, total, end),
            Ask::Log => {
                self.log(exchange, state);
                Verdict::Continue
            }
        }
    }

    fn decides_at(&self, place: Place) -> bool {
        Control::decides_at(self, place)
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        Control::identity_headers(self)
    }

    fn client_headers(&self) -> Vec<FieldName> {
        Control::client_headers(self)
    }

    fn lets_anybody_pass(&self) -> bool {
        Control::lets_anybody_pass(self)
    }

    fn forwarded_headers(&self) -> Vec<Forwarded> {
        Control::forwarded_headers(self)
    }

    fn may_hold_request(&self) -> bool {
        Control::may_hold_request(self)
    }

    fn inspects_response(&self) -> Option<Inspection> {
        Control::inspects_response(self)
    }

    fn decides_on_responses(&self) -> bool {
        Control::decides_on_responses(self)
    }

    fn observes_request(&self) -> bool {
        Control::observes_request(self)
    }

    fn observes_response(&self) -> bool {
        Control::observes_response(self)
    }

    fn versions(&self) -> Vec<(&'static str, String)> {
        Control::versions(self)
    }

    fn jobs(&self) -> Vec<Job> {
        Control::jobs(self)
    }

    fn job(
        &self,
        name: &str,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep {
        Control::job(self, name, event, surroundings, report)
    }
}

type Compiled = Option<Rc<dyn Policy>>;

/// What is known of a control before it has a configuration.
#[derive(Clone, Copy)]
pub struct Kind {
    /// See [`Control::NAME`].
    pub name: &'static str,
    /// See [`Control::PLACES`].
    pub places: &'static [Place],
    /// See [`Control::RESPONSE_PLACE`].
    pub response_place: Option<ResponsePlace>,
    /// See [`Control::PHASES`].
    pub phases: &'static [Phase],
    /// See [`Control::AUTHENTICATES`].
    pub authenticates: bool,
    /// See [`Control::USES_CONSUMERS`].
    pub uses_consumers: bool,
    /// See [`Control::REASONS`].
    pub reasons: &'static [&'static Reason],
    /// See [`Control::COUNTERS`].
    pub counters: &'static [&'static str],
    /// See [`Control::FAMILIES`].
    pub families: &'static [&'static CounterFamily],
    /// Compiles an object's fields.
    pub compile: fn(&mut Section<'_>, &Site<'_>) -> Compiled,
    /// Compiles a list of sets of fields.
    pub compile_list: fn(&Node<'_>, &[Node<'_>], &Site<'_>) -> Compiled,
}

impl Kind {
    /// The kind of a control.
    #[must_use]
    pub const fn of<C: Control>() -> Self {
        const {
            let judges_responses = C::RESPONSE_PLACE.is_some();
            assert!(!judges_responses || Phase::ResponseHeaders.is_in(C::PHASES));
        }
        Kind {
            name: C::NAME,
            places: C::PLACES,
            response_place: C::RESPONSE_PLACE,
            phases: C::PHASES,
            authenticates: C::AUTHENTICATES,
            uses_consumers: C::USES_CONSUMERS,
            reasons: C::REASONS,
            counters: C::COUNTERS,
            families: C::FAMILIES,
            compile: |section, site| {
                C::compile(section, site).map(|control| Rc::new(control) as Rc<dyn Policy>)
            },
            compile_list: |node, items, site| {
                C::compile_list(node, items, site).map(|control| Rc::new(control) as Rc<dyn Policy>)
            },
        }
    }

    /// True if it says who is calling, and decides nothing else about a request: such controls can be alternatives
    /// (`any_of`).
    #[must_use]
    pub fn may_be_alternative(&self) -> bool {
        !self.places.is_empty() && self.places.iter().all(|place| place.is_of_authentication())
    }

    /// True if these phases are enough for each of the controls.
    #[must_use]
    pub const fn phases_suffice(mut kinds: &[Kind], phases: &[Phase]) -> bool {
        while let Some((first, rest)) = kinds.split_first() {
            if !Phase::all_in(first.phases, phases) {
                return false;
            }
            kinds = rest;
        }
        true
    }
}
