//! A source of documents of one kind: when it is asked, what becomes of its answers, and what serves.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::answer::{self, Useless};
use super::endpoint::{Endpoint, TIMEOUT_MS};
use super::schedule::{History, Schedule, pause};
use super::seat::{MAX_WAITING_FOR_ANOTHER, MAX_WAITING_FOR_FIRST, Seat, Seats};
use crate::control::CallAnswer;
use crate::job::{Job, JobEvent, JobStep, Report};
use crate::surroundings::Surroundings;

/// Milliseconds for which a worker is the only one to fetch.
const LEASE_MS: u64 = TIMEOUT_MS as u64 + 500;
/// Milliseconds between looks at the schedule: as often as ticks come while somebody waits.
const PERIOD_MS: u64 = 50;

/// A kind of document.
pub trait Document: fmt::Debug + 'static {
    /// What requests are judged by.
    type Value: fmt::Debug;
    /// What the log calls it (`keys`).
    const NAME: &'static str;
    /// Bytes of an answer, at most.
    const MAX_BYTES: usize;
    /// What is counted, by names that the control has among its counters.
    const COUNTERS: Counters;

    /// What an answer says: it is published, or leads to another one.
    ///
    /// # Errors
    /// Why the answer is of no use, as text without anything secret of it.
    fn read(
        &self,
        asked: Asked,
        body: &[u8],
        surroundings: &dyn Surroundings,
    ) -> Result<Answered, String>;

    /// Reads what a worker published; `None` for anything that no worker did.
    fn open(&self, published: &[u8], surroundings: &dyn Surroundings) -> Option<Self::Value>;
}

/// Names of a control's counters.
#[derive(Clone, Copy, Debug)]
pub struct Counters {
    /// Documents that were fetched.
    pub fetched: &'static str,
    /// Fetches that gave none.
    pub failed: &'static str,
    /// Entries of documents that are of no use.
    pub skipped: &'static str,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The configured endpoint.
    First,
    /// The one that its answer named.
    Next,
}

/// What an answer gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Bytes for all workers, and how many entries are of no use.
    Document(Vec<u8>, usize),
    /// Where the document is.
    Elsewhere(Endpoint),
}

/// What a control does with its sources, of whatever kind they are.
pub trait Background {
    /// Its name among the jobs.
    fn name(&self) -> &str;

    /// The job that keeps it.
    fn job(&self) -> Job;

    /// What its job does next.
    fn step(
        &self,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep;

    /// When the document was fetched that is there, milliseconds since the epoch; 0: never.
    fn fetched(&self) -> u64;
}

/// A source of documents, shared by all routes that name it.
#[derive(Debug)]
pub struct Source<D: Document> {
    name: String,
    first: Endpoint,
    document: D,
    schedule: Schedule,
    history: Cell<History>,
    value: RefCell<Option<Rc<D::Value>>>,
    asked: Cell<Asked>,
    /// This worker's fetch is under way: its answer may have what a request names now.
    fetching: Cell<bool>,
    waiting_for_first: Seats,
    waiting_for_another: Seats,
}

impl<D: Document> Source<D> {
    /// A source from which nothing was fetched yet. `name` tells it from others of the process: all that it depends on
    /// but the endpoint and the schedule.
    #[must_use]
    pub fn new(name: &str, first: Endpoint, document: D, schedule: Schedule) -> Self {
        let Endpoint { cluster, authority, path } = &first;
        let Schedule { refresh, cooldown, stale_for } = schedule;
        let name = format!("{name}:{cluster}:{authority}{path}:{refresh}:{cooldown}:{stale_for}");
        Source {
            name,
            first,
            document,
            schedule,
            history: Cell::default(),
            value: RefCell::default(),
            asked: Cell::new(Asked::First),
            fetching: Cell::new(false),
            waiting_for_first: Seats::new(MAX_WAITING_FOR_FIRST),
            waiting_for_another: Seats::new(MAX_WAITING_FOR_ANOTHER),
        }
    }

    /// What serves at `now` (milliseconds since the epoch); `None` where there is nothing, or it is too old.
    #[must_use]
    pub fn serving(&self, now: u64) -> Option<Rc<D::Value>> {
        self.schedule.serves(&self.history.get(), now).then(|| self.newest())?
    }

    /// What was fetched last, however old it is.
    #[must_use]
    pub fn newest(&self) -> Option<Rc<D::Value>> {
        self.value.borrow().clone()
    }

    /// True if this worker knows of a fetch that failed since the last one that succeeded.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.history.get().failures > 0
    }

    /// A seat among those who wait for a first document.
    #[must_use]
    pub fn wait_for_first(&self) -> Option<Seat> {
        self.waiting_for_first.take()
    }

    /// A seat among those who wait for a newer document, which is fetched for them, or is being fetched; `None` where that
    /// was done too lately, or too many wait.
    #[must_use]
    pub fn wait_for_another(&self, now: u64) -> Option<Seat> {
        // The cooldown began with the call: whoever comes before its answer waits for that, and wants no further one.
        if self.fetching.get() {
            return self.waiting_for_another.take();
        }
        let mut history = self.history.get();
        if !self.schedule.may_want(&history, now) {
            return None;
        }
        let seat = self.waiting_for_another.take()?;
        history.wanted = true;
        self.history.set(history);
        Some(seat)
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
        self.fetching.set(due);
        if !due {
            return JobStep::Done;
        }
        self.asked.set(Asked::First);
        JobStep::Call(self.first.call())
    }

    fn receive(
        &self,
        answer: &CallAnswer,
        surroundings: &dyn Surroundings,
        now: u64,
        report: &mut Report,
    ) -> Result<JobStep, Useless> {
        let (body, max_age) = answer::body(answer, D::MAX_BYTES)?;
        let asked = self.asked.replace(Asked::Next);
        // An answer that is no such document must not replace one that is.
        match self.document.read(asked, body, surroundings).map_err(Useless::Document)? {
            Answered::Elsewhere(endpoint) if asked == Asked::First => {
                Ok(JobStep::Call(endpoint.call()))
            }
            Answered::Elsewhere(_) => {
                Err(Useless::Document("it leads on for a second time".to_owned()))
            }
            Answered::Document(text, skipped) => {
                report.counts.push(D::COUNTERS.fetched);
                report.counts.extend(std::iter::repeat_n(D::COUNTERS.skipped, skipped));
                Ok(JobStep::Publish(answer::publish(now, self.schedule.fresh(max_age), &text)))
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
        let mut history = self.history.get();
        history.attempted = now;
        history.failures = history.failures.saturating_add(1);
        self.history.set(history);
        self.tell_all(surroundings, &history);
        report.counts.push(D::COUNTERS.failed);
        let served = match (self.serving(now), self.newest()) {
            (Some(_), _) => "the old ones go on serving",
            (None, Some(_)) => "the old ones are too old to serve",
            (None, None) => "there are none",
        };
        report.warnings.push(format!(
            "{} of {}: {useless}; {served}, next attempt in {} s",
            D::NAME,
            self.name,
            pause(history.failures) / 1_000
        ));
    }

    /// Takes over what a worker published.
    fn take(&self, blob: &[u8], surroundings: &dyn Surroundings, now: u64) {
        let Some((fetched, fresh, text)) = answer::published(blob) else { return };
        // Every route that names this source hears of it.
        if fetched == self.history.get().fetched {
            return;
        }
        let Some(value) = self.document.open(text, surroundings) else { return };
        self.value.replace(Some(Rc::new(value)));
        let history = self.history.get();
        let attempted = history.attempted.max(fetched).min(now);
        self.history.set(History { fetched, fresh, attempted, failures: 0, wanted: false });
    }

    fn attempt_key(&self) -> String {
        ["portcullis/v1/fetched/", &self.name, "/attempt"].concat()
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

impl<D: Document> Background for Source<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn job(&self) -> Job {
        Job { name: self.name.clone(), period_ms: PERIOD_MS, lease_ms: LEASE_MS }
    }

    fn step(
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
            // A call that could not be made is answered too.
            JobEvent::Answer(answer) => match self.receive(answer, surroundings, now, report) {
                Ok(step) => {
                    self.fetching.set(matches!(step, JobStep::Call(_)));
                    if matches!(step, JobStep::Publish(_)) {
                        let history = History { failures: 0, ..self.history.get() };
                        self.history.set(history);
                        self.tell_all(surroundings, &history);
                    }
                    step
                }
                Err(useless) => {
                    self.fetching.set(false);
                    self.fail(surroundings, now, &useless, report);
                    JobStep::Done
                }
            },
            JobEvent::Published(blob) => {
                self.take(blob, surroundings, now);
                JobStep::Done
            }
        }
    }

    fn fetched(&self) -> u64 {
        self.history.get().fetched
    }
}

/// The sources of one kind that a configuration names: the same one on two routes is one.
#[derive(Debug)]
pub struct Sources<D: Document>(RefCell<Vec<Rc<Source<D>>>>);

impl<D: Document> Default for Sources<D> {
    fn default() -> Self {
        Sources(RefCell::default())
    }
}

impl<D: Document> Sources<D> {
    /// The source that is known by this one's name, which it is from now on.
    #[must_use]
    pub fn share(&self, source: Source<D>) -> Rc<Source<D>> {
        let source = Rc::new(source);
        let Ok(mut known) = self.0.try_borrow_mut() else { return source };
        if let Some(same) = known.iter().find(|other| other.name == source.name) {
            return Rc::clone(same);
        }
        known.push(Rc::clone(&source));
        source
    }
}

#[cfg(test)]
mod tests;
