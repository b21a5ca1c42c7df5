//! One set of a table as it lies in shared data: up to 16 slots behind each other, little-endian.
//!
//! A slot is `tag: u64, last: u64, expires: u64, payload`. A set holds only the slots that were ever used, so that a
//! table with few keys is cheap to copy.

use super::table::Evicted;

/// Slots in one set. In a table that is half full one set in 270 is too small for its keys; with 8 slots and twice the
/// sets it would be one in 47. A set is copied out of shared data in one call, which costs by the call and not by the
/// kilobyte.
pub const WAYS: usize = 16;

/// [`Payload::worth`] of an entry that is at its limit.
pub const AT_LIMIT: u8 = u8::MAX;

/// Seconds that the clocks of two callbacks may lie apart. A slot whose last change lies further ahead was written
/// before the machine's clock was set back: it goes on from now with what it holds, else it would stand still until
/// the clock caught up.
const CLOCK_STEP_SECONDS: u64 = 10;

const TAG: usize = 8;
const TIME: usize = 8;
const HEAD: usize = TAG + TIME + TIME;

/// What a table keeps of each key, in a fixed number of bytes.
pub trait Payload: Sized {
    /// Bytes that [`Payload::write`] appends and [`Payload::read`] gets.
    const BYTES: usize;

    /// Reads what `write` wrote; `None` if it is anything else.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// Appends exactly [`Payload::BYTES`] bytes.
    fn write(&self, target: &mut Vec<u8>);

    /// Second from which on this payload, changed at `last`, says nothing any more.
    fn expires(&self, last: u64) -> u64;

    /// What would be lost with it at `now`: 0 nothing, [`AT_LIMIT`] the most. In a full set the least goes.
    fn worth(&self, last: u64, now: u64) -> u8;
}

/// A key's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<P> {
    /// Second of its last change.
    pub last: u64,
    /// What is kept.
    pub payload: P,
}

impl<P> Entry<P> {
    /// Moves an entry that a clock ahead of ours left back to now.
    fn settled(mut self, now: u64) -> Self {
        if self.last > now.saturating_add(CLOCK_STEP_SECONDS) {
            self.last = now;
        }
        self
    }
}

/// The bytes of a set.
#[derive(Clone, Debug, Default)]
pub(super) struct Set(Vec<u8>);

/// A slot whose payload is not looked at yet.
#[derive(Clone, Copy)]
struct Slot<'s> {
    tag: u64,
    last: u64,
    expires: u64,
    payload: &'s [u8],
}

impl<'s> Slot<'s> {
    fn read(bytes: &'s [u8]) -> Option<Self> {
        let (tag, bytes) = bytes.split_first_chunk()?;
        let (last, bytes) = bytes.split_first_chunk()?;
        let (expires, payload) = bytes.split_first_chunk()?;
        let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let (tag, last, expires) = (number(tag), number(last), number(expires));
        Some(Slot { tag, last, expires, payload })
    }

    fn entry<P: Payload>(self, now: u64) -> Option<Entry<P>> {
        let entry = Entry { last: self.last, payload: P::read(self.payload)? };
        Some(entry.settled(now))
    }
}

const fn slot_bytes<P: Payload>() -> usize {
    HEAD + P::BYTES
}

impl Set {
    /// Takes what was read; anything that is not a set of such slots is an empty set.
    pub(super) fn read<P: Payload>(bytes: Vec<u8>) -> Self {
        let slot = slot_bytes::<P>();
        let whole = bytes.len().is_multiple_of(slot) && bytes.len() <= WAYS.saturating_mul(slot);
        if whole { Set(bytes) } else { Set::default() }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn slots<P: Payload>(&self) -> impl Iterator<Item = (usize, Slot<'_>)> {
        let slots = self.0.chunks_exact(slot_bytes::<P>()).enumerate();
        slots.filter_map(|(index, bytes)| Some((index, Slot::read(bytes)?)))
    }

    /// Where a key's slot is, and its entry; no entry if its payload is damaged.
    pub(super) fn find<P: Payload>(&self, tag: u64, now: u64) -> Option<(usize, Option<Entry<P>>)> {
        let (index, slot) = self.slots::<P>().find(|(_, slot)| slot.tag == tag)?;
        Some((index, slot.entry(now)))
    }

    /// Which slot has to go for a new key: none if there is a fresh one; else an expired one, else that of the entry
    /// that loses least.
    pub(super) fn victim<P: Payload>(&self, now: u64) -> Option<(usize, Option<Evicted>)> {
        let expired = self.slots::<P>().find(|(_, slot)| slot.expires <= now);
        if let Some((index, _)) = expired {
            return Some((index, None));
        }
        if self.0.len() < WAYS.saturating_mul(slot_bytes::<P>()) {
            return None;
        }
        let cost = |(index, slot): (usize, Slot<'_>)| {
            let entry = slot.entry::<P>(now);
            let worth =
                entry.map_or(0, |entry| entry.payload.worth(entry.last, now.max(entry.last)));
            // Slots stand in the order in which they were taken. Below the limit the one goes that was not used for
            // the longest time. An entry at its limit is no longer written to, so age says nothing about it: there the
            // newest goes, and who has been refused all along stays refused.
            let age = match worth {
                AT_LIMIT => (u64::MAX.saturating_sub(slot.last), usize::MAX.saturating_sub(index)),
                _ => (slot.last, index),
            };
            ((worth, slot.expires, age), index)
        };
        let least = self.slots::<P>().map(cost).min();
        let ((worth, _, _), index) = least?;
        Some((index, Some(Evicted { at_limit: worth == AT_LIMIT })))
    }

    /// Clears the slot that `victim` chose; the others keep their order.
    pub(super) fn clear<P: Payload>(&mut self, index: usize) {
        let bytes = slot_bytes::<P>();
        let start = index.saturating_mul(bytes);
        let end = start.saturating_add(bytes);
        if end <= self.0.len() {
            self.0.drain(start..end);
        }
    }

    /// Writes a slot: over the one at `index`, or behind all others.
    pub(super) fn put<P: Payload>(&mut self, index: Option<usize>, tag: u64, entry: &Entry<P>) {
        let bytes = slot_bytes::<P>();
        let mut slot = Vec::with_capacity(bytes);
        let expires = entry.payload.expires(entry.last);
        for number in [tag, entry.last, expires] {
            slot.extend_from_slice(&number.to_le_bytes());
        }
        entry.payload.write(&mut slot);
        slot.resize(bytes, 0);
        match index.and_then(|index| self.0.chunks_exact_mut(bytes).nth(index)) {
            Some(target) => target.iter_mut().zip(&slot).for_each(|(old, new)| *old = *new),
            None => self.0.extend_from_slice(&slot),
        }
    }
}
