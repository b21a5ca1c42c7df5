//! A case at another time than its own, for an engine whose clock nobody can set.
//!
//! The requests are then sent at once. That says the same where the case says so (`clock = "any"`), where no time
//! passes in it, or where all of it lies within one window of the shortest period that it limits. Seconds until the
//! end of a window, as `RateLimit-Reset` and `Retry-After` have them, are those of the same window at the other time.

use serde_json::Value;

use crate::case::{Case, Clock, START};
use crate::engine::Unable;
use crate::prepared::{Prepared, SECOND};

/// Names and lengths of the windows of a calendar, in seconds; months and years have no one length.
const PERIODS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

/// Those without one length: their cases must stay within a day.
const LONG_PERIODS: [&str; 2] = ["month", "year"];

/// Header fields that count seconds until the end of a window.
const RESETS: [&str; 2] = ["retry-after", "ratelimit-reset"];

impl Case {
    /// The case with all its requests at `start`, seconds since the epoch.
    ///
    /// # Errors
    /// A skip where it would say something else then.
    pub fn prepare_moved(&self, start: u64) -> Result<Prepared, Unable> {
        let skip = |reason: &str| Err(Unable::Skip(reason.to_owned()));
        let periods = self.periods();
        if self.clock != Clock::Any {
            if self.start != START {
                return skip("its clock starts at a certain time");
            }
            if !self.in_one_window(&periods) {
                return skip("time passes between its requests");
            }
        }
        let own = self.prepare().map_err(Unable::Failure)?;
        let mut moved = self.prepare_at(start).map_err(Unable::Failure)?;
        for (own, moved) in own.requests.iter().zip(&mut moved.requests) {
            moved.at = start.saturating_mul(SECOND);
            // Others that say when to come again mean no calendar.
            for name in RESETS.into_iter().filter(|_| self.counts()) {
                let Some(values) = own.expected.headers.get(name) else { continue };
                let written = moved.expected.headers.get(name) == Some(values);
                let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse::<u64>().ok();
                let (true, [value]) = (written, values.as_slice()) else { continue };
                let Some(seconds) = number(value) else { continue };
                let second = own.at / SECOND;
                let period = periods.iter().find(|length| **length - second % **length == seconds);
                let Some(length) = period else {
                    return skip("it expects seconds that only its own calendar has");
                };
                let left = length - start % length;
                moved.expected.headers.insert(name.to_owned(), vec![left.to_string().into_bytes()]);
            }
        }
        Ok(moved)
    }

    /// True if its module counts requests in data that all VMs of a `vm_id` share.
    #[must_use]
    pub fn counts(&self) -> bool {
        let any = |config: &Value| {
            let mut names = PERIODS.iter().map(|(name, _)| *name).chain(LONG_PERIODS);
            names.any(|name| limits(config, name))
        };
        !self.is_refused() && self.config.as_ref().is_some_and(any)
    }

    /// The lengths of all windows that its configuration limits, in seconds, shortest first.
    fn periods(&self) -> Vec<u64> {
        let named = |name: &str| self.config.as_ref().is_some_and(|config| limits(config, name));
        let known = PERIODS.iter().filter(|(name, _)| named(name)).map(|(_, length)| *length);
        known.collect()
    }

    /// True if it lasts no longer than the shortest window, and nothing in it expires.
    fn in_one_window(&self, periods: &[u64]) -> bool {
        if self.requests.iter().all(|request| request.at == 0.0) {
            return true;
        }
        let long = |config: &Value| LONG_PERIODS.iter().any(|name| limits(config, name));
        let day = self.config.as_ref().is_some_and(long).then_some(86_400);
        let Some(shortest) = periods.first().copied().or(day) else { return false };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole seconds of a case's time"
        )]
        let window = |at: f64| (self.start as f64 + at) as u64 / shortest;
        let first = window(0.0);
        self.tokens.is_empty() && self.requests.iter().all(|request| window(request.at) == first)
    }
}

/// True if a number of this name stands anywhere.
fn limits(config: &Value, name: &str) -> bool {
    match config {
        Value::Object(members) => members
            .iter()
            .any(|(member, value)| (member == name && value.is_number()) || limits(value, name)),
        Value::Array(items) => items.iter().any(|item| limits(item, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::load::read;

    fn case(config: &str, requests: &str) -> Case {
        let text = format!("[[case]]\nname = \"one\"\nconfig = {config}\n{requests}");
        read(&text, Path::new("f"), "f").unwrap().remove(0)
    }

    fn request(at: f64, reset: &str) -> String {
        format!(
            "[[case.request]]\nat = {at:?}\nexpect = {{ status = 200, headers = {{ ratelimit-reset = \"{reset}\" }} }}\n"
        )
    }

    #[test]
    fn a_case_within_one_window_keeps_its_meaning_at_another_time() {
        let requests = format!("{}{}", request(0.0, "40"), request(2.0, "2798"));
        let case = case("{ routes = [{ config = { minute = 2 } }], hour = 3 }", &requests);
        let moved = case.prepare_moved(3_600 * 500_000 + 61).unwrap();
        let resets: Vec<_> = moved
            .requests
            .iter()
            .map(|request| &request.expected.headers["ratelimit-reset"][0])
            .collect();
        assert_eq!(resets, [b"59", &b"3539"[..]]);
        assert_eq!(moved.requests[1].at, moved.start, "all at once");
    }

    #[test]
    fn a_case_in_which_time_matters_is_skipped() {
        for (config, requests, reason) in [
            ("{ minute = 2 }", request(0.0, "40") + &request(40.0, "60"), "time passes"),
            ("{ minute = 2, second = 1 }", request(1.0, "1"), "time passes"),
            ("{ minute = 2 }", request(0.0, "41"), "its own calendar"),
            ("{ other = 2 }", request(1.0, "1"), "time passes"),
            ("{ month = 2 }", request(0.0, "1388800"), "its own calendar"),
        ] {
            let skipped = case(config, &requests).prepare_moved(1_800_000_000).unwrap_err();
            let Unable::Skip(found) = skipped else { panic!("{skipped:?}") };
            assert!(found.contains(reason), "{found}");
        }
        let any = case("{ minute = 2 }\nclock = \"any\"", &request(60.0, "40"));
        any.prepare_moved(1_800_000_000).unwrap();
    }
}
