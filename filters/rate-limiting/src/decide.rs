//! The decision itself: limits, what was counted, the second that counts; allowed or not, and what is left.

use std::num::NonZeroU32;

use portcullis_control::store::{AT_LIMIT, Entry, Payload};

use crate::window::{Period, Periods};

/// The limit of each period that has one.
pub type Limits = Periods<Option<NonZeroU32>>;

/// What a slot of the table keeps of a key: the count of each period, all in the windows around the slot's `last`.
///
/// A period without a limit keeps what it counted under an earlier or another configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts(Periods<Count>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    used: u32,
    /// How near `used` is to its limit, in 255ths, rounded down.
    pressure: u8,
}

/// A limit and what is left of it in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Requests in a window.
    pub limit: u32,
    /// Requests that would still be admitted.
    pub remaining: u32,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True if every period had something left.
    pub admitted: bool,
    /// The counts with this request; to be written only if it is admitted.
    pub counts: Counts,
    /// For each period with a limit. This request is taken off if it is admitted.
    pub left: Periods<Option<Left>>,
    /// The second that counted.
    pub at: u64,
}

impl Decision {
    /// The same without this request, for one that is refused elsewhere and so counts nowhere.
    #[must_use]
    pub fn unspent(mut self) -> Self {
        if self.admitted {
            for (_, left) in self.left.iter_mut() {
                let given_back =
                    |left: Left| Left { remaining: left.remaining.saturating_add(1), ..left };
                *left = left.map(given_back);
            }
        }
        self
    }

    /// The period that stopped the request; of several, the longest.
    #[must_use]
    pub fn exhausted(&self) -> Option<Period> {
        let none_left = |(period, left): (Period, Option<Left>)| {
            left.filter(|left| left.remaining == 0).map(|_| period)
        };
        if self.admitted { None } else { self.left.iter().rev().find_map(none_left) }
    }
}

/// Decides on one request. `at` is not before the entry's `last`.
#[must_use]
pub fn decide(limits: &Limits, entry: Option<&Entry<Counts>>, at: u64) -> Decision {
    let mut counts = entry.map(|entry| entry.payload.moved(entry.last, at)).unwrap_or_default();
    let admitted = limits
        .iter()
        .zip(counts.0.iter())
        .all(|((_, limit), (_, count))| limit.is_none_or(|limit| count.used < limit.get()));
    let mut left = Periods::default();
    for (((_, limit), (_, count)), (_, left)) in
        limits.iter().zip(counts.0.iter_mut()).zip(left.iter_mut())
    {
        let Some(limit) = limit else { continue };
        if admitted {
            count.used = count.used.saturating_add(1);
            count.pressure = pressure(count.used, limit);
        }
        let remaining = limit.get().saturating_sub(count.used);
        *left = Some(Left { limit: limit.get(), remaining });
    }
    Decision { admitted, counts, left, at }
}

/// Takes back a request that was admitted at `charged`, in the windows that still run.
#[must_use]
pub fn refund(limits: &Limits, entry: &Entry<Counts>, charged: u64) -> Counts {
    let mut counts = entry.payload;
    for ((period, limit), (_, count)) in limits.iter().zip(counts.0.iter_mut()) {
        if let Some(limit) = limit.filter(|_| period.same_window(entry.last, charged)) {
            count.used = count.used.saturating_sub(1);
            count.pressure = pressure(count.used, limit);
        }
    }
    counts
}

fn pressure(used: u32, limit: NonZeroU32) -> u8 {
    let limit = u64::from(limit.get());
    let share = u64::from(used).saturating_mul(u64::from(AT_LIMIT)).checked_div(limit);
    share.and_then(|share| u8::try_from(share).ok()).unwrap_or(AT_LIMIT)
}

impl Counts {
    /// The counts of the windows around `at`; those of windows that are over are gone.
    fn moved(mut self, last: u64, at: u64) -> Self {
        for (period, count) in self.0.iter_mut() {
            if count.used != 0 && !period.same_window(last, at) {
                *count = Count::default();
            }
        }
        self
    }
}

impl Payload for Counts {
    const BYTES: usize = Period::ALL.len() * 5;

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut counts = Counts::default();
        let (slots, rest) = bytes.as_chunks::<5>();
        for ((_, count), [a, b, c, d, pressure]) in counts.0.iter_mut().zip(slots) {
            *count = Count { used: u32::from_le_bytes([*a, *b, *c, *d]), pressure: *pressure };
        }
        (slots.len() == Period::ALL.len() && rest.is_empty()).then_some(counts)
    }

    fn write(&self, target: &mut Vec<u8>) {
        for (_, count) in self.0.iter() {
            target.extend_from_slice(&count.used.to_le_bytes());
            target.push(count.pressure);
        }
    }

    /// The true end of the longest window in which something was counted.
    fn expires(&self, last: u64) -> u64 {
        let longest = self.0.iter().rev().find(|(_, count)| count.used != 0);
        longest.map_or(0, |(period, _)| period.end(last))
    }

    fn worth(&self, last: u64, now: u64) -> u8 {
        let live = |(period, count): (Period, Count)| {
            (count.pressure != 0 && period.same_window(last, now)).then_some(count.pressure)
        };
        self.0.iter().filter_map(live).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000;

    fn limits(second: u32, minute: u32, hour: u32) -> Limits {
        Periods::from_fn(|period| {
            NonZeroU32::new(match period {
                Period::Second => second,
                Period::Minute => minute,
                Period::Hour => hour,
                _ => 0,
            })
        })
    }

    fn remaining(decision: &Decision) -> Vec<u32> {
        decision.left.iter().filter_map(|(_, left)| Some(left?.remaining)).collect()
    }

    fn run(limits: &Limits, times: &[u64]) -> Vec<(bool, Vec<u32>)> {
        let mut entry: Option<Entry<Counts>> = None;
        let mut outcomes = Vec::new();
        for at in times {
            let decision = decide(limits, entry.as_ref(), *at);
            if decision.admitted {
                entry = Some(Entry { last: *at, payload: decision.counts });
            }
            outcomes.push((decision.admitted, remaining(&decision)));
        }
        outcomes
    }

    #[test]
    fn a_denied_request_counts_in_no_period() {
        let outcomes = run(&limits(1, 3, 0), &[START, START, START + 1, START + 2, START + 3]);
        let expected = [
            (true, vec![0, 2]),
            (false, vec![0, 2]),
            (true, vec![0, 1]),
            (true, vec![0, 0]),
            (false, vec![1, 0]),
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn the_longest_exhausted_period_is_the_one_that_is_named() {
        let decision = decide(&limits(1, 1, 5), None, START);
        assert_eq!((decision.admitted, decision.exhausted()), (true, None));
        let entry = Entry { last: START, payload: decision.counts };
        assert_eq!(decide(&limits(1, 1, 5), Some(&entry), START).exhausted(), Some(Period::Minute));
        assert_eq!(decide(&limits(1, 0, 5), Some(&entry), START).exhausted(), Some(Period::Second));
    }

    #[test]
    fn an_edited_limit_keeps_the_counts() {
        let mut entry =
            Entry { last: START, payload: decide(&limits(0, 9, 0), None, START).counts };
        entry.payload = decide(&limits(0, 9, 0), Some(&entry), START).counts;
        let lowered = decide(&limits(0, 2, 0), Some(&entry), START);
        assert_eq!((lowered.admitted, remaining(&lowered)), (false, vec![0]));
        let other = decide(&limits(0, 0, 5), Some(&entry), START);
        entry.payload = other.counts;
        assert_eq!(remaining(&decide(&limits(0, 5, 5), Some(&entry), START)), [2, 3]);
    }

    #[test]
    fn a_refund_gives_back_what_the_window_still_holds() {
        let limits = limits(2, 5, 0);
        let first = decide(&limits, None, START);
        let entry = Entry { last: START, payload: first.counts };
        let second = decide(&limits, Some(&entry), START + 1);
        let entry = Entry { last: START + 1, payload: second.counts };
        let back = Entry { last: START + 1, payload: refund(&limits, &entry, START) };
        assert_eq!(remaining(&decide(&limits, Some(&back), START + 1)), [0, 3]);
        let empty = Entry { last: START, payload: Counts::default() };
        assert_eq!(refund(&limits, &empty, START), Counts::default());
    }

    #[test]
    fn a_slot_survives_its_bytes_and_expires_with_its_longest_window() {
        let counts = decide(&limits(3, 0, 1_000), None, START).counts;
        let mut bytes = Vec::new();
        counts.write(&mut bytes);
        assert_eq!((bytes.len(), Counts::read(&bytes)), (Counts::BYTES, Some(counts)));
        assert_eq!(Counts::read(bytes.get(1..).unwrap_or_default()), None);
        assert_eq!(counts.expires(START), Period::Hour.end(START));
        assert_eq!(Counts::default().expires(START), 0);
    }

    #[test]
    fn what_is_lost_with_a_slot_is_the_pressure_of_the_windows_that_run() {
        let limits = limits(1, 0, 2);
        let counts = decide(&limits, None, START).counts;
        assert_eq!(counts.worth(START, START), AT_LIMIT);
        assert_eq!(counts.worth(START, START + 1), AT_LIMIT / 2);
        assert_eq!(counts.worth(START, START + 3_600), 0);
        assert_eq!(pressure(u32::MAX, NonZeroU32::MIN), AT_LIMIT);
        assert_eq!(pressure(u32::MAX - 1, NonZeroU32::MAX), AT_LIMIT - 1);
    }
}
