//! A table of bounded size over shared data: any number of keys, a fixed number of slots.
//!
//! The set and the fingerprint of a key come from one keyed hash of 128 bits: 12 bits choose the set, 64 more are
//! compared, so two keys are taken for one with a probability of 2⁻⁷⁶, and nobody outside the process can compute
//! which. Keys of shared data are `portcullis/v1/<table>/<set>`: `v1` is the layout of [`super::set`], and only ever
//! [`SETS`] of them exist for a table.

use std::marker::PhantomData;

use super::key::Fingerprint;
use super::set::{Entry, Payload, Set};
use super::{SharedData, StoreError, Version};

/// Sets of a table; with 16 slots each, 65,536 keys are told apart at a time.
pub const SETS: u64 = 4_096;

/// Attempts to write before the store counts as failing. An attempt fails only because another worker's succeeded, and
/// takes about a microsecond. Were 64 workers at one set without a pause, one of them would lose 1,024 times in a row
/// with a probability of (63/64)^1024, one in ten million; in between each also has a request to serve.
const ATTEMPTS: u32 = 1_024;

/// What is to become of an entry.
#[derive(Debug)]
pub enum Step<P, T> {
    /// It stays; nothing is written.
    Keep(T),
    /// It becomes this.
    Put(P, T),
}

/// An entry of another key had to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// Even the one that loses least was at its limit.
    pub at_limit: bool,
}

/// The outcome of an update.
#[derive(Debug, PartialEq, Eq)]
pub struct Updated<T> {
    /// What the decision said the last time it was asked, which is the one that counts.
    pub result: T,
    /// What had to go for it.
    pub evicted: Option<Evicted>,
}

/// A set as it was read, with the slot of one key.
#[derive(Clone, Debug)]
pub struct Reading {
    key: String,
    tag: u64,
    set: Set,
    version: Option<Version>,
}

/// A table of entries of one kind. Cheap to make: all state is in shared data.
#[derive(Clone, Copy, Debug)]
pub struct Table<P> {
    name: &'static str,
    payload: PhantomData<fn() -> P>,
}

impl<P: Payload> Table<P> {
    /// The table of this name, `[a-z0-9-]+`; the name belongs to one kind of payload.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Table { name, payload: PhantomData }
    }

    /// Reads the set of a key.
    ///
    /// # Errors
    /// [`StoreError::Down`].
    pub fn read(
        &self,
        shared: &dyn SharedData,
        fingerprint: Fingerprint,
    ) -> Result<Reading, StoreError> {
        let key = self.key(fingerprint.place % SETS);
        let (set, version) = Self::load(shared, &key)?;
        Ok(Reading { key, tag: fingerprint.tag, set, version })
    }

    /// A key's entry at `now`, seconds, as it was read; and the second that counts for it: its clock never goes back.
    #[must_use]
    pub fn entry(reading: &Reading, now: u64) -> (Option<Entry<P>>, u64) {
        let entry = reading.set.find::<P>(reading.tag, now).and_then(|(_, entry)| entry);
        let at = entry.as_ref().map_or(now, |entry| now.max(entry.last));
        (entry, at)
    }

    /// Decides on a key's entry and writes what was decided, as one step: if another worker wrote in between, `decide`
    /// is asked again with what is there then. It gets the entry and the second that counts.
    ///
    /// # Errors
    /// [`StoreError::Down`]; [`StoreError::Changed`] if others were faster each of very many times. Nothing is written
    /// in either case.
    pub fn update<T>(
        &self,
        shared: &dyn SharedData,
        mut reading: Reading,
        now: u64,
        mut decide: impl FnMut(Option<&Entry<P>>, u64) -> Step<P, T>,
    ) -> Result<Updated<T>, StoreError> {
        for _ in 0..ATTEMPTS {
            let (entry, at) = Self::entry(&reading, now);
            let (payload, result) = match decide(entry.as_ref(), at) {
                Step::Keep(result) => return Ok(Updated { result, evicted: None }),
                Step::Put(payload, result) => (payload, result),
            };
            let own = reading.set.find::<P>(reading.tag, now).map(|(index, _)| index);
            let victim = if own.is_some() { None } else { reading.set.victim::<P>(now) };
            if let Some((index, _)) = victim {
                reading.set.clear::<P>(index);
            }
            let evicted = victim.and_then(|(_, evicted)| evicted);
            reading.set.put(own, reading.tag, &Entry { last: at, payload });
            match shared.set(&reading.key, reading.set.as_bytes(), reading.version) {
                Ok(()) => return Ok(Updated { result, evicted }),
                Err(StoreError::Changed) => {}
                Err(StoreError::Down) => return Err(StoreError::Down),
            }
            (reading.set, reading.version) = Self::load(shared, &reading.key)?;
        }
        Err(StoreError::Changed)
    }

    fn load(shared: &dyn SharedData, key: &str) -> Result<(Set, Option<Version>), StoreError> {
        Ok(match shared.get(key)? {
            Some((bytes, version)) => (Set::read::<P>(bytes), Some(version)),
            None => (Set::default(), None),
        })
    }

    /// Written by hand: `format!` would cost as much as the hash.
    fn key(&self, set: u64) -> String {
        const PREFIX: &str = "portcullis/v1/";
        const DIGITS: u32 = SETS.ilog2().div_ceil(4);
        let mut key = String::with_capacity(PREFIX.len() + self.name.len() + 1 + DIGITS as usize);
        key.push_str(PREFIX);
        key.push_str(self.name);
        key.push('/');
        for digit in (0..DIGITS).rev() {
            let digit = u32::try_from(set >> (digit * 4) & 0xf).unwrap_or_default();
            key.push(char::from_digit(digit, 16).unwrap_or('0'));
        }
        key
    }
}
