//! Local replies, ours and Envoy's, resets, and the end of a stream.

use crate::exchange::{End, Seen, StreamId};
use crate::headers::Headers;
use crate::settings::FailurePolicy;
use crate::state::LocalReply;
use crate::stream::Direction;
use crate::worker::Worker;

impl Worker {
    /// Envoy's `sendLocalReply`: through the response phase, or straight out, or a reset.
    pub(crate) fn local_reply(&mut self, id: StreamId, reply: LocalReply) {
        let stream = self.stream_of(id);
        if stream.closed || stream.reply_done {
            return;
        }
        if !stream.reply_sent {
            stream.details.clone_from(&reply.details);
        }
        stream.reply_sent = true;
        let started = stream.response.headers.is_some();
        if started && stream.client.is_some() {
            self.reset(id);
            return;
        }
        stream.reset_upstream();
        let (headers, body) = self.prepare(id, reply);
        if started {
            // The response phase has begun for another response: this one passes no filter.
            let stream = self.stream_of(id);
            stream.response.headers = Some(headers.clone());
            stream.client = Some(Seen { headers, body, trailers: None, end: End::Complete });
            self.close(id);
            return;
        }
        let stream = self.stream_of(id);
        stream.answered = true;
        stream.request.iteration = Default::default();
        let end = body.is_empty();
        self.receive_headers(id, Direction::Response, headers, end);
        if !end {
            self.receive_data(id, Direction::Response, body, true);
        }
        // Only now is a second reply ignored: one from the response phase above replaces the first.
        self.stream_of(id).reply_done = true;
    }

    /// Headers and body as `Utility::prepareLocalReply` makes them, gRPC included.
    fn prepare(&mut self, id: StreamId, reply: LocalReply) -> (Headers, Vec<u8>) {
        let request = self.stream_of(id).request.headers.clone().unwrap_or_default();
        let is_head = request.get(":method") == Some(b"HEAD");
        let is_grpc = request.get("content-type").is_some_and(|kind| {
            let rest = kind.strip_prefix(b"application/grpc");
            rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'+')
        });
        let status = if is_grpc { 200 } else { reply.status };
        let mut headers = Headers::new([(":status", status.to_string())]);
        for (name, value) in reply.headers.pairs().iter().filter(|(name, _)| name != b":status") {
            headers.add(name, value);
        }
        // What the guest says of its framing keeps its place and loses its value.
        if is_grpc {
            headers.put("content-type", "application/grpc");
            headers.remove("content-length");
        } else if reply.body.is_empty() {
            headers.remove("content-type");
            headers.remove("content-length");
        } else {
            headers.put("content-length", reply.body.len().to_string());
            if !headers.has("content-type") {
                headers.add("content-type", "text/plain");
            }
        }
        if is_grpc {
            let grpc = reply.grpc_status.unwrap_or_else(|| http_to_grpc(reply.status));
            headers.set("grpc-status", grpc.to_string());
            if !reply.body.is_empty() {
                headers.set("grpc-message", percent_encode(&reply.body));
            }
            return (headers, Vec::new());
        }
        (headers, if is_head { Vec::new() } else { reply.body })
    }

    /// What a dead VM means for one of its streams: a 503, which passes it by. False where a reply is
    /// on its way already.
    pub(crate) fn fail_stream(&mut self, id: StreamId) -> bool {
        if self.stream_of(id).reply_done {
            return false;
        }
        let details = "wasm_fail_stream".to_owned();
        let reply =
            LocalReply { status: 503, details, grpc_status: Some(14), ..LocalReply::default() };
        self.local_reply(id, reply);
        true
    }

    /// Cuts the stream on both sides.
    pub(crate) fn reset(&mut self, id: StreamId) {
        let stream = self.stream_of(id);
        if stream.closed {
            return;
        }
        stream.client.get_or_insert_default().end = End::Reset;
        self.close(id);
    }

    /// The end of a stream: log, done, delete, in Envoy's order.
    pub(crate) fn close(&mut self, id: StreamId) {
        let stream = self.stream_of(id);
        if std::mem::replace(&mut stream.closed, true) {
            return;
        }
        stream.reset_upstream();
        if stream.bypass {
            return;
        }
        if stream.context == 0 {
            // Envoy tells a module of a stream at its log at the latest.
            self.create_context(id);
        }
        self.stream_of(id).logging = true;
        self.stream_callback("proxy_on_log", id, &[]);
        self.stream_of(id).logging = false;
        self.run_after();
        self.stream_callback("proxy_on_done", id, &[]);
        self.run_after();
        self.stream_callback("proxy_on_delete", id, &[]);
        self.run_after();
        let context = self.stream_of(id).context;
        let state = self.store.data_mut();
        if state.contexts.get(&context) == Some(&id) {
            state.contexts.remove(&context);
        }
    }

    /// Tells the guest of a stream, unless its VM is dead or the policy passes it by.
    pub(crate) fn create_context(&mut self, id: StreamId) {
        if self.dead.is_some() {
            let bypass = self.settings.failure_policy == FailurePolicy::Open;
            self.stream_of(id).bypass = bypass;
            return;
        }
        let context = self.store.data_mut().new_context();
        let root = self.stream_of(id).root;
        self.stream_of(id).context = context;
        self.store.data_mut().contexts.insert(context, id);
        let root = i32::try_from(root).expect("few contexts");
        self.stream_callback("proxy_on_context_create", id, &[root]);
        self.run_after();
    }
}

/// Envoy's `httpToGrpcStatus`.
pub(crate) fn http_to_grpc(status: u32) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// Envoy's encoding of `grpc-message`.
fn percent_encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in text {
        match byte {
            b'%' => out.extend(b"%25"),
            b' '..=b'~' => out.push(*byte),
            other => out.extend(format!("%{other:02X}").bytes()),
        }
    }
    out
}
