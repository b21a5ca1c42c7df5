//! A host in memory: the request, the clock, the shared data with faults and races on demand.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use portcullis_control::config::Reader;
use portcullis_control::control::{Control, Verdict};
use portcullis_control::counter::Count;
use portcullis_control::exchange::{Exchange, Scene};
use portcullis_control::headers::HeaderMap;
use portcullis_control::json::parse;
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::program::{Household, Settings};
use portcullis_control::refusal::Refusal;
use portcullis_control::store::{SharedData, StoreError, Version};
use portcullis_control::surroundings::{SignatureCheck, Surroundings, Unavailable};

use crate::{RateLimiting, State};

/// 2023-11-14T22:13:20Z: twenty seconds into a minute.
pub(crate) const START: u64 = 1_700_000_000;

/// The host's map of shared data.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<String, (Vec<u8>, u32)>>);

impl Memory {
    pub(crate) fn keys(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().unwrap().iter().map(|(key, (value, _))| key.len() + value.len()).sum()
    }
}

impl SharedData for Memory {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let map = self.0.lock().unwrap();
        Ok(map.get(key).map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        let mut map = self.0.lock().unwrap();
        if map.get(key).map(|(_, version)| Version(*version)) != expected {
            return Err(StoreError::Changed);
        }
        let version = expected.map_or(1, |Version(version)| version + 1);
        map.insert(key.to_owned(), (value.to_vec(), version));
        Ok(())
    }
}

/// One request's surroundings.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) memory: Arc<Memory>,
    pub(crate) now: Cell<u64>,
    pub(crate) client: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) properties: Vec<(&'static str, &'static str)>,
    pub(crate) down: Cell<bool>,
    /// Fails this many writes from now on, then is down: a store that breaks between reading and writing.
    pub(crate) down_on_write: Cell<bool>,
    /// Runs before the next write: what another worker does in between.
    #[allow(clippy::type_complexity, reason = "a closure that is called once")]
    pub(crate) before_write: RefCell<Option<Box<dyn FnOnce()>>>,
    pub(crate) header_reads: Cell<u32>,
    pub(crate) calls: Cell<u32>,
}

impl World {
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        World {
            memory: Arc::clone(memory),
            now: Cell::new(START),
            client: "10.0.0.1:4711".to_owned(),
            ..World::default()
        }
    }

    pub(crate) fn at(self, now: u64) -> Self {
        self.now.set(now);
        self
    }

    pub(crate) fn from(self, client: &str) -> Self {
        World { client: client.to_owned(), ..self }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl SharedData for World {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        self.calls.set(self.calls.get() + 1);
        if self.down.get() { Err(StoreError::Down) } else { self.memory.get(key) }
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        self.calls.set(self.calls.get() + 1);
        let meanwhile = self.before_write.borrow_mut().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let down = self.down.get() || self.down_on_write.get();
        if down { Err(StoreError::Down) } else { self.memory.set(key, value, expected) }
    }
}

impl Surroundings for World {
    fn now(&self) -> u64 {
        self.now.get().saturating_mul(1_000_000_000)
    }
    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
    fn shared(&self) -> &dyn SharedData {
        self
    }
    fn verify_signature(&self, _: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        match path {
            ["source", "address"] => Some(self.client.clone().into_bytes()),
            ["xds", name] => {
                let found = self.properties.iter().find(|(candidate, _)| candidate == name);
                found.map(|(_, value)| value.as_bytes().to_vec())
            }
            _ => None,
        }
    }
    fn request_headers(&self) -> HeaderMap {
        self.header_reads.set(self.header_reads.get() + 1);
        let mut map = HeaderMap::default();
        self.headers.iter().for_each(|(name, value)| map.push(name.as_bytes(), value.as_bytes()));
        map
    }
    fn request_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
    fn response_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }
    fn response_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
}

/// Compiles a configuration, or says what is wrong with it.
pub(crate) fn compile(json: &str) -> Result<RateLimiting, Vec<String>> {
    let value = parse(json.as_bytes()).unwrap();
    let environment = |_: &str| None;
    let reader = Reader::new(&environment);
    let household = Household::default();
    let site = household.site(None);
    let root = reader.root(&value);
    let control = match value.is_array() {
        true => RateLimiting::compile_list(&root, &root.list().unwrap(), &site),
        false => root.section(|section| RateLimiting::compile(section, &site)),
    };
    match reader.finish(control) {
        Ok((control, _)) => Ok(control),
        Err(faults) => Err(faults.list.iter().map(ToString::to_string).collect()),
    }
}

pub(crate) fn control(json: &str) -> RateLimiting {
    compile(json).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// One request through the control, and what is known afterwards.
pub(crate) struct Seen {
    pub(crate) refusal: Option<Box<Refusal>>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) exchange: Exchange,
    pub(crate) world: Rc<World>,
}

impl Seen {
    pub(crate) fn admitted(&self) -> bool {
        self.refusal.is_none()
    }

    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.refusal.as_ref().map(|refusal| refusal.reason.label)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    pub(crate) fn counts(&mut self) -> Vec<&'static str> {
        self.exchange
            .take_counts()
            .into_iter()
            .filter_map(|(_, count)| match count {
                Count::Name(name) => Some(name),
                Count::Member(..) => None,
            })
            .collect()
    }
}

/// Asks as the runtime does: each place in order, then the response.
pub(crate) fn ask(control: &RateLimiting, world: World) -> Seen {
    ask_after(control, world, |_| {})
}

/// The same, with an authentication between the two places.
pub(crate) fn ask_after(
    control: &RateLimiting,
    world: World,
    authenticate: impl FnOnce(&mut Exchange),
) -> Seen {
    let world = Rc::new(world);
    let mut exchange = Exchange::new(Rc::clone(&world) as _, Rc::new(Settings::default()));
    let mut state = State::default();
    let enter = |exchange: &mut Exchange, place| {
        exchange.enter(Scene { control: RateLimiting::NAME, place, mode: Mode::Enforce });
    };
    let mut refusal = None;
    let mut authenticate = Some(authenticate);
    for place in [Place::RateLimitingBeforeAuth, Place::RateLimiting] {
        if place == Place::RateLimiting
            && let Some(authenticate) = authenticate.take()
        {
            authenticate(&mut exchange);
        }
        enter(&mut exchange, place);
        if refusal.is_some() || !control.decides_at(place) {
            continue;
        }
        match control.request_headers(&mut exchange, &mut state, true) {
            Verdict::Continue => {}
            Verdict::Refuse(found) => refusal = Some(found),
            other => panic!("{other:?}"),
        }
    }
    control.response_headers(&mut exchange, &mut state, true);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut headers: Vec<(String, String)> =
        exchange.response_headers().iter().map(|(name, value)| (text(name), text(value))).collect();
    let own = refusal.iter().flat_map(|refusal| &refusal.headers);
    headers.extend(own.map(|(name, value)| (name.to_string(), text(value.as_bytes()))));
    Seen { refusal, headers, exchange, world }
}
