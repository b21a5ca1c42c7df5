//! What a client is told of its limits, in Kong's headers.

use std::cmp::Reverse;

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};

use crate::decide::{Decision, Left};
use crate::window::{Period, Periods};

/// `X-RateLimit-Limit-<Period>` and `X-RateLimit-Remaining-<Period>`.
const fn names(period: Period) -> (&'static str, &'static str) {
    match period {
        Period::Second => ("x-ratelimit-limit-second", "x-ratelimit-remaining-second"),
        Period::Minute => ("x-ratelimit-limit-minute", "x-ratelimit-remaining-minute"),
        Period::Hour => ("x-ratelimit-limit-hour", "x-ratelimit-remaining-hour"),
        Period::Day => ("x-ratelimit-limit-day", "x-ratelimit-remaining-day"),
        Period::Month => ("x-ratelimit-limit-month", "x-ratelimit-remaining-month"),
        Period::Year => ("x-ratelimit-limit-year", "x-ratelimit-remaining-year"),
    }
}

/// What stands in `RateLimit-*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tightest {
    left: Left,
    period: Period,
    reset: u64,
}

/// The standing of one request with all limiters that show theirs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    periods: Periods<Option<Left>>,
    tightest: Option<Tightest>,
}

impl Standing {
    /// Adds what a limiter decided: for each period the limiter with the least left is shown, of equals the one with
    /// the lower limit.
    pub fn add(&mut self, decision: &Decision) {
        for ((period, left), (_, shown)) in decision.left.iter().zip(self.periods.iter_mut()) {
            let Some(left) = left else { continue };
            let tight = |left: Left| (left.remaining, left.limit);
            if shown.is_none_or(|shown| tight(left) < tight(shown)) {
                *shown = Some(left);
            }
            // The smallest remaining of all; of equals the longest window (Kong).
            let rank = |left: Left, period| (left.remaining, Reverse(period), left.limit);
            let tighter = self
                .tightest
                .is_none_or(|tightest| rank(left, period) < rank(tightest.left, tightest.period));
            if tighter {
                self.tightest = Some(Tightest { left, period, reset: period.reset(decision.at) });
            }
        }
    }

    /// `RateLimit-Reset` and `Retry-After`, seconds.
    #[must_use]
    pub fn reset(&self) -> Option<u64> {
        self.tightest.map(|tightest| tightest.reset)
    }

    /// Puts the headers into the response, over any that stand there.
    pub fn write(&self, exchange: &mut Exchange) {
        let mut set = |name, value| {
            exchange
                .set_response_header(FieldName::from_static(name), FieldValue::from_number(value));
        };
        for (period, left) in self.periods.iter() {
            if let Some(left) = left {
                let (limit, remaining) = names(period);
                set(limit, u64::from(left.limit));
                set(remaining, u64::from(left.remaining));
            }
        }
        if let Some(tightest) = self.tightest {
            set("ratelimit-limit", u64::from(tightest.left.limit));
            set("ratelimit-remaining", u64::from(tightest.left.remaining));
            set("ratelimit-reset", tightest.reset);
        }
    }
}
