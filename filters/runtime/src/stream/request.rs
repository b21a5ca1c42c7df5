//! The request's side: strip, route, ask in order, wait, apply all changes once.

use std::rc::Rc;

use portcullis_control::control::{Body, CallAnswer, Phase, Verdict};
use portcullis_control::exchange::IDENTITY_STATE;
use portcullis_control::headers::{Edit, FieldName, FieldValue, covers};
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};
use portcullis_control::program::{BodyHold, Settings};

use super::aftermath::Aftermath;
use super::outcome::Decided;
use super::{BodyFlow, HeadersFlow, Stream, Wait};
use crate::host::Direction;

impl Stream {
    /// The request's headers came. `end`: there is no body.
    pub fn request_headers(&mut self, end: bool) -> HeadersFlow {
        self.exchange.forget_time();
        self.request.ended = end;
        self.strip_identity_headers();
        let settings = self.module.settings();
        match settings.route(&mut self.exchange) {
            Ok(0) => {}
            Ok(route) => match self.module.program.chains.get(route) {
                Some(chain) => {
                    self.chain = Rc::clone(chain);
                    self.states.clear();
                }
                None => return self.refuse_here(Common::Internal),
            },
            Err(reason) => return self.refuse_here(reason),
        }
        self.run_request(Ask::RequestHeaders { end });
        if !matches!(self.request.wait, Wait::Passed) {
            self.exchange.request_changes().pause();
        }
        match self.request.wait {
            Wait::Passed => HeadersFlow::Continue,
            Wait::Call(_) | Wait::News { .. }
                if self.chain.may_hold_from(self.request.position) =>
            {
                HeadersFlow::Hold
            }
            Wait::Call(_) | Wait::News { .. } | Wait::Answered => {
                self.request.stopped = true;
                HeadersFlow::Stop
            }
            Wait::Body { .. } if settings.body_hold == BodyHold::Stream => {
                self.apply_request_edits();
                HeadersFlow::Continue
            }
            Wait::Nothing | Wait::Body { .. } | Wait::Discard => HeadersFlow::Hold,
        }
    }

    /// A part of the request's body came: `size` bytes are visible, all of them if they are held.
    pub fn request_body(&mut self, size: usize, end: bool) -> BodyFlow {
        self.exchange.forget_time();
        self.request.ended |= end;
        let held = self.request.see(size);
        self.exchange.set_request_chunk(held..size);
        self.observe_request(end);
        self.exchange.set_request_chunk(0..0);
        let flow = self.request_body_flow(size);
        self.request.after(flow, size)
    }

    fn request_body_flow(&mut self, size: usize) -> BodyFlow {
        self.judge_held_body(size);
        // What passed is no longer held: what comes is more, and not all of it.
        self.request.holding = !matches!(self.request.wait, Wait::Passed);
        if self.request.holding { BodyFlow::Hold } else { BodyFlow::Continue }
    }

    /// The request's trailers came: they end the body, whatever the last part of it said.
    pub fn request_trailers(&mut self) -> BodyFlow {
        self.exchange.forget_time();
        self.request.ended = true;
        self.request.trailers = true;
        self.exchange.set_request_trailers();
        self.request.aftermath = Aftermath::Over;
        self.strip_identity_trailers();
        let held = usize::try_from(self.request.total).unwrap_or(usize::MAX);
        let flow = self.request_body_flow(held);
        if flow == BodyFlow::Continue {
            self.ask_about_trailers();
        }
        if matches!(self.request.wait, Wait::Passed) { BodyFlow::Continue } else { BodyFlow::Hold }
    }

    /// The token of the call that the request waits for.
    #[must_use]
    pub fn awaited_call(&self) -> Option<u32> {
        match self.request.wait {
            Wait::Call(token) => Some(token),
            _ => None,
        }
    }

    /// Until when the request waits for something new from a job; 0 where something waits for the next tick.
    #[must_use]
    pub fn waits_until(&self) -> Option<u64> {
        if self.has_parked() {
            return Some(0);
        }
        match self.request.wait {
            Wait::News { until } => Some(until),
            _ => None,
        }
    }

    /// The answer to a call came.
    pub fn call_done(&mut self, answer: &CallAnswer) {
        if self.awaited_call().is_some() {
            self.go_on(Ask::CallDone(answer));
        }
    }

    /// A job has something new, or the waiting is over.
    pub fn woken(&mut self) {
        self.release_parked();
        if matches!(self.request.wait, Wait::News { .. }) {
            self.go_on(Ask::Woken);
        }
    }

    fn go_on(&mut self, ask: Ask<'_>) {
        self.exchange.forget_time();
        self.run_request(ask);
        if self.request.ended {
            self.judge_held_body(usize::try_from(self.request.total).unwrap_or(usize::MAX));
        }
        if matches!(self.request.wait, Wait::Passed) {
            self.resume(Direction::Request);
        }
    }

    /// Asks controls from the current position on, until one waits or answers or all have passed.
    fn run_request(&mut self, ask: Ask<'_>) {
        let mut verdict = self.ask_current(ask);
        while let Some(current) = verdict {
            verdict = self.follow(current);
        }
    }

    /// Asks the control at the current position; `None` if there is none any more, and then the request passes.
    pub(super) fn ask_current(&mut self, ask: Ask<'_>) -> Option<Verdict> {
        match self.chain.request().get(self.request.position).copied() {
            Some((place, index)) => {
                self.begin_attempt();
                Some(self.ask(index, place, ask))
            }
            None => {
                self.pass_request();
                None
            }
        }
    }

    /// Does what a verdict says. Returns the next verdict, or `None` if the chain came to a stop.
    fn follow(&mut self, verdict: Verdict) -> Option<Verdict> {
        let (name, mode) = self.name_and_mode(self.current_index());
        match verdict {
            Verdict::Continue => {
                if mode == Mode::Enforce {
                    self.module.metrics.count_allowed(name);
                    self.take_over_request_body();
                }
                if self.is_at_alternative() { self.accept_alternative(mode) } else { self.next() }
            }
            Verdict::Refuse(refusal) if self.is_at_alternative() => self.hand_on(refusal),
            Verdict::Refuse(refusal) => self.stop_with(Decided::Refusal(name, refusal), mode),
            Verdict::Reply(reply) => self.stop_with(Decided::Reply(name, reply), mode),
            // A control that did not say so: nobody would tell us of the answer or the body, and passing would be unread.
            Verdict::Call(_) | Verdict::Wait { .. }
                if !self.takes_part(self.current_index(), Phase::Calls) =>
            {
                Some(Verdict::from(Common::Internal))
            }
            Verdict::HoldBody { .. } | Verdict::HoldUnread { .. }
                if !self.takes_part(self.current_index(), Phase::RequestBody) =>
            {
                Some(Verdict::from(Common::Internal))
            }
            Verdict::Call(call) => match self.host.call(&call) {
                Ok(token) => {
                    self.request.wait = Wait::Call(token);
                    None
                }
                Err(_) => self.ask_current(Ask::CallDone(&CallAnswer::Failed { grpc_status: 0 })),
            },
            // In shadow mode nobody waits: what is not decided yet is not counted either.
            Verdict::Wait { .. } if mode == Mode::Shadow && self.is_at_alternative() => {
                self.skip_alternative()
            }
            Verdict::Wait { .. } if mode == Mode::Shadow => self.next(),
            Verdict::Wait { until } => {
                self.request.wait = Wait::News { until };
                None
            }
            // Of responses alone.
            Verdict::Inspect => Some(Verdict::from(Common::Internal)),
            Verdict::HoldBody { max } => self.want_request_body(max, true),
            Verdict::HoldUnread { max } => self.want_request_body(max, false),
        }
    }

    /// The slot of the current position; none has the index behind the last.
    pub(super) fn current_index(&self) -> usize {
        self.chain.request().get(self.request.position).map_or(usize::MAX, |(_, index)| *index)
    }

    fn next(&mut self) -> Option<Verdict> {
        self.request.position = self.request.position.saturating_add(1);
        self.ask_current(Ask::RequestHeaders { end: self.has_no_body() })
    }

    /// What a control is told that is asked now: a body may have come and ended while an earlier one waited.
    pub(super) fn has_no_body(&self) -> bool {
        self.request.ended && self.request.total == 0
    }

    pub(super) fn stop_with(&mut self, decided: Decided, mode: Mode) -> Option<Verdict> {
        match self.decided(decided, mode) {
            Some(decided) => {
                self.answer_request(decided);
                None
            }
            None => self.next(),
        }
    }

    fn refuse_here(&mut self, reason: Common) -> HeadersFlow {
        let decided = Decided::Refusal(self.module.name, Box::new(reason.into()));
        if let Some(decided) = self.decided(decided, Mode::Enforce) {
            self.answer_request(decided);
        }
        HeadersFlow::Stop
    }

    /// A control wants the body: it gets what is there, nothing where there never is one, or waits.
    fn want_request_body(&mut self, max: usize, read: bool) -> Option<Verdict> {
        if let Some(body) = self.request.body.take() {
            let complete = body.len() <= max;
            let bytes = body.get(..max.min(body.len())).unwrap_or_default();
            let verdict = self.ask_about_body(Body { bytes, complete });
            self.keep_request_body(body);
            return verdict;
        }
        if self.exchange.is_stream() {
            return self.ask_about_body(Body { bytes: &[], complete: false });
        }
        if self.has_no_body() {
            return self.ask_about_body(Body { bytes: &[], complete: true });
        }
        // A control that did not announce it: waiting would be for ever, and passing would be unread.
        if self.request.stopped {
            return Some(Verdict::from(Common::Internal));
        }
        self.request.wait = Wait::Body { max: max.max(1), read };
        None
    }

    /// Asks the current control about a body. One that wants no more than it was shown would ask for ever.
    fn ask_about_body(&mut self, body: Body<'_>) -> Option<Verdict> {
        let verdict = self.ask_current(Ask::RequestBody(body))?;
        let all = body.complete || self.exchange.is_stream();
        match verdict {
            Verdict::HoldBody { max } | Verdict::HoldUnread { max }
                if all || max <= body.bytes.len() =>
            {
                Some(Verdict::from(Common::Internal))
            }
            verdict => Some(verdict),
        }
    }

    /// Asks those that wait for the body, of which `held` bytes are there, as long as that is enough for one of them.
    fn judge_held_body(&mut self, held: usize) {
        while let Wait::Body { max, read } = self.request.wait
            && (self.request.ended || held > max)
        {
            if read {
                let bytes = self.host.body(Direction::Request, max.min(held));
                self.judge_request_body(bytes.ok(), held <= max);
            } else {
                self.judge_unread_body(held <= max);
            }
        }
    }

    /// Asks a control that only wanted to wait for it. One that wants it again would ask for ever.
    fn judge_unread_body(&mut self, complete: bool) {
        self.request.wait = Wait::Nothing;
        let mut verdict = self.ask_current(Ask::RequestBody(Body { bytes: &[], complete }));
        if let Some(Verdict::HoldBody { .. } | Verdict::HoldUnread { .. }) = verdict {
            verdict = Some(Verdict::from(Common::Internal));
        }
        while let Some(current) = verdict {
            verdict = self.follow(current);
        }
    }

    /// Asks the waiting control about the held body and goes on.
    fn judge_request_body(&mut self, bytes: Option<Vec<u8>>, complete: bool) {
        self.request.wait = Wait::Nothing;
        let mut verdict = match bytes {
            Some(bytes) => {
                let verdict = self.ask_about_body(Body { bytes: &bytes, complete });
                if complete {
                    self.keep_request_body(bytes);
                }
                verdict
            }
            // A body that cannot be read was not judged: it does not pass.
            None => Some(Verdict::from(Common::Internal)),
        };
        while let Some(current) = verdict {
            verdict = self.follow(current);
        }
    }

    /// Later controls need not wait for the body.
    fn keep_request_body(&mut self, body: Vec<u8>) {
        if !matches!(self.request.wait, Wait::Passed | Wait::Answered) {
            self.request.body = Some(body);
        }
    }

    /// Later controls see the body as it will go upstream: what the one that let the request pass made of it.
    fn take_over_request_body(&mut self) {
        if let Some(replaced) = self.exchange.take_request_body() {
            self.request.replaced = true;
            self.request.body = Some(replaced);
        }
    }

    /// Every control has let the request pass: all changes are made now, once.
    fn pass_request(&mut self) {
        self.request.wait = Wait::Passed;
        if let Some(body) = self.request.body.take().filter(|_| self.request.replaced) {
            self.forget_request_digests();
            let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
            let name = FieldName::from_static("content-length");
            // HTTP/1.1 has no trailers behind a body of a length that is told: where none was, none is added.
            let told = !self.request.trailers
                || self.exchange.request_headers().first(name.as_str()).is_some();
            if self.host.set_body(Direction::Request, &body).is_ok() && told {
                self.exchange.edit_request_always(Edit::Set(name, FieldValue::from_number(length)));
            }
        }
        if let Some(wanted) = self.chain.wants_whole_response() {
            self.ask_for_whole_response(wanted);
        }
        self.apply_request_edits();
        self.write_identity();
        self.write_notes();
    }

    fn apply_request_edits(&mut self) {
        self.tell(Direction::Request);
    }

    /// Between separate modules an identity, and the names of its headers, travel in filter state.
    fn write_identity(&mut self) {
        if self.module.program.settings.gateway || self.identity_written {
            return;
        }
        let Some(identity) = self.exchange.own_identity() else {
            return;
        };
        // Those of an earlier module's identity are gone: this one counts, whole.
        let own = self.module.program.settings.identity_headers.names().iter();
        let mut state = identity.to_wire().to_vec();
        for (index, name) in own.enumerate() {
            state.push(if index == 0 { b'\n' } else { b',' });
            state.extend_from_slice(name.as_str().as_bytes());
        }
        self.identity_written = self.host.set_property(IDENTITY_STATE, &state).is_ok();
    }

    /// Removes headers by which a client could claim to be somebody, in every mode and on every route. What an earlier
    /// module of ours set stays.
    fn strip_identity_headers(&mut self) {
        let settings = self.module.settings();
        if settings.nothing_names_caller() {
            return;
        }
        let names = self.exchange.request_headers().names(|name| settings.names_caller(name));
        for name in names {
            if !self.may_stay(&settings, name.as_str().as_bytes()) {
                self.exchange.edit_request_always(Edit::Remove(name));
            }
        }
    }

    /// True if a field that says who is calling is none of the client's: a trusted proxy sent it, or an earlier module of
    /// ours set it.
    fn may_stay(&self, settings: &Settings, name: &[u8]) -> bool {
        if settings.identity_headers.covers(name) {
            let earlier = self.exchange.headers_of_earlier_modules();
            return earlier.iter().any(|own| covers(own, name));
        }
        let mut forwarded = settings.forwarded_headers.iter().filter(|header| header.covers(name));
        forwarded.all(|header| header.admits(name, self.exchange.peer_address()))
    }

    fn strip_identity_trailers(&mut self) {
        let settings = self.module.settings();
        if settings.nothing_names_caller() {
            return;
        }
        let trailers = self.exchange.request_trailers();
        for name in trailers.names(|name| settings.names_caller(name)) {
            let _ = self.host.remove_trailer(Direction::Request, name.as_str());
        }
    }

    /// Tells the controls that watch how much of the body passed.
    fn observe_request(&mut self, end: bool) {
        let chain = Rc::clone(&self.chain);
        for index in chain.request_observers() {
            if matches!(self.request.wait, Wait::Answered) {
                return;
            }
            let total = self.request.total;
            let verdict = self.ask(*index, Place::Afterwards, Ask::RequestChunk { total, end });
            self.follow_late(*index, verdict);
        }
    }

    fn ask_about_trailers(&mut self) {
        let chain = Rc::clone(&self.chain);
        for (position, (place, index)) in chain.request().iter().enumerate() {
            if matches!(self.request.wait, Wait::Answered) {
                return;
            }
            if self.is_out(position) {
                continue;
            }
            let verdict = self.ask(*index, *place, Ask::RequestTrailers);
            self.follow_late(*index, verdict);
        }
    }

    /// After the chain only a refusal counts.
    fn follow_late(&mut self, index: usize, verdict: Verdict) {
        let Some((name, mode)) = self.slot(index).map(|slot| (slot.kind.name, slot.mode)) else {
            return;
        };
        if let Verdict::Refuse(refusal) = verdict
            && let Some(decided) = self.decided(Decided::Refusal(name, refusal), mode)
        {
            if self.holds_response() {
                self.request.wait = Wait::Answered;
                self.refuse_instead_of_held(decided);
            } else {
                self.answer_request(decided);
            }
        }
    }
}
