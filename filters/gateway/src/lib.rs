//! All controls from one configuration, in a fixed order, in one VM.
//!
//! What a route, a mode or a reserved field is, the contract crate says; here is only how several controls share them.

mod auth;
mod credentials;

use portcullis_acl::Acl;
use portcullis_control::config::{Environment, Faults, Node, Section};
use portcullis_control::consumers::read_consumers;
use portcullis_control::headers::FieldName;
use portcullis_control::load::{self, Common, Part, read_routes};
use portcullis_control::policy::Kind;
use portcullis_control::program::{BodyHold, Commons, Household, Lineup, Program, Site, Slot};
use portcullis_control::route::RouteMatch;
use portcullis_control::surroundings::HostVersion;
use portcullis_cors::Cors;
use portcullis_jwt_auth::JwtAuth;
use portcullis_key_auth::{KeyAuth, KeyHeaders};
use portcullis_mtls_auth::MtlsAuth;
use portcullis_rate_limiting::RateLimiting;
use portcullis_request_size_limiting::RequestSizeLimiting;
use portcullis_request_transformer::RequestTransformer;
use portcullis_response_transformer::ResponseTransformer;
use portcullis_waf::Waf;

use crate::auth::{Auth, Here};

/// Name of the module, in the log and in metrics of what no single control decides.
pub const NAME: &str = "gateway";

/// The controls that ship. Their order here is of no meaning: each says itself where it stands.
pub const CONTROLS: &[Kind] = &[
    Kind::of::<Cors>(),
    Kind::of::<RequestSizeLimiting>(),
    Kind::of::<MtlsAuth>(),
    Kind::of::<JwtAuth>(),
    Kind::of::<KeyAuth>(),
    Kind::of::<Acl>(),
    Kind::of::<RateLimiting>(),
    Kind::of::<Waf>(),
    Kind::of::<RequestTransformer>(),
    Kind::of::<ResponseTransformer>(),
];

/// Compiles a gateway's configuration.
///
/// # Errors
/// Every fault, with its path.
pub fn load(configuration: &[u8], environment: &Environment<'_>) -> Result<Program, Faults> {
    compose(CONTROLS, configuration, environment)
}

/// Compiles a gateway's configuration from the controls that it is made of.
///
/// # Errors
/// Every fault, with its path.
pub fn compose(
    kinds: &[Kind],
    configuration: &[u8],
    environment: &Environment<'_>,
) -> Result<Program, Faults> {
    load::load(configuration, environment, |section| read(kinds, section, environment.host))
}

fn read(kinds: &[Kind], section: &mut Section<'_>, host: HostVersion) -> Option<Program> {
    let common = Common::read(section);
    let consumers =
        section.optional("consumers").and_then(|node| read_consumers(&node)).unwrap_or_default();
    let household = Household { consumers, gateway: true, host, commons: Commons::default() };
    let slots: Vec<Slot> = kinds
        .iter()
        .filter_map(|kind| Part::read(*kind, &section.optional(kind.name)?, &household.site(None)))
        .collect();
    let auth = section.optional(auth::FIELD).and_then(|node| Auth::read(&node, kinds));
    let written = kinds.iter().map(|kind| kind.name).filter(|name| section.has(name)).collect();
    let base = Base { kinds, household, slots, written, auth, body_hold: common.body_hold() };
    if base.slots.is_empty() && !section.node().reader_has_faults() && !section.has("routes") {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        section
            .node()
            .fault(format!("expected at least one control, such as {}", names.join(", ")));
    }
    let any_of = base.auth.as_ref().map(|auth| {
        auth.alternatives(&Here {
            slots: &base.slots,
            body_hold: base.body_hold,
            is_written: &|name| base.written.contains(&name),
            tell: &|node, message| node.fault(message),
        })
    });
    let mut header_match_before = false;
    let routes = read_routes(section, |entry, found| {
        let lineup = base.read_route(entry, found);
        if header_match_before && base.says_who_is_let_in(entry) {
            entry.node().fault(
                "expected no route that matches on headers before one that configures authentication: a client could \
                 send the header and stay on the earlier route",
            );
        }
        header_match_before |= found.reads_headers();
        lineup
    });
    let site = base.household.site(None);
    let everywhere = || routes.iter().flat_map(|(_, lineup)| &lineup.slots).chain(&base.slots);
    refuse_written_keys(section.node(), &site, everywhere());
    credentials::read_unused(&site, |name| everywhere().any(|slot| slot.kind.name == name));
    let lineup = Lineup { slots: base.slots, any_of: any_of.unwrap_or_default() };
    Some(common.program(section.node(), kinds.to_vec(), lineup, routes, true))
}

/// A header that a control writes to say who is calling is removed from every client's request: no key may be looked for
/// in it.
fn refuse_written_keys<'s>(
    node: &Node<'_>,
    site: &Site<'_>,
    slots: impl Iterator<Item = &'s Slot>,
) {
    let keys = site.shared::<KeyHeaders>();
    // Routes have the base's controls again, so nearly all names come often.
    let mut seen: Vec<FieldName> = Vec::new();
    for slot in slots {
        for name in slot.policy.identity_headers() {
            if seen.contains(&name) {
                continue;
            }
            if let Some(key) = keys.covered_by(&name) {
                node.fault(format!(
                    "expected another header than `{name}` for `{}` to write: key-auth looks for keys in `{key}`, and \
                     a client's would be removed",
                    slot.kind.name
                ));
            }
            seen.push(name);
        }
    }
}

/// What routes have unless they say otherwise.
struct Base<'k, 'v> {
    kinds: &'k [Kind],
    household: Household<'v>,
    slots: Vec<Slot>,
    /// The controls that are configured, right or wrong.
    written: Vec<&'static str>,
    auth: Option<Auth<'v>>,
    body_hold: BodyHold,
}

impl<'v> Base<'_, 'v> {
    /// A route has the base's controls, each as the base has it unless the route says otherwise.
    fn read_route(&self, entry: &mut Section<'v>, found: &RouteMatch) -> Lineup {
        let site = self.household.site(Some(found));
        let mut any = false;
        let mut slots = Vec::new();
        for kind in self.kinds {
            let inherited = self.slots.iter().find(|slot| slot.kind.name == kind.name);
            let own: Option<Node<'v>> = entry.optional(kind.name);
            match own {
                Some(node) => {
                    any = true;
                    Part::check_match(*kind, found, &node);
                    slots.extend(Part::read_on_route(*kind, &node, &site, inherited));
                }
                None => slots.extend(inherited.cloned()),
            }
        }
        let own = entry.optional(auth::FIELD);
        if !any && own.is_none() {
            entry.node().fault("expected at least one control beside match");
        }
        let any_of = self.alternatives(entry, found, own.as_ref(), &slots);
        Lineup { slots, any_of }
    }

    /// A route's own `auth` replaces the base's. What the base's is wrong about is told there, and here only where the
    /// route has its own version of a control that is named.
    fn alternatives(
        &self,
        entry: &Section<'v>,
        found: &RouteMatch,
        own: Option<&Node<'v>>,
        slots: &[Slot],
    ) -> Vec<&'static str> {
        let is_written = |name: &str| self.written.contains(&name) || entry.has(name);
        let here = |tell| Here { slots, body_hold: self.body_hold, is_written: &is_written, tell };
        if let Some(node) = own {
            Part::refuse_header_match(auth::FIELD, found, node);
            let auth = Auth::read(node, self.kinds);
            let tell = |node: &Node<'_>, message| node.fault(message);
            return auth.map(|auth| auth.alternatives(&here(&tell))).unwrap_or_default();
        }
        let Some(auth) = &self.auth else { return Vec::new() };
        let changed = auth.names().any(|name| entry.has(name));
        let tell = |_: &Node<'_>, message| {
            if changed {
                entry.node().fault(message);
            }
        };
        auth.alternatives(&here(&tell))
    }

    fn says_who_is_let_in(&self, entry: &Section<'_>) -> bool {
        let authenticates = |kind: &Kind| kind.authenticates && entry.has(kind.name);
        self.kinds.iter().any(authenticates) || entry.has(auth::FIELD)
    }
}
