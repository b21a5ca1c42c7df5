//! The surroundings of a VM in memory: clock, shared data, streams, log, counters, calls, faults.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use portcullis_control::control::Call;
use portcullis_control::store::{SharedData, StoreError, Version};
use portcullis_control::surroundings::HostVersion;
use portcullis_runtime::host::Level;

use crate::case::MINOR;
use crate::words::Field;

/// What all VMs of one process share. Cheap to clone: every clone is the same world.
#[derive(Clone, Default)]
pub struct World {
    pub(super) inner: Rc<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) now: Cell<u64>,
    pub(super) random: Cell<u64>,
    pub(super) shared: Shared,
    pub(super) log: RefCell<Vec<(Level, String)>>,
    pub(super) counters: RefCell<Vec<(String, u64)>>,
    pub(super) calls: RefCell<Vec<Call>>,
    pub(super) broken: RefCell<BTreeSet<Part>>,
    pub(super) streams: RefCell<BTreeMap<u32, Stream>>,
    pub(super) current: Cell<u32>,
    pub(super) tick_ms: Cell<u32>,
    pub(super) minor: Cell<Option<u32>>,
}

/// A part of the host that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Reading and writing shared data.
    SharedData,
    /// Reading properties.
    Properties,
    /// Writing properties.
    SetProperty,
    /// Changing headers.
    Headers,
    /// Reading and replacing bodies.
    Bodies,
    /// Local replies.
    Replies,
    /// Closing streams.
    Closing,
    /// Calls to clusters.
    Calls,
    /// Defining and changing counters and gauges.
    Counters,
}

/// One direction of a stream.
#[derive(Default)]
pub(super) struct Side {
    pub(super) headers: Vec<Field>,
    /// What the callback sees of the body.
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<Field>,
}

/// A local reply as the VM asked for it.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<Field>,
    pub(super) body: Vec<u8>,
    pub(super) grpc_status: u32,
}

#[derive(Default)]
pub(super) struct Stream {
    pub(super) request: Side,
    pub(super) response: Side,
    /// Properties and filter state, paths joined with NUL.
    pub(super) properties: BTreeMap<String, Vec<u8>>,
    pub(super) reply: Option<Reply>,
    pub(super) resumed: bool,
    pub(super) response_resumed: bool,
    /// It is cut: nobody gets anything any more.
    pub(super) closed: bool,
}

impl World {
    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.inner.now.get()
    }

    /// Sets the clock, nanoseconds since the epoch.
    pub fn set_now(&self, now: u64) {
        self.inner.now.set(now);
    }

    /// Makes it the world of Envoy 1.`minor`.
    pub fn set_minor(&self, minor: u32) {
        self.inner.minor.set(Some(minor));
    }

    pub(super) fn version(&self) -> HostVersion {
        HostVersion { major: 1, minor: self.inner.minor.get().unwrap_or(MINOR) }
    }

    /// Makes a part of the host fail from now on.
    pub fn break_down(&self, part: Part) {
        self.inner.broken.borrow_mut().insert(part);
        self.inner.shared.down.set(self.is_broken(Part::SharedData));
    }

    /// Mends everything.
    pub fn mend(&self) {
        self.inner.broken.borrow_mut().clear();
        self.inner.shared.down.set(false);
    }

    pub(super) fn is_broken(&self, part: Part) -> bool {
        self.inner.broken.borrow().contains(&part)
    }

    /// Every line that was logged, with its level.
    #[must_use]
    pub fn log(&self) -> Vec<(Level, String)> {
        self.inner.log.borrow().clone()
    }

    /// The value of a counter or gauge; 0 where nobody defined it.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        let counters = self.inner.counters.borrow();
        counters.iter().find(|(known, _)| known == name).map_or(0, |(_, value)| *value)
    }

    /// The calls that were made; the token of a call is its place, from 1.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inner.calls.borrow().clone()
    }

    /// The data that all workers share.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Milliseconds between ticks that the VM asked for.
    #[must_use]
    pub fn tick_ms(&self) -> u32 {
        self.inner.tick_ms.get()
    }

    /// Does something with the stream that effects and views act on.
    pub(super) fn stream<T>(&self, act: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        self.inner.streams.borrow_mut().get_mut(&self.inner.current.get()).map(act)
    }

    /// splitmix64: looks random and is the same in every run.
    pub(super) fn next_random(&self) -> u64 {
        let state = self.inner.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.inner.random.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Shared data with Envoy's compare-and-swap.
#[derive(Default)]
pub struct Shared {
    map: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
    last: Cell<u32>,
    down: Cell<bool>,
}

impl Shared {
    /// Every key, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.map.borrow().keys().cloned().collect()
    }

    /// The bytes of all keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.map.borrow().iter().map(|(key, (value, _))| key.len() + value.len()).sum()
    }
}

impl SharedData for Shared {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        if self.down.get() {
            return Err(StoreError::Down);
        }
        let map = self.map.borrow();
        Ok(map.get(key).map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        if self.down.get() {
            return Err(StoreError::Down);
        }
        let mut map = self.map.borrow_mut();
        if map.get(key).map(|(_, version)| Version(*version)) != expected {
            return Err(StoreError::Changed);
        }
        self.last.set(self.last.get().wrapping_add(1).max(1));
        map.insert(key.to_owned(), (value.to_vec(), self.last.get()));
        Ok(())
    }
}
