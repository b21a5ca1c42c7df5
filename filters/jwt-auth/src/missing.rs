//! What may yet be fetched when a request comes, and how long the request waits for it.

use std::rc::Rc;

use portcullis_control::fetched::{Background, MAX_WAIT_MS, Seat};

use crate::reason::Refused;
use crate::remote::keys::KeySource;
use crate::revoked::Feed;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;
/// How long a request waits for a list without which it may pass, milliseconds: what a sound endpoint needs when Envoy
/// has just started.
const MAX_TOLERANT_WAIT_MS: u64 = 1_000;

/// What a token cannot be judged without.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// The key that signed the token, which one of these sources may have.
    Keys {
        /// They have keys, but none of these has signed the token: they may have the one that did by now.
        lacking: Vec<Rc<KeySource>>,
        /// They have no keys yet.
        empty: Vec<Rc<KeySource>>,
    },
    /// A list of revoked tokens.
    Revocations(Feed),
}

/// What is remembered of a request that waits.
#[derive(Debug, Default)]
pub struct Patience(Option<Waiting>);

#[derive(Debug)]
struct Waiting {
    /// Held until the waiting ends.
    _seat: Seat,
    source: String,
    /// What was there when the waiting began.
    fetched: u64,
    /// Nanoseconds since the epoch.
    until: u64,
}

impl Missing {
    /// What a client is told where it does not come.
    pub(crate) fn refused(&self) -> Refused {
        match self {
            Missing::Keys { empty, .. } if empty.is_empty() => Refused::InvalidSignature,
            Missing::Keys { .. } => Refused::KeysUnavailable,
            Missing::Revocations(_) => Refused::RevocationsUnavailable,
        }
    }

    /// True if the request may pass without it.
    fn is_tolerated(&self) -> bool {
        matches!(self, Missing::Revocations(feed) if feed.fault_tolerant)
    }

    /// How long a request waits for it, milliseconds.
    fn patience_ms(&self) -> u64 {
        if self.is_tolerated() { MAX_TOLERANT_WAIT_MS } else { MAX_WAIT_MS }
    }

    /// The sources that it may come from.
    fn sources(&self) -> Vec<&dyn Background> {
        match self {
            Missing::Keys { lacking, empty } => {
                lacking.iter().chain(empty).map(|source| &**source as _).collect()
            }
            Missing::Revocations(feed) => vec![&*feed.source],
        }
    }

    /// A seat among those who wait for it, and the source. Those up to `asked` were waited for, and did not help.
    fn seat(&self, asked: Option<&str>, now: u64) -> Option<(&dyn Background, Seat)> {
        match self {
            // A source that answers is asked before one that may be down, behind which it would wait in vain.
            Missing::Keys { lacking, empty } => {
                let another = lacking.iter().map(|source| (source, true));
                let first = empty.iter().map(|source| (source, false));
                let all: Vec<_> = another.chain(first).collect();
                let last = all.iter().position(|(source, _)| Some(source.name()) == asked);
                let mut left = all.into_iter().skip(last.map_or(0, |last| last.saturating_add(1)));
                left.find_map(|(source, has_keys)| {
                    let seat = if has_keys {
                        source.wait_for_another(now)
                    } else {
                        source.wait_for_first()
                    };
                    Some((&**source as _, seat?))
                })
            }
            // Who may pass without it does not wait for an endpoint that is known to be down.
            Missing::Revocations(feed) if feed.fault_tolerant && feed.source.has_failed() => None,
            Missing::Revocations(feed) => Some((&*feed.source, feed.source.wait_for_first()?)),
        }
    }
}

impl Patience {
    /// Until when the request waits for what is missing, or none where it does not, any more. `now` and the answer are
    /// nanoseconds since the epoch.
    pub(crate) fn wait(&mut self, missing: &Missing, now: u64) -> Option<u64> {
        let longest = now.saturating_add(missing.patience_ms().saturating_mul(MILLISECOND));
        let until = self.0.as_ref().map_or(longest, |waiting| waiting.until.min(longest));
        if now >= until {
            return None;
        }
        if let Some(waiting) = &self.0 {
            let sources = missing.sources();
            let source = sources.iter().find(|source| source.name() == waiting.source);
            // What came meanwhile and does not help is the answer.
            if source.is_some_and(|source| source.fetched() == waiting.fetched) {
                return Some(until);
            }
        }
        let asked = self.0.as_ref().map(|waiting| waiting.source.as_str());
        let (source, seat) = missing.seat(asked, now / MILLISECOND)?;
        let (source, fetched) = (source.name().to_owned(), source.fetched());
        self.0 = Some(Waiting { _seat: seat, source, fetched, until });
        Some(until)
    }

    /// The waiting is over.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }
}
