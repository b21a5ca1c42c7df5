//! A compiled configuration: which controls decide on which route, in which order. It can only be valid.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use crate::address::ClientIp;
use crate::config::Fault;
use crate::consumers::ConsumerEntry;
use crate::exchange::{Exchange, Recent};
use crate::headers::{Family, Forwarded};
use crate::mode::Mode;
use crate::place::{Place, ResponsePlace};
use crate::policy::{Common, Kind, Policy};
use crate::refusal::RefusalFormat;
use crate::route::RouteMatch;
use crate::surroundings::HostVersion;

/// What a control may know about the place where it is configured.
pub struct Site<'v> {
    /// All consumers of the configuration.
    pub consumers: &'v [ConsumerEntry<'v>],
    /// What counters are kept under: the canonical form of the route's match, `base` without one.
    pub scope: String,
    /// The names of the route's path template; none on the base.
    pub captures: Vec<String>,
    /// True inside `gateway`, false in the control's own module.
    pub gateway: bool,
    /// The Envoy that will ask it.
    pub host: HostVersion,
    /// What all routes' versions of a control have together; see [`Site::shared`].
    pub commons: &'v Commons,
}

impl Site<'_> {
    /// A value that all versions of a control in this configuration share, such as a cache: bounded once, not once a
    /// route. The first call makes it.
    #[must_use]
    pub fn shared<T: Default + 'static>(&self) -> Rc<T> {
        let mut values = self.commons.values.borrow_mut();
        if let Some(value) = values.iter().find_map(|value| Rc::clone(value).downcast::<T>().ok()) {
            return value;
        }
        let value = Rc::new(T::default());
        values.push(Rc::<T>::clone(&value));
        value
    }

    /// Another number at each call: it tells versions of a control from each other in what all of them share.
    #[must_use]
    pub fn number(&self) -> u32 {
        let number = self.commons.numbers.get();
        self.commons.numbers.set(number.saturating_add(1));
        number
    }
}

/// What all sites of one configuration have together.
#[derive(Default)]
pub struct Household<'v> {
    /// All consumers.
    pub consumers: Vec<ConsumerEntry<'v>>,
    /// True for `gateway`.
    pub gateway: bool,
    /// The Envoy.
    pub host: HostVersion,
    /// What controls share among their versions.
    pub commons: Commons,
}

impl Household<'_> {
    /// The site of the base, or of a route.
    #[must_use]
    pub fn site(&self, found: Option<&RouteMatch>) -> Site<'_> {
        Site {
            consumers: &self.consumers,
            scope: found.map_or("base", RouteMatch::scope).to_owned(),
            captures: found.map(RouteMatch::captures).unwrap_or_default(),
            gateway: self.gateway,
            host: self.host,
            commons: &self.commons,
        }
    }
}

/// What the controls of one configuration share, one value of a type.
#[derive(Default)]
pub struct Commons {
    values: RefCell<Vec<Rc<dyn Any>>>,
    /// How many numbers were given.
    numbers: Cell<u32>,
}

/// What a path that servers disagree on becomes where a route matches on paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AmbiguousPath {
    /// 400.
    #[default]
    Refuse,
    /// Matched as it is.
    Allow,
}

/// How a body is held while a control wants to see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyHold {
    /// Headers are held too: the upstream sees nothing before the verdict. Needs `allow_on_headers_stop_iteration`.
    #[default]
    Headers,
    /// Headers pass, the body waits: for hosts that cannot hold headers and read the body (stock Istio `WasmPlugin`).
    Stream,
}

/// What holds for all routes and controls of a module.
#[derive(Debug, Default)]
pub struct Settings {
    /// Where the client's address is read from.
    pub client_ip: ClientIp,
    /// What becomes of ambiguous paths.
    pub ambiguous_path: AmbiguousPath,
    /// How bodies are held.
    pub body_hold: BodyHold,
    /// How refusals are written.
    pub refusals: RefusalFormat,
    /// Headers that say who is calling, of any control on any route: a client's own are removed.
    pub identity_headers: Family,
    /// Headers that trusted proxies alone may send, of any control on any route. All that are of one header must trust
    /// a peer.
    pub forwarded_headers: Vec<Forwarded>,
    /// First match wins.
    pub routes: Vec<RouteMatch>,
    /// True in `gateway`: identities stay in memory.
    pub gateway: bool,
    /// Identities that earlier modules left in filter state.
    pub recent: Recent,
}

impl Settings {
    /// True if a field of this name says who is calling, and not everybody may send it.
    #[must_use]
    pub fn names_caller(&self, name: &[u8]) -> bool {
        self.identity_headers.covers(name)
            || self.forwarded_headers.iter().any(|header| header.covers(name))
    }

    /// True if no field does.
    #[must_use]
    pub fn nothing_names_caller(&self) -> bool {
        self.identity_headers.is_empty() && self.forwarded_headers.is_empty()
    }

    /// The chain of a request: 0 for the base, else the route's number from 1.
    ///
    /// # Errors
    /// [`Common::AmbiguousPath`] where a route that would look at the path could be made to miss.
    pub fn route(&self, exchange: &mut Exchange) -> Result<usize, Common> {
        for (index, route) in self.routes.iter().enumerate() {
            let ambiguous =
                route.reads_path() && exchange.path().is_some_and(crate::path::Path::is_ambiguous);
            if ambiguous && self.ambiguous_path == AmbiguousPath::Refuse {
                return Err(Common::AmbiguousPath);
            }
            let mut captures = Vec::new();
            if route.matches(exchange, &mut captures) {
                exchange.set_captures(captures);
                return Ok(index.saturating_add(1));
            }
        }
        Ok(0)
    }
}

/// A control with its mode, as it stands on one route.
#[derive(Clone)]
pub struct Slot {
    /// Its kind.
    pub kind: Kind,
    /// Its compiled configuration.
    pub policy: Rc<dyn Policy>,
    /// How much of its decision counts.
    pub mode: Mode,
}

/// The controls of one route as they are configured.
#[derive(Clone, Default)]
pub struct Lineup {
    /// Each with its mode, off too.
    pub slots: Vec<Slot>,
    /// Names of alternatives (`any_of`), in the order in which they are asked: one has to let the request pass. All
    /// others have to, each.
    pub any_of: Vec<&'static str>,
}

impl From<Vec<Slot>> for Lineup {
    fn from(slots: Vec<Slot>) -> Self {
        Lineup { slots, any_of: Vec::new() }
    }
}

/// How the upstream is asked for responses whose bodies controls look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeResponse {
    /// Enforced if one of those controls is.
    pub mode: Mode,
    /// True if one of them wants it as it is, not encoded.
    pub strip_accept_encoding: bool,
}

impl WholeResponse {
    /// What controls want together; those that enforce decide, where there are any.
    fn wanted_by(slots: &[Slot]) -> Option<Self> {
        let all = slots.iter().filter_map(|slot| {
            let strip_accept_encoding = slot.policy.inspects_response()?.strip_accept_encoding;
            Some(WholeResponse { mode: slot.mode, strip_accept_encoding })
        });
        all.reduce(|one, other| match (one.mode == Mode::Enforce, other.mode == Mode::Enforce) {
            (true, false) => one,
            (false, true) => other,
            _ => WholeResponse {
                strip_accept_encoding: one.strip_accept_encoding || other.strip_accept_encoding,
                ..one
            },
        })
    }
}

/// The controls of one route, in order.
#[derive(Default)]
pub struct Chain {
    slots: Vec<Slot>,
    request: Vec<(Place, usize)>,
    alternatives: Range<usize>,
    response: Vec<usize>,
    request_observers: Vec<usize>,
    response_observers: Vec<usize>,
    whole_response: Option<WholeResponse>,
}

impl Chain {
    /// Puts controls into the fixed order; those that are off are left out.
    #[must_use]
    pub fn new(lineup: Lineup) -> Self {
        let Lineup { slots, any_of } = lineup;
        let slots: Vec<Slot> = slots.into_iter().filter(|slot| slot.mode != Mode::Off).collect();
        let indexed = || slots.iter().enumerate();
        // In the order of the places, and within one in that of the slots; a sort would be more code than this.
        let mut request = Vec::new();
        for place in Place::ALL {
            let stands =
                |slot: &Slot| slot.kind.places.contains(&place) && slot.policy.decides_at(place);
            request.extend(
                indexed().filter(|(_, slot)| stands(slot)).map(|(index, _)| (place, index)),
            );
        }
        let named = |name: &str| {
            let is_it = |(_, index): &&(Place, usize)| {
                slots.get(*index).is_some_and(|slot| slot.kind.name == name)
            };
            request.iter().find(is_it).copied()
        };
        let members: Vec<(Place, usize)> = any_of.into_iter().filter_map(named).collect();
        let alternatives = put_together(&mut request, &members);
        let mut response = Vec::new();
        for place in ResponsePlace::ALL {
            let stands = |slot: &Slot| {
                slot.kind.response_place == Some(place) && slot.policy.decides_on_responses()
            };
            response.extend(indexed().filter(|(_, slot)| stands(slot)).map(|(index, _)| index));
        }
        let those = |observes: fn(&dyn Policy) -> bool| {
            indexed().filter(|(_, slot)| observes(&*slot.policy)).map(|(index, _)| index).collect()
        };
        let request_observers = those(|policy| policy.observes_request());
        let response_observers = those(|policy| policy.observes_response());
        let whole_response = WholeResponse::wanted_by(&slots);
        Chain {
            slots,
            request,
            alternatives,
            response,
            request_observers,
            response_observers,
            whole_response,
        }
    }

    /// The controls.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The order on the request: places, and indices into [`Chain::slots`].
    #[must_use]
    pub fn request(&self) -> &[(Place, usize)] {
        &self.request
    }

    /// The positions in [`Chain::request`] of alternatives: two or more, or none. One of them has to let the request
    /// pass, and after it the rest is not asked.
    #[must_use]
    pub fn alternatives(&self) -> Range<usize> {
        self.alternatives.clone()
    }

    /// True if an alternative stands at this position.
    #[must_use]
    pub fn is_alternative(&self, position: usize) -> bool {
        self.alternatives.contains(&position)
    }

    /// The order on the response.
    #[must_use]
    pub fn response(&self) -> &[usize] {
        &self.response
    }

    /// Those that watch the request's body pass.
    #[must_use]
    pub fn request_observers(&self) -> &[usize] {
        &self.request_observers
    }

    /// Those that watch the response's body pass.
    #[must_use]
    pub fn response_observers(&self) -> &[usize] {
        &self.response_observers
    }

    /// True if a control from this position of the request's order on may want the body.
    #[must_use]
    pub fn may_hold_from(&self, position: usize) -> bool {
        let rest = self.request.get(position..).unwrap_or_default();
        rest.iter().any(|(_, index)| {
            self.slots.get(*index).is_some_and(|slot| slot.policy.may_hold_request())
        })
    }

    /// How the upstream is asked for the whole response, if a control looks at it.
    #[must_use]
    pub const fn wants_whole_response(&self) -> Option<WholeResponse> {
        self.whole_response
    }
}

/// Puts alternatives into their own order, where the last of them stands: whatever else stands among them is asked
/// before, as it is without them. Gives their positions; a single one is no alternative.
fn put_together(request: &mut Vec<(Place, usize)>, members: &[(Place, usize)]) -> Range<usize> {
    let last = request.iter().rposition(|step| members.contains(step));
    let Some(last) = last.filter(|_| members.len() > 1) else { return Range::default() };
    let behind = request.split_off(last.saturating_add(1));
    request.retain(|step| !members.contains(step));
    let start = request.len();
    request.extend_from_slice(members);
    let end = request.len();
    request.extend(behind);
    start..end
}

/// A compiled configuration of a module.
pub struct Program {
    /// What holds for all.
    pub settings: Rc<Settings>,
    /// The chain of the base, then one for each route.
    pub chains: Vec<Rc<Chain>>,
    /// Every control that occurs, for metrics.
    pub kinds: Vec<Kind>,
    /// What an operator should know.
    pub warnings: Vec<Fault>,
}

impl Program {
    /// True if a control of this kind looks at the bodies of responses on some route.
    #[must_use]
    pub fn inspects_responses(&self, kind: &Kind) -> bool {
        let slots = self.chains.iter().flat_map(|chain| chain.slots());
        let mut own = slots.filter(|slot| slot.kind.name == kind.name);
        own.any(|slot| slot.policy.inspects_response().is_some())
    }

    /// True if a control of this kind is one of several alternatives on some route.
    #[must_use]
    pub fn has_alternative(&self, kind: &Kind) -> bool {
        self.chains.iter().any(|chain| {
            let steps = chain.request().get(chain.alternatives()).unwrap_or_default();
            let is_it = |slot: &Slot| slot.kind.name == kind.name;
            steps.iter().any(|(_, index)| chain.slots().get(*index).is_some_and(is_it))
        })
    }
}
