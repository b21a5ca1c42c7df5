//! Keys that are fetched: a source of them, shared by all routes that name it, and who waits for it.
//!
//! One worker fetches, under a lease, and all get what it published. Requests never start a fetch; they wait for one.

pub(crate) mod answer;
pub(crate) mod endpoint;
pub(crate) mod schedule;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcullis_control::control::CallAnswer;
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::surroundings::Surroundings;

use crate::key::Key;
use answer::Useless;
use endpoint::{Endpoint, TIMEOUT_MS};
use schedule::{History, Schedule, pause};

/// Requests of a worker that wait for the first keys, at most: each holds memory of Envoy, and all are judged at once.
pub(crate) const MAX_WAITING_FOR_KEYS: usize = 256;
/// Requests of a worker that wait for an unknown `kid`, at most: anybody can make one up.
pub(crate) const MAX_WAITING_FOR_KID: usize = 16;
/// How long a request waits for keys at the longest, milliseconds: longer than the lease, so that another worker can
/// take over from one that died.
pub(crate) const MAX_WAIT_MS: u64 = 5_000;
/// Milliseconds for which a worker is the only one to fetch.
const LEASE_MS: u64 = TIMEOUT_MS as u64 + 500;
/// Milliseconds between looks at the schedule: as often as ticks come while somebody waits.
const PERIOD_MS: u64 = 50;

/// Counted: a key set was fetched.
pub(crate) const KEYS_FETCHED: &str = "keys_fetched";
/// Counted: a fetch gave no key set.
pub(crate) const KEYS_FAILED: &str = "keys_failed";
/// Counted: an entry of a fetched key set was of no use.
pub(crate) const KEYS_SKIPPED: &str = "keys_skipped";

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A key set.
    Jwks(Endpoint),
    /// A discovery document, and then the key set that it names.
    Discovery {
        /// The document.
        document: Endpoint,
        /// Whose it has to be.
        issuer: String,
        /// The cluster of a key set on another host.
        jwks_cluster: Option<String>,
    },
}

/// A source of keys.
#[derive(Debug)]
pub(crate) struct Remote {
    name: String,
    target: Target,
    schedule: Schedule,
    history: Cell<History>,
    keys: RefCell<Rc<[Key]>>,
    waiting_for_keys: Rc<Cell<usize>>,
    waiting_for_kid: Rc<Cell<usize>>,
    /// The key set's endpoint, while it is what was called.
    calling: RefCell<Option<Endpoint>>,
}

/// A place among those who wait; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat(Rc<Cell<usize>>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

fn sit(seats: &Rc<Cell<usize>>, most: usize) -> Option<Seat> {
    let taken = seats.get();
    (taken < most).then(|| {
        seats.set(taken.saturating_add(1));
        Seat(Rc::clone(seats))
    })
}

impl Remote {
    /// A source from which nothing was fetched yet.
    pub(crate) fn new(target: Target, schedule: Schedule) -> Self {
        let Schedule { refresh, cooldown, stale_for } = schedule;
        // Settings too: two routes that differ in them are two jobs.
        let name = match &target {
            Target::Jwks(Endpoint { cluster, authority, path }) => {
                format!("jwks:{cluster}:{authority}{path}:{refresh}:{cooldown}:{stale_for}")
            }
            Target::Discovery { document, issuer, jwks_cluster } => {
                let Endpoint { cluster, authority, path } = document;
                let other = jwks_cluster.as_deref().unwrap_or_default();
                format!(
                    "oidc:{cluster}:{other}:{authority}{path}:{issuer}:{refresh}:{cooldown}:{stale_for}"
                )
            }
        };
        Remote {
            name,
            target,
            schedule,
            history: Cell::default(),
            keys: RefCell::new(Rc::new([])),
            waiting_for_keys: Rc::default(),
            waiting_for_kid: Rc::default(),
            calling: RefCell::default(),
        }
    }

    /// Its name among the jobs.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The job that keeps it.
    pub(crate) fn job(&self) -> Job {
        Job { name: self.name.clone(), period_ms: PERIOD_MS, lease_ms: LEASE_MS }
    }

    /// The keys that serve at `now` (milliseconds since the epoch); `None` where there are none, or too old ones.
    pub(crate) fn keys(&self, now: u64) -> Option<Rc<[Key]>> {
        self.schedule.serves(&self.history.get(), now).then(|| Rc::clone(&self.keys.borrow()))
    }

    /// When the keys were fetched that are there.
    pub(crate) fn fetched(&self) -> u64 {
        self.history.get().fetched
    }

    /// A seat among those who wait for the first keys.
    pub(crate) fn wait_for_keys(&self) -> Option<Seat> {
        sit(&self.waiting_for_keys, MAX_WAITING_FOR_KEYS)
    }

    /// A seat among those who wait for an unknown `kid`, for whom keys are fetched anew; `None` where that was done too
    /// lately, or too many wait.
    pub(crate) fn wait_for_kid(&self, now: u64) -> Option<Seat> {
        let mut history = self.history.get();
        if !self.schedule.may_want(&history, now) {
            return None;
        }
        let seat = sit(&self.waiting_for_kid, MAX_WAITING_FOR_KID)?;
        history.wanted = true;
        self.history.set(history);
        Some(seat)
    }

    /// What its job does next.
    pub(crate) fn step(
        &self,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep {
        let now = surroundings.now() / 1_000_000;
        match event {
            JobEvent::Due if self.schedule.is_due(&self.history.get(), now) => JobStep::Lease,
            JobEvent::Due => JobStep::Done,
            JobEvent::Leased => self.begin(surroundings, now),
            JobEvent::Answer(answer) => match self.receive(answer, now, report) {
                Ok(step) => {
                    if matches!(step, JobStep::Publish(_)) {
                        let history = History { failures: 0, ..self.history.get() };
                        self.history.set(history);
                        self.tell_all(surroundings, &history);
                    }
                    step
                }
                Err(useless) => {
                    self.fail(surroundings, now, &useless, report);
                    JobStep::Done
                }
            },
            JobEvent::Published(blob) => {
                self.take(blob, now);
                JobStep::Done
            }
        }
    }

    /// Fetches, unless another worker tried meanwhile.
    fn begin(&self, surroundings: &dyn Surroundings, now: u64) -> JobStep {
        let mut history = self.history.get();
        if let Some((attempted, failures)) = self.attempt_of_all(surroundings) {
            (history.attempted, history.failures) = (attempted, failures);
        }
        let due = self.schedule.is_due(&history, now);
        history.wanted = false;
        if due {
            history.attempted = now;
            self.tell_all(surroundings, &history);
        }
        self.history.set(history);
        if !due {
            return JobStep::Done;
        }
        self.calling.take();
        let (Target::Jwks(first) | Target::Discovery { document: first, .. }) = &self.target;
        JobStep::Call(first.call())
    }

    fn receive(
        &self,
        answer: &CallAnswer,
        now: u64,
        report: &mut Report,
    ) -> Result<JobStep, Useless> {
        let (body, max_age) = answer::body(answer)?;
        let document = self.calling.take().is_none();
        match &self.target {
            Target::Discovery { document: first, issuer, jwks_cluster } if document => {
                let uri = answer::jwks_uri(body, issuer)?;
                let other = jwks_cluster.as_deref();
                let mut endpoint = Endpoint::parse(&uri, other.unwrap_or(&first.cluster))
                    .ok_or(Useless::JwksUri)?;
                if endpoint.authority == first.authority {
                    endpoint.cluster.clone_from(&first.cluster);
                } else if other.is_none() {
                    return Err(Useless::OtherHost(endpoint.authority));
                }
                let call = endpoint.call();
                self.calling.replace(Some(endpoint));
                Ok(JobStep::Call(call))
            }
            _ => {
                // An answer that is no key set must not replace one that is.
                let (_, skipped) = answer::keys(body)?;
                report.counts.push(KEYS_FETCHED);
                report.counts.extend(std::iter::repeat_n(KEYS_SKIPPED, skipped));
                Ok(JobStep::Publish(answer::publish(now, self.schedule.fresh(max_age), body)))
            }
        }
    }

    fn fail(
        &self,
        surroundings: &dyn Surroundings,
        now: u64,
        useless: &Useless,
        report: &mut Report,
    ) {
        self.calling.take();
        let mut history = self.history.get();
        history.attempted = now;
        history.failures = history.failures.saturating_add(1);
        self.history.set(history);
        self.tell_all(surroundings, &history);
        report.counts.push(KEYS_FAILED);
        let served =
            if self.keys(now).is_some() { "the old ones go on serving" } else { "there are none" };
        report.warnings.push(format!(
            "keys of {}: {useless}; {served}, next attempt in {} s",
            self.name,
            pause(history.failures) / 1_000
        ));
    }

    /// Takes over what a worker published.
    fn take(&self, blob: &[u8], now: u64) {
        let Some((fetched, fresh, text)) = answer::published(blob) else { return };
        // Every route that names this source hears of it.
        if fetched == self.history.get().fetched {
            return;
        }
        let Ok((keys, _)) = answer::keys(text) else { return };
        self.keys.replace(keys.into());
        let history = self.history.get();
        let attempted = history.attempted.max(fetched).min(now);
        self.history.set(History { fetched, fresh, attempted, failures: 0, wanted: false });
    }

    fn attempt_key(&self) -> String {
        ["portcullis/v1/jwks/", &self.name, "/attempt"].concat()
    }

    /// When a worker last tried, and how many attempts have failed.
    fn attempt_of_all(&self, surroundings: &dyn Surroundings) -> Option<(u64, u32)> {
        let (value, _) = surroundings.shared().get(&self.attempt_key()).ok()??;
        let (attempted, rest) = value.split_first_chunk::<8>()?;
        let failures = rest.first_chunk::<4>()?;
        Some((u64::from_le_bytes(*attempted), u32::from_le_bytes(*failures)))
    }

    fn tell_all(&self, surroundings: &dyn Surroundings, history: &History) {
        let attempted = history.attempted.to_le_bytes();
        let value = [&attempted[..], &history.failures.to_le_bytes()].concat();
        // If it can't be told, others try a little too often.
        let _ = surroundings.shared().set_always(&self.attempt_key(), &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(cooldown: u64) -> Remote {
        let endpoint = Endpoint::parse("https://idp/keys", "idp").unwrap();
        Remote::new(Target::Jwks(endpoint), Schedule { refresh: 300_000, cooldown, stale_for: 0 })
    }

    #[test]
    fn so_many_wait_and_no_more_until_one_goes() {
        let remote = remote(1_000);
        let mut seats: Vec<Seat> =
            (0..MAX_WAITING_FOR_KEYS).map(|_| remote.wait_for_keys().unwrap()).collect();
        assert!(remote.wait_for_keys().is_none());
        seats.pop();
        assert!(remote.wait_for_keys().is_some());
        let named: Vec<Seat> =
            (0..MAX_WAITING_FOR_KID).map(|_| remote.wait_for_kid(5_000).unwrap()).collect();
        assert!(remote.wait_for_kid(5_000).is_none());
        drop(named);
        assert!(remote.wait_for_kid(5_000).is_some());
    }

    #[test]
    fn within_the_cooldown_nobody_waits_for_a_kid() {
        let remote = remote(30_000);
        let text = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        remote.take(&answer::publish(100_000, 300_000, text), 100_000);
        assert_eq!(remote.keys(100_000).map(|keys| keys.len()), Some(1));
        assert!(remote.wait_for_kid(129_999).is_none());
        assert!(remote.wait_for_kid(130_000).is_some());
        // Something that is no key set changes nothing, whoever published it.
        remote.take(&answer::publish(200_000, 300_000, b"{}"), 200_000);
        assert_eq!(remote.fetched(), 100_000);
        assert!(remote.keys(400_000).is_none(), "too old");
    }

    #[test]
    fn sources_that_differ_are_told_apart() {
        assert_eq!(remote(1).name(), remote(1).name());
        assert_ne!(remote(1).name(), remote(2).name());
    }
}
