//! What one VM's store holds: contexts, streams, callouts, and what the guest may call right now.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wasmtime::{Memory, StoreLimits, TypedFunc};

use crate::call::{Call, CallReply};
use crate::exchange::StreamId;
use crate::headers::Headers;
use crate::metrics::MetricIds;
use crate::process::Process;
use crate::settings::Settings;
use crate::stream::{Direction, Stream};

/// Which host calls are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// `_initialize`: `proxy_log` and WASI only.
    Initializing,
    /// Inside the guest's `malloc`: `proxy_log`, `fd_write`, `clock_time_get`, `poll_oneoff` only.
    Allocating,
    /// Anything.
    Running,
}

/// What a host call asked for that Envoy does once the callback has returned.
#[derive(Debug)]
pub(crate) enum After {
    Continue(StreamId, Direction),
    Reset(StreamId),
    Reply(StreamId, LocalReply),
    Delete(u32),
}

/// A local reply as the guest asked for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalReply {
    pub(crate) status: u32,
    pub(crate) details: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Headers,
    /// The gRPC status, where the guest gave one from 0 to 16.
    pub(crate) grpc_status: Option<u32>,
}

/// A root context: one configuration in one VM.
#[derive(Default)]
pub(crate) struct Root {
    pub(crate) configuration: Vec<u8>,
    /// The plugin configuration can be read only while it is handed over.
    pub(crate) configuring: bool,
    /// Nanoseconds; 0 is none.
    pub(crate) tick_period: u64,
    pub(crate) tick_due: u64,
    pub(crate) answer: Option<CallReply>,
    /// What `proxy_get_status` reads: code and text of the last callout that failed or gRPC status.
    pub(crate) status: (u32, String),
    pub(crate) replaced: bool,
    pub(crate) waiting_for_done: bool,
}

/// The store's data.
pub(crate) struct HostState {
    pub(crate) process: Process,
    pub(crate) settings: Arc<Settings>,
    pub(crate) worker: usize,
    pub(crate) limits: StoreLimits,
    pub(crate) memory: Option<Memory>,
    pub(crate) malloc: Option<TypedFunc<u32, u32>>,
    pub(crate) phase: Phase,
    pub(crate) current: u32,
    /// What host calls act on instead of the current context; 0 is the VM's own, which has no stream.
    pub(crate) effective: Option<u32>,
    pub(crate) stop_next: bool,
    pub(crate) after: Vec<After>,
    pub(crate) roots: BTreeMap<u32, Root>,
    pub(crate) streams: BTreeMap<StreamId, Stream>,
    pub(crate) contexts: HashMap<u32, StreamId>,
    pub(crate) next_context: u32,
    pub(crate) metric_ids: MetricIds,
    pub(crate) calls: Vec<Call>,
    /// How many calls of each kind there have been.
    pub(crate) http_calls: u32,
    pub(crate) grpc_calls: u32,
    pub(crate) violations: Vec<String>,
}

impl HostState {
    pub(crate) fn new(process: Process, settings: Arc<Settings>, worker: usize) -> Self {
        let limits = wasmtime::StoreLimitsBuilder::new().memory_size(settings.memory).build();
        Self {
            process,
            settings,
            worker,
            limits,
            memory: None,
            malloc: None,
            phase: Phase::Initializing,
            current: 0,
            effective: None,
            stop_next: false,
            after: Vec::new(),
            roots: BTreeMap::new(),
            streams: BTreeMap::new(),
            contexts: HashMap::new(),
            next_context: 1,
            metric_ids: MetricIds::default(),
            calls: Vec::new(),
            http_calls: 0,
            grpc_calls: 0,
            violations: Vec::new(),
        }
    }

    /// The context that host calls act on: the effective one while it lives, else the current one.
    pub(crate) fn context(&self) -> u32 {
        self.effective.filter(|context| self.knows(*context)).unwrap_or(self.current)
    }

    pub(crate) fn knows(&self, context: u32) -> bool {
        context == 0 || self.roots.contains_key(&context) || self.contexts.contains_key(&context)
    }

    /// The stream of that context, if it is a stream's.
    pub(crate) fn stream_id(&self) -> Option<StreamId> {
        self.contexts.get(&self.context()).copied()
    }

    pub(crate) fn stream(&mut self) -> Option<&mut Stream> {
        let id = self.stream_id()?;
        self.streams.get_mut(&id)
    }

    /// The root context of that context.
    pub(crate) fn root_id(&self) -> u32 {
        match self.stream_id().and_then(|id| self.streams.get(&id)) {
            Some(stream) => stream.root,
            None => self.context(),
        }
    }

    pub(crate) fn root(&mut self) -> Option<&mut Root> {
        let id = self.root_id();
        self.roots.get_mut(&id)
    }

    pub(crate) fn new_context(&mut self) -> u32 {
        let id = self.next_context;
        self.next_context += 1;
        id
    }
}
