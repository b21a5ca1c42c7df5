//! Work in the background: key sets, feeds, log batches, counter exchange, warming.

use crate::control::{Call, CallAnswer};

/// A job of a control. Jobs run on ticks; with a lease only one worker of the process runs it at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Names the job among those of all controls (`jwks:https://idp.example.com/keys`); from the configuration, never
    /// from a client, as shared data is kept under it for ever.
    pub name: String,
    /// Milliseconds from one start to the next; the first is at the first tick.
    pub period_ms: u64,
    /// Milliseconds after which another worker may take over; `None`: every worker runs it.
    pub lease_ms: Option<u64>,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug)]
pub enum JobEvent<'a> {
    /// Its time has come.
    Due,
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
    /// To go on at the next tick, so that long work never holds a worker.
    Again,
    /// A call; its answer comes as [`JobEvent::Answer`].
    Call(Call),
    /// To hand bytes to all workers; they come as [`JobEvent::Published`].
    Publish(Vec<u8>),
}
