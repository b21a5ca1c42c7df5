//! How messages move through the filter: Envoy's filter manager around one filter, both ways alike.

use crate::abi::{DataAction, HeadersAction, Level, TrailersAction};
use crate::exchange::{End, Seen, StreamId};
use crate::headers::Headers;
use crate::state::LocalReply;
use crate::stream::{Direction, Event, Iteration};
use crate::worker::{Outcome, Worker};

impl Worker {
    /// Whether nothing more may move in this direction.
    fn over(&mut self, id: StreamId, direction: Direction) -> bool {
        let stream = self.stream_of(id);
        stream.closed || (direction == Direction::Request && stream.reply_sent)
    }

    pub(crate) fn receive_headers(
        &mut self,
        id: StreamId,
        direction: Direction,
        headers: Headers,
        end: bool,
    ) -> HeadersAction {
        if self.over(id, direction) {
            return HeadersAction::StopAllIterationAndWatermark;
        }
        let count = headers.len();
        let stream = self.stream_of(id);
        let bypass = stream.bypass;
        if direction == Direction::Request {
            stream.had_proto = headers.has("x-forwarded-proto");
        }
        let side = stream.side(direction);
        side.headers = Some(headers);
        side.ended = end;
        if bypass {
            self.forward_headers(id, direction, end);
            return HeadersAction::Continue;
        }
        side.headers_visible = true;
        let action = self.headers_callback(id, direction, count, end);
        if self.over(id, direction) {
            return action;
        }
        let side = self.stream_of(id).side(direction);
        match action {
            HeadersAction::Continue => {
                side.headers_visible = false;
                self.forward_headers(id, direction, end);
            }
            HeadersAction::StopIteration => side.iteration = Iteration::StopSingle,
            HeadersAction::StopAllIterationAndBuffer => side.iteration = Iteration::StopAllBuffer,
            HeadersAction::StopAllIterationAndWatermark => {
                side.iteration = Iteration::StopAllWatermark;
            }
        }
        action
    }

    fn headers_callback(
        &mut self,
        id: StreamId,
        direction: Direction,
        count: usize,
        end: bool,
    ) -> HeadersAction {
        let name = match direction {
            Direction::Request => "proxy_on_request_headers",
            Direction::Response => "proxy_on_response_headers",
        };
        self.stream_of(id).side(direction).end_seen = end;
        let count = i32::try_from(count).expect("few headers");
        let (outcome, stopped) = self.stream_callback(name, id, &[count, i32::from(end)]);
        let action = match outcome {
            Outcome::Missing => HeadersAction::Continue,
            Outcome::Failed if self.fail_stream(id) => HeadersAction::StopAllIterationAndWatermark,
            Outcome::Failed => HeadersAction::Continue,
            _ if stopped => HeadersAction::StopAllIterationAndWatermark,
            Outcome::Returned(0 | 2) => HeadersAction::Continue,
            Outcome::Returned(1) if self.settings.stop_iteration => HeadersAction::StopIteration,
            Outcome::Returned(3) => HeadersAction::StopAllIterationAndBuffer,
            Outcome::Returned(_) => HeadersAction::StopAllIterationAndWatermark,
        };
        self.run_after();
        action
    }

    pub(crate) fn receive_data(
        &mut self,
        id: StreamId,
        direction: Direction,
        data: Vec<u8>,
        end: bool,
    ) {
        if self.over(id, direction) {
            return;
        }
        if self.held_back(id, direction) {
            self.stream_of(id).side(direction).backlog.push_back(Event::Data(data, end));
            return;
        }
        let stream = self.stream_of(id);
        if direction == Direction::Request {
            stream.received += data.len() as u64;
        }
        let bypass = stream.bypass;
        let side = stream.side(direction);
        side.ended |= end;
        match side.iteration {
            Iteration::StopAllBuffer | Iteration::StopAllWatermark => {
                side.streaming = side.iteration == Iteration::StopAllWatermark;
                side.buffered.get_or_insert_default().extend(data);
                self.check_limit(id, direction);
            }
            _ if bypass => self.forward_data(id, direction, data, end),
            _ => self.data_callback(id, direction, data, end),
        }
    }

    /// Backpressure: with the buffer over its limit Envoy reads no more from the peer.
    fn held_back(&mut self, id: StreamId, direction: Direction) -> bool {
        let limit = self.settings.buffer_limit;
        let side = self.stream_of(id).side(direction);
        let full = side.buffered.as_ref().is_some_and(|held| held.len() > limit);
        !side.backlog.is_empty() || (side.streaming && full)
    }

    /// Hands the peer's backlog over as far as backpressure allows; true if anything moved.
    pub(crate) fn drain_backlog(&mut self, id: StreamId, direction: Direction) -> bool {
        let mut moved = false;
        while !self.over(id, direction) {
            let mut backlog = std::mem::take(&mut self.stream_of(id).side(direction).backlog);
            let next = if self.held_back(id, direction) { None } else { backlog.pop_front() };
            match next {
                Some(Event::Data(data, end)) => self.receive_data(id, direction, data, end),
                Some(Event::Trailers(trailers)) => self.receive_trailers(id, direction, trailers),
                None => {
                    self.stream_of(id).side(direction).backlog = backlog;
                    break;
                }
            }
            moved = true;
            self.stream_of(id).side(direction).backlog.append(&mut backlog);
        }
        moved
    }

    fn data_callback(&mut self, id: StreamId, direction: Direction, data: Vec<u8>, end: bool) {
        let side = self.stream_of(id).side(direction);
        let size = if side.buffering {
            // Envoy adds the chunk to its buffer first, so that the callback sees all of it.
            side.buffered.get_or_insert_default().extend(data);
            side.streaming = false;
            let size = side.buffered.as_ref().map_or(0, Vec::len);
            if self.check_limit(id, direction) {
                return;
            }
            size
        } else {
            let size = data.len();
            side.chunk = Some(data);
            size
        };
        let name = match direction {
            Direction::Request => "proxy_on_request_body",
            Direction::Response => "proxy_on_response_body",
        };
        self.stream_of(id).side(direction).end_seen = end;
        let size = i32::try_from(size).expect("a body under 2 GiB");
        let (outcome, stopped) = self.stream_callback(name, id, &[size, i32::from(end)]);
        let action = match outcome {
            Outcome::Missing => DataAction::Continue,
            Outcome::Failed if self.fail_stream(id) => DataAction::StopIterationNoBuffer,
            Outcome::Failed => DataAction::Continue,
            _ if stopped => DataAction::StopIterationNoBuffer,
            Outcome::Returned(0) => DataAction::Continue,
            Outcome::Returned(1) => DataAction::StopIterationAndBuffer,
            Outcome::Returned(2) => DataAction::StopIterationAndWatermark,
            Outcome::Returned(_) => DataAction::StopIterationNoBuffer,
        };
        let chunk = self.stream_of(id).side(direction).chunk.take();
        self.run_after();
        if self.over(id, direction) {
            return;
        }
        self.after_data(id, direction, action, chunk, end);
    }

    fn after_data(
        &mut self,
        id: StreamId,
        direction: Direction,
        action: DataAction,
        chunk: Option<Vec<u8>>,
        end: bool,
    ) {
        let side = self.stream_of(id).side(direction);
        let was_buffering = side.buffering;
        side.buffering = action == DataAction::StopIterationAndBuffer;
        if matches!(
            action,
            DataAction::StopIterationAndWatermark | DataAction::StopIterationNoBuffer
        ) {
            // The context's pointer stays, to a buffer that is empty by then: writes to it are Ok and
            // reach nobody.
            side.chunk = Some(Vec::new());
        }
        match action {
            DataAction::Continue => {
                if side.iteration == Iteration::StopSingle {
                    side.buffered.get_or_insert_default().extend(chunk.unwrap_or_default());
                    self.resume(id, direction);
                } else {
                    let mut data = side.buffered.take().unwrap_or_default();
                    data.extend(chunk.unwrap_or_default());
                    let trailers = side.trailers.clone();
                    if was_buffering && self.settings.holds_on() {
                        data.clear();
                    }
                    self.forward_data(id, direction, data, end && trailers.is_none());
                    if let Some(trailers) = trailers.filter(|_| end) {
                        self.forward_trailers(id, direction, trailers);
                    }
                }
            }
            DataAction::StopIterationAndBuffer | DataAction::StopIterationAndWatermark => {
                side.iteration = Iteration::StopSingle;
                side.streaming = action == DataAction::StopIterationAndWatermark;
                side.buffered.get_or_insert_default().extend(chunk.unwrap_or_default());
                self.check_limit(id, direction);
            }
            DataAction::StopIterationNoBuffer => {
                side.iteration = Iteration::StopSingle;
                // The chunk is gone; the end of the stream is not.
                if end {
                    side.buffered.get_or_insert_default();
                }
            }
        }
    }

    pub(crate) fn receive_trailers(
        &mut self,
        id: StreamId,
        direction: Direction,
        trailers: Headers,
    ) {
        if self.over(id, direction) {
            return;
        }
        if self.held_back(id, direction) {
            self.stream_of(id).side(direction).backlog.push_back(Event::Trailers(trailers));
            return;
        }
        let side = self.stream_of(id).side(direction);
        side.ended = true;
        side.trailers = Some(trailers.clone());
        if side.iteration.stopped_all() {
            return;
        }
        if self.stream_of(id).bypass {
            self.forward_trailers(id, direction, trailers);
            return;
        }
        self.trailers_callback(id, direction);
    }

    /// Calls back with the trailers; `None` where nothing more may move.
    fn ask_trailers(&mut self, id: StreamId, direction: Direction) -> Option<TrailersAction> {
        let name = match direction {
            Direction::Request => "proxy_on_request_trailers",
            Direction::Response => "proxy_on_response_trailers",
        };
        let side = self.stream_of(id).side(direction);
        side.trailers_visible = true;
        let count = side.trailers.as_ref().map_or(0, Headers::len);
        let count = i32::try_from(count).expect("few trailers");
        let (outcome, stopped) = self.stream_callback(name, id, &[count]);
        let action = match outcome {
            Outcome::Missing => TrailersAction::Continue,
            Outcome::Failed if self.fail_stream(id) => TrailersAction::StopIteration,
            Outcome::Failed => TrailersAction::Continue,
            _ if stopped => TrailersAction::StopIteration,
            Outcome::Returned(0) => TrailersAction::Continue,
            Outcome::Returned(_) => TrailersAction::StopIteration,
        };
        self.run_after();
        (!self.over(id, direction)).then_some(action)
    }

    fn trailers_callback(&mut self, id: StreamId, direction: Direction) {
        let Some(action) = self.ask_trailers(id, direction) else { return };
        let side = self.stream_of(id).side(direction);
        if action == TrailersAction::StopIteration {
            side.iteration = Iteration::StopSingle;
            return;
        }
        side.trailers_visible = false;
        if side.iteration == Iteration::StopSingle {
            self.resume(id, direction);
        } else {
            let trailers = side.trailers.clone().unwrap_or_default();
            self.forward_trailers(id, direction, trailers);
        }
    }

    /// Everything was held, trailers included, and the body callback after the resume holds again:
    /// where the trailers callback then continues, Envoy calls it twice and loses the body (tried).
    fn trailers_after_a_held_body(&mut self, id: StreamId, direction: Direction, body: Vec<u8>) {
        let side = self.stream_of(id).side(direction);
        if !side.buffering {
            side.chunk = Some(body);
        }
        for _ in 0..2 {
            match self.ask_trailers(id, direction) {
                Some(TrailersAction::Continue) => {}
                Some(TrailersAction::StopIteration) | None => return,
            }
        }
        let side = self.stream_of(id).side(direction);
        side.iteration = Iteration::Continue;
        side.trailers_visible = false;
        (side.buffered, side.chunk, side.buffering) = (None, None, false);
        let trailers = side.trailers.clone().unwrap_or_default();
        let text =
            "a body held after StopAllIteration, with trailers: Envoy has lost it".to_owned();
        self.say(Level::Warn, Some(id), text);
        self.forward_trailers(id, direction, trailers);
    }

    /// Envoy's `commonContinue`; false where nothing was held.
    pub(crate) fn resume(&mut self, id: StreamId, direction: Direction) -> bool {
        let side = self.stream_of(id).side(direction);
        let held = std::mem::take(&mut side.iteration);
        if held == Iteration::Continue {
            return false;
        }
        let had_trailers = side.trailers.is_some();
        if !side.headers_sent {
            let end = side.ended && side.buffered.is_none() && !had_trailers;
            self.forward_headers(id, direction, end);
        }
        let side = self.stream_of(id).side(direction);
        let ended = side.ended;
        side.streaming = false;
        let body = side.buffered.take();
        if let Some(data) = body.clone() {
            // Who stopped everything has seen nothing of the body yet: it starts with this filter.
            let end =
                ended && !had_trailers && self.stream_of(id).side(direction).backlog.is_empty();
            if held.stopped_all() {
                self.data_callback(id, direction, data, end);
            } else {
                self.forward_data(id, direction, data, end);
            }
        }
        if had_trailers && !self.over(id, direction) {
            let side = self.stream_of(id).side(direction);
            if !held.stopped_all() {
                let trailers = side.trailers.clone().unwrap_or_default();
                self.forward_trailers(id, direction, trailers);
            } else if side.iteration == Iteration::StopSingle {
                self.trailers_after_a_held_body(id, direction, body.unwrap_or_default());
            } else {
                self.trailers_callback(id, direction);
            }
        }
        true
    }

    /// Over the limit without backpressure: Envoy itself answers, or cuts the response. True if so.
    fn check_limit(&mut self, id: StreamId, direction: Direction) -> bool {
        let limit = self.settings.buffer_limit;
        let stream = self.stream_of(id);
        let side = stream.side(direction);
        let over = side.buffered.as_ref().is_some_and(|held| held.len() > limit);
        if !over || side.streaming {
            return false;
        }
        let (status, body, details) = match direction {
            Direction::Request => (413, "Payload Too Large", "request_payload_too_large"),
            Direction::Response => (500, "Internal Server Error", "response_payload_too_large"),
        };
        let (body, details) = (body.into(), details.to_owned());
        self.local_reply(id, LocalReply { status, body, details, ..LocalReply::default() });
        true
    }

    fn forward_headers(&mut self, id: StreamId, direction: Direction, end: bool) {
        let stream = self.stream_of(id);
        let side = stream.side(direction);
        side.headers_sent = true;
        let headers = side.headers.clone().unwrap_or_default();
        if direction == Direction::Request && !self.routable(id, &headers) {
            return;
        }
        if direction == Direction::Response && !headers.has(":status") {
            self.missing(id, 502, "response", ":status");
            return;
        }
        *self.stream_of(id).seen(direction) = Some(Seen { headers, ..Seen::default() });
        self.forwarded(id, direction, end);
    }

    /// What the router refuses without asking the upstream.
    fn routable(&mut self, id: StreamId, headers: &Headers) -> bool {
        // Envoy finds no route where the scheme of the client's connection has been taken away.
        let schemeless = self.stream_of(id).had_proto && !headers.has("x-forwarded-proto");
        let pathless = !headers.has(":path") && headers.get(":method") != Some(b"CONNECT");
        if pathless || schemeless {
            let details = "route_not_found".to_owned();
            self.local_reply(id, LocalReply { status: 404, details, ..LocalReply::default() });
            return false;
        }
        if !headers.has(":method") {
            self.missing(id, 503, "request", ":method");
            return false;
        }
        true
    }

    /// What Envoy makes of a message whose pseudo-header a filter took away.
    fn missing(&mut self, id: StreamId, status: u32, kind: &str, name: &str) {
        let details =
            format!("filter_removed_required_{kind}_headers{{missing_required_header:_{name}}}");
        let body = format!("missing required header: {name}").into_bytes();
        self.local_reply(id, LocalReply { status, body, details, ..LocalReply::default() });
    }

    fn forward_data(&mut self, id: StreamId, direction: Direction, data: Vec<u8>, end: bool) {
        if let Some(seen) = self.stream_of(id).seen(direction) {
            seen.body.extend(data);
            self.forwarded(id, direction, end);
        }
    }

    fn forward_trailers(&mut self, id: StreamId, direction: Direction, trailers: Headers) {
        if let Some(seen) = self.stream_of(id).seen(direction) {
            seen.trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
            self.forwarded(id, direction, true);
        }
    }

    fn forwarded(&mut self, id: StreamId, direction: Direction, end: bool) {
        if !end {
            return;
        }
        if let Some(seen) = self.stream_of(id).seen(direction) {
            seen.end = End::Complete;
        }
        if direction == Direction::Response {
            self.close(id);
        }
    }
}
