//! Work in the background, driven by ticks: leases, calls, blobs for all workers.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_control::control::CallAnswer;
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::policy::Policy;
use portcullis_control::program::Program;
use portcullis_control::store::{SharedData, StoreError};
use portcullis_control::surroundings::Surroundings;

use crate::host::{Host, Level};
use crate::metrics::Metrics;

/// Layout of what jobs keep in shared data; a new layout gets new keys.
const PREFIX: &str = "portcullis/v1/job/";

/// Attempts to write a blob against other workers that publish at the same moment; each attempt of one worker that
/// fails means that another one succeeded, and its blob is as good.
const PUBLISH_ATTEMPTS: u32 = 8;

struct Entry {
    job: Job,
    control: &'static str,
    /// Every policy that has a job of this name; the first runs it, all get what is published.
    policies: Vec<Rc<dyn Policy>>,
    due_ms: u64,
    awaited: Option<u32>,
    seen: u64,
}

/// What jobs are done with.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) metrics: &'a Metrics,
}

/// What came of a tick or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticked {
    /// A job wants to go on soon.
    pub(crate) soon: bool,
    /// Something new was published, by this worker or another: whoever waits may be judged now.
    pub(crate) news: bool,
}

/// The jobs of a module.
pub(crate) struct Jobs {
    entries: RefCell<Vec<Entry>>,
}

impl Jobs {
    pub(crate) fn new(program: &Program) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut policies: Vec<(&'static str, Rc<dyn Policy>)> = Vec::new();
        for slot in program.chains.iter().flat_map(|chain| chain.slots()) {
            if !policies.iter().any(|(_, known)| Rc::ptr_eq(known, &slot.policy)) {
                policies.push((slot.kind.name, Rc::clone(&slot.policy)));
            }
        }
        for (control, policy) in policies {
            for job in policy.jobs() {
                match entries.iter_mut().find(|entry| entry.job.name == job.name) {
                    Some(entry) => entry.policies.push(Rc::clone(&policy)),
                    None => {
                        let policies = vec![Rc::clone(&policy)];
                        entries.push(Entry {
                            job,
                            control,
                            policies,
                            due_ms: 0,
                            awaited: None,
                            seen: 0,
                        });
                    }
                }
            }
        }
        Jobs { entries: RefCell::new(entries) }
    }

    /// True if there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.try_borrow().is_ok_and(|entries| entries.is_empty())
    }

    /// Does what is due.
    pub(crate) fn tick(&self, desk: Desk<'_>, worker: u64) -> Ticked {
        let now_ms = desk.host.now() / 1_000_000;
        let mut ticked = Ticked::default();
        let Ok(mut entries) = self.entries.try_borrow_mut() else {
            return ticked;
        };
        for entry in entries.iter_mut() {
            ticked.news |= entry.receive(desk);
            if entry.awaited.is_none() && now_ms >= entry.due_ms {
                let step = entry.ask(desk, JobEvent::Due);
                entry.follow(desk, step, worker, now_ms, &mut ticked);
            }
        }
        ticked
    }

    /// The answer to a call of a job.
    pub(crate) fn call_done(
        &self,
        desk: Desk<'_>,
        worker: u64,
        token: u32,
        answer: &CallAnswer,
    ) -> Ticked {
        let now_ms = desk.host.now() / 1_000_000;
        let mut ticked = Ticked::default();
        let Ok(mut entries) = self.entries.try_borrow_mut() else {
            return ticked;
        };
        if let Some(entry) = entries.iter_mut().find(|entry| entry.awaited == Some(token)) {
            entry.awaited = None;
            let step = entry.ask(desk, JobEvent::Answer(answer));
            entry.follow(desk, step, worker, now_ms, &mut ticked);
        }
        ticked
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

    fn ask(&self, desk: Desk<'_>, event: JobEvent<'_>) -> JobStep {
        let Some(policy) = self.policies.first() else { return JobStep::Done };
        self.ask_policy(&**policy, desk, event)
    }

    fn ask_policy(&self, policy: &dyn Policy, desk: Desk<'_>, event: JobEvent<'_>) -> JobStep {
        let surroundings: &dyn Surroundings = desk.host;
        let mut report = Report::default();
        let step = policy.job(&self.job.name, event, surroundings, &mut report);
        for count in report.counts {
            desk.metrics.count(self.control, count);
        }
        for warning in report.warnings {
            desk.host.log(Level::Warn, &["portcullis: ", self.control, ": ", &warning].concat());
        }
        step
    }

    /// Does what the job wants. A call that cannot even start is answered at once; its answer may not lead to another
    /// call at once.
    fn follow(
        &mut self,
        desk: Desk<'_>,
        mut step: JobStep,
        worker: u64,
        now_ms: u64,
        ticked: &mut Ticked,
    ) {
        self.due_ms = now_ms.saturating_add(self.job.period_ms);
        if step == JobStep::Lease {
            if !self.takes_lease(desk.host, worker, now_ms) {
                return;
            }
            step = self.ask(desk, JobEvent::Leased);
        }
        if let JobStep::Call(call) = &step {
            // The lease is to last until the answer is there.
            self.takes_lease(desk.host, worker, now_ms);
            match desk.host.call(call) {
                Ok(token) => {
                    self.awaited = Some(token);
                    return;
                }
                Err(_) => {
                    let failed = CallAnswer::Failed { grpc_status: 0 };
                    step = self.ask(desk, JobEvent::Answer(&failed));
                }
            }
        }
        match step {
            JobStep::Again => {
                self.due_ms = now_ms;
                ticked.soon = true;
            }
            JobStep::Publish(blob) => {
                self.publish(desk.host.shared(), &blob);
                ticked.news |= self.receive(desk);
            }
            JobStep::Done | JobStep::Lease | JobStep::Call(_) => {}
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

    /// Hands a blob that this worker has not seen to every policy that wants it. True if there was one.
    fn receive(&mut self, desk: Desk<'_>) -> bool {
        let shared = desk.host.shared();
        let version = |part: &str| shared.get(&self.key(part)).ok().flatten();
        let newest = version("/version").map_or(0, |(value, _)| version_of(&value));
        if newest == self.seen {
            return false;
        }
        let Some((value, _)) = version("/blob") else { return false };
        self.seen = version_of(&value);
        let blob = value.get(8..).unwrap_or_default();
        for policy in &self.policies {
            let _ = self.ask_policy(&**policy, desk, JobEvent::Published(blob));
        }
        true
    }

    /// True if the lease is this worker's from now on: it had it, or it was free.
    fn takes_lease(&self, host: &dyn Host, worker: u64, now_ms: u64) -> bool {
        let shared = host.shared();
        let key = self.key("/lease");
        let Ok(current) = shared.get(&key) else {
            return false;
        };
        let free = current.as_ref().is_none_or(|(value, _)| {
            let until = value.get(8..).map_or(0, version_of);
            // One that ends later than any that is given now is from before the clock went back.
            let ended = until <= now_ms || until > now_ms.saturating_add(self.job.lease_ms);
            version_of(value) == worker || ended
        });
        let until = now_ms.saturating_add(self.job.lease_ms);
        let value = [worker.to_le_bytes(), until.to_le_bytes()].concat();
        free && shared.set(&key, &value, current.map(|(_, version)| version)).is_ok()
    }
}

/// The number in the first eight bytes; 0 if there are not so many.
fn version_of(value: &[u8]) -> u64 {
    value.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
