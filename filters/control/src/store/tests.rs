//! The table against an in-memory map: full sets, damaged values, failing stores, and workers that race.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Mutex;

use super::*;
use crate::headers::HeaderMap;
use crate::surroundings::{SignatureCheck, Surroundings, Unavailable};

/// The host's map: one mutex, one counter for versions.
#[derive(Default)]
struct Memory(Mutex<Values>);

#[derive(Default)]
struct Values {
    writes: u32,
    map: HashMap<String, (Vec<u8>, u32)>,
}

impl SharedData for Memory {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let values = self.0.lock().unwrap();
        Ok(values.map.get(key).map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        let mut values = self.0.lock().unwrap();
        if values.map.get(key).map(|(_, version)| Version(*version)) != expected {
            return Err(StoreError::Changed);
        }
        values.writes += 1;
        let version = values.writes;
        values.map.insert(key.to_owned(), (value.to_vec(), version));
        Ok(())
    }
}

impl Memory {
    fn put(&self, key: &str, value: &[u8]) {
        let version = self.get(key).unwrap().map(|(_, version)| version);
        self.set(key, value, version).unwrap();
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().map.keys().cloned().collect()
    }
}

/// Fails as told: the next writes report `Changed`, or everything is down.
#[derive(Default)]
struct Faulty {
    memory: Memory,
    changed: Cell<u32>,
    down: Cell<bool>,
}

impl SharedData for Faulty {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        if self.down.get() { Err(StoreError::Down) } else { self.memory.get(key) }
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        if self.down.get() {
            return Err(StoreError::Down);
        }
        match self.changed.get().checked_sub(1) {
            Some(left) => {
                self.changed.set(left);
                Err(StoreError::Changed)
            }
            None => self.memory.set(key, value, expected),
        }
    }
}

struct World<S> {
    shared: S,
    random: RefCell<u64>,
}

impl<S> World<S> {
    fn new(shared: S) -> Self {
        World { shared, random: RefCell::new(1) }
    }
}

impl<S: SharedData> Surroundings for World<S> {
    fn now(&self) -> u64 {
        0
    }
    fn random(&self) -> u64 {
        *self.random.borrow_mut() += 1;
        *self.random.borrow()
    }
    fn shared(&self) -> &dyn SharedData {
        &self.shared
    }
    fn verify_signature(&self, _: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    fn property(&self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }
    fn request_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }
    fn request_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
    fn response_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }
    fn response_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
}

/// So many of ten a hundred seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tens(u8);

const LIMIT: u8 = 10;

impl Payload for Tens {
    const BYTES: usize = 1;
    fn read(bytes: &[u8]) -> Option<Self> {
        let [count] = bytes else { return None };
        (*count <= LIMIT).then_some(Tens(*count))
    }
    fn write(&self, target: &mut Vec<u8>) {
        target.push(self.0);
    }
    fn expires(&self, last: u64) -> u64 {
        last.saturating_add(100)
    }
    fn worth(&self, _: u64, _: u64) -> u8 {
        if self.0 >= LIMIT { AT_LIMIT } else { self.0 }
    }
}

const TABLE: Table<Tens> = Table::new("tens");

/// All in one set.
fn key(tag: u64) -> Fingerprint {
    Fingerprint { place: 0xabc, tag }
}

fn add(shared: &dyn SharedData, tag: u64, now: u64) -> Result<Updated<bool>, StoreError> {
    let reading = TABLE.read(shared, key(tag))?;
    TABLE.update(shared, reading, now, |entry, _| match entry.map_or(0, |entry| entry.payload.0) {
        LIMIT.. => Step::Keep(false),
        count => Step::Put(Tens(count + 1), true),
    })
}

fn count(shared: &dyn SharedData, tag: u64, now: u64) -> Option<u8> {
    Table::<Tens>::entry(&TABLE.read(shared, key(tag)).unwrap(), now).0.map(|entry| entry.payload.0)
}

fn full(now: u64) -> Memory {
    let memory = Memory::default();
    for tag in 0..WAYS as u64 {
        assert_eq!(add(&memory, tag, now).unwrap().evicted, None);
    }
    memory
}

#[test]
fn a_key_of_shared_data_names_layout_table_and_set_alone() {
    let memory = full(5);
    assert_eq!(memory.keys(), ["portcullis/v1/tens/abc"]);
    let place = u64::MAX;
    let _ = TABLE.read(&memory, Fingerprint { place, tag: 1 }).unwrap();
    assert_eq!(memory.keys().len(), 1, "reading writes nothing");
}

#[test]
fn a_full_set_gives_up_what_loses_least_and_says_so() {
    let memory = full(5);
    for tag in 1..WAYS as u64 {
        assert!(add(&memory, tag, 6).unwrap().result);
    }
    let evicted = add(&memory, 100, 7).unwrap().evicted;
    assert_eq!(evicted, Some(Evicted { at_limit: false }));
    assert_eq!((count(&memory, 0, 7), count(&memory, 100, 7)), (None, Some(1)));
    assert_eq!(count(&memory, 1, 7), Some(2));
}

#[test]
fn an_expired_slot_goes_first_and_its_loss_is_none() {
    let memory = full(5);
    for _ in 0..3 {
        add(&memory, 3, 5).unwrap();
    }
    for tag in (0..WAYS as u64).filter(|tag| *tag != 3) {
        add(&memory, tag, 50).unwrap();
    }
    assert_eq!(add(&memory, 100, 105).unwrap().evicted, None);
    assert_eq!((count(&memory, 3, 105), count(&memory, 0, 105)), (None, Some(2)));
}

#[test]
fn below_the_limit_the_one_that_was_not_used_for_the_longest_time_goes() {
    let memory = full(5);
    for tag in 100..110 {
        add(&memory, tag, 5).unwrap();
        assert_eq!(count(&memory, tag - 100, 5), None);
        assert_eq!(count(&memory, tag, 5), Some(1));
    }
}

#[test]
fn among_keys_at_their_limit_the_ones_that_came_first_stay_limited() {
    let memory = full(5);
    for tag in 0..WAYS as u64 {
        while add(&memory, tag, 5).unwrap().result {}
    }
    for tag in 100..200 {
        // Every second one stays below its limit, and is the one that goes next.
        let evicted = add(&memory, tag, 5).unwrap().evicted;
        assert_eq!(evicted, Some(Evicted { at_limit: tag % 2 == 0 }), "{tag}");
        while tag % 2 != 0 && add(&memory, tag, 5).unwrap().result {}
    }
    let kept = (0..WAYS as u64).filter(|tag| count(&memory, *tag, 5) == Some(LIMIT)).count();
    assert_eq!(kept, WAYS - 1);
}

#[test]
fn a_slot_does_not_go_back_with_a_clock_that_lies_behind_and_does_after_a_step() {
    let memory = Memory::default();
    add(&memory, 1, 1_000).unwrap();
    let at = |now| {
        let reading = TABLE.read(&memory, key(1)).unwrap();
        let (entry, at) = Table::<Tens>::entry(&reading, now);
        (entry.unwrap().last, at)
    };
    assert_eq!(at(1_001), (1_000, 1_001));
    assert_eq!(at(990), (1_000, 1_000));
    assert_eq!(at(989), (989, 989));
    assert_eq!(at(0), (0, 0));
    add(&memory, 1, u64::MAX).unwrap_or_else(|error| panic!("{error:?}"));
}

#[test]
fn what_is_no_set_counts_as_empty_and_is_written_over() {
    let slot = 8 + 8 + 8 + 1;
    for damaged in [vec![], vec![1], vec![0xff; slot - 1], vec![0xff; slot * (WAYS + 1)]] {
        let memory = Memory::default();
        memory.put("portcullis/v1/tens/abc", &damaged);
        assert_eq!(add(&memory, 1, 5), Ok(Updated { result: true, evicted: None }));
        assert_eq!(count(&memory, 1, 5), Some(1));
    }
    let memory = Memory::default();
    let mut slot = [1u64, 5, 105].map(u64::to_le_bytes).concat();
    slot.push(LIMIT + 1);
    memory.put("portcullis/v1/tens/abc", &slot);
    assert_eq!(count(&memory, 1, 5), None, "a payload that cannot be");
    assert!(add(&memory, 1, 5).unwrap().result);
    assert_eq!(count(&memory, 1, 5), Some(1));
}

#[test]
fn a_lost_race_is_decided_anew_and_a_store_that_is_down_is_an_error() {
    let store = Faulty::default();
    store.changed.set(500);
    assert_eq!(add(&store, 1, 5), Ok(Updated { result: true, evicted: None }));
    assert_eq!(count(&store, 1, 5), Some(1), "only what was written counts");
    store.changed.set(u32::MAX);
    assert_eq!(add(&store, 1, 5), Err(StoreError::Changed));
    store.changed.set(0);
    store.down.set(true);
    assert_eq!(add(&store, 1, 5), Err(StoreError::Down));
}

#[test]
fn workers_that_race_admit_exactly_the_limit() {
    const WORKERS: u64 = 16;
    for round in 0..20 {
        let memory = Memory::default();
        let admitted: usize = std::thread::scope(|scope| {
            let work = |worker: u64| {
                let memory = &memory;
                // Clocks of workers differ, and every worker also writes to a key of its own in the same set.
                move || {
                    let now = 1_000 + (worker + round) % 7;
                    (0..5)
                        .filter(|_| {
                            assert!(add(memory, 100 + worker % 8, now).is_ok());
                            add(memory, 1, now).unwrap().result
                        })
                        .count()
                }
            };
            let threads: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(work(worker))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, usize::from(LIMIT));
    }
}

#[test]
fn all_workers_have_the_key_that_the_first_made() {
    let world = World::new(Memory::default());
    let hash = || ProcessKey::obtain(&world).unwrap().log_hash([&b"a"[..]]);
    let first = hash();
    assert_eq!((hash(), first.len()), (first.clone(), 16));
    assert_eq!(*world.random.borrow(), 3, "made once");

    world.shared.put("portcullis/v1/key", b"short");
    let second = hash();
    assert_eq!((hash(), second == first), (second, false));

    let world = World::new(Faulty::default());
    world.shared.changed.set(1);
    assert!(ProcessKey::obtain(&world).is_ok());
    world.shared.down.set(true);
    assert!(ProcessKey::obtain(&world).is_err());
}

#[test]
fn a_kept_key_is_read_once_and_asked_for_again_where_the_store_was_down() {
    let world = World::new(Faulty::default());
    let kept = KeptKey::default();
    world.shared.down.set(true);
    assert!(kept.get(&world).is_err());
    world.shared.down.set(false);
    let hash = || kept.get(&world).map(|key| key.log_hash([&b"a"[..]]));
    let first = hash().unwrap();
    world.shared.down.set(true);
    assert_eq!(hash().unwrap(), first);
    assert_eq!(format!("{kept:?}"), "KeptKey");
}

#[test]
fn parts_and_purposes_do_not_run_into_each_other() {
    let world = World::new(Memory::default());
    let key = ProcessKey::obtain(&world).unwrap();
    let hash = |purpose: &str, parts: &[&[u8]]| {
        let mut hasher = key.hasher(purpose);
        parts.iter().for_each(|part| hasher.part(part));
        hasher.finish()
    };
    let all = [
        hash("p", &[b"ab", b"c"]),
        hash("p", &[b"a", b"bc"]),
        hash("p", &[b"abc"]),
        hash("p", &[b"abc", b""]),
        hash("q", &[b"ab", b"c"]),
        hash("pa", &[b"b", b"c"]),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(hash("p", &[b"ab", b"c"]), all[0]);
}
