//! A flood of distinct keys: memory stays bounded, and who is limited stays limited.

use std::num::NonZeroU32;

use portcullis_control::store::{Fingerprint, ProcessKey, SETS, Step, Updated, WAYS};

use super::world::{Memory, START, World};
use crate::decide::{Decision, Limits, decide};
use crate::window::{Period, Periods};
use crate::{TABLE, Table};

/// A table under a limit of so many requests a minute, with clients that are numbers.
struct Flooded {
    world: World,
    key: ProcessKey,
    limits: Limits,
}

impl Flooded {
    fn new(minute: u32) -> Self {
        let world = World::new(&std::sync::Arc::<Memory>::default());
        let key = ProcessKey::obtain(&world).unwrap();
        let limit = |period| NonZeroU32::new(minute).filter(|_| period == Period::Minute);
        Flooded { world, key, limits: Periods::from_fn(limit) }
    }

    fn client(&self, number: u64) -> Fingerprint {
        let mut hasher = self.key.hasher("flood");
        hasher.part(&number.to_le_bytes());
        hasher.finish()
    }

    fn request(&self, number: u64) -> Updated<Decision> {
        let reading = TABLE.read(&self.world, self.client(number)).unwrap();
        let decide = |entry: Option<&_>, at| {
            let decision = decide(&self.limits, entry, at);
            if decision.admitted {
                Step::Put(decision.counts, decision)
            } else {
                Step::Keep(decision)
            }
        };
        TABLE.update(&self.world, reading, START, decide).unwrap()
    }

    /// Sends requests until one is refused.
    fn exhaust(&self, number: u64) {
        while self.request(number).result.admitted {}
    }

    fn is_limited(&self, number: u64) -> bool {
        let reading = TABLE.read(&self.world, self.client(number)).unwrap();
        let (entry, at) = Table::entry(&reading, START);
        !decide(&self.limits, entry.as_ref(), at).admitted
    }
}

const SLOTS: usize = SETS as usize * WAYS;
const VICTIM: u64 = u64::MAX;

/// Distinct keys of a flood.
const FLOOD: usize = 1_000_000;

#[test]
fn a_flood_costs_bounded_memory_and_frees_nobody_who_is_limited() {
    let flooded = Flooded::new(2);
    // One becomes limited before the flood, one in a table that is full.
    flooded.exhaust(VICTIM);
    let mut evicted = 0;
    for number in 0..FLOOD as u64 {
        evicted += usize::from(flooded.request(number).evicted.is_some());
        if number == 150_000 {
            flooded.exhaust(VICTIM - 1);
        }
    }
    assert!(flooded.is_limited(VICTIM) && flooded.is_limited(VICTIM - 1));
    assert_eq!(evicted, FLOOD + 2 - SLOTS - 1);
    assert_eq!(flooded.world.memory.keys(), SETS as usize + 1, "all sets and the process's key");
    let bytes = flooded.world.memory.bytes();
    assert!(bytes < SLOTS * 54 + (SETS as usize + 1) * 32, "{bytes}");
}

#[test]
fn a_flood_of_keys_at_their_limit_frees_nobody_who_was_limited_before() {
    let flooded = Flooded::new(1);
    flooded.exhaust(VICTIM);
    let evicted: Vec<_> =
        (0..75_000).filter_map(|number| flooded.request(number).evicted).collect();
    assert!(flooded.is_limited(VICTIM));
    assert!(evicted.len() > 75_000 - SLOTS && evicted.iter().all(|evicted| evicted.at_limit));
}
