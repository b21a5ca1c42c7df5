//! Carrying out what was decided: the reply, the counters, the log line, the decision record.

use portcullis_control::mode::Mode;
use portcullis_control::record::{DECISION_STATE, Note, Outcome, append};
use portcullis_control::refusal::{Refusal, Reply};

use super::{Stream, Wait};
use crate::host::{Direction, Level, LocalReply};
use crate::reply::Answer;

/// An answer of a control that is not `Continue`.
#[derive(Debug)]
pub(super) enum Decided {
    /// A refusal by this control.
    Refusal(&'static str, Box<Refusal>),
    /// A reply by this control.
    Reply(&'static str, Box<Reply>),
}

impl Decided {
    /// True for what ends the stream without an answer.
    pub(super) fn closes(&self) -> bool {
        matches!(self, Decided::Refusal(_, refusal) if refusal.closes)
    }
}

impl Stream {
    /// Records a control's refusal or reply. Returns it if it is to be carried out; in shadow mode it is not.
    pub(super) fn decided(&mut self, decided: Decided, mode: Mode) -> Option<Decided> {
        let enforced = mode == Mode::Enforce;
        let (control, outcome, reason, fields) = match &decided {
            Decided::Refusal(control, refusal) => {
                let outcome = if enforced { Outcome::Refused } else { Outcome::WouldRefuse };
                (*control, outcome, refusal.reason.label, refusal.fields.clone())
            }
            Decided::Reply(control, _) => (*control, Outcome::Answered, "", Vec::new()),
        };
        if enforced || outcome == Outcome::WouldRefuse {
            self.module.metrics.count_outcome(&*self.host, control, outcome, reason);
        }
        if outcome != Outcome::Answered {
            let note = Note { control, mode, outcome, reason, fields };
            self.module.journal.note(&*self.host, Level::Warn, &self.exchange, &note);
            self.exchange.push_note(note);
        }
        enforced.then_some(decided)
    }

    /// Sends an answer instead of asking the upstream.
    pub(super) fn answer_request(&mut self, decided: Decided) {
        let answer = self.prepare(decided);
        self.write_notes();
        self.exchange.set_own_reply();
        self.request.wait = Wait::Answered;
        self.send(Direction::Request, &answer);
    }

    pub(super) fn prepare(&self, decided: Decided) -> Answer {
        match decided {
            Decided::Refusal(control, refusal) => {
                Answer::refusal(control, &refusal, &self.exchange)
            }
            Decided::Reply(control, reply) => Answer::reply(control, *reply),
        }
    }

    /// Sends an answer; one that closes the stream is sent only where the host does not close it.
    pub(super) fn send(&self, direction: Direction, answer: &Answer) {
        if answer.closes && self.host.close(direction).is_ok() {
            return;
        }
        let reply = LocalReply {
            status: answer.status,
            headers: &answer.headers,
            body: &answer.body,
            grpc_status: answer.grpc_status,
            details: &answer.details,
        };
        if let Err(error) = self.host.reply(&reply) {
            self.host.log(
                Level::Error,
                &format!("portcullis: the host refused a reply: status {}", error.0),
            );
        }
    }

    /// Appends what was noted to the decision record in filter state.
    pub(super) fn write_notes(&mut self) {
        if self.exchange.has_noted_nothing() {
            return;
        }
        for (line, most) in self.exchange.take_lines() {
            self.module.journal.line(&*self.host, &self.exchange, &line, most);
        }
        let notes = self.exchange.take_notes();
        if notes.is_empty() {
            return;
        }
        let quiet = |note: &&Note| matches!(note.outcome, Outcome::Noted | Outcome::Tried);
        for note in notes.iter().filter(quiet) {
            self.module.journal.note(&*self.host, Level::Debug, &self.exchange, note);
        }
        let earlier = self.host.property(&[DECISION_STATE]);
        let record = append(earlier, &notes);
        // A stream that is being torn down has no filter state any more; the log line and counters stand.
        let _ = self.host.set_property(DECISION_STATE, record.as_bytes());
    }
}
