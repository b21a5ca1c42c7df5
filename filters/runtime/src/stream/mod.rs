//! One request on its way through the chain of controls: who is asked next, what waits, what is carried out.
//!
//! Strictly in order: a control that waits for a body or an answer suspends all later ones.

mod aftermath;
mod alternatives;
mod inspection;
mod outcome;
mod request;
mod response;
mod rewrite;

use std::any::Any;
use std::rc::Rc;

use portcullis_control::control::{Phase, Verdict};
use portcullis_control::counter::Count;
use portcullis_control::exchange::{Exchange, Scene};
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};
use portcullis_control::program::{Chain, Slot};

use crate::host::{Direction, Host};
use crate::module::Module;

/// What Envoy is told about headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadersFlow {
    /// They go on.
    Continue,
    /// They are held; bodies come to us meanwhile.
    Hold,
    /// Everything stops, with backpressure on the client.
    Stop,
}

/// What Envoy is told about a part of a body, or trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFlow {
    /// It goes on, with all that was held.
    Continue,
    /// It is added to what is held.
    Hold,
    /// It is thrown away.
    Drop,
}

/// Where one direction stands.
#[derive(Debug, Default)]
enum Wait {
    /// Controls have not all been asked, and none waits.
    #[default]
    Nothing,
    /// For the answer to a call with this token.
    Call(u32),
    /// For something new from a job, until this time (nanoseconds since the epoch).
    News { until: u64 },
    /// For the body, up to so many bytes, which are then read or not.
    Body { max: usize, read: bool },
    /// For the end of a body that is thrown away: the response is being replaced.
    Discard,
    /// All controls have been asked.
    Passed,
    /// The client got our answer.
    Answered,
}

/// One direction's progress.
#[derive(Debug, Default)]
struct Progress {
    /// Which step of the chain's order is or was asked last.
    position: usize,
    wait: Wait,
    /// The body ended, or there is none.
    ended: bool,
    /// Trailers ended it.
    trailers: bool,
    /// Bytes of body that came so far.
    total: u64,
    /// Everything stopped for a call: no body comes to us before the request goes on.
    stopped: bool,
    /// The host holds the body from its beginning.
    holding: bool,
    /// The whole body, once a control wanted it.
    body: Option<Vec<u8>>,
    /// `body` is no longer what the host holds.
    replaced: bool,
    /// The host has a body that can be written now.
    writable: bool,
    /// When its body was first waited for, nanoseconds since the epoch.
    since: Option<u64>,
    /// Until when it is waited for.
    until: Option<u64>,
    /// It was not there in time.
    late: bool,
    /// Whether the host buffers what should pass.
    aftermath: aftermath::Aftermath,
}

/// A stream of the host.
pub struct Stream {
    host: Rc<dyn Host>,
    module: Rc<Module>,
    root: u32,
    exchange: Exchange,
    chain: Rc<Chain>,
    states: Vec<Option<Box<dyn Any>>>,
    request: Progress,
    response: Progress,
    /// The upstream's response is being replaced by this refusal.
    replacement: Option<outcome::Decided>,
    /// Alternatives are being asked, or have been.
    attempt: Option<Box<alternatives::Attempt>>,
    /// An identity of ours is in filter state already.
    identity_written: bool,
}

impl Stream {
    /// A stream of which nothing is known yet; it stands on the base until its route is found.
    #[must_use]
    pub fn new(host: Rc<dyn Host>, module: Rc<Module>, root: u32) -> Self {
        let chain = module.program.chains.first().map(Rc::clone).unwrap_or_default();
        let exchange = Exchange::new(Rc::<dyn Host>::clone(&host) as _, module.settings());
        Stream {
            host,
            module,
            root,
            exchange,
            chain,
            states: Vec::new(),
            request: Progress::default(),
            response: Progress::default(),
            replacement: None,
            attempt: None,
            identity_written: false,
        }
    }

    /// The context of its configuration.
    #[must_use]
    pub const fn root(&self) -> u32 {
        self.root
    }

    /// Asks one control of the chain.
    fn ask(&mut self, index: usize, place: Place, ask: Ask<'_>) -> Verdict {
        let chain = Rc::clone(&self.chain);
        let Some(slot) = chain.slots().get(index) else {
            return Verdict::from(Common::Internal);
        };
        if self.states.is_empty() {
            // At once with the room that they need: growing is code that nothing else here passes.
            self.states = std::iter::repeat_with(|| None).take(chain.slots().len()).collect();
        }
        let Some(state) = self.states.get_mut(index) else {
            return Verdict::from(Common::Internal);
        };
        let state = state.get_or_insert_with(|| slot.policy.state());
        self.exchange.enter(Scene { control: slot.kind.name, place, mode: slot.mode });
        let verdict = slot.policy.ask(&mut self.exchange, &mut **state, ask);
        if !self.is_on_trial(place) {
            self.hand_over_counts();
        }
        if self.exchange.missed_client_address() {
            self.module.journal.unknown_address(&*self.host);
        }
        verdict
    }

    fn hand_over_counts(&mut self) {
        if self.exchange.has_counted_nothing() {
            return;
        }
        for (control, count) in self.exchange.take_counts() {
            match count {
                Count::Name(name) => self.module.metrics.count(control, name),
                Count::Member(family, member) => {
                    self.module.metrics.count_member(&*self.host, control, family, &member);
                }
            }
        }
    }

    /// Tells the host of all changes of headers that it does not know yet.
    fn tell(&mut self, direction: Direction) {
        let changes = match direction {
            Direction::Request => self.exchange.request_changes(),
            Direction::Response => self.exchange.response_changes(),
        };
        for edit in changes.untold() {
            let _ = self.host.edit_headers(direction, edit);
        }
        changes.set_told();
    }

    fn slot(&self, index: usize) -> Option<&Slot> {
        self.chain.slots().get(index)
    }

    fn name_and_mode(&self, index: usize) -> (&'static str, Mode) {
        self.slot(index)
            .map_or((self.module.name, Mode::Enforce), |slot| (slot.kind.name, slot.mode))
    }

    fn takes_part(&self, index: usize, phase: Phase) -> bool {
        self.slot(index).is_some_and(|slot| phase.is_in(slot.kind.phases))
    }

    /// The exchange is over: every control hears of it.
    pub fn log(&mut self) {
        self.exchange.forget_time();
        for index in 0..self.chain.slots().len() {
            let _ = self.ask(index, Place::Afterwards, Ask::Log);
        }
        self.write_notes();
    }
}
