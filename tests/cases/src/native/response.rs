//! A response on its way through the module to the client, the upstream's or a local reply.

use portcullis_runtime::stream::{BodyFlow, HeadersFlow};

use super::flow::{Native, Open};
use super::world::{Reply, Side};
use crate::engine::Observed;
use crate::words::Field;

impl Native {
    /// The upstream answers.
    pub(super) fn respond(&mut self, open: &mut Open) -> Observed {
        let answer = open.answer.clone();
        let mut headers = vec![(":status".to_owned(), answer.status.to_string().into_bytes())];
        headers.extend(answer.headers.iter().cloned());
        self.response(open, headers, answer.in_parts(), answer.trailers, answer.pause)
    }

    /// A response goes through the module to the client; `pause` nanoseconds pass before each part but the first.
    fn response(
        &mut self,
        open: &Open,
        headers: Vec<Field>,
        parts: Vec<Vec<u8>>,
        trailers: Vec<Field>,
        pause: u64,
    ) -> Observed {
        let end = parts.is_empty() && trailers.is_empty();
        self.world.stream(|stream| {
            stream.response = Side { headers, body: Vec::new(), trailers: Vec::new() };
        });
        let mut held = self.vm.response_headers(open.id, end) != HeadersFlow::Continue;
        let (mut buffering, mut holds_on) = (false, false);
        let mut passed = Vec::new();
        let mut parts = parts.into_iter().peekable();
        let mut first = true;
        while let Some(part) = parts.next().filter(|_| !self.is_over()) {
            let end = parts.peek().is_none() && trailers.is_empty();
            if !std::mem::take(&mut first) && pause > 0 {
                self.world.set_now(self.world.now().saturating_add(pause));
                self.tick();
                if self.has_resumed_response(&mut passed) {
                    holds_on = buffering && self.world.version().holds_on();
                    (held, buffering) = (false, false);
                }
                if self.is_over() {
                    break;
                }
            }
            let size = self.world.stream(|stream| {
                let body = &mut stream.response.body;
                if !buffering {
                    body.clear();
                }
                body.extend(part);
                body.len()
            });
            let flow = self.vm.response_body(open.id, size.unwrap_or(0), end);
            buffering = flow == BodyFlow::Hold;
            held = flow != BodyFlow::Continue;
            let loses = std::mem::take(&mut holds_on);
            self.world.stream(|stream| match flow {
                BodyFlow::Continue if !loses => passed.append(&mut stream.response.body),
                BodyFlow::Hold => {}
                BodyFlow::Continue | BodyFlow::Drop => stream.response.body.clear(),
            });
        }
        if held && pause > 0 && trailers.is_empty() {
            self.tick();
            held = !self.has_resumed_response(&mut passed);
            self.tick();
            assert!(!self.has_resumed_response(&mut passed), "told to go on once more");
        }
        if !trailers.is_empty() && !self.is_over() {
            self.world.stream(|stream| stream.response.trailers = trailers);
            held = self.vm.response_trailers(open.id) != BodyFlow::Continue;
            self.world.stream(|stream| passed.append(&mut stream.response.body));
        }
        // A reply within the response phase passes no filter any more.
        if let Some(reply) = self.world.stream(|stream| stream.reply.take()).flatten() {
            let (headers, body) = self.local(&reply);
            (held, passed) = (false, body);
            self.world.stream(|stream| {
                stream.response = Side { headers, body: Vec::new(), trailers: Vec::new() };
            });
        }
        let (upstream, cut) = open.seen();
        if held || self.is_over() {
            return Observed { upstream, cut, ..Observed::default() };
        }
        self.world
            .stream(|stream| Observed {
                status: status(&stream.response.headers),
                headers: stream.response.headers.clone(),
                body: passed,
                upstream,
                cut,
                ..Observed::default()
            })
            .unwrap_or_default()
    }

    /// Moves on what was held of a response, if it was told to.
    fn has_resumed_response(&self, passed: &mut Vec<u8>) -> bool {
        let resumed = self.world.stream(|stream| {
            let resumed = std::mem::take(&mut stream.response_resumed);
            if resumed {
                passed.append(&mut stream.response.body);
            }
            resumed
        });
        resumed == Some(true)
    }

    pub(super) fn reply(&mut self, open: &Open, reply: Reply) -> Observed {
        let (headers, body) = self.local(&reply);
        let parts = Some(body).filter(|body| !body.is_empty());
        self.response(open, headers, parts.into_iter().collect(), Vec::new(), 0)
    }

    /// A local reply as Envoy's `prepareLocalReply` makes it, gRPC and HEAD included.
    fn local(&self, reply: &Reply) -> (Vec<Field>, Vec<u8>) {
        let request = |name: &str| {
            let found = self.world.stream(|stream| {
                let found = stream.request.headers.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone())
            });
            found.flatten().unwrap_or_default()
        };
        let mut headers = vec![(":status".to_owned(), reply.status.to_string().into_bytes())];
        headers.extend(reply.headers.iter().cloned());
        let grpc = request("content-type");
        let grpc = grpc
            .strip_prefix(b"application/grpc")
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'+')));
        if grpc {
            headers.retain(|(name, _)| name != ":status" && name != "content-type");
            let status = reply.grpc_status.to_string();
            for (name, value) in [
                (":status", b"200".to_vec()),
                ("content-type", b"application/grpc".to_vec()),
                ("grpc-status", status.into_bytes()),
                ("grpc-message", percent_encoded(&reply.body)),
            ] {
                headers.push((name.to_owned(), value));
            }
            return (headers, Vec::new());
        }
        let head = request(":method") == b"HEAD";
        (headers, if head { Vec::new() } else { reply.body.clone() })
    }
}

fn status(headers: &[Field]) -> Option<u16> {
    let (_, value) = headers.iter().find(|(name, _)| name == ":status")?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Envoy's encoding of `grpc-message`.
fn percent_encoded(text: &[u8]) -> Vec<u8> {
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
