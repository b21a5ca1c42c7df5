//! What a test does with a worker: send requests whole or step by step, answer callouts, tick.

use crate::abi::HeadersAction;
use crate::call::{Answer, Call, CallKind, CallReply};
use crate::exchange::{End, Exchange, Request, Response, StreamId};
use crate::headers::Headers;
use crate::stream::{Direction, Stream};
use crate::worker::Worker;

impl Worker {
    /// Sends a whole request, has the upstream answer it, and tells what came of it. Where the filter
    /// holds it, the exchange is `paused` and goes on with [`Worker::answer_call`] and the like.
    pub fn send(&mut self, request: Request) -> Exchange {
        let id = self.open(&request);
        let (last, ends) = (request.chunks.len(), request.trailers.is_none());
        self.stream(id).request_headers(&request.headers, last == 0 && ends);
        for (index, chunk) in request.chunks.iter().enumerate() {
            self.stream(id).request_body(chunk, index + 1 == last && ends);
        }
        if let Some(trailers) = &request.trailers {
            self.stream(id).request_trailers(trailers);
        }
        self.exchange(id)
    }

    /// Opens a stream for step-by-step use. Of the request, only properties, filter state and the
    /// upstream's answer are taken; headers and body follow through [`Worker::stream`].
    pub fn open(&mut self, request: &Request) -> StreamId {
        self.revive();
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        let now = self.store.data().process.now();
        let stream = Stream::new(id, self.root, self.generation, now, request);
        self.store.data_mut().streams.insert(id, stream);
        id
    }

    /// A stream, to go on with it.
    pub fn stream(&mut self, id: StreamId) -> StreamHandle<'_> {
        StreamHandle { worker: self, id }
    }

    /// What an earlier filter's local reply leaves of a request: this filter sees its log phase alone.
    pub fn refused_before(&mut self, request: &Request, status: u32) -> Exchange {
        let id = self.open(request);
        let stream = self.stream_of(id);
        stream.request.headers = Some(request.headers.clone());
        let headers = Headers::new([(":status", status.to_string())]);
        stream.response.headers = Some(headers.clone());
        let mut client = crate::exchange::Seen { headers, ..Default::default() };
        client.end = End::Complete;
        stream.client = Some(client);
        self.close(id);
        self.settle();
        self.exchange(id)
    }

    /// What has come of a stream so far.
    pub fn exchange(&mut self, id: StreamId) -> Exchange {
        let log = self.store.data().process.log();
        let stream = self.stream_of(id);
        Exchange {
            stream: id,
            client: stream.client.clone(),
            upstream: stream.upstream.clone(),
            paused: stream.paused(),
            log: log.into_iter().filter(|line| line.stream == Some(id)).collect(),
            metrics: stream.metrics.clone(),
            filter_state: stream.filter_state.clone(),
            details: stream.details.clone(),
            trap: stream.trap.clone(),
            fuel: stream.fuel,
        }
    }

    /// Bytes of the VM's linear memory, which never shrinks.
    pub fn linear_memory(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// Why the VM is dead, if it is.
    pub fn trapped(&self) -> Option<&str> {
        self.dead.as_deref()
    }

    /// How often a trap has cost this worker its VM and a request brought a new one.
    pub fn reloads(&self) -> u32 {
        self.generation
    }

    /// Callouts that wait for an answer, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.store.data().calls.iter().filter(|call| call.open).cloned().collect()
    }

    /// Every callout the VM has made, answered ones included.
    pub fn all_calls(&self) -> &[Call] {
        &self.store.data().calls
    }

    /// Has a cluster answer a callout.
    ///
    /// # Panics
    /// If no open call has that token.
    pub fn answer_call(&mut self, token: u32, answer: Answer) {
        let calls = &mut self.store.data_mut().calls;
        let Some(call) = calls.iter_mut().find(|call| call.token == token && call.open) else {
            panic!("no open call has token {token}");
        };
        call.open = false;
        let (root, kind) = (call.root, call.kind.clone());
        if self.store.data().roots.contains_key(&root) {
            match kind {
                CallKind::Http => self.answer_http(root, token, answer),
                CallKind::Grpc { .. } => self.answer_grpc(root, token, answer),
            }
        }
        self.settle();
    }

    fn hold_answer(&mut self, root: u32, answer: Option<CallReply>, status: Option<(u32, String)>) {
        // A callback may have deleted its own root.
        if let Some(root) = self.store.data_mut().roots.get_mut(&root) {
            root.answer = answer;
            root.status = status.unwrap_or_else(|| std::mem::take(&mut root.status));
        }
    }

    fn answer_http(&mut self, root: u32, token: u32, answer: Answer) {
        let token = i32::try_from(token).expect("few calls");
        let number = |length: usize| i32::try_from(length).expect("an answer under 2 GiB");
        let sizes = match answer.http() {
            Ok(reply) => {
                let sizes =
                    [reply.headers.len(), reply.body.len(), reply.trailers.len()].map(number);
                self.hold_answer(root, Some(reply), None);
                sizes
            }
            Err(reason) => {
                self.hold_answer(root, None, Some((0, reason)));
                [0; 3]
            }
        };
        let [headers, body, trailers] = sizes;
        let arguments = [token, headers, body, trailers];
        self.callback("proxy_on_http_call_response", root, None, &arguments);
        self.hold_answer(root, None, None);
    }

    fn answer_grpc(&mut self, root: u32, token: u32, answer: Answer) {
        let token = i32::try_from(token).expect("few calls");
        let (code, text) = match answer {
            Answer::Message(message) => {
                let size = i32::try_from(message.len()).expect("a message under 2 GiB");
                let reply = CallReply { message: Some(message), ..CallReply::default() };
                self.hold_answer(root, Some(reply), Some((0, String::new())));
                self.callback("proxy_on_grpc_receive", root, None, &[token, size]);
                self.hold_answer(root, None, None);
                return;
            }
            Answer::Status(code, text) => (code, text),
            Answer::Unreachable => (14, "upstream connect error".to_owned()),
            Answer::Timeout => (4, "Deadline Exceeded".to_owned()),
            Answer::Failure(text) => (13, text),
            Answer::Response(_) => panic!("an HTTP answer to a gRPC call"),
        };
        self.hold_answer(root, None, Some((code, text)));
        let code = i32::try_from(code).expect("a small status");
        self.callback("proxy_on_grpc_close", root, None, &[token, code]);
    }

    /// Calls `proxy_on_tick` of every root context that has set a period; how many had.
    pub fn tick(&mut self) -> usize {
        let now = self.store.data().process.now();
        self.tick_where(now, |_| true)
    }

    /// The earliest time at which a tick is due.
    pub(crate) fn next_tick(&self) -> Option<u64> {
        let roots = self.store.data().roots.values();
        roots.filter(|root| root.tick_period > 0).map(|root| root.tick_due).min()
    }

    pub(crate) fn tick_where(&mut self, now: u64, wanted: impl Fn(u64) -> bool) -> usize {
        let roots = &self.store.data().roots;
        let due: Vec<u32> = roots
            .iter()
            .filter(|(_, root)| root.tick_period > 0 && wanted(root.tick_due))
            .map(|(id, _)| *id)
            .collect();
        for id in &due {
            self.callback("proxy_on_tick", *id, None, &[]);
            // A period that the tick itself changed counts from now as well.
            if let Some(root) = self.store.data_mut().roots.get_mut(id) {
                root.tick_due = now.saturating_add(root.tick_period);
            }
        }
        self.settle();
        due.len()
    }

    /// Moves everything that moves by itself: backlogs, the upstreams' answers, queues, old roots.
    pub(crate) fn settle(&mut self) {
        loop {
            let open: Vec<StreamId> = self
                .store
                .data()
                .streams
                .values()
                .filter(|stream| !stream.closed)
                .map(|stream| stream.id)
                .collect();
            let mut moved = false;
            for id in open {
                moved |= self.drain_backlog(id, Direction::Request);
                moved |= self.drain_backlog(id, Direction::Response);
                moved |= self.answer_request(id);
            }
            if !moved && !self.tell_queues() {
                break;
            }
        }
        self.drain();
    }

    /// Has the upstream answer a request that it has whole.
    fn answer_request(&mut self, id: StreamId) -> bool {
        let stream = self.stream_of(id);
        let whole = stream.upstream.as_ref().is_some_and(|seen| seen.end == End::Complete);
        if stream.closed || stream.manual || stream.answered || !whole {
            return false;
        }
        let answer = stream.answer.clone().unwrap_or_else(|| {
            let headers = stream.request.headers.clone().unwrap_or_default();
            let text = |name: &str| headers.text(name).unwrap_or_default();
            Response::new(200).header("content-type", "text/plain").body(format!(
                "{} {}",
                text(":method"),
                text(":path")
            ))
        });
        self.stream(id).respond(&answer);
        true
    }

    fn tell_queues(&mut self) -> bool {
        let index = self.index;
        let mut told = Vec::new();
        for (token, queue) in (1..).zip(&mut self.store.data().process.lock().queues) {
            if queue.consumer.0 == index && queue.untold > 0 {
                told.extend(
                    (0..std::mem::take(&mut queue.untold)).map(|_| (queue.consumer.1, token)),
                );
            }
        }
        for (root, token) in &told {
            self.callback("proxy_on_queue_ready", *root, None, &[*token]);
        }
        !told.is_empty()
    }
}

/// One stream of a worker, step by step.
pub struct StreamHandle<'a> {
    worker: &'a mut Worker,
    id: StreamId,
}

impl StreamHandle<'_> {
    /// The client's headers; `end` where there is neither body nor trailer.
    pub fn request_headers(&mut self, headers: &Headers, end: bool) -> HeadersAction {
        let worker = &mut *self.worker;
        worker.create_context(self.id);
        let headers = headers.clone();
        let action = worker.receive_headers(self.id, Direction::Request, headers, end);
        worker.settle();
        action
    }

    /// A chunk of the client's body.
    pub fn request_body(&mut self, chunk: impl AsRef<[u8]>, end: bool) {
        self.worker.receive_data(self.id, Direction::Request, chunk.as_ref().to_vec(), end);
        self.worker.settle();
    }

    /// The client's trailers, which end its request.
    pub fn request_trailers(&mut self, trailers: &Headers) {
        self.worker.receive_trailers(self.id, Direction::Request, trailers.clone());
        self.worker.settle();
    }

    /// From now on the upstream answers when the test says so, not by itself.
    pub fn answer_by_hand(&mut self) {
        self.worker.stream_of(self.id).manual = true;
    }

    /// The upstream's headers.
    pub fn response_headers(&mut self, headers: &Headers, end: bool) -> Option<HeadersAction> {
        let worker = &mut *self.worker;
        let stream = worker.stream_of(self.id);
        if stream.closed || stream.reply_sent {
            return None;
        }
        // Whatever the filter does, the upstream has done its part once it has said all.
        stream.answered = true;
        stream.manual = true;
        stream.details = "via_upstream".to_owned();
        let headers = headers.clone();
        let action = worker.receive_headers(self.id, Direction::Response, headers, end);
        worker.settle();
        Some(action)
    }

    /// A chunk of the upstream's body.
    pub fn response_body(&mut self, chunk: impl AsRef<[u8]>, end: bool) {
        self.worker.receive_data(self.id, Direction::Response, chunk.as_ref().to_vec(), end);
        self.worker.settle();
    }

    /// The upstream's trailers, which end its response.
    pub fn response_trailers(&mut self, trailers: &Headers) {
        self.worker.receive_trailers(self.id, Direction::Response, trailers.clone());
        self.worker.settle();
    }

    /// A whole response of the upstream.
    pub fn respond(&mut self, response: &Response) {
        let (last, ends) = (response.chunks.len(), response.trailers.is_none());
        self.response_headers(&response.headers, last == 0 && ends);
        for (index, chunk) in response.chunks.iter().enumerate() {
            self.response_body(chunk, index + 1 == last && ends);
        }
        if let Some(trailers) = &response.trailers {
            self.response_trailers(trailers);
        }
    }

    /// The client goes away.
    pub fn abandon(&mut self) -> Exchange {
        self.worker.reset(self.id);
        self.worker.settle();
        self.worker.exchange(self.id)
    }

    /// What has come of it so far.
    pub fn exchange(&mut self) -> Exchange {
        self.worker.exchange(self.id)
    }
}
