//! Looking at a response's body: it is held once, read once, and shown to each control that asks for it.

use std::time::Duration;

use portcullis_control::control::{Body, Phase, Verdict};
use portcullis_control::headers::{Edit, FieldName, FieldValue, same_name_for_a_backend};
use portcullis_control::inspection::{Inspection, OnLimit, OnUninspected, Sight, Uninspected};
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};
use portcullis_control::program::{BodyHold, WholeResponse};
use portcullis_control::record::{Note, Outcome};

use super::{Stream, Wait};
use crate::host::{Direction, HostError};

const ACCEPT_ENCODING: &str = "accept-encoding";

/// By these a client would choose what is looked at: a part (RFC 9110 §14; `request-range` is what Apache still takes for
/// it), or a difference to what it has (RFC 3229).
const PARTS: [&str; 4] = ["range", "if-range", "request-range", "a-im"];

impl Stream {
    /// Asks the upstream for the whole response, as it is unless controls do without, in whatever spelling the client asked
    /// for something else.
    ///
    /// In shadow mode nothing is changed; but the request's headers are read, as they say what the response is an answer
    /// to, and are gone when it comes.
    pub(super) fn ask_for_whole_response(&mut self, wanted: WholeResponse) {
        let strips = wanted.strip_accept_encoding;
        let mut unwanted = self.exchange.request_headers().names(|name| {
            let is_it = |own: &str| same_name_for_a_backend(own.as_bytes(), name);
            (strips && is_it(ACCEPT_ENCODING)) || PARTS.iter().any(|own| is_it(own))
        });
        if wanted.mode != Mode::Enforce
            || self.module.program.settings.body_hold == BodyHold::Stream
        {
            return;
        }
        let accepted = self.exchange.request_headers().only(ACCEPT_ENCODING);
        let asks_already = accepted == Some(b"identity");
        unwanted.retain(|name| name.as_str() != ACCEPT_ENCODING);
        for name in unwanted {
            self.exchange.edit_request_always(Edit::Remove(name));
        }
        if strips && !asks_already {
            let (name, value) =
                (FieldName::from_static(ACCEPT_ENCODING), FieldValue::from_static("identity"));
            self.exchange.edit_request_always(Edit::Set(name, value));
        }
    }

    /// A control wants the body: it gets it, or the way goes on without, or waits. False if it waits.
    pub(super) fn inspect(&mut self, index: usize) -> bool {
        let takes_part = self.takes_part(index, Phase::ResponseBody);
        let inspection = self.slot(index).and_then(|slot| slot.policy.inspects_response());
        let Some(inspection) = inspection.filter(|_| takes_part) else {
            return self.follow_response(index, Common::Internal.into());
        };
        // What is thrown away is not looked at, nor is what we say ourselves.
        if self.replacement.is_some() || self.exchange.is_own_reply() {
            return self.next_response();
        }
        if let Some(body) = self.response.body.take() {
            return self.show_response(index, inspection, body);
        }
        let end = self.response.ended && self.response.total == 0;
        let sight = Sight::of(
            self.exchange.method(),
            self.exchange.response_headers(),
            end,
            inspection.max,
        );
        let holds = self.module.program.settings.body_hold == BodyHold::Headers;
        match sight {
            Sight::Never => {
                if inspection.rewrites && self.name_and_mode(index).1 == Mode::Enforce {
                    self.describe_rewritten(inspection);
                }
                self.next_response()
            }
            Sight::Encoded => self.uninspected(index, inspection, Uninspected::Encoded),
            Sight::Clear if end => self.show_response(index, inspection, Vec::new()),
            _ if !holds => self.uninspected(index, inspection, Uninspected::Unheld),
            Sight::Large if inspection.on_limit != OnLimit::Beginning => {
                self.uninspected(index, inspection, Uninspected::OverLimit)
            }
            Sight::Large | Sight::Clear => {
                self.response.until = Some(self.until(inspection.timeout));
                self.response.wait = Wait::Body { max: inspection.max.max(1), read: true };
                false
            }
        }
    }

    /// Shows a whole body, of which a control may not want so much.
    fn show_response(&mut self, index: usize, inspection: Inspection, body: Vec<u8>) -> bool {
        let max = inspection.max.max(1);
        if body.len() <= max {
            return self.ask_about_response(index, body, true);
        }
        if inspection.on_limit == OnLimit::Beginning {
            let beginning = body.get(..max).unwrap_or_default().to_vec();
            self.response.body = Some(body);
            return self.ask_about_response(index, beginning, false);
        }
        self.response.body = Some(body);
        self.uninspected(index, inspection, Uninspected::OverLimit)
    }

    fn ask_about_response(&mut self, index: usize, bytes: Vec<u8>, complete: bool) -> bool {
        let body = Body { bytes: &bytes, complete };
        let mut verdict = self.ask(index, Place::Afterwards, Ask::ResponseBody(body));
        let replaced = self.exchange.take_response_body();
        let passes = matches!(verdict, Verdict::Continue);
        match (complete, replaced.filter(|_| passes)) {
            (true, Some(replaced)) => {
                self.response.body = Some(replaced);
                self.response.replaced = true;
            }
            (true, None) => self.response.body = Some(bytes),
            // The rest would stand behind it.
            (false, Some(_)) => verdict = Common::Internal.into(),
            (false, None) => {}
        }
        // It has seen what there is: it would ask for ever.
        if matches!(verdict, Verdict::Inspect) {
            verdict = Common::Internal.into();
        }
        self.follow_response(index, verdict)
    }

    /// Nobody can look at this response, or at all of it.
    fn uninspected(&mut self, index: usize, inspection: Inspection, why: Uninspected) -> bool {
        let passes = match why {
            Uninspected::OverLimit | Uninspected::TimedOut => {
                inspection.on_limit != OnLimit::Refuse
            }
            _ => inspection.on_uninspected == OnUninspected::Pass,
        };
        if !passes {
            return self.follow_response(index, why.into());
        }
        self.note_uninspected(index, why);
        self.next_response()
    }

    fn note_uninspected(&mut self, index: usize, why: Uninspected) {
        let (control, mode) = self.name_and_mode(index);
        let reason = why.counter();
        self.module.metrics.count(control, reason);
        let note = Note { control, mode, outcome: Outcome::Noted, reason, fields: Vec::new() };
        self.exchange.push_note(note);
    }

    /// Until when the response is held for its body.
    #[must_use]
    pub fn holds_response_until(&self) -> Option<u64> {
        self.response.until.filter(|_| self.holds_response())
    }

    /// True if nothing of the response has gone, and its body is waited for.
    pub(super) const fn holds_response(&self) -> bool {
        matches!(self.response.wait, Wait::Body { .. } | Wait::Discard)
    }

    /// When a time is over that began when the response was first held.
    pub(super) fn until(&mut self, timeout: Duration) -> u64 {
        let now = self.exchange.now();
        let since = *self.response.since.get_or_insert(now);
        since.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    }

    fn is_late(&self) -> bool {
        self.holds_response_until().is_some_and(|until| self.exchange.now() >= until)
    }

    /// Time passed, and the response is held for too long: what is there has to be enough.
    pub fn end_holding(&mut self) {
        self.exchange.forget_time();
        self.judge_held_response(usize::try_from(self.response.total).unwrap_or(usize::MAX));
        if matches!(self.response.wait, Wait::Passed) {
            self.apply_response_edits();
            self.resume(Direction::Response);
        }
    }

    /// Asks those that wait for the body, of which `held` bytes are there, as long as that is enough for one of them, or
    /// none of them may wait any longer.
    pub(super) fn judge_held_response(&mut self, held: usize) {
        if matches!(self.response.wait, Wait::Discard) && !self.response.ended && self.is_late() {
            self.response.late = true;
            self.replace_response();
            return;
        }
        while let Wait::Body { max, .. } = self.response.wait
            && (self.response.ended || held > max || self.is_late())
        {
            let late = !self.response.ended && held <= max;
            self.response.late |= late;
            self.response.wait = Wait::Nothing;
            let index = self.chain.response().get(self.response.position).copied();
            let index = index.unwrap_or(usize::MAX);
            let Some(inspection) =
                self.slot(index).and_then(|slot| slot.policy.inspects_response())
            else {
                self.pass_response();
                return;
            };
            let is_incomplete = late || held > max;
            let goes_on = if is_incomplete && inspection.on_limit != OnLimit::Beginning {
                let why = if late { Uninspected::TimedOut } else { Uninspected::OverLimit };
                self.uninspected(index, inspection, why)
            } else {
                if late {
                    self.note_uninspected(index, Uninspected::TimedOut);
                }
                match self.held_response(max.min(held)) {
                    Ok(bytes) => self.ask_about_response(index, bytes, !is_incomplete),
                    // A body that cannot be read was not looked at: it does not pass.
                    Err(_) => self.follow_response(index, Common::Internal.into()),
                }
            };
            if goes_on {
                self.run_response();
            }
        }
    }

    /// The beginning of what the host holds. Before the first part it holds nothing that could be asked for.
    fn held_response(&self, size: usize) -> Result<Vec<u8>, HostError> {
        if self.response.total == 0 {
            return Ok(Vec::new());
        }
        self.host.body(Direction::Response, size)
    }
}
