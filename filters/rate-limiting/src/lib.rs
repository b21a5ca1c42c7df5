//! Decides how often a client may call.
//!
//! [`config`] reads a configuration into [`limiter::Limiter`]s; [`identifier`] says whom a request counts for;
//! [`mod@decide`] is the decision; the counts lie in a table of the contract's store, one slot for all periods of a key.

pub mod config;
pub mod decide;
pub mod headers;
pub mod identifier;
pub mod limiter;
pub mod window;

use portcullis_control::config::{Node, Section};
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::reasons;
use portcullis_control::refusal::Reason;
use portcullis_control::store::{Fingerprint, KeptKey, Reading, Step, Table, Updated};

use crate::decide::{Counts, Decision, decide, refund};
use crate::headers::Standing;
use crate::limiter::{Limiter, Whom};

reasons! {
    /// Why a request is refused.
    pub enum Reasons {
        /// A limit is reached.
        RateLimited = (429, "rate_limited", "API rate limit exceeded"),
        /// There is nobody to count for, and `fallback` is `deny`.
        NoIdentifier = (403, "no_identifier", "Client cannot be identified"),
        /// Nothing can be counted, and `fault_tolerant` is false.
        CountersUnavailable = (503, "counters_unavailable", "Service unavailable"),
    }
}

/// Counted and noted: counted by address for want of the identifier.
pub const FALLBACK: &str = "fallback";
/// Counted: passed uncounted for want of the identifier.
pub const SKIPPED: &str = "skipped";
/// Counted: counted with all others whose address is unknown.
pub const UNKNOWN_ADDRESS: &str = "unknown_address";
/// Counted: another key lost its counts to this one.
pub const EVICTED: &str = "evicted";
/// Counted: a key that was at its limit lost its counts.
pub const EVICTED_AT_LIMIT: &str = "evicted_at_limit";
/// Counted and noted: passed uncounted because the counters do not answer.
pub const STORE_DOWN: &str = "store_down";

const TABLE: Table<Counts> = Table::new("limits");

/// The control: its limiters, by where they decide.
pub struct RateLimiting {
    before_auth: Vec<Limiter>,
    after_auth: Vec<Limiter>,
    key: KeptKey,
}

/// What is remembered of a request.
#[derive(Default)]
pub struct State {
    standing: Standing,
}

/// A limiter that was asked, before anything is written.
struct Asked<'l> {
    limiter: &'l Limiter,
    fingerprint: Fingerprint,
    /// What was read, until it is written over.
    reading: Option<Reading>,
    decision: Decision,
    charged: bool,
}

impl RateLimiting {
    fn new(limiters: Vec<Limiter>) -> Self {
        let (before_auth, after_auth) = limiters
            .into_iter()
            .partition(|limiter| limiter.place == Place::RateLimitingBeforeAuth);
        RateLimiting { before_auth, after_auth, key: KeptKey::default() }
    }

    fn limiters_at(&self, place: Place) -> &[Limiter] {
        match place {
            Place::RateLimitingBeforeAuth => &self.before_auth,
            _ => &self.after_auth,
        }
    }

    /// Asks all limiters, and counts only if all admit: a request that one of them refuses counts in none.
    fn limit(&self, limiters: &[Limiter], exchange: &mut Exchange, state: &mut State) -> Verdict {
        let now = exchange.now_seconds();
        let mut asked = Vec::with_capacity(limiters.len());
        for limiter in limiters {
            match self.ask(limiter, exchange, now) {
                Ok(Some(one)) => asked.push(one),
                Ok(None) => {}
                Err(verdict) => return verdict,
            }
        }
        if let Some(over) = asked.iter().position(|one| !one.decision.admitted) {
            return self.refuse(&asked, over, exchange, state);
        }
        let mut stopped = None;
        for (index, one) in asked.iter_mut().enumerate() {
            match charge(one, exchange, now) {
                Ok(()) if one.decision.admitted => {}
                // Another worker took what was left since we read.
                Ok(()) => stopped = Some((index, None)),
                Err(verdict) => stopped = Some((index, Some(verdict))),
            }
            if stopped.is_some() {
                break;
            }
        }
        if let Some((index, verdict)) = stopped {
            give_back(&asked, exchange, now);
            return verdict.unwrap_or_else(|| self.refuse(&asked, index, exchange, state));
        }
        for one in asked.iter().filter(|one| one.charged && !one.limiter.hidden) {
            state.standing.add(&one.decision);
        }
        Verdict::Continue
    }

    /// Reads a limiter's counts and decides on them; `None` if it has nothing to say.
    fn ask<'l>(
        &self,
        limiter: &'l Limiter,
        exchange: &mut Exchange,
        now: u64,
    ) -> Result<Option<Asked<'l>>, Verdict> {
        let Ok(key) = self.key.get(exchange.surroundings()) else {
            return store_down(limiter, exchange).map(|()| None);
        };
        let fingerprint = match limiter.whom(exchange, key) {
            Whom::Key { fingerprint, fallen_back, unknown_address } => {
                if fallen_back {
                    exchange.note(FALLBACK, limiter.fields());
                }
                if unknown_address {
                    exchange.count(UNKNOWN_ADDRESS);
                }
                fingerprint
            }
            Whom::Nobody => {
                exchange.count(SKIPPED);
                return Ok(None);
            }
            Whom::Refused => return Err(limiter.refusal(Reasons::NoIdentifier).into()),
        };
        let Ok(reading) = TABLE.read(exchange.shared(), fingerprint) else {
            return store_down(limiter, exchange).map(|()| None);
        };
        let (entry, at) = Table::entry(&reading, now);
        let decision = decide(&limiter.limits, entry.as_ref(), at);
        Ok(Some(Asked { limiter, fingerprint, reading: Some(reading), decision, charged: false }))
    }

    fn refuse(
        &self,
        asked: &[Asked<'_>],
        over: usize,
        exchange: &Exchange,
        state: &mut State,
    ) -> Verdict {
        for one in asked.iter().filter(|one| !one.limiter.hidden) {
            state.standing.add(&one.decision.unspent());
        }
        let (Some(one), Ok(key)) = (asked.get(over), self.key.get(exchange.surroundings())) else {
            return Reasons::RateLimited.into();
        };
        one.limiter.over(exchange, key, &one.decision, &state.standing).into()
    }
}

/// Counts a request that was admitted when its counts were read; decides anew if they have changed since.
fn charge(one: &mut Asked<'_>, exchange: &mut Exchange, now: u64) -> Result<(), Verdict> {
    let Some(reading) = one.reading.take() else { return Ok(()) };
    let updated = TABLE.update(exchange.shared(), reading, now, |entry, at| {
        let decision = decide(&one.limiter.limits, entry, at);
        match decision.admitted {
            true => Step::Put(decision.counts, decision),
            false => Step::Keep(decision),
        }
    });
    let Ok(Updated { result, evicted }) = updated else {
        return store_down(one.limiter, exchange);
    };
    one.decision = result;
    one.charged = result.admitted;
    if let Some(evicted) = evicted {
        exchange.count(EVICTED);
        if evicted.at_limit {
            exchange.count(EVICTED_AT_LIMIT);
        }
    }
    Ok(())
}

/// The counters do not answer: the limiter's configuration says whether that may pass.
fn store_down(limiter: &Limiter, exchange: &mut Exchange) -> Result<(), Verdict> {
    if limiter.fault_tolerant {
        exchange.note(STORE_DOWN, limiter.fields());
        return Ok(());
    }
    Err(limiter.refusal(Reasons::CountersUnavailable).into())
}

/// Takes back what other limiters of the list counted for a request that is refused after all. If the store does not
/// answer, it stays counted: a limit that is too tight by one.
fn give_back(asked: &[Asked<'_>], exchange: &Exchange, now: u64) {
    for one in asked.iter().filter(|one| one.charged) {
        let shared = exchange.shared();
        let Ok(reading) = TABLE.read(shared, one.fingerprint) else { continue };
        let _ = TABLE.update(shared, reading, now, |entry, _| match entry {
            Some(entry) => Step::Put(refund(&one.limiter.limits, entry, one.decision.at), ()),
            None => Step::Keep(()),
        });
    }
}

impl Control for RateLimiting {
    const NAME: &'static str = "rate-limiting";
    const PLACES: &'static [Place] = &[Place::RateLimitingBeforeAuth, Place::RateLimiting];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::RateLimiting);
    const PHASES: &'static [Phase] = &[Phase::ResponseHeaders];
    const REASONS: &'static [&'static Reason] = Reasons::ALL;
    const COUNTERS: &'static [&'static str] =
        &[FALLBACK, SKIPPED, UNKNOWN_ADDRESS, EVICTED, EVICTED_AT_LIMIT, STORE_DOWN];
    type State = State;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        match section.optional("limits") {
            Some(node) => RateLimiting::compile_list(&node, &node.list()?, site),
            None => {
                let limiter = config::read_limiter(section, &site.scope)?;
                Some(RateLimiting::new(vec![limiter]))
            }
        }
    }

    fn compile_list(node: &Node<'_>, items: &[Node<'_>], site: &Site<'_>) -> Option<Self> {
        config::read_list(node, items, &site.scope).map(RateLimiting::new)
    }

    fn decides_at(&self, place: Place) -> bool {
        !self.limiters_at(place).is_empty()
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut State, _end: bool) -> Verdict {
        self.limit(self.limiters_at(exchange.place()), exchange, state)
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut State, _end: bool) -> Verdict {
        state.standing.write(exchange);
        Verdict::Continue
    }
}

#[cfg(test)]
mod tests;
