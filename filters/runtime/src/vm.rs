//! All contexts of one VM: roots with their configurations, streams, and who waits for which call.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use portcullis_control::config::Variables;
use portcullis_control::control::CallAnswer;

use crate::host::{Host, Level};
use crate::jobs::Ticked;
use crate::module::{Definition, Module};
use crate::stream::{BodyFlow, HeadersFlow, Stream};

/// Milliseconds between ticks while nothing is urgent: how old counters and the log level may be.
const TICK_MS: u32 = 1_000;

/// Milliseconds between ticks while a job has more to do.
const SOON_MS: u32 = 50;

/// Context ids are small numbers that the host counts up: they are their own hash.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, id: u32) {
        // Spread over the high bits, which the table takes its tags from.
        self.0 = u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type ById<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// A VM. Each callback of the host is one method; nothing here can panic.
pub struct Vm {
    host: Rc<dyn Host>,
    definition: Definition,
    worker: u64,
    roots: ById<Option<Rc<Module>>>,
    streams: ById<Stream>,
    calls: ById<Waiting>,
    /// Streams that wait for something new, with their roots.
    sleepers: Vec<(u32, u32)>,
    ticking: u32,
}

enum Waiting {
    Stream(u32),
    Job(u32),
}

impl Vm {
    /// A VM without contexts.
    #[must_use]
    pub fn new(host: Rc<dyn Host>, definition: Definition) -> Self {
        Vm {
            host,
            definition,
            worker: 0,
            roots: ById::default(),
            streams: ById::default(),
            calls: ById::default(),
            sleepers: Vec::new(),
            ticking: 0,
        }
    }

    /// A context came into being: a root (`parent` 0) or a stream of one.
    pub fn create_context(&mut self, id: u32, parent: u32) {
        if parent == 0 {
            self.roots.insert(id, None);
            return;
        }
        // Without a configuration there is no stream, and a request without one is refused.
        if let Some(Some(module)) = self.roots.get(&parent) {
            let stream = Stream::new(Rc::clone(&self.host), Rc::clone(module), parent);
            self.streams.insert(id, stream);
        }
    }

    /// A root's configuration came. False refuses it, and then it never runs.
    pub fn configure(
        &mut self,
        root: u32,
        configuration: &[u8],
        variables: &Variables<'_>,
    ) -> bool {
        let module = Module::configure(&*self.host, self.definition, configuration, variables);
        let accepted = module.is_some();
        if let Some(module) = &module {
            if self.worker == 0 {
                self.worker = self.host.random();
            }
            // What jobs fetch is waited for.
            self.tick_every(if module.jobs.is_empty() { TICK_MS } else { SOON_MS });
        }
        self.roots.insert(root, module);
        accepted
    }

    /// Time passed.
    pub fn tick(&mut self, root: u32) {
        let Some(Some(module)) = self.roots.get(&root).map(Option::as_ref) else {
            return;
        };
        let module = Rc::clone(module);
        module.tick(&*self.host);
        let Ticked { soon, news } = module.jobs.tick(module.desk(&*self.host), self.worker);
        self.remember_job_calls(root, &module);
        self.wake(root, news);
        let soon = soon || !self.sleepers.is_empty();
        self.tick_every(if soon { SOON_MS } else { TICK_MS });
    }

    /// Asks those streams of a root that waited for news, or long enough.
    fn wake(&mut self, root: u32, news: bool) {
        if self.sleepers.is_empty() {
            return;
        }
        let now = self.host.now();
        let mut woken = Vec::new();
        for (id, parent) in std::mem::take(&mut self.sleepers) {
            let until = self.streams.get(&id).and_then(Stream::waits_until);
            match until {
                Some(until) if parent == root && (news || until <= now) => woken.push(id),
                Some(_) => self.sleepers.push((id, parent)),
                None => {}
            }
        }
        for id in &woken {
            if self.host.set_effective_context(*id).is_ok()
                && let Some(stream) = self.streams.get_mut(id)
            {
                stream.woken();
                self.remember(*id);
            }
        }
        if !woken.is_empty() {
            let _ = self.host.set_effective_context(root);
        }
    }

    /// Notes what a stream waits for.
    fn remember(&mut self, id: u32) {
        let Some(stream) = self.streams.get(&id) else { return };
        if let Some(token) = stream.awaited_call() {
            self.calls.insert(token, Waiting::Stream(id));
        }
        if stream.waits_until().is_some() && self.sleepers.iter().all(|(other, _)| *other != id) {
            self.sleepers.push((id, stream.root()));
            self.tick_every(SOON_MS);
        }
    }

    fn tick_every(&mut self, milliseconds: u32) {
        if self.ticking != milliseconds && self.host.set_tick_period(milliseconds).is_ok() {
            self.ticking = milliseconds;
        }
    }

    fn remember_job_calls(&mut self, root: u32, module: &Module) {
        for token in module.jobs.awaited() {
            self.calls.insert(token, Waiting::Job(root));
        }
    }

    /// See [`Stream::request_headers`].
    pub fn request_headers(&mut self, id: u32, end: bool) -> HeadersFlow {
        let Some(stream) = self.streams.get_mut(&id) else {
            return self.refuse_unconfigured();
        };
        let flow = stream.request_headers(end);
        if flow != HeadersFlow::Continue {
            self.remember(id);
        }
        flow
    }

    /// A stream that no configuration judges is refused, whatever it is.
    fn refuse_unconfigured(&self) -> HeadersFlow {
        let reply = crate::host::LocalReply {
            status: 503,
            headers: &[],
            body: b"{\"message\":\"Service unavailable\"}",
            grpc_status: 14,
            details: "portcullis_not_configured",
        };
        if self.host.reply(&reply).is_err() {
            self.host.log(Level::Error, "portcullis: the host refused a reply");
        }
        HeadersFlow::Stop
    }

    fn with_stream(&mut self, id: u32, act: impl FnOnce(&mut Stream) -> BodyFlow) -> BodyFlow {
        let Some(stream) = self.streams.get_mut(&id) else {
            return BodyFlow::Hold;
        };
        let flow = act(stream);
        if flow != BodyFlow::Continue {
            self.remember(id);
        }
        flow
    }

    /// See [`Stream::request_body`].
    pub fn request_body(&mut self, id: u32, size: usize, end: bool) -> BodyFlow {
        self.with_stream(id, |stream| stream.request_body(size, end))
    }

    /// See [`Stream::request_trailers`].
    pub fn request_trailers(&mut self, id: u32) -> BodyFlow {
        self.with_stream(id, Stream::request_trailers)
    }

    /// See [`Stream::response_headers`].
    pub fn response_headers(&mut self, id: u32, end: bool) -> HeadersFlow {
        match self.streams.get_mut(&id) {
            Some(stream) => stream.response_headers(end),
            None => HeadersFlow::Continue,
        }
    }

    /// See [`Stream::response_body`].
    pub fn response_body(&mut self, id: u32, size: usize, end: bool) -> BodyFlow {
        self.streams
            .get_mut(&id)
            .map_or(BodyFlow::Continue, |stream| stream.response_body(size, end))
    }

    /// See [`Stream::response_trailers`].
    pub fn response_trailers(&mut self, id: u32) -> BodyFlow {
        self.streams.get_mut(&id).map_or(BodyFlow::Continue, Stream::response_trailers)
    }

    /// See [`Stream::log`]. It may come without any earlier callback.
    pub fn log(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.log();
        }
    }

    /// A context is gone. A call that it waited for may still be answered; nobody listens then.
    pub fn delete_context(&mut self, id: u32) {
        if let Some(stream) = self.streams.remove(&id)
            && let Some(token) = stream.awaited_call()
        {
            self.calls.remove(&token);
        }
        self.roots.remove(&id);
    }

    /// The answer to a call came.
    pub fn call_done(&mut self, token: u32, answer: &CallAnswer) {
        match self.calls.remove(&token) {
            Some(Waiting::Stream(id)) => {
                let Some(stream) = self.streams.get_mut(&id) else {
                    return;
                };
                if self.host.set_effective_context(id).is_err() {
                    return;
                }
                stream.call_done(answer);
                self.remember(id);
            }
            Some(Waiting::Job(root)) => {
                if let Some(Some(module)) = self.roots.get(&root).map(Option::as_ref) {
                    let module = Rc::clone(module);
                    let desk = module.desk(&*self.host);
                    let ticked = module.jobs.call_done(desk, self.worker, token, answer);
                    self.remember_job_calls(root, &module);
                    self.wake(root, ticked.news);
                }
            }
            None => {}
        }
    }
}
