//! What the engine's word means for request or response: a refusal, an answer, or nothing yet.

use portcullis_control::control::Verdict;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::mode::Mode;
use portcullis_control::refusal::{Refusal, Reply, message_of};
use portcullis_waf_engine::{EngineMode, Intervention, Match, RulePhase, Transaction};
use portcullis_waf_seclang::syntax::Metadata;

use crate::control::{CLASSES, ERROR_ALLOWED, MATCHED, Passing, RULES, Waf};
use crate::preview::{self, Scores};
use crate::reason::Refused;
use crate::report;

/// Statuses of answers without a body (RFC 9110 §15.3.5, §15.3.6, §15.4.5), which a refusal has.
const BODILESS: [u16; 3] = [204, 205, 304];

/// What a refusal is called: that of a rule, and that of what could not be judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reasons {
    rule: Refused,
    unjudged: Refused,
    scores: Scores,
}

impl Reasons {
    pub(crate) const REQUEST: Self =
        Self { rule: Refused::Rule, unjudged: Refused::Unjudged, scores: preview::INBOUND };
    pub(crate) const RESPONSE: Self = Self {
        rule: Refused::ResponseRule,
        unjudged: Refused::ResponseUnjudged,
        scores: preview::OUTBOUND,
    };
}

impl Waf {
    /// Runs the phases of a request whose body is all there.
    pub(crate) fn judge_request(&self, exchange: &mut Exchange, state: &mut Passing) -> Verdict {
        let Some(transaction) = state.transaction.as_mut() else { return Verdict::Continue };
        transaction.run(RulePhase::RequestBody);
        let verdict = self.decide_at_end(exchange, state, Reasons::REQUEST);
        if let (Verdict::Continue, Some(transaction)) = (&verdict, &state.transaction)
            && transaction.logged().next().is_some()
        {
            exchange.note(MATCHED, report::fields(transaction));
        }
        verdict
    }

    /// Writes what matched since it was last asked.
    pub(crate) fn tell(&self, exchange: &mut Exchange, state: &mut Passing) {
        let Some(transaction) = state.transaction.as_ref() else { return };
        let new: &[Match] = transaction.matches().get(state.told..).unwrap_or_default();
        for one in new {
            let Metadata { id, tags, .. } = &one.rule.metadata;
            if *id != 0 {
                exchange.count_member(&RULES, id.to_string());
                exchange.count_member(&CLASSES, report::class(tags).to_owned());
            }
            if one.rule.log {
                exchange.log(report::line(exchange, one, transaction.unique_id()), self.log_lines);
            }
        }
        state.told = transaction.matches().len();
    }

    /// The same, and what becomes of request or response. It is decided once: what comes behind is not judged again.
    pub(crate) fn decide(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        reasons: Reasons,
    ) -> Verdict {
        self.tell(exchange, state);
        let Some(transaction) = state.transaction.as_ref() else { return Verdict::Continue };
        if state.decided {
            return Verdict::Continue;
        }
        let shadow = exchange.mode() == Mode::Shadow;
        let intervention = transaction.intervention().or(transaction.detected().filter(|_| shadow));
        if let Some(intervention) = intervention {
            state.decided = true;
            return self.carry_out(transaction, intervention, reasons.rule);
        }
        // Rules that decide nothing, by `SecRuleEngine`, do not decide by failing either.
        if transaction.engine() != EngineMode::On && !shadow {
            return Verdict::Continue;
        }
        let Some(error) = transaction.errors().get(state.errors..).and_then(<[_]>::first) else {
            return Verdict::Continue;
        };
        let (reason, fields) = report::error(error, reasons.unjudged);
        state.errors = transaction.errors().len();
        if self.allow_errors {
            exchange.note(ERROR_ALLOWED, fields);
            return Verdict::Continue;
        }
        state.decided = true;
        Verdict::from(Refusal { fields, ..Refusal::from(reason) })
    }

    /// As [`Waf::decide`], where no further rule can refuse the request, or the response.
    pub(crate) fn decide_at_end(
        &self,
        exchange: &mut Exchange,
        state: &mut Passing,
        reasons: Reasons,
    ) -> Verdict {
        let verdict = self.decide(exchange, state, reasons);
        if let (Some(preview), Some(transaction), false) =
            (self.preview, &state.transaction, state.decided)
        {
            preview.look(exchange, transaction, reasons.scores);
        }
        verdict
    }

    /// A refusal of ours that no rule decided, such as a body that is too large.
    pub(crate) fn refuse(&self, state: &mut Passing, reason: Refused) -> Verdict {
        state.decided = true;
        Verdict::from(reason)
    }

    fn carry_out(
        &self,
        transaction: &Transaction,
        intervention: &Intervention,
        reason: Refused,
    ) -> Verdict {
        let fields = report::fields(transaction);
        match intervention {
            Intervention::Redirect { status, location, .. } => {
                let Some(location) = FieldValue::new(location.clone()) else {
                    return Verdict::from(Refusal { fields, ..Refusal::from(reason) });
                };
                let headers = vec![(FieldName::from_static("location"), location)];
                Verdict::Reply(Box::new(Reply { status: *status, headers, body: Vec::new() }))
            }
            Intervention::Deny { status, .. } => {
                let status = status.filter(|status| !BODILESS.contains(status));
                let status = status.or(self.block_status);
                let refusal = Refusal::from(reason);
                // An author who says 400 means a bad request, and nothing that is forbidden.
                let other = status.filter(|status| *status >= 400 && *status != refusal.status());
                let message = other.map(|status| message_of(status).to_owned());
                Verdict::from(Refusal { status, message, fields, ..refusal })
            }
            Intervention::Drop { .. } => {
                Verdict::from(Refusal { fields, closes: true, ..Refusal::from(reason) })
            }
        }
    }
}
