//! The response's side: judge what the upstream answered, then decorate every answer.

use std::rc::Rc;

use portcullis_control::control::Verdict;
use portcullis_control::inspection::Sight;
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};
use portcullis_control::program::BodyHold;

use super::aftermath::Aftermath;
use super::outcome::Decided;
use super::{BodyFlow, HeadersFlow, Stream, Wait};
use crate::host::Direction;

/// Nanoseconds for which the end of a response is waited for that is thrown away. Most end at once, and what takes its place
/// then passes the filters outside of ours; its client must not wait for one that is long, or never ends.
const DISCARD_NANOSECONDS: u64 = 1_000_000_000;

impl Stream {
    /// The response's headers came: the upstream's, the router's or our own reply's.
    pub fn response_headers(&mut self, end: bool) -> HeadersFlow {
        self.exchange.forget_time();
        self.response.ended = end;
        self.run_response();
        match self.response.wait {
            Wait::Passed => {
                self.apply_response_edits();
                HeadersFlow::Continue
            }
            Wait::Answered => HeadersFlow::Stop,
            _ => {
                self.exchange.response_changes().pause();
                HeadersFlow::Hold
            }
        }
    }

    /// A part of the response's body came: `size` bytes are visible, all of them if they are held.
    pub fn response_body(&mut self, size: usize, end: bool) -> BodyFlow {
        self.exchange.forget_time();
        self.response.ended |= end;
        self.response.writable = true;
        self.response.see(size);
        self.observe_response(end);
        let flow = self.response_body_flow(size);
        self.response.after(flow, size)
    }

    /// The response's trailers came: they end the body.
    pub fn response_trailers(&mut self) -> BodyFlow {
        self.exchange.forget_time();
        self.response.ended = true;
        self.response.trailers = true;
        self.exchange.set_response_trailers();
        self.response.aftermath = Aftermath::Over;
        self.response.writable = self.response.holding;
        let held = usize::try_from(self.response.total).unwrap_or(usize::MAX);
        self.response_body_flow(held)
    }

    fn response_body_flow(&mut self, size: usize) -> BodyFlow {
        if matches!(self.response.wait, Wait::Passed | Wait::Answered) {
            self.response.holding = false;
            return BodyFlow::Continue;
        }
        self.judge_held_response(size);
        if matches!(self.response.wait, Wait::Discard) && self.response.ended {
            self.replace_response();
        }
        let flow = match self.response.wait {
            Wait::Passed => {
                self.apply_response_edits();
                BodyFlow::Continue
            }
            // A stream that is being closed must not go on meanwhile.
            Wait::Answered => BodyFlow::Hold,
            Wait::Discard => {
                if self.response.holding {
                    let _ = self.host.set_body(Direction::Response, &[]);
                }
                BodyFlow::Drop
            }
            _ => BodyFlow::Hold,
        };
        // What passed or was thrown away is no longer held: what comes is more, and not all of it.
        self.response.holding = flow == BodyFlow::Hold;
        flow
    }

    /// Asks controls from the current position on, until one waits or all have been asked.
    pub(super) fn run_response(&mut self) {
        while let Some(index) = self.chain.response().get(self.response.position).copied() {
            let end = self.response.ended && self.response.total == 0;
            let verdict = self.ask(index, Place::Afterwards, Ask::ResponseHeaders { end });
            if !self.follow_response(index, verdict) {
                return;
            }
        }
        self.pass_response();
    }

    /// Does what a verdict says; false if the rest of the chain waits for the body.
    pub(super) fn follow_response(&mut self, index: usize, verdict: Verdict) -> bool {
        let (name, mode) = self.name_and_mode(index);
        match verdict {
            Verdict::Continue => {}
            Verdict::Refuse(refusal) => self.replace_with(Decided::Refusal(name, refusal), mode),
            Verdict::Reply(reply) => self.replace_with(Decided::Reply(name, reply), mode),
            Verdict::Inspect => return self.inspect(index),
            // A response cannot wait for a call: nothing was decided, so nothing passes.
            Verdict::Call(_)
            | Verdict::Wait { .. }
            | Verdict::HoldBody { .. }
            | Verdict::HoldUnread { .. } => {
                self.replace_with(Decided::Refusal(name, Box::new(Common::Internal.into())), mode);
            }
        }
        self.next_response()
    }

    /// The next control is asked; always true.
    pub(super) fn next_response(&mut self) -> bool {
        self.response.position = self.response.position.saturating_add(1);
        true
    }

    fn replace_with(&mut self, decided: Decided, mode: Mode) {
        // The first judge's word counts; own replies are not judged away.
        if let Some(decided) = self.decided(decided, mode)
            && self.replacement.is_none()
            && !self.exchange.is_own_reply()
        {
            self.replacement = Some(decided);
            self.forget_content();
        }
    }

    /// All controls have been asked: changes are made once, or the response is replaced.
    pub(super) fn pass_response(&mut self) {
        if let Some(replacement) = &self.replacement {
            let at_once = self.response.ended || self.response.late || replacement.closes();
            if at_once || !self.can_wait_for_end() {
                self.replace_response();
            } else {
                self.response.until = Some(self.exchange.now().saturating_add(DISCARD_NANOSECONDS));
                self.response.wait = Wait::Discard;
            }
            return;
        }
        self.response.wait = Wait::Passed;
        self.write_response();
        self.write_notes();
    }

    /// Headers that cannot be held are not there to be rewritten when the body ends, and some never do.
    fn can_wait_for_end(&self) -> bool {
        let exchange = &self.exchange;
        self.module.program.settings.body_hold == BodyHold::Headers
            && Sight::of(exchange.method(), exchange.response_headers(), false, usize::MAX)
                != Sight::Never
    }

    pub(super) fn apply_response_edits(&mut self) {
        self.tell(Direction::Response);
    }

    /// Tells the controls that watch how much of the body came. Where headers have gone, a refusal resets the stream.
    fn observe_response(&mut self, end: bool) {
        // What is thrown away reaches nobody.
        if matches!(self.response.wait, Wait::Discard) {
            return;
        }
        let chain = Rc::clone(&self.chain);
        for index in chain.response_observers() {
            let total = self.response.total;
            let verdict = self.ask(*index, Place::Afterwards, Ask::ResponseChunk { total, end });
            let Some((name, mode)) = self.slot(*index).map(|slot| (slot.kind.name, slot.mode))
            else {
                return;
            };
            if let Verdict::Refuse(refusal) = verdict
                && let Some(decided) = self.decided(Decided::Refusal(name, refusal), mode)
            {
                self.refuse_late(decided);
                return;
            }
        }
        // Nobody else would: the response's headers have passed.
        self.write_notes();
    }

    /// Nothing of the response has gone yet. Who waits for its body will not see it; the others still decorate the answer.
    fn refuse_held(&mut self, decided: Decided) {
        self.replacement = Some(decided);
        self.forget_content();
        self.response.wait = Wait::Nothing;
        self.next_response();
        self.run_response();
    }

    /// Refuses a request in the place of its response, which is held, at once: the upstream may wait for the rest of the
    /// request.
    pub(super) fn refuse_instead_of_held(&mut self, decided: Decided) {
        self.response.late = true;
        match self.response.wait {
            // It is being refused for something else.
            Wait::Discard => self.replace_response(),
            _ => self.refuse_held(decided),
        }
    }

    fn refuse_late(&mut self, decided: Decided) {
        if matches!(self.response.wait, Wait::Body { .. }) {
            self.refuse_held(decided);
            return;
        }
        let answer = self.prepare(decided);
        self.response.wait = Wait::Answered;
        self.write_notes();
        self.send(Direction::Response, &answer);
    }
}
