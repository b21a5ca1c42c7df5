//! All contexts of one VM: roots with their configurations, streams, and who waits for which call.

use std::rc::Rc;

use portcullis_control::config::Variables;
use portcullis_control::control::CallAnswer;

use crate::by_id::{ById, Streams};
use crate::host::{Host, Level};
use crate::jobs::Ticked;
use crate::module::{Definition, Module};
use crate::stream::{BodyFlow, HeadersFlow, Stream};

/// Milliseconds between ticks while nothing is urgent: how old counters and the log level may be.
const TICK_MS: u32 = 1_000;

/// Milliseconds between ticks while a job has more to do.
const SOON_MS: u32 = 50;

/// A VM. Each callback of the host is one method; nothing here can panic.
pub struct Vm {
    host: Rc<dyn Host>,
    definition: Definition,
    worker: u64,
    roots: ById<Root>,
    streams: Streams<Stream>,
    calls: ById<Waiting>,
    /// Streams that wait for something new, with their roots.
    sleepers: Vec<(u32, u32)>,
    /// Streams that hold their response, with their roots.
    holders: Vec<(u32, u32)>,
}

/// A configuration. A VM has several of them: after an update the old one too, and those of all listeners that share a
/// `vm_id`.
#[derive(Default)]
struct Root {
    /// `None` until it is configured, and where it was refused.
    module: Option<Rc<Module>>,
    /// Milliseconds between its ticks, which the host counts for each root; 0: never.
    tick_ms: u32,
}

enum Waiting {
    Stream(u32),
    Job(u32),
}

/// Takes the streams of a root out whose time has come, and forgets those of which nothing (`None`) is waited for.
fn take_due(
    waiting: &mut Vec<(u32, u32)>,
    root: u32,
    is_due: impl Fn(u32) -> Option<bool>,
) -> Vec<u32> {
    let mut due = Vec::new();
    waiting.retain(|(id, parent)| {
        let stays = is_due(*id).map(|is_due| !(is_due && *parent == root));
        if stays == Some(false) {
            due.push(*id);
        }
        stays == Some(true)
    });
    due
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
            streams: Streams::new(),
            calls: ById::default(),
            sleepers: Vec::new(),
            holders: Vec::new(),
        }
    }

    /// A context came into being: a root (`parent` 0) or a stream of one.
    pub fn create_context(&mut self, id: u32, parent: u32) {
        if parent == 0 {
            self.roots.insert(id, Root::default());
            return;
        }
        // Without a configuration there is no stream, and a request without one is refused.
        if let Some(module) = self.module(parent) {
            let stream = Box::new(Stream::new(Rc::clone(&self.host), module, parent));
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
        let period = module.as_ref().map(|module| {
            // What jobs fetch is waited for.
            if module.jobs.is_empty() { TICK_MS } else { SOON_MS }
        });
        let before = std::mem::replace(&mut self.roots.entry(root).or_default().module, module);
        if let Some(before) = before {
            before.metrics.end(&*self.host);
        }
        let Some(period) = period else { return false };
        if self.worker == 0 {
            self.worker = self.host.random();
        }
        self.tick_every(root, period);
        true
    }

    fn module(&self, root: u32) -> Option<Rc<Module>> {
        self.roots.get(&root)?.module.as_ref().map(Rc::clone)
    }

    /// Who asks for leases: two configurations of one VM are two, or both would do what one should.
    fn tenant(&self, root: u32) -> u64 {
        self.worker.wrapping_add(u64::from(root))
    }

    /// Time passed.
    pub fn tick(&mut self, root: u32) {
        let Some(module) = self.module(root) else { return };
        module.tick(&*self.host);
        let Ticked { soon, news } = module.jobs.tick(module.desk(&*self.host), self.tenant(root));
        self.remember_job_calls(root, &module);
        self.wake(root, news);
        self.end_holding(root);
        let soon = soon || self.sleepers.iter().any(|(_, parent)| *parent == root);
        self.tick_every(root, if soon { SOON_MS } else { TICK_MS });
    }

    /// Asks those streams of a root that waited for news, or long enough.
    fn wake(&mut self, root: u32, news: bool) {
        if self.sleepers.is_empty() {
            return;
        }
        let now = self.host.now();
        let woken = take_due(&mut self.sleepers, root, |id| {
            let until = self.streams.get(id).and_then(|stream| stream.waits_until())?;
            Some(news || until <= now)
        });
        self.visit(root, &woken, Stream::woken, Self::remember);
    }

    /// Judges those responses of a root that are held for too long, by what is there of them. The usual ticks do: a second
    /// more is nothing to who has waited for so many.
    fn end_holding(&mut self, root: u32) {
        if self.holders.is_empty() {
            return;
        }
        let now = self.host.now();
        let late = take_due(&mut self.holders, root, |id| {
            let until = self.streams.get(id).and_then(|stream| stream.holds_response_until())?;
            Some(until <= now)
        });
        // A later control may wait for longer.
        self.visit(root, &late, Stream::end_holding, Self::remember_holder);
    }

    /// Does something with streams of a root, each while the host's calls act on it.
    fn visit(&mut self, root: u32, ids: &[u32], act: fn(&mut Stream), then: fn(&mut Self, u32)) {
        for id in ids {
            if self.host.set_effective_context(*id).is_ok()
                && let Some(stream) = self.streams.get_mut(*id)
            {
                act(stream);
                then(self, *id);
            }
        }
        if !ids.is_empty() {
            let _ = self.host.set_effective_context(root);
        }
    }

    /// Notes that a stream holds its response.
    fn remember_holder(&mut self, id: u32) {
        let Some(stream) = self.streams.get(id) else { return };
        if stream.holds_response_until().is_some() {
            self.holders.push((id, stream.root()));
        }
    }

    /// Notes what a stream waits for.
    fn remember(&mut self, id: u32) {
        let Some(stream) = self.streams.get(id) else { return };
        if let Some(token) = stream.awaited_call() {
            self.calls.insert(token, Waiting::Stream(id));
        }
        let root = stream.root();
        if stream.waits_until().is_some() && self.sleepers.iter().all(|(other, _)| *other != id) {
            self.sleepers.push((id, root));
            self.tick_every(root, SOON_MS);
        }
    }

    /// Called from a callback of the root or one of its streams, whose ticks they are.
    fn tick_every(&mut self, root: u32, milliseconds: u32) {
        if let Some(root) = self.roots.get_mut(&root)
            && root.tick_ms != milliseconds
            && self.host.set_tick_period(milliseconds).is_ok()
        {
            root.tick_ms = milliseconds;
        }
    }

    fn remember_job_calls(&mut self, root: u32, module: &Module) {
        for token in module.jobs.awaited() {
            self.calls.insert(token, Waiting::Job(root));
        }
    }

    /// See [`Stream::request_headers`].
    pub fn request_headers(&mut self, id: u32, end: bool) -> HeadersFlow {
        let Some(stream) = self.streams.get_mut(id) else {
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

    /// Asks a stream; of one that is not there, `otherwise`.
    fn with_stream(
        &mut self,
        id: u32,
        otherwise: BodyFlow,
        act: impl FnOnce(&mut Stream) -> BodyFlow,
    ) -> BodyFlow {
        let Some(stream) = self.streams.get_mut(id) else { return otherwise };
        let flow = act(stream);
        if flow != BodyFlow::Continue {
            self.remember(id);
        }
        flow
    }

    /// See [`Stream::request_body`].
    pub fn request_body(&mut self, id: u32, size: usize, end: bool) -> BodyFlow {
        self.with_stream(id, BodyFlow::Hold, |stream| stream.request_body(size, end))
    }

    /// See [`Stream::request_trailers`].
    pub fn request_trailers(&mut self, id: u32) -> BodyFlow {
        self.with_stream(id, BodyFlow::Hold, Stream::request_trailers)
    }

    /// See [`Stream::response_headers`].
    pub fn response_headers(&mut self, id: u32, end: bool) -> HeadersFlow {
        let Some(stream) = self.streams.get_mut(id) else { return HeadersFlow::Continue };
        let flow = stream.response_headers(end);
        if flow == HeadersFlow::Hold {
            self.remember_holder(id);
        }
        flow
    }

    /// See [`Stream::response_body`].
    pub fn response_body(&mut self, id: u32, size: usize, end: bool) -> BodyFlow {
        self.with_stream(id, BodyFlow::Continue, |stream| stream.response_body(size, end))
    }

    /// See [`Stream::response_trailers`].
    pub fn response_trailers(&mut self, id: u32) -> BodyFlow {
        self.with_stream(id, BodyFlow::Continue, Stream::response_trailers)
    }

    /// See [`Stream::log`]. It may come without any earlier callback.
    pub fn log(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.log();
        }
    }

    /// A context is gone. A call that it waited for may still be answered; nobody listens then.
    pub fn delete_context(&mut self, id: u32) {
        if let Some(stream) = self.streams.remove(id) {
            if let Some(token) = stream.awaited_call() {
                self.calls.remove(&token);
            }
            return;
        }
        let root = self.roots.remove(&id);
        if let Some(module) = root.and_then(|root| root.module) {
            module.metrics.end(&*self.host);
        }
    }

    /// The answer to a call came.
    pub fn call_done(&mut self, token: u32, answer: &CallAnswer) {
        match self.calls.remove(&token) {
            Some(Waiting::Stream(id)) => {
                let Some(stream) = self.streams.get_mut(id) else {
                    return;
                };
                if self.host.set_effective_context(id).is_err() {
                    return;
                }
                stream.call_done(answer);
                self.remember(id);
            }
            Some(Waiting::Job(root)) => {
                if let Some(module) = self.module(root) {
                    let desk = module.desk(&*self.host);
                    let ticked = module.jobs.call_done(desk, self.tenant(root), token, answer);
                    self.remember_job_calls(root, &module);
                    self.wake(root, ticked.news);
                }
            }
            None => {}
        }
    }
}
