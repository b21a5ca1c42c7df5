//! What the VM asks of its host, answered from memory as Envoy would.

use std::rc::Rc;

use portcullis_control::control::Call;
use portcullis_control::headers::{Edit, FieldName, FieldValue, HeaderMap};
use portcullis_control::store::SharedData;
use portcullis_control::surroundings::{HostVersion, SignatureCheck, Surroundings, Unavailable};
use portcullis_runtime::host::{Direction, Host, HostError, Level, LocalReply};

use super::world::{Part, Reply, Side, Stream, World};
use crate::words::Field;

/// proxy-wasm's statuses, as far as they occur here.
const BAD_ARGUMENT: HostError = HostError(2);
const INTERNAL_FAILURE: HostError = HostError(10);

fn side(stream: &mut Stream, direction: Direction) -> &mut Side {
    match direction {
        Direction::Request => &mut stream.request,
        Direction::Response => &mut stream.response,
    }
}

fn map(fields: &[Field]) -> HeaderMap {
    let mut map = HeaderMap::default();
    for (name, value) in fields {
        map.push(name.as_bytes(), value);
    }
    map
}

fn field(name: &FieldName, value: &FieldValue) -> Field {
    (name.as_str().to_owned(), value.as_bytes().to_vec())
}

impl World {
    fn view(&self, view: impl FnOnce(&mut Stream) -> &Vec<Field>) -> HeaderMap {
        self.stream(|stream| map(view(stream))).unwrap_or_default()
    }

    /// What Envoy says of itself, which needs no stream.
    fn version_property(&self, path: &[&str]) -> Option<Vec<u8>> {
        let HostVersion { major, minor } = World::version(self);
        let ["xds", "node", "user_agent_build_version", "version", name] = path else {
            return None;
        };
        let number = match *name {
            "major_number" => major,
            "minor_number" => minor,
            _ => return None,
        };
        Some(u64::from(number).to_le_bytes().to_vec())
    }

    fn act<T>(&self, part: Part, act: impl FnOnce(&mut Stream) -> T) -> Result<T, HostError> {
        if self.is_broken(part) {
            return Err(INTERNAL_FAILURE);
        }
        self.stream(act).ok_or(BAD_ARGUMENT)
    }

    /// The host of this world.
    #[must_use]
    pub fn host(&self) -> Rc<dyn Host> {
        Rc::new(self.clone())
    }
}

impl Surroundings for World {
    fn now(&self) -> u64 {
        self.inner.now.get()
    }

    fn random(&self) -> u64 {
        self.next_random()
    }

    fn shared(&self) -> &dyn SharedData {
        &self.inner.shared
    }

    /// Never there: so the pure Rust that modules fall back to is what this engine tests.
    fn verify_signature(&self, _check: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        if self.is_broken(Part::Properties) {
            return None;
        }
        let of_stream = self.stream(|stream| stream.properties.get(&path.join("\0")).cloned());
        of_stream.flatten().or_else(|| self.version_property(path))
    }

    fn request_headers(&self) -> HeaderMap {
        self.view(|stream| &stream.request.headers)
    }

    fn request_body(&self, start: usize, size: usize) -> Option<Vec<u8>> {
        let part = |stream: &mut Stream| {
            let rest = stream.request.body.get(start..)?;
            Some(rest[..size.min(rest.len())].to_vec())
        };
        self.act(Part::Bodies, part).ok()?
    }

    fn request_trailers(&self) -> HeaderMap {
        self.view(|stream| &stream.request.trailers)
    }

    fn response_headers(&self) -> HeaderMap {
        self.view(|stream| &stream.response.headers)
    }

    fn response_trailers(&self) -> HeaderMap {
        self.view(|stream| &stream.response.trailers)
    }
}

impl Host for World {
    fn edit_headers(&self, direction: Direction, edit: &Edit) -> Result<(), HostError> {
        self.act(Part::Headers, |stream| {
            let headers = &mut side(stream, direction).headers;
            let name = edit.name().as_str();
            let is_there = headers.iter().any(|(known, _)| known == name);
            match edit {
                Edit::Set(..) | Edit::Remove(_) => headers.retain(|(known, _)| known != name),
                Edit::Insert(..) => assert!(!is_there, "{name} is there"),
                Edit::Keep(..) => return assert!(is_there, "{name} is not there"),
                Edit::Add(..) => {}
            }
            headers.extend(edit.value().map(|value| field(edit.name(), value)));
        })
    }

    fn remove_trailer(&self, direction: Direction, name: &str) -> Result<(), HostError> {
        self.act(Part::Headers, |stream| {
            side(stream, direction).trailers.retain(|(known, _)| known != name);
        })
    }

    fn reply(&self, reply: &LocalReply<'_>) -> Result<(), HostError> {
        self.act(Part::Replies, |stream| {
            let headers = reply.headers.iter().map(|(name, value)| field(name, value)).collect();
            stream.reply.get_or_insert(Reply {
                status: reply.status,
                headers,
                body: reply.body.to_vec(),
                grpc_status: reply.grpc_status,
            });
        })
    }

    fn body(&self, direction: Direction, max: usize) -> Result<Vec<u8>, HostError> {
        self.act(Part::Bodies, |stream| {
            let body = &side(stream, direction).body;
            body[..max.min(body.len())].to_vec()
        })
    }

    fn set_body(&self, direction: Direction, body: &[u8]) -> Result<(), HostError> {
        self.act(Part::Bodies, |stream| side(stream, direction).body = body.to_vec())
    }

    fn close(&self, _direction: Direction) -> Result<(), HostError> {
        self.act(Part::Closing, |stream| stream.closed = true)
    }

    fn resume(&self, direction: Direction) -> Result<(), HostError> {
        let resume = |stream: &mut Stream| match direction {
            Direction::Request => stream.resumed = true,
            Direction::Response => stream.response_resumed = true,
        };
        self.stream(resume).ok_or(BAD_ARGUMENT)
    }

    fn set_property(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.act(Part::SetProperty, |stream| {
            stream.properties.insert(name.to_owned(), value.to_vec());
        })
    }

    fn call(&self, call: &Call) -> Result<u32, HostError> {
        if self.is_broken(Part::Calls) {
            return Err(BAD_ARGUMENT);
        }
        let mut calls = self.inner.calls.borrow_mut();
        calls.push(call.clone());
        Ok(u32::try_from(calls.len()).expect("few calls"))
    }

    fn set_effective_context(&self, context: u32) -> Result<(), HostError> {
        if !self.inner.streams.borrow().contains_key(&context) {
            return Err(BAD_ARGUMENT);
        }
        self.inner.current.set(context);
        Ok(())
    }

    fn log(&self, level: Level, line: &str) {
        self.inner.log.borrow_mut().push((level, line.to_owned()));
    }

    fn log_level(&self) -> Level {
        Level::Info
    }

    fn define_counter(&self, name: &str) -> Result<u32, HostError> {
        if self.is_broken(Part::Counters) {
            return Err(INTERNAL_FAILURE);
        }
        let mut counters = self.inner.counters.borrow_mut();
        let place = counters.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            counters.push((name.to_owned(), 0));
            counters.len() - 1
        });
        Ok(u32::try_from(place).expect("few counters"))
    }

    fn increment(&self, counter: u32, by: u64) -> Result<(), HostError> {
        let mut counters = self.inner.counters.borrow_mut();
        match counters.get_mut(counter as usize) {
            Some((_, value)) if !self.is_broken(Part::Counters) => {
                *value += by;
                Ok(())
            }
            _ => Err(BAD_ARGUMENT),
        }
    }

    fn define_gauge(&self, name: &str) -> Result<u32, HostError> {
        self.define_counter(name)
    }

    fn set_gauge(&self, gauge: u32, value: u64) -> Result<(), HostError> {
        let mut counters = self.inner.counters.borrow_mut();
        match counters.get_mut(gauge as usize) {
            Some((_, held)) if !self.is_broken(Part::Counters) => {
                *held = value;
                Ok(())
            }
            _ => Err(BAD_ARGUMENT),
        }
    }

    fn set_tick_period(&self, milliseconds: u32) -> Result<(), HostError> {
        self.inner.tick_ms.set(milliseconds);
        Ok(())
    }
}
