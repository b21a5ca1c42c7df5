//! What all VMs of one Envoy process share: shared data, queues, metrics, the clock, the log, injected faults.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::abi::{Level, Status};
use crate::fault::{Fault, Faults};
use crate::log::LogLine;
use crate::metrics::Metrics;

/// Where the clock of a new process stands: 2026-01-01T00:00:00Z, in nanoseconds since the epoch.
pub const START_OF_TIME: u64 = 1_767_225_600_000_000_000;

/// One Envoy process. Cheap to clone: every clone is the same process.
#[derive(Clone)]
pub struct Process {
    inner: Arc<Mutex<Inner>>,
}

/// Key to value and compare-and-swap number.
type SharedMap = BTreeMap<Vec<u8>, (Vec<u8>, u32)>;

/// The state behind the process's one lock, as Envoy has one for its shared data.
pub(crate) struct Inner {
    pub(crate) shared: HashMap<String, SharedMap>,
    pub(crate) last_cas: u32,
    pub(crate) queues: Vec<Queue>,
    pub(crate) metrics: Metrics,
    pub(crate) now: u64,
    pub(crate) random: u64,
    pub(crate) log: Vec<LogLine>,
    pub(crate) faults: Faults,
    pub(crate) calls: HashMap<&'static str, u64>,
}

/// A shared queue; the last that registered it is told of new entries.
pub(crate) struct Queue {
    pub(crate) vm_id: String,
    pub(crate) name: Vec<u8>,
    pub(crate) consumer: (usize, u32),
    pub(crate) entries: VecDeque<Vec<u8>>,
    /// Entries the consumer has not been told of yet.
    pub(crate) untold: u32,
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Process {
    /// A process with an empty map, its clock at [`START_OF_TIME`].
    pub fn new() -> Self {
        let inner = Inner {
            shared: HashMap::new(),
            last_cas: 0,
            queues: Vec::new(),
            metrics: Metrics::default(),
            now: START_OF_TIME,
            random: 0x9e37_79b9_7f4a_7c15,
            log: Vec::new(),
            faults: Faults::default(),
            calls: HashMap::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// The lock; one that a failed test poisoned is still good for its report.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.lock().now
    }

    /// Sets the clock, which may go backwards, as a wall clock may.
    pub fn set_now(&self, nanoseconds: u64) {
        self.lock().now = nanoseconds;
    }

    /// Seeds what `random_get` and generated request ids are drawn from.
    pub fn seed(&self, seed: u64) {
        self.lock().random = seed;
    }

    /// The value and compare-and-swap number of a key.
    pub fn shared_data(&self, vm_id: &str, key: impl AsRef<[u8]>) -> Option<(Vec<u8>, u32)> {
        self.lock().shared.get(vm_id)?.get(key.as_ref()).cloned()
    }

    /// Writes a key as another VM would; `cas` 0 overwrites whatever is there.
    ///
    /// # Errors
    /// [`Status::CAS_MISMATCH`] where the key is there with another number.
    pub fn set_shared_data(
        &self,
        vm_id: &str,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        cas: u32,
    ) -> Result<(), Status> {
        match self.lock().set_shared(vm_id, key.as_ref(), value.as_ref(), cas) {
            Status::OK => Ok(()),
            other => Err(other),
        }
    }

    /// Every key of a `vm_id`, in order.
    pub fn shared_keys(&self, vm_id: &str) -> Vec<Vec<u8>> {
        self.lock().shared.get(vm_id).map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    /// The bytes of all keys and values of a `vm_id`: what a flood of clients must not grow.
    pub fn shared_bytes(&self, vm_id: &str) -> usize {
        let inner = self.lock();
        let entries = inner.shared.get(vm_id).into_iter().flatten();
        entries.map(|(key, (value, _))| key.len() + value.len()).sum()
    }

    /// A counter or gauge by its full name; 0 where nobody defined it.
    pub fn metric(&self, name: &str) -> i64 {
        self.lock().metrics.value(name)
    }

    /// Every counter and gauge that was defined.
    pub fn metrics(&self) -> BTreeMap<String, i64> {
        self.lock().metrics.all()
    }

    /// What was recorded in a histogram.
    pub fn histogram(&self, name: &str) -> Vec<i64> {
        self.lock().metrics.samples(name)
    }

    /// Every line the guests and this host have logged.
    pub fn log(&self) -> Vec<LogLine> {
        self.lock().log.clone()
    }

    /// Forgets the log so far.
    pub fn clear_log(&self) {
        self.lock().log.clear();
    }

    /// Makes host calls fail from now on; see [`Fault`].
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Ends every injected fault.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// How many host calls were answered by an injected fault.
    pub fn faults_hit(&self) -> u64 {
        self.lock().faults.hits()
    }

    /// How often guests made a host call, by its import's name, failed ones included.
    pub fn host_calls(&self, name: &str) -> u64 {
        self.lock().calls.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn say(&self, line: LogLine) {
        self.lock().log.push(line);
    }
}

impl Inner {
    /// Envoy's rule: an absent key is inserted whatever the number; 0 always overwrites.
    pub(crate) fn set_shared(&mut self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        let map = self.shared.entry(vm_id.to_owned()).or_default();
        let known = map.get(key).map(|(_, current)| *current);
        if cas != 0 && known.is_some_and(|current| current != cas) {
            return Status::CAS_MISMATCH;
        }
        // The number is process-wide and never 0.
        self.last_cas = self.last_cas.wrapping_add(1).max(1);
        map.insert(key.to_vec(), (value.to_vec(), self.last_cas));
        Status::OK
    }

    /// Bytes that look random and are the same in every run (splitmix64).
    pub(crate) fn random_bytes(&mut self, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 8);
        while out.len() < length {
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.random;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            out.extend((z ^ (z >> 31)).to_le_bytes());
        }
        out.truncate(length);
        out
    }

    /// Counts a host call and says what an injected fault makes of it.
    pub(crate) fn enter(&mut self, call: &'static str, argument: &[u8]) -> Option<i32> {
        *self.calls.entry(call).or_default() += 1;
        self.faults.strike(call, argument)
    }
}

/// A line of this host itself, not of a guest.
pub(crate) fn host_line(worker: usize, level: Level, text: String) -> LogLine {
    LogLine { worker, stream: None, level, text, source: crate::log::Source::Host }
}
