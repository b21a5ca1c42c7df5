//! All controls from one configuration, in a fixed order, in one VM.
//!
//! What a route, a mode or a reserved field is, the contract crate says; here is only how several controls share them.

use portcullis_acl::Acl;
use portcullis_control::config::{Environment, Faults, Node, Section};
use portcullis_control::consumers::read_consumers;
use portcullis_control::load::{self, Common, Part, read_routes};
use portcullis_control::policy::Kind;
use portcullis_control::program::{Commons, Household, Program, Slot};
use portcullis_control::route::RouteMatch;
use portcullis_control::surroundings::HostVersion;
use portcullis_jwt_auth::JwtAuth;
use portcullis_key_auth::KeyAuth;
use portcullis_mtls_auth::MtlsAuth;
use portcullis_rate_limiting::RateLimiting;

/// Name of the module, in the log and in metrics of what no single control decides.
pub const NAME: &str = "gateway";

/// The controls that ship. Their order here is of no meaning: each says itself where it stands.
pub const CONTROLS: &[Kind] = &[
    Kind::of::<MtlsAuth>(),
    Kind::of::<JwtAuth>(),
    Kind::of::<KeyAuth>(),
    Kind::of::<Acl>(),
    Kind::of::<RateLimiting>(),
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
    let base: Vec<Slot> = kinds
        .iter()
        .filter_map(|kind| Part::read(*kind, &section.optional(kind.name)?, &household.site(None)))
        .collect();
    if base.is_empty() && !section.node().reader_has_faults() && !section.has("routes") {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        section
            .node()
            .fault(format!("expected at least one control, such as {}", names.join(", ")));
    }
    let mut header_match_before = false;
    let routes = read_routes(section, |entry, found| {
        let slots = read_route(kinds, entry, found, &base, &household);
        if header_match_before
            && kinds.iter().any(|kind| kind.authenticates && entry.has(kind.name))
        {
            entry.node().fault(
                "expected no route that matches on headers before one that configures authentication: a client could \
                 send the header and stay on the earlier route",
            );
        }
        header_match_before |= found.reads_headers();
        slots
    });
    let program = common.program(kinds.to_vec(), base, routes, true);
    Some(program)
}

/// A route has the base's controls, each as the base has it unless the route says otherwise.
fn read_route<'v>(
    kinds: &[Kind],
    entry: &mut Section<'v>,
    found: &RouteMatch,
    base: &[Slot],
    household: &Household<'_>,
) -> Vec<Slot> {
    let site = household.site(Some(found));
    let mut any = false;
    let mut slots = Vec::new();
    for kind in kinds {
        let inherited = base.iter().find(|slot| slot.kind.name == kind.name);
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
    if !any {
        entry.node().fault("expected at least one control beside match");
    }
    slots
}
