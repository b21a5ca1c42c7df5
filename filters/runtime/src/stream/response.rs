//! The response's side: judge what the upstream answered, then decorate every answer.

use std::rc::Rc;

use portcullis_control::control::{Body, Phase, Verdict};
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};

use super::outcome::Decided;
use super::{BodyFlow, HeadersFlow, Stream, Wait};
use crate::host::Direction;

/// Fields that describe a body which is no longer there (RFC 9110 §8, RFC 9530).
const BODY_FIELDS: [&str; 8] = [
    "content-encoding",
    "content-md5",
    "content-digest",
    "repr-digest",
    "digest",
    "etag",
    "accept-ranges",
    "transfer-encoding",
];

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

    /// A part of the response's body came.
    pub fn response_body(&mut self, size: usize, end: bool) -> BodyFlow {
        self.exchange.forget_time();
        self.response.ended |= end;
        let seen = u64::try_from(size).unwrap_or(u64::MAX);
        self.response.total =
            if self.response.holding { seen } else { self.response.total.saturating_add(seen) };
        self.observe_response(end);
        self.response_body_flow(size)
    }

    /// The response's trailers came: they end the body.
    pub fn response_trailers(&mut self) -> BodyFlow {
        self.exchange.forget_time();
        self.response.ended = true;
        let held = usize::try_from(self.response.total).unwrap_or(usize::MAX);
        self.response_body_flow(held)
    }

    fn response_body_flow(&mut self, size: usize) -> BodyFlow {
        if let Wait::Body { max, .. } = self.response.wait {
            if self.replacement.is_some() {
                if self.response.ended {
                    self.replace_response();
                } else {
                    // What is thrown away is not kept until then: it may be more than Envoy holds.
                    let _ = self.host.set_body(Direction::Response, &[]);
                }
            } else if self.response.ended || size > max {
                let bytes = self.host.body(Direction::Response, max.min(size));
                self.judge_response_body(bytes.ok(), size <= max);
            }
        }
        if matches!(self.response.wait, Wait::Passed | Wait::Answered) {
            return BodyFlow::Continue;
        }
        self.response.holding = true;
        BodyFlow::Hold
    }

    fn run_response(&mut self) {
        while let Some(index) = self.chain.response().get(self.response.position).copied() {
            let verdict = self.ask(
                index,
                Place::Afterwards,
                Ask::ResponseHeaders { end: self.response.ended },
            );
            if !self.follow_response(index, verdict) {
                return;
            }
        }
        self.pass_response();
    }

    /// Does what a verdict says; false if the rest of the chain waits for the body.
    fn follow_response(&mut self, index: usize, verdict: Verdict) -> bool {
        let (name, mode) = self.name_and_mode(index);
        match verdict {
            Verdict::Continue => {}
            Verdict::Refuse(refusal) => self.replace_with(Decided::Refusal(name, refusal), mode),
            Verdict::Reply(reply) => self.replace_with(Decided::Reply(name, reply), mode),
            // A response cannot wait for a call: nothing was decided, so nothing passes.
            Verdict::Call(_) | Verdict::Wait { .. } | Verdict::HoldUnread { .. } => {
                self.replace_with(Decided::Refusal(name, Box::new(Common::Internal.into())), mode)
            }
            Verdict::HoldBody { .. } if !self.takes_part(index, Phase::ResponseBody) => {
                self.replace_with(Decided::Refusal(name, Box::new(Common::Internal.into())), mode);
            }
            Verdict::HoldBody { max } => return self.want_response_body(index, max),
        }
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
        }
    }

    fn want_response_body(&mut self, index: usize, max: usize) -> bool {
        if self.response.ended || self.replacement.is_some() || !self.can_hold_response() {
            let complete = self.response.ended && self.replacement.is_none();
            let verdict = self.ask(
                index,
                Place::Afterwards,
                Ask::ResponseBody(Body { bytes: &[], complete }),
            );
            if matches!(verdict, Verdict::HoldBody { .. }) {
                self.response.position = self.response.position.saturating_add(1);
                return true;
            }
            return self.follow_response(index, verdict);
        }
        self.response.wait = Wait::Body { max: max.max(1), read: true };
        false
    }

    fn judge_response_body(&mut self, bytes: Option<Vec<u8>>, complete: bool) {
        self.response.wait = Wait::Nothing;
        let Some(index) = self.chain.response().get(self.response.position).copied() else {
            self.pass_response();
            return;
        };
        let verdict = match bytes {
            Some(bytes) => self.ask(
                index,
                Place::Afterwards,
                Ask::ResponseBody(Body { bytes: &bytes, complete }),
            ),
            None => Verdict::from(Common::Internal),
        };
        if matches!(verdict, Verdict::HoldBody { .. }) || self.follow_response(index, verdict) {
            self.run_response();
        }
        if matches!(self.response.wait, Wait::Passed) {
            self.apply_response_edits();
        }
    }

    /// Never held: what has no body, what is a part of one, and what ends when it ends.
    fn can_hold_response(&self) -> bool {
        let headers = self.exchange.response_headers();
        let status = headers.first(":status").unwrap_or_default();
        let bodiless = status.starts_with(b"1") || matches!(status, b"204" | b"206" | b"304");
        let content_type = headers.first("content-type").unwrap_or_default().to_ascii_lowercase();
        let endless = content_type.starts_with(b"application/grpc")
            || content_type.starts_with(b"text/event-stream");
        !bodiless && !endless && !self.exchange.is_own_reply() && self.exchange.method() != b"HEAD"
    }

    /// All controls have been asked: changes are made once, or the response is replaced.
    fn pass_response(&mut self) {
        if self.replacement.is_some() {
            if self.response.ended && !self.response.holding {
                self.answer_response();
            } else if self.response.ended {
                self.replace_response();
            } else {
                self.response.wait = Wait::Body { max: usize::MAX, read: false };
            }
            return;
        }
        if let Some(body) = self.exchange.take_response_body() {
            self.set_response_body(&body);
        }
        self.response.wait = Wait::Passed;
        self.write_notes();
    }

    /// A response without a body is answered by a local reply, which carries every decoration itself.
    fn answer_response(&mut self) {
        if let Some(decided) = self.replacement.take() {
            let mut answer = self.prepare(decided);
            let changes = self.exchange.response_changes();
            answer.decorate(changes.untold());
            changes.set_told();
            self.response.wait = Wait::Answered;
            self.write_notes();
            self.send(&answer);
        }
    }

    /// A response with a body is rewritten while it is held: a local reply here would lose the decorations.
    fn replace_response(&mut self) {
        if let Some(decided) = self.replacement.take() {
            let answer = self.prepare(decided);
            let status = FieldValue::from_number(u64::from(answer.status));
            self.exchange
                .edit_response_always(Edit::Set(FieldName::from_static(":status"), status));
            for (name, value) in answer.headers {
                self.exchange.edit_response_always(Edit::Set(name, value));
            }
            self.set_response_body(&answer.body);
        }
        self.response.wait = Wait::Passed;
        self.write_notes();
        self.apply_response_edits();
    }

    fn set_response_body(&mut self, body: &[u8]) {
        if self.host.set_body(Direction::Response, body).is_err() {
            return;
        }
        for name in BODY_FIELDS {
            self.exchange.edit_response_always(Edit::Remove(FieldName::from_static(name)));
        }
        let length = FieldValue::from_number(u64::try_from(body.len()).unwrap_or(u64::MAX));
        self.exchange
            .edit_response_always(Edit::Set(FieldName::from_static("content-length"), length));
    }

    fn apply_response_edits(&mut self) {
        self.tell(Direction::Response);
    }

    /// Tells the controls that watch how much of the body passed. Headers have gone, so a refusal resets the stream.
    fn observe_response(&mut self, end: bool) {
        let chain = Rc::clone(&self.chain);
        for index in chain.observers() {
            let total = self.response.total;
            let verdict = self.ask(*index, Place::Afterwards, Ask::ResponseChunk { total, end });
            let Some((name, mode)) = self.slot(*index).map(|slot| (slot.kind.name, slot.mode))
            else {
                return;
            };
            if let Verdict::Refuse(refusal) = verdict
                && let Some(decided) = self.decided(Decided::Refusal(name, refusal), mode)
            {
                let answer = self.prepare(decided);
                self.response.wait = Wait::Answered;
                self.write_notes();
                self.send(&answer);
                return;
            }
        }
        // Nobody else would: the response's headers have passed.
        self.write_notes();
    }
}
