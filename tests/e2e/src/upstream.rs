//! Upstreams in the test's own process that remember what reached them.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use portcullis_echo::{Answer, Echo, Ended, Handler, Request, Server};

use crate::poll::eventually;
use crate::upstream_http2::Http2Server;

/// An upstream on a free port of 127.0.0.1; ends when dropped.
#[derive(Debug)]
pub struct Upstream {
    server: Backend,
    record: Record,
}

#[derive(Debug)]
enum Backend {
    Http1(Server),
    Http2(Http2Server),
}

#[derive(Clone, Debug, Default)]
struct Record(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
struct Recorded {
    started: usize,
    whole: Vec<Request>,
    aborted: Vec<(Request, Ended)>,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what arrives before the handler sees it, so that a client that has its answer finds it.
struct Recording<H> {
    record: Record,
    handler: H,
}

impl<H: Handler> Handler for Recording<H> {
    fn answer(&self, request: &Request) -> Answer {
        self.record.lock().whole.push(request.clone());
        self.handler.answer(request)
    }
    fn started(&self, head: &Request) -> Option<Answer> {
        self.record.lock().started += 1;
        self.handler.started(head)
    }
    fn answered(&self, request: &Request) {
        self.handler.answered(request);
    }
    fn aborted(&self, request: &Request, how: Ended) {
        self.record.lock().aborted.push((request.clone(), how));
        self.handler.aborted(request, how);
    }
}

impl Upstream {
    /// Answers with what it saw, see [`portcullis_echo::Echo`].
    #[must_use]
    pub fn echo() -> Self {
        Self::handler(Echo)
    }

    /// Answers as the function says, which may block until the test lets it go on. Called from
    /// several threads at once.
    pub fn with<A: Into<Answer>>(answer: impl Fn(&Request) -> A + Send + Sync + 'static) -> Self {
        Self::handler(answer)
    }

    /// Answers as the handler says, which may also answer before a body has come.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn handler(handler: impl Handler) -> Self {
        Self::listening("127.0.0.1:0", handler).expect("a free port")
    }

    /// As [`Self::with`], at the address of one that has stopped.
    ///
    /// # Panics
    /// When somebody else has the port.
    pub fn again_at<A: Into<Answer>>(
        address: SocketAddr,
        answer: impl Fn(&Request) -> A + Send + Sync + 'static,
    ) -> Self {
        Self::listening(&address.to_string(), answer).expect("the port that it had")
    }

    fn listening(address: &str, handler: impl Handler) -> std::io::Result<Self> {
        let record = Record::default();
        let recording = Recording { record: record.clone(), handler };
        Ok(Self { server: Backend::Http1(Server::start(address, recording)?), record })
    }

    /// As [`Self::echo`], over HTTP/2.
    #[must_use]
    pub fn http2_echo() -> Self {
        Self::http2(Echo)
    }

    /// As [`Self::with`], over HTTP/2: gRPC services, and answers that begin with trailers.
    /// `Answer::Raw`, `Hangup` and `Tunnel` reset the stream there.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn http2(handler: impl Handler) -> Self {
        let record = Record::default();
        let recording = Recording { record: record.clone(), handler };
        let server = Http2Server::start(recording).expect("a free port");
        Self { server: Backend::Http2(server), record }
    }

    /// An echo that answers only once its gate is open.
    #[must_use]
    pub fn gated() -> (Self, Gate) {
        let gate = Gate::default();
        let inner = Arc::clone(&gate.0);
        let upstream = Self::with(move |request| {
            inner.wait();
            Echo.answer(request)
        });
        (upstream, gate)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match &self.server {
            Backend::Http1(server) => server.address(),
            Backend::Http2(server) => server.address(),
        }
    }

    /// Whether it speaks HTTP/2.
    #[must_use]
    pub fn is_http2(&self) -> bool {
        matches!(self.server, Backend::Http2(_))
    }

    /// Every request that arrived whole, in order of its end.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.lock().whole.clone()
    }

    /// The one request that arrived whole.
    ///
    /// # Panics
    /// When there are none or several.
    #[must_use]
    pub fn only_request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "requests at the upstream: {requests:#?}");
        requests.remove(0)
    }

    /// Forgets what arrived, and returns the whole requests of it.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.record.lock()).whole
    }

    /// How many requests began to arrive, whole or not.
    #[must_use]
    pub fn started(&self) -> usize {
        self.record.lock().started
    }

    /// Requests whose sender (Envoy) went away within their body or before their answer.
    #[must_use]
    pub fn aborted(&self) -> Vec<(Request, Ended)> {
        self.record.lock().aborted.clone()
    }

    /// Waits until so many requests arrived whole.
    ///
    /// # Panics
    /// When they don't.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        eventually(&format!("{count} requests at the upstream"), || {
            let record = self.record.lock();
            (record.whole.len() >= count).then(|| record.whole.clone())
        })
    }

    /// Waits until so many requests began to arrive.
    ///
    /// # Panics
    /// When they don't.
    pub fn wait_for_started(&self, count: usize) {
        eventually(&format!("{count} requests to begin at the upstream"), || {
            (self.started() >= count).then_some(())
        });
    }

    /// Waits until so many requests were aborted.
    ///
    /// # Panics
    /// When they aren't.
    pub fn wait_for_aborted(&self, count: usize) -> Vec<(Request, Ended)> {
        eventually(&format!("{count} aborted requests at the upstream"), || {
            let record = self.record.lock();
            (record.aborted.len() >= count).then(|| record.aborted.clone())
        })
    }
}

/// Holds back the answers of [`Upstream::gated`] until opened or dropped.
#[derive(Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Inner {
    fn wait(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(open, |open| !*open));
    }
}

impl Gate {
    /// Lets all answers go, those held and those to come.
    pub fn open(&self) {
        *self.0.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}
