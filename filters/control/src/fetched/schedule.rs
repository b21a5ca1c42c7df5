//! When a document is fetched again, and how long the one that is there serves: pure judgement over times.

/// A document that may be kept for less is fetched as if it might be kept so long, milliseconds: an endpoint that forbids
/// caching must not be asked every second.
pub(super) const MIN_FRESH_MS: u64 = 10_000;
/// The pause after the first failed fetch, milliseconds; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 1_000;
/// The longest pause between failed fetches, milliseconds.
const LONGEST_PAUSE_MS: u64 = 60_000;

/// The settings, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// It is fetched again after so long, or earlier where the endpoint says so.
    pub refresh: u64,
    /// The least time from one fetch to the next one that a request causes by naming what is not there.
    pub cooldown: u64,
    /// How long it serves while it should have been fetched again and could not.
    pub stale_for: u64,
}

/// What happened so far; times are milliseconds since the epoch, 0: never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// When the document that is there was fetched.
    pub(super) fetched: u64,
    /// How long it may be kept.
    pub(super) fresh: u64,
    /// When any worker last tried to fetch.
    pub(super) attempted: u64,
    /// Attempts that have failed since one succeeded.
    pub(super) failures: u32,
    /// A request named something that is not there.
    pub(super) wanted: bool,
}

impl Schedule {
    /// How long a document is fresh that the endpoint lets be kept for `max_age` seconds.
    pub(super) fn fresh(&self, max_age: Option<u64>) -> u64 {
        let given = max_age.map_or(self.refresh, |seconds| seconds.saturating_mul(1_000));
        given.max(MIN_FRESH_MS).min(self.refresh)
    }

    /// True if it is time to fetch.
    pub(super) fn is_due(&self, history: &History, now: u64) -> bool {
        let resting = now < history.attempted.saturating_add(pause(history.failures));
        // What lies ahead of us was written before the clock went back, and says nothing.
        if resting && history.attempted <= now {
            return false;
        }
        // A tenth before the end, so that the next one is there when it comes.
        let old = now.abs_diff(history.fetched) >= history.fresh / 10 * 9;
        history.fetched == 0 || old || (history.wanted && self.may_want(history, now))
    }

    /// True if a request may cause a fetch now.
    pub(super) fn may_want(&self, history: &History, now: u64) -> bool {
        now >= history.attempted.max(history.fetched).saturating_add(self.cooldown)
    }

    /// True while the document that is there serves.
    pub(super) fn serves(&self, history: &History, now: u64) -> bool {
        let end = history.fetched.saturating_add(history.fresh).saturating_add(self.stale_for);
        history.fetched != 0 && now < end
    }
}

/// The pause after so many failures.
pub(super) fn pause(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    if failures == 0 { 0 } else { (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { refresh: 300_000, cooldown: 30_000, stale_for: 3_600_000 };
    const START: u64 = 1_000_000_000;

    fn fetched() -> History {
        History { fetched: START, fresh: 300_000, attempted: START, ..History::default() }
    }

    #[test]
    fn a_document_is_fetched_at_first_and_before_it_is_old() {
        assert!(SCHEDULE.is_due(&History::default(), START));
        assert!(!SCHEDULE.serves(&History::default(), START));
        for (after, due) in [(0, false), (269_999, false), (270_000, true), (400_000, true)] {
            assert_eq!(SCHEDULE.is_due(&fetched(), START + after), due, "{after}");
        }
        // A clock that went back a little is no reason; one that went back far must not stop us until it is there again.
        assert!(!SCHEDULE.is_due(&fetched(), START - 5_000));
        assert!(SCHEDULE.is_due(&fetched(), START - 270_000));
        let failed = History { failures: 9, ..fetched() };
        assert!(SCHEDULE.is_due(&failed, START - 270_000));
    }

    #[test]
    fn failures_are_followed_by_longer_and_longer_pauses() {
        let pauses = [0, 1, 2, 3, 6, 7, 8, u32::MAX].map(pause);
        assert_eq!(pauses, [0, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
        let failed = History { attempted: START, failures: 2, ..History::default() };
        assert!(!SCHEDULE.is_due(&failed, START + 1_999));
        assert!(SCHEDULE.is_due(&failed, START + 2_000));
    }

    #[test]
    fn what_requests_name_causes_one_fetch_a_cooldown() {
        let wanted = History { wanted: true, ..fetched() };
        assert!(!SCHEDULE.is_due(&wanted, START + 29_999));
        assert!(SCHEDULE.is_due(&wanted, START + 30_000));
        assert!(!SCHEDULE.is_due(&fetched(), START + 30_000));
        let tried = History { attempted: START + 30_000, ..wanted };
        assert!(!SCHEDULE.may_want(&tried, START + 59_999));
        assert!(SCHEDULE.may_want(&tried, START + 60_000));
    }

    #[test]
    fn an_old_document_serves_while_the_endpoint_is_away_and_then_no_more() {
        for (after, serves) in [(0, true), (3_899_999, true), (3_900_000, false)] {
            assert_eq!(SCHEDULE.serves(&fetched(), START + after), serves, "{after}");
        }
    }

    #[test]
    fn the_endpoint_may_shorten_the_time_to_a_floor_and_never_lengthen_it() {
        let fresh = [None, Some(60), Some(0), Some(86_400), Some(u64::MAX)];
        let fresh = fresh.map(|max_age| SCHEDULE.fresh(max_age));
        assert_eq!(fresh, [300_000, 60_000, MIN_FRESH_MS, 300_000, 300_000]);
    }
}
