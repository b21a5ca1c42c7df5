//! Work in the background, driven by ticks: leases, calls, blobs for all workers.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_control::control::CallAnswer;
use portcullis_control::job::{Job, JobEvent, JobStep};
use portcullis_control::policy::Policy;
use portcullis_control::program::Program;
use portcullis_control::store::{SharedData, StoreError};
use portcullis_control::surroundings::Surroundings;

use crate::host::Host;

/// Layout of what jobs keep in shared data; a new layout gets new keys.
const PREFIX: &str = "portcullis/v1/job/";

/// Attempts to write a blob against other workers that publish at the same moment; each attempt of one worker that
/// fails means that another one succeeded, and its blob is as good.
const PUBLISH_ATTEMPTS: u32 = 8;

struct Entry {
    job: Job,
    /// Every policy that has a job of this name; the first runs it, all get what is published.
    policies: Vec<Rc<dyn Policy>>,
    due_ms: u64,
    awaited: Option<u32>,
    seen: u64,
}

/// The jobs of a module.
pub(crate) struct Jobs {
    entries: RefCell<Vec<Entry>>,
}

impl Jobs {
    pub(crate) fn new(program: &Program) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut policies: Vec<Rc<dyn Policy>> = Vec::new();
        for slot in program.chains.iter().flat_map(|chain| chain.slots()) {
            if !policies.iter().any(|known| Rc::ptr_eq(known, &slot.policy)) {
                policies.push(Rc::clone(&slot.policy));
            }
        }
        for policy in policies {
            for job in policy.jobs() {
                match entries.iter_mut().find(|entry| entry.job.name == job.name) {
                    Some(entry) => entry.policies.push(Rc::clone(&policy)),
                    None => {
                        let policies = vec![Rc::clone(&policy)];
                        entries.push(Entry { job, policies, due_ms: 0, awaited: None, seen: 0 });
                    }
                }
            }
        }
        Jobs { entries: RefCell::new(entries) }
    }

    /// Does what is due. True if a job wants to go on soon.
    pub(crate) fn tick(&self, host: &dyn Host, worker: u64) -> bool {
        let now_ms = host.now() / 1_000_000;
        let Ok(mut entries) = self.entries.try_borrow_mut() else {
            return false;
        };
        let mut soon = false;
        for entry in entries.iter_mut() {
            entry.receive(host);
            if entry.awaited.is_none()
                && now_ms >= entry.due_ms
                && entry.holds_lease(host, worker, now_ms)
            {
                soon |= entry.step(host, JobEvent::Due, now_ms);
            }
        }
        soon
    }

    /// The answer to a call of a job.
    pub(crate) fn call_done(&self, host: &dyn Host, token: u32, answer: &CallAnswer) {
        let now_ms = host.now() / 1_000_000;
        let Ok(mut entries) = self.entries.try_borrow_mut() else {
            return;
        };
        if let Some(entry) = entries.iter_mut().find(|entry| entry.awaited == Some(token)) {
            entry.awaited = None;
            entry.step(host, JobEvent::Answer(answer), now_ms);
        }
    }

    /// The calls that jobs wait for.
    pub(crate) fn awaited(&self) -> Vec<u32> {
        let entries = self.entries.try_borrow();
        entries
            .map(|entries| entries.iter().filter_map(|entry| entry.awaited).collect())
            .unwrap_or_default()
    }
}

impl Entry {
    fn key(&self, part: &str) -> String {
        [PREFIX, self.job.name.as_str(), part].concat()
    }

    fn step(&mut self, host: &dyn Host, event: JobEvent<'_>, now_ms: u64) -> bool {
        let Some(policy) = self.policies.first() else {
            return false;
        };
        let surroundings: &dyn Surroundings = host;
        let mut step = policy.job(&self.job.name, event, surroundings);
        // A call that cannot even start is answered at once; its answer may not lead to another call at once.
        if let JobStep::Call(call) = &step {
            match host.call(call) {
                Ok(token) => {
                    self.awaited = Some(token);
                    return false;
                }
                Err(_) => {
                    let failed = CallAnswer::Failed { grpc_status: 0 };
                    step = policy.job(&self.job.name, JobEvent::Answer(&failed), surroundings);
                }
            }
        }
        self.due_ms = now_ms.saturating_add(self.job.period_ms);
        match step {
            JobStep::Again => {
                self.due_ms = now_ms;
                true
            }
            JobStep::Publish(blob) => {
                self.publish(host.shared(), &blob);
                self.receive(host);
                false
            }
            JobStep::Done | JobStep::Call(_) => false,
        }
    }

    fn publish(&self, shared: &dyn SharedData, blob: &[u8]) {
        for _ in 0..PUBLISH_ATTEMPTS {
            let Ok(current) = shared.get(&self.key("/blob")) else {
                return;
            };
            let version =
                current.as_ref().map_or(0, |(value, _)| version_of(value)).saturating_add(1);
            let value = [&version.to_le_bytes()[..], blob].concat();
            match shared.set(&self.key("/blob"), &value, current.map(|(_, version)| version)) {
                Ok(()) => {
                    let _ = shared.set_always(&self.key("/version"), &version.to_le_bytes());
                    return;
                }
                Err(StoreError::Changed) => {}
                Err(StoreError::Down) => return,
            }
        }
    }

    /// Hands a blob that this worker has not seen to every policy that wants it.
    fn receive(&mut self, host: &dyn Host) {
        let shared = host.shared();
        let version = |part: &str| shared.get(&self.key(part)).ok().flatten();
        let newest = version("/version").map_or(0, |(value, _)| version_of(&value));
        if newest == self.seen {
            return;
        }
        if let Some((value, _)) = version("/blob") {
            self.seen = version_of(&value);
            let blob = value.get(8..).unwrap_or_default();
            for policy in &self.policies {
                let _ = policy.job(&self.job.name, JobEvent::Published(blob), host);
            }
        }
    }

    /// True if this worker may run the job: it has no lease, or this worker holds it or could take it.
    fn holds_lease(&self, host: &dyn Host, worker: u64, now_ms: u64) -> bool {
        let Some(lease_ms) = self.job.lease_ms else {
            return true;
        };
        let shared = host.shared();
        let key = self.key("/lease");
        let Ok(current) = shared.get(&key) else {
            return false;
        };
        let free = current.as_ref().is_none_or(|(value, _)| {
            let until = value.get(8..).map_or(0, version_of);
            version_of(value) == worker || until <= now_ms
        });
        let until = now_ms.saturating_add(lease_ms);
        let value = [worker.to_le_bytes(), until.to_le_bytes()].concat();
        free && shared.set(&key, &value, current.map(|(_, version)| version)).is_ok()
    }
}

/// The number in the first eight bytes; 0 if there are not so many.
fn version_of(value: &[u8]) -> u64 {
    value.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
