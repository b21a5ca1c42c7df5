//! Controls of which one has to let the request pass (`any_of`): asked in turn, what one did that refuses is undone, and
//! the first success counts.

use portcullis_control::control::Verdict;
use portcullis_control::exchange::Checkpoint;
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::policy::{Ask, Common};
use portcullis_control::record::{Note, Outcome};
use portcullis_control::refusal::Refusal;

use super::Stream;
use super::outcome::Decided;

/// One that refused.
struct Tried {
    control: &'static str,
    mode: Mode,
    refusal: Box<Refusal>,
}

/// How far the asking has come.
pub(super) struct Attempt {
    /// The request as it was before the one that is asked now.
    before: Checkpoint,
    tried: Vec<Tried>,
    /// Positions of those that let the request pass: one that counts, and before it one in shadow mode.
    accepted: Vec<usize>,
    /// All have been asked that are to be.
    over: bool,
}

impl Stream {
    /// True where the alternatives stand.
    pub(super) fn is_at_alternative(&self) -> bool {
        self.chain.is_alternative(self.request.position)
    }

    /// True for one that is asked while it is open which one counts: its counts are held back, to be undone with the rest.
    pub(super) fn is_on_trial(&self, place: Place) -> bool {
        place.is_of_authentication() && self.attempt.as_ref().is_some_and(|attempt| !attempt.over)
    }

    /// True for a position whose control has no more say in this request: it was not asked, or refused.
    pub(super) fn is_out(&self, position: usize) -> bool {
        self.chain.is_alternative(position)
            && self.attempt.as_ref().is_none_or(|attempt| !attempt.accepted.contains(&position))
    }

    /// The control at the current position is about to be asked, for the first time or again.
    pub(super) fn begin_attempt(&mut self) {
        if self.attempt.is_none() && self.is_at_alternative() {
            let before = self.exchange.checkpoint();
            let attempt = Attempt { before, tried: Vec::new(), accepted: Vec::new(), over: false };
            self.attempt = Some(Box::new(attempt));
        }
    }

    /// An alternative let the request pass.
    pub(super) fn accept_alternative(&mut self, mode: Mode) -> Option<Verdict> {
        let position = self.request.position;
        if let Some(attempt) = &mut self.attempt {
            // One in shadow mode succeeded: enforced, it would be the one that counts.
            if !attempt.accepted.is_empty() {
                self.exchange.keep_shadow_identity(&attempt.before);
            }
            attempt.accepted.push(position);
            attempt.before = self.exchange.checkpoint();
        }
        if mode == Mode::Enforce { self.end_attempt() } else { self.next_alternative() }
    }

    /// An alternative refused: nothing of what it did stays, and the next one is asked.
    pub(super) fn hand_on(&mut self, refusal: Box<Refusal>) -> Option<Verdict> {
        let (control, mode) = self.name_and_mode(self.current_index());
        if let Some(attempt) = &mut self.attempt {
            self.exchange.undo_to(&attempt.before);
            attempt.tried.push(Tried { control, mode, refusal });
        }
        self.next_alternative()
    }

    /// An alternative in shadow mode cannot say yet, and nobody waits for it.
    pub(super) fn skip_alternative(&mut self) -> Option<Verdict> {
        if let Some(attempt) = &self.attempt {
            self.exchange.undo_to(&attempt.before);
        }
        self.next_alternative()
    }

    fn next_alternative(&mut self) -> Option<Verdict> {
        loop {
            self.request.position = self.request.position.saturating_add(1);
            if !self.is_at_alternative() {
                return self.end_attempt();
            }
            // As it would be without the shadow: after a success the rest is not asked.
            let (_, mode) = self.name_and_mode(self.current_index());
            let accepted =
                self.attempt.as_ref().is_some_and(|attempt| !attempt.accepted.is_empty());
            if mode == Mode::Enforce || !accepted {
                return self.ask_current(Ask::RequestHeaders { end: self.has_no_body() });
            }
        }
    }

    /// Says what came of all of them together.
    fn end_attempt(&mut self) -> Option<Verdict> {
        let alternatives = self.chain.alternatives();
        self.request.position = alternatives.end;
        let Some(attempt) = &mut self.attempt else {
            let internal = Decided::Refusal(self.module.name, Box::new(Common::Internal.into()));
            return self.stop_with(internal, Mode::Enforce);
        };
        attempt.over = true;
        let mut tried = std::mem::take(&mut attempt.tried);
        self.hand_over_counts();
        let count =
            |mode| alternatives.clone().filter(|position| self.mode_at(*position) == mode).count();
        // Where none is enforced, nothing is; but if all would have refused, the request would have been.
        let mode = if count(Mode::Enforce) > 0 { Mode::Enforce } else { Mode::Shadow };
        let refused = tried.iter().filter(|one| one.mode == mode).count() == count(mode);
        let decisive = if refused { take_decisive(&mut tried, mode) } else { None };
        for Tried { control, mode, refusal } in tried {
            self.note_tried(control, mode, *refusal);
        }
        if let Some(Tried { control, refusal, .. }) = decisive
            && let Some(decided) = self.decided(Decided::Refusal(control, refusal), mode)
        {
            self.answer_request(decided);
            return None;
        }
        self.stand_back_others();
        self.ask_current(Ask::RequestHeaders { end: self.has_no_body() })
    }

    fn note_tried(&mut self, control: &'static str, mode: Mode, refusal: Refusal) {
        let (reason, fields) = (refusal.reason.label, refusal.fields);
        self.module.metrics.count_tried(control, reason);
        self.exchange.push_note(Note { control, mode, outcome: Outcome::Tried, reason, fields });
    }

    /// Those that have no say may still have credentials of the client to hide.
    fn stand_back_others(&mut self) {
        for position in self.chain.alternatives() {
            if let Some((place, index)) = self.chain.request().get(position).copied()
                && self.is_out(position)
            {
                let _ = self.ask(index, place, Ask::StandBack);
            }
        }
    }

    fn mode_at(&self, position: usize) -> Mode {
        let step = self.chain.request().get(position);
        self.name_and_mode(step.map_or(usize::MAX, |(_, index)| *index)).1
    }
}

/// Takes out the refusal that the client gets: the first of those that say most, with the challenges of all where it is
/// 'not authenticated' (RFC 9110 §11.6.1 has one for each way in).
fn take_decisive(tried: &mut Vec<Tried>, mode: Mode) -> Option<Tried> {
    let counted = || tried.iter().enumerate().filter(|(_, one)| one.mode == mode);
    let most = counted().map(|(_, one)| weight(&one.refusal)).max()?;
    let (index, _) = counted().find(|(_, one)| weight(&one.refusal) == most)?;
    let mut decisive = tried.remove(index);
    if decisive.refusal.status() == UNAUTHENTICATED {
        let others = tried.iter().filter(|one| one.mode == mode);
        let challenges = others.flat_map(|one| &one.refusal.headers);
        let challenges = challenges.filter(|(name, _)| name.as_str() == "www-authenticate");
        decisive.refusal.headers.extend(challenges.cloned());
    }
    Some(decisive)
}

const UNAUTHENTICATED: u16 = 401;

/// One that could not decide may let the same request pass later; one that knows the caller, or cannot take the request,
/// says more than that nobody is known.
fn weight(refusal: &Refusal) -> u8 {
    match refusal.status() {
        500.. => 2,
        UNAUTHENTICATED => 0,
        _ => 1,
    }
}
