//! A VM with its world: requests go through it as Envoy's filter manager would send them.

use std::collections::VecDeque;

use portcullis_control::control::CallAnswer;
use portcullis_runtime::module::Definition;
use portcullis_runtime::stream::{BodyFlow, HeadersFlow};
use portcullis_runtime::vm::Vm;
use serde_json::Value;

use super::world::{Stream, World};
use crate::certificates;
use crate::engine::{Message, Observed};
use crate::prepared::{Answer, Sent};
use crate::words::Field;

/// The context of the one configuration.
const ROOT: u32 = 1;

/// Who the client is where a test sends no address.
const PROPERTIES: [(&str, &str); 5] = [
    ("destination\0address", "10.0.0.1:8080"),
    ("request\0protocol", "HTTP/1.1"),
    ("xds\0route_name", "default"),
    ("xds\0cluster_name", "upstream"),
    ("xds\0virtual_host_name", "gateway"),
];

/// A VM of a module, in a world.
pub struct Native {
    pub(super) vm: Vm,
    pub(super) world: World,
    next: u32,
    open: Option<Open>,
}

/// What stands between the client and the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// Nothing.
    No,
    /// Headers and body stay here; the filter sees the body.
    Here,
    /// Nothing moves.
    Everything,
}

enum Event {
    Body(Vec<u8>, bool),
    Trailers(Vec<Field>),
}

/// A stream that has not ended yet.
pub(super) struct Open {
    pub(super) id: u32,
    held: Held,
    /// The filter holds the body from its beginning.
    buffering: bool,
    /// It was told to go on while it did, and the host holds on ([`HostVersion::holds_on`]): what passes at once is lost.
    ///
    /// [`HostVersion::holds_on`]: portcullis_control::surroundings::HostVersion::holds_on
    holds_on: bool,
    pending: VecDeque<Event>,
    ended: bool,
    upstream: Option<Message>,
    complete: bool,
    pub(super) answer: Answer,
}

impl Open {
    /// What the upstream got, if a whole request; and whether it only got a beginning.
    pub(super) fn seen(&self) -> (Option<Message>, bool) {
        let seen = self.upstream.clone();
        let cut = seen.is_some() && !self.complete;
        (seen.filter(|_| self.complete), cut)
    }
}

impl Native {
    /// A VM of this module in this world, without a configuration.
    #[must_use]
    pub fn new(world: &World, definition: Definition) -> Self {
        let mut vm = Vm::new(world.host(), definition);
        vm.create_context(ROOT, 0);
        Native { vm, world: world.clone(), next: ROOT, open: None }
    }

    /// A VM of this module under a configuration that it takes, in a world of its own.
    ///
    /// # Panics
    /// If it refuses the configuration: with what it says of it.
    #[must_use]
    pub fn started(definition: Definition, configuration: &Value) -> Self {
        let world = World::default();
        let mut native = Native::new(&world, definition);
        let text = configuration.to_string().into_bytes();
        assert!(native.configure(&text, &|_| None), "{:?}", world.log());
        native
    }

    /// A counter (`portcullis.acl.refused`) with all that was counted so far.
    pub fn count(&mut self, name: &str) -> u64 {
        self.tick();
        self.world.counter(name)
    }

    /// Configures it, also again; false if it refuses, and then the log says why.
    pub fn configure(
        &mut self,
        configuration: &[u8],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        self.vm.configure(ROOT, configuration, environment)
    }

    /// The world that it runs in.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Time passed: background work is done.
    pub fn tick(&mut self) {
        self.vm.tick(ROOT);
    }

    /// Sends a request and tells what came of it. Where it waits for a call or a job, nothing has come of it yet: see
    /// [`Native::answer_call`] and [`Native::wait`].
    pub fn send(&mut self, sent: &Sent) -> Observed {
        self.next += 1;
        let id = self.next;
        self.world
            .inner
            .streams
            .borrow_mut()
            .insert(id, stream(sent, self.world.version().minor, id));
        self.world.inner.current.set(id);
        self.vm.create_context(id, ROOT);
        let mut pending = VecDeque::new();
        let mut parts = sent.in_parts().into_iter().peekable();
        while let Some(part) = parts.next() {
            let end = parts.peek().is_none() && sent.trailers.is_empty();
            pending.push_back(Event::Body(part, end));
        }
        if !sent.trailers.is_empty() {
            pending.push_back(Event::Trailers(sent.trailers.clone()));
        }
        let ended = pending.is_empty();
        let flow = self.vm.request_headers(id, ended);
        let held = match flow {
            HeadersFlow::Continue => Held::No,
            HeadersFlow::Hold => Held::Here,
            HeadersFlow::Stop => Held::Everything,
        };
        let answer = sent.answer.clone();
        self.open = Some(Open {
            id,
            held,
            buffering: false,
            holds_on: false,
            pending,
            ended,
            upstream: None,
            complete: false,
            answer,
        });
        self.go_on()
    }

    /// Answers the call with this token and tells what came of the request since.
    pub fn answer_call(&mut self, token: u32, answer: &CallAnswer) -> Observed {
        self.hear(token, answer);
        self.go_on()
    }

    /// Answers the call with this token.
    pub fn hear(&mut self, token: u32, answer: &CallAnswer) {
        self.vm.call_done(token, answer);
    }

    /// Time passed for a request that waits: tells what came of it since.
    pub fn wait(&mut self) -> Observed {
        self.tick();
        self.go_on()
    }

    /// True while the last request that was sent waits for something.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.open.is_some()
    }

    /// Moves the open stream as far as it goes, and tells what came of it.
    pub fn go_on(&mut self) -> Observed {
        let Some(mut open) = self.open.take() else { return Observed::default() };
        self.world.inner.current.set(open.id);
        if open.held == Held::No {
            self.forward(&mut open);
        }
        loop {
            if let Some(reply) = self.world.stream(|stream| stream.reply.take()).flatten() {
                let observed = self.reply(&open, reply);
                return self.end(&open, observed);
            }
            if self.is_over() {
                let (upstream, cut) = open.seen();
                return self.end(&open, Observed { upstream, cut, ..Observed::default() });
            }
            if self.world.stream(|stream| std::mem::take(&mut stream.resumed)) == Some(true) {
                let stopped = open.held;
                open.held = Held::No;
                open.holds_on = open.buffering && self.world.version().holds_on();
                if stopped == Held::Here || open.pending.is_empty() {
                    self.forward(&mut open);
                }
            }
            if open.complete {
                let observed = self.respond(&mut open);
                return self.end(&open, observed);
            }
            if open.held == Held::Everything {
                break;
            }
            let Some(event) = open.pending.pop_front() else { break };
            self.deliver(&mut open, event);
        }
        let (upstream, cut) = open.seen();
        let observed = Observed { upstream, cut, ..Observed::default() };
        self.open = Some(open);
        observed
    }

    fn deliver(&mut self, open: &mut Open, event: Event) {
        let id = open.id;
        let flow = match event {
            Event::Body(chunk, end) => {
                let size = self.world.stream(|stream| {
                    let body = &mut stream.request.body;
                    if !open.buffering {
                        body.clear();
                    }
                    body.extend(chunk);
                    body.len()
                });
                open.ended = end;
                self.vm.request_body(id, size.unwrap_or(0), end)
            }
            Event::Trailers(trailers) => {
                self.world.stream(|stream| stream.request.trailers = trailers);
                open.ended = true;
                self.vm.request_trailers(id)
            }
        };
        match flow {
            BodyFlow::Continue => {
                open.held = Held::No;
                open.buffering = false;
                if std::mem::take(&mut open.holds_on) {
                    self.world.stream(|stream| stream.request.body.clear());
                }
                self.forward(open);
            }
            BodyFlow::Hold | BodyFlow::Drop => {
                open.held = Held::Here;
                open.buffering = flow == BodyFlow::Hold;
                open.holds_on = false;
            }
        }
    }

    /// The upstream gets the headers, what is held of the body, and trailers.
    fn forward(&mut self, open: &mut Open) {
        if self.is_over() {
            return;
        }
        self.world.stream(|stream| {
            let seen = open.upstream.get_or_insert_with(|| head(&stream.request.headers));
            seen.body.append(&mut stream.request.body);
            seen.trailers.clone_from(&stream.request.trailers);
        });
        open.complete = open.ended && open.pending.is_empty();
    }

    /// Nothing that comes from now on reaches client or upstream.
    pub(super) fn is_over(&self) -> bool {
        self.world.stream(|stream| stream.closed || stream.reply.is_some()) == Some(true)
    }

    /// The stream is over: it is logged and forgotten.
    fn end(&mut self, open: &Open, observed: Observed) -> Observed {
        self.vm.log(open.id);
        let decision =
            self.world.stream(|stream| stream.properties.get("portcullis.decision").cloned());
        self.vm.delete_context(open.id);
        self.world.inner.streams.borrow_mut().remove(&open.id);
        Observed { decision: decision.flatten(), ..observed }
    }
}

fn stream(sent: &Sent, minor: u32, id: u32) -> Stream {
    let mut stream = Stream::default();
    let headers = &mut stream.request.headers;
    let mut pseudo = |name: &str, value: &[u8]| headers.push((name.to_owned(), value.to_vec()));
    pseudo(":authority", &sent.host);
    if sent.method != "CONNECT" {
        pseudo(":path", &sent.path);
        pseudo(":scheme", b"http");
    }
    pseudo(":method", sent.method.as_bytes());
    headers.extend(sent.headers.iter().cloned());
    let mut property = |path: String, value: &str| {
        stream.properties.insert(path, value.as_bytes().to_vec());
    };
    for (path, value) in PROPERTIES {
        property(path.to_owned(), value);
    }
    property("source\0address".to_owned(), &sent.client);
    for (path, value) in certificates::properties(sent.certificate.as_ref(), minor) {
        stream.properties.insert(path.to_owned(), value);
    }
    // Each request has a connection of its own.
    let connection = u64::from(id).to_le_bytes().to_vec();
    stream.properties.insert("connection\0id".to_owned(), connection);
    let mut property = |path: String, value: &str| {
        stream.properties.insert(path, value.as_bytes().to_vec());
    };
    for (path, value) in &sent.properties {
        property(path.replace('.', "\0"), value);
    }
    for (name, value) in &sent.filter_state {
        property(name.clone(), value);
    }
    stream
}

/// What the upstream sees of these headers.
fn head(headers: &[Field]) -> Message {
    let mut message = Message::default();
    for (name, value) in headers {
        match name.as_str() {
            ":path" => message.path = String::from_utf8_lossy(value).into_owned(),
            ":authority" => message.headers.push(("host".to_owned(), value.clone())),
            _ => message.headers.push((name.clone(), value.clone())),
        }
    }
    message
}
