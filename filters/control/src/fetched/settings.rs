//! The settings that every source of documents has: how often it is fetched, and how long an old document serves.

use std::ops::RangeInclusive;

use super::schedule::Schedule;
use crate::config::{Node, Section};

/// `refresh` in seconds: less than ten would be a load on the endpoint, more than a day is no refresh.
const REFRESH: RangeInclusive<u64> = 10..=86_400;
/// `cooldown` in seconds.
const COOLDOWN: RangeInclusive<u64> = 1..=3_600;
/// `stale_for` in seconds, up to a week.
const STALE_FOR: RangeInclusive<u64> = 0..=604_800;

/// What stands for settings that are left out, seconds.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Of `refresh`.
    pub refresh: u64,
    /// Of `cooldown`; `None` where nothing but age causes a fetch, and then there is no such setting.
    pub cooldown: Option<u64>,
    /// Of `stale_for`.
    pub stale_for: u64,
}

/// Reads `refresh`, `cooldown` and `stale_for`.
pub fn read_schedule(section: &mut Section<'_>, defaults: Defaults) -> Schedule {
    let mut milliseconds = |name, default, range| {
        section.or(name, default, |node: Node<'_>| node.integer(range)).saturating_mul(1_000)
    };
    let refresh = milliseconds("refresh", defaults.refresh, REFRESH);
    let cooldown =
        defaults.cooldown.map_or(refresh, |cooldown| milliseconds("cooldown", cooldown, COOLDOWN));
    Schedule {
        refresh,
        cooldown,
        stale_for: milliseconds("stale_for", defaults.stale_for, STALE_FOR),
    }
}

/// The name of a cluster of Envoy, which knows it or not when it is called.
#[must_use]
pub fn read_cluster(node: &Node<'_>) -> Option<String> {
    node.text().map(str::to_owned)
}
