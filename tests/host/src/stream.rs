//! One stream's state: what each direction holds, what the guest may see of it, what peers have got.

use std::collections::{BTreeMap, VecDeque};

use crate::exchange::{End, Request, Response, Seen, StreamId};
use crate::headers::Headers;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// Envoy's iteration state of the filter for one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Iteration {
    #[default]
    Continue,
    /// StopSingleIteration: what is held is held, but callbacks run.
    StopSingle,
    /// StopAll: no callbacks; over the limit is an error.
    StopAllBuffer,
    /// StopAll: no callbacks; over the limit the peer has to wait.
    StopAllWatermark,
}

impl Iteration {
    pub(crate) fn stopped_all(self) -> bool {
        matches!(self, Self::StopAllBuffer | Self::StopAllWatermark)
    }
}

/// What the peer has sent and backpressure keeps outside.
#[derive(Debug)]
pub(crate) enum Event {
    Data(Vec<u8>, bool),
    Trailers(Headers),
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) headers: Option<Headers>,
    /// The context's pointer to the headers; it is gone once they went on.
    pub(crate) headers_visible: bool,
    pub(crate) headers_sent: bool,
    /// The peer has said all it will.
    pub(crate) ended: bool,
    /// The end_of_stream of the latest callback, which is all the context knows of the end.
    pub(crate) end_seen: bool,
    pub(crate) iteration: Iteration,
    /// The chunk of the current body callback.
    pub(crate) chunk: Option<Vec<u8>>,
    /// The filter manager's buffer.
    pub(crate) buffered: Option<Vec<u8>>,
    /// The context's note that its last body callback asked to buffer.
    pub(crate) buffering: bool,
    /// Over the limit means waiting, not an error.
    pub(crate) streaming: bool,
    pub(crate) trailers: Option<Headers>,
    pub(crate) trailers_visible: bool,
    pub(crate) backlog: VecDeque<Event>,
}

impl Side {
    /// The body bytes a guest sees now: the buffer while buffering, else the callback's chunk.
    pub(crate) fn body(&mut self) -> Option<&mut Vec<u8>> {
        if self.buffering && self.buffered.is_some() {
            return self.buffered.as_mut();
        }
        self.chunk.as_mut()
    }
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    /// 0 until the guest has been told of it.
    pub(crate) context: u32,
    pub(crate) root: u32,
    /// The VM generation it was opened in; a later VM knows nothing of it.
    pub(crate) generation: u32,
    /// No VM answers for it: FAIL_OPEN.
    pub(crate) bypass: bool,
    pub(crate) request: Side,
    pub(crate) response: Side,
    /// The request came with `x-forwarded-proto`, as Envoy's connection manager has it.
    pub(crate) had_proto: bool,
    pub(crate) client: Option<Seen>,
    pub(crate) upstream: Option<Seen>,
    pub(crate) answer: Option<Response>,
    /// The test answers by hand.
    pub(crate) manual: bool,
    pub(crate) answered: bool,
    /// A local reply was asked for in this callback; later ones are ignored.
    pub(crate) reply_held: bool,
    /// A local reply is on its way: nothing of the request moves any more.
    pub(crate) reply_sent: bool,
    /// It has been through the response phase.
    pub(crate) reply_done: bool,
    pub(crate) logging: bool,
    pub(crate) closed: bool,
    pub(crate) started: u64,
    pub(crate) received: u64,
    pub(crate) properties: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(crate) filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) metrics: BTreeMap<String, i64>,
    pub(crate) details: String,
    pub(crate) trap: Option<String>,
    pub(crate) fuel: u64,
}

impl Stream {
    pub(crate) fn new(
        id: StreamId,
        root: u32,
        generation: u32,
        now: u64,
        request: &Request,
    ) -> Self {
        Self {
            id,
            context: 0,
            root,
            generation,
            bypass: false,
            request: Side::default(),
            response: Side::default(),
            had_proto: false,
            client: None,
            upstream: None,
            answer: request.answer.clone(),
            manual: false,
            answered: false,
            reply_held: false,
            reply_sent: false,
            reply_done: false,
            logging: false,
            closed: false,
            started: now,
            received: 0,
            properties: request.properties.clone(),
            filter_state: request.filter_state.iter().cloned().collect(),
            metrics: BTreeMap::new(),
            details: String::new(),
            trap: None,
            fuel: 0,
        }
    }

    pub(crate) fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// What the receiver in this direction has got so far.
    pub(crate) fn seen(&mut self, direction: Direction) -> &mut Option<Seen> {
        match direction {
            Direction::Request => &mut self.upstream,
            Direction::Response => &mut self.client,
        }
    }

    /// The request headers as the guest can read them now.
    pub(crate) fn request_headers(&self) -> Option<&Headers> {
        let visible = self.logging || self.request.headers_visible;
        self.request.headers.as_ref().filter(|_| visible)
    }

    /// The response headers as the guest can read them now.
    pub(crate) fn response_headers(&self) -> Option<&Headers> {
        let visible = self.logging || self.response.headers_visible;
        self.response.headers.as_ref().filter(|_| visible)
    }

    /// Whether a message is held by the filter.
    pub(crate) fn paused(&self) -> bool {
        !self.closed
            && (self.request.iteration != Iteration::Continue
                || self.response.iteration != Iteration::Continue)
    }

    /// Cuts whatever the upstream has not got whole.
    pub(crate) fn reset_upstream(&mut self) {
        if let Some(upstream) = &mut self.upstream
            && (upstream.end == End::Open || !self.answered)
        {
            upstream.end = End::Reset;
        }
    }
}
