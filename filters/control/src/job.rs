//! Work in the background: key sets, feeds, log batches, counter exchange, warming.

use crate::control::{Call, CallAnswer};

/// A job of a control. Jobs run on ticks, in every worker; what only one of them should do needs the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Names the job among those of all controls (`jwks:https://idp.example.com/keys`); from the configuration, never
    /// from a client, as shared data is kept under it for ever.
    pub name: String,
    /// Milliseconds from one start to the next; the first is at the first tick.
    pub period_ms: u64,
    /// For how many milliseconds the lease is one worker's after it asked, or called, last.
    pub lease_ms: u64,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug)]
pub enum JobEvent<'a> {
    /// Its time has come.
    Due,
    /// The lease that it asked for is this worker's.
    Leased,
    /// The answer to its call is there.
    Answer(&'a CallAnswer),
    /// A worker, possibly this one, published a blob that this worker has not seen.
    Published(&'a [u8]),
}

/// What a job wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobStep {
    /// Nothing until the next period.
    Done,
    /// To be the only worker: [`JobEvent::Leased`] comes at once, or, where another worker has the lease, nothing.
    Lease,
    /// To go on at the next tick, so that long work never holds a worker.
    Again,
    /// A call; its answer comes as [`JobEvent::Answer`].
    Call(Call),
    /// To hand bytes to all workers; they come as [`JobEvent::Published`].
    Publish(Vec<u8>),
}

/// What a job has to say beside its step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Counters of the control, once for each time.
    pub counts: Vec<&'static str>,
    /// Lines for the log, for an operator to act on.
    pub warnings: Vec<String>,
}
