//! Calendar windows in UTC, as Kong has them: from the full second to the first of January.

use time::{Date, Month, OffsetDateTime};

/// The last second that the calendar knows, 9999-12-31T23:59:59Z; a later clock counts as this.
const LAST_SECOND: u64 = 253_402_300_799;

/// How long a window is. From short to long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A full second.
    Second,
    /// A full minute.
    Minute,
    /// A full hour.
    Hour,
    /// From midnight, UTC.
    Day,
    /// From the first of the month.
    Month,
    /// From the first of January.
    Year,
}

impl Period {
    /// All, from short to long.
    pub const ALL: [Period; 6] =
        [Period::Second, Period::Minute, Period::Hour, Period::Day, Period::Month, Period::Year];

    /// The name of its field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Period::Second => "second",
            Period::Minute => "minute",
            Period::Hour => "hour",
            Period::Day => "day",
            Period::Month => "month",
            Period::Year => "year",
        }
    }

    /// Seconds by which Kong reckons the reset: a month is 30 days, a year 365.
    #[must_use]
    pub const fn length(self) -> u64 {
        match self {
            Period::Second => 1,
            Period::Minute => 60,
            Period::Hour => 3_600,
            Period::Day => 86_400,
            Period::Month => 2_592_000,
            Period::Year => 31_536_000,
        }
    }

    /// First second of the window around `at`, seconds since the Unix epoch.
    #[must_use]
    pub fn start(self, at: u64) -> u64 {
        match self {
            Period::Second => at,
            Period::Minute | Period::Hour | Period::Day => {
                at.saturating_sub(at.checked_rem(self.length()).unwrap_or(0))
            }
            Period::Month => {
                let date = date(at);
                first_of(date.year(), date.month())
            }
            Period::Year => first_of(date(at).year(), Month::January),
        }
    }

    /// First second behind the window around `at`.
    #[must_use]
    pub fn end(self, at: u64) -> u64 {
        match self {
            Period::Second | Period::Minute | Period::Hour | Period::Day => {
                self.start(at).saturating_add(self.length())
            }
            Period::Month => {
                let date = date(at);
                let next = date.month().next();
                first_of(date.year().saturating_add(i32::from(next == Month::January)), next)
            }
            Period::Year => first_of(date(at).year().saturating_add(1), Month::January),
        }
    }

    /// True if both seconds lie in one window.
    #[must_use]
    pub fn same_window(self, one: u64, other: u64) -> bool {
        one == other || (self != Period::Second && self.start(one) == self.start(other))
    }

    /// Seconds until the window around `at` ends, as Kong tells clients: at least 1, by [`Period::length`].
    #[must_use]
    pub fn reset(self, at: u64) -> u64 {
        let passed = at.saturating_sub(self.start(at));
        self.length().saturating_sub(passed).max(1)
    }
}

fn date(at: u64) -> Date {
    let at = i64::try_from(at.min(LAST_SECOND)).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH).date()
}

/// Midnight of the first of a month; past the calendar's end, never.
fn first_of(year: i32, month: Month) -> u64 {
    let first = Date::from_calendar_date(year, month, 1);
    first.map_or(u64::MAX, |date| {
        u64::try_from(date.midnight().assume_utc().unix_timestamp()).unwrap_or_default()
    })
}

/// One value for each period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods<T>([T; Period::ALL.len()]);

impl<T: Copy> Periods<T> {
    /// What `make` gives for each period.
    pub fn from_fn(mut make: impl FnMut(Period) -> T) -> Self {
        Periods(Period::ALL.map(&mut make))
    }

    /// From short to long.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Period, T)> {
        Period::ALL.into_iter().zip(self.0)
    }

    /// From short to long, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Period, &mut T)> {
        Period::ALL.into_iter().zip(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29T12:34:56Z, in a leap year.
    const LEAP_DAY: u64 = 1_709_210_096;

    #[test]
    fn windows_are_those_of_the_calendar_in_utc() {
        for (period, start, end) in [
            (Period::Second, 1_709_210_096, 1_709_210_097),
            (Period::Minute, 1_709_210_040, 1_709_210_100),
            (Period::Hour, 1_709_208_000, 1_709_211_600),
            (Period::Day, 1_709_164_800, 1_709_251_200),
            (Period::Month, 1_706_745_600, 1_709_251_200),
            (Period::Year, 1_704_067_200, 1_735_689_600),
        ] {
            assert_eq!((period.start(LEAP_DAY), period.end(LEAP_DAY)), (start, end), "{period:?}");
            assert!(period.same_window(start, end - 1) && !period.same_window(end - 1, end));
        }
    }

    #[test]
    fn each_window_ends_where_the_next_begins() {
        for period in Period::ALL {
            let mut at = 1_700_000_000;
            for _ in 0..5_000 {
                let end = period.end(at);
                assert_eq!(period.start(end), end, "{period:?} {at}");
                assert!(period.start(end - 1) < end && period.end(end - 1) == end);
                at = if end < 20_000_000_000 { end } else { end % 1_000_003 };
            }
        }
    }

    #[test]
    fn the_reset_is_kongs() {
        for (period, reset) in [
            (Period::Second, 1),
            (Period::Minute, 4),
            (Period::Hour, 1_504),
            (Period::Day, 41_104),
            (Period::Month, 2_592_000 - 2_464_496),
            (Period::Year, 31_536_000 - 5_142_896),
        ] {
            assert_eq!(period.reset(LEAP_DAY), reset, "{period:?}");
        }
        // The 31st of January and the 366th day of a leap year: Kong's lengths are over.
        assert_eq!(Period::Month.reset(1_706_700_000), 1);
        assert_eq!(Period::Year.reset(1_735_689_599), 1);
    }

    #[test]
    fn a_clock_before_and_behind_the_calendar_stays_in_it() {
        for period in Period::ALL {
            assert_eq!(period.start(0), 0);
            for at in [LAST_SECOND, LAST_SECOND + 1, u64::MAX] {
                assert!(period.start(at) <= at && period.end(at) >= at, "{period:?} {at}");
                assert!(period.reset(at) >= 1);
            }
        }
        assert_eq!(Period::Year.end(LAST_SECOND), u64::MAX);
    }
}
