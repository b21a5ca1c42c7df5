//! The reserved fields of every module, and routes.

use std::rc::Rc;

use crate::address::ClientIp;
use crate::config::{Node, Section};
use crate::exchange::Recent;
use crate::headers::{Family, FieldName, Forwarded};
use crate::mode::Mode;
use crate::policy::Kind;
use crate::program::{AmbiguousPath, BodyHold, Chain, Lineup, Program, Settings, Site, Slot};
use crate::refusal::RefusalFormat;
use crate::route::RouteMatch;

/// Routes of one configuration, at most: they are tried one after the other on every request.
pub(super) const MAX_ROUTES: usize = 1_000;

/// The fields that hold for all controls and routes.
pub struct Common {
    client_ip: ClientIp,
    ambiguous_path: AmbiguousPath,
    body_hold: BodyHold,
    refusals: RefusalFormat,
}

impl Common {
    /// Reads `client_ip`, `ambiguous_path`, `body_hold` and `refusals`.
    #[must_use]
    pub fn read(section: &mut Section<'_>) -> Self {
        let client_ip = section.or("client_ip", ClientIp::default(), ClientIp::read);
        let ambiguous_path = section.or("ambiguous_path", AmbiguousPath::Refuse, |node| {
            node.word(&[("refuse", AmbiguousPath::Refuse), ("allow", AmbiguousPath::Allow)])
        });
        let body_hold = section.or("body_hold", BodyHold::Headers, |node| {
            let hold = node.word(&[("headers", BodyHold::Headers), ("stream", BodyHold::Stream)]);
            if hold == Some(BodyHold::Stream) {
                node.warn(
                    "headers reach the upstream before a body is judged; only the body waits",
                );
            }
            hold
        });
        let refusals = section.or("refusals", RefusalFormat::Json, |node| {
            node.section(|section| {
                let node = section.required("format")?;
                RefusalFormat::read(&node)
            })
        });
        Common { client_ip, ambiguous_path, body_hold, refusals }
    }

    /// How bodies are held.
    #[must_use]
    pub const fn body_hold(&self) -> BodyHold {
        self.body_hold
    }

    /// Puts everything together: the base's controls, and for each route its match and controls.
    #[must_use]
    pub fn program(
        self,
        node: &Node<'_>,
        kinds: Vec<Kind>,
        base: Lineup,
        routes: Vec<(RouteMatch, Lineup)>,
        gateway: bool,
    ) -> Program {
        let lineups = || [&base].into_iter().chain(routes.iter().map(|(_, lineup)| lineup));
        let slots = || lineups().flat_map(|lineup| &lineup.slots);
        let identity_headers = Family::new(slots().flat_map(|slot| slot.policy.identity_headers()));
        refuse_copies(node, slots(), &identity_headers);
        let mut forwarded_headers: Vec<Forwarded> = Vec::new();
        for header in slots().flat_map(|slot| slot.policy.forwarded_headers()) {
            if !forwarded_headers.contains(&header) {
                forwarded_headers.push(header);
            }
        }
        let mut chains = vec![Rc::new(Chain::new(base))];
        let mut matches = Vec::new();
        for (route, lineup) in routes {
            matches.push(route);
            chains.push(Rc::new(Chain::new(lineup)));
        }
        let Common { client_ip, ambiguous_path, body_hold, refusals } = self;
        let settings = Settings {
            client_ip,
            ambiguous_path,
            body_hold,
            refusals,
            identity_headers,
            forwarded_headers,
            routes: matches,
            gateway,
            recent: Recent::default(),
        };
        Program { settings: Rc::new(settings), chains, kinds, warnings: Vec::new() }
    }
}

/// What a client chose must not come under a name that says who is calling.
fn refuse_copies<'s>(node: &Node<'_>, slots: impl Iterator<Item = &'s Slot>, own: &Family) {
    let mut told: Vec<FieldName> = Vec::new();
    for slot in slots {
        for name in slot.policy.client_headers() {
            if own.covers(name.as_str().as_bytes()) && !told.contains(&name) {
                node.fault(format!(
                    "expected another header than `{name}`, which says who is calling: `{}` would put there what a \
                     client chose",
                    slot.kind.name
                ));
                told.push(name);
            }
        }
    }
}

/// Reads `routes`. `read` gets each entry's section behind its `match` and gives the route's controls.
pub fn read_routes<'v>(
    section: &mut Section<'v>,
    mut read: impl FnMut(&mut Section<'v>, &RouteMatch) -> Lineup,
) -> Vec<(RouteMatch, Lineup)> {
    let Some(node) = section.optional("routes") else {
        return Vec::new();
    };
    let items = node.list().unwrap_or_default();
    if items.len() > MAX_ROUTES {
        node.fault(format!("expected at most {MAX_ROUTES} routes, but found {}", items.len()));
        return Vec::new();
    }
    let mut routes: Vec<(RouteMatch, Lineup)> = Vec::new();
    for item in items {
        let route = item.section(|section| {
            let node = section.required("match");
            let found = node.as_ref().and_then(RouteMatch::read)?;
            let lineup = read(section, &found);
            Some((found, lineup))
        });
        let Some((found, lineup)) = route else { continue };
        if routes.iter().any(|(other, _)| other.scope() == found.scope()) {
            item.fault("expected each match once: an earlier route has the same one, so this can never be reached");
        }
        routes.push((found, lineup));
    }
    routes
}

/// One control's part of a configuration.
pub struct Part;

impl Part {
    /// Compiles a control's own section or list, as it stands in `gateway` or in a route's `config`.
    #[must_use]
    pub fn read(kind: Kind, node: &Node<'_>, site: &Site<'_>) -> Option<Slot> {
        if node.value().is_array() {
            let items = node.list()?;
            let policy = (kind.compile_list)(node, &items, site)?;
            return Some(Slot { kind, policy, mode: Mode::Enforce });
        }
        node.section(|section| {
            let mode = section.or("mode", Mode::Enforce, |node| Mode::read(&node));
            let policy = (kind.compile)(section, site)?;
            Some(Slot { kind, policy, mode })
        })
    }

    /// A route's own version of a control: `{mode: …}` alone keeps the base's configuration under another mode.
    #[must_use]
    pub fn read_on_route(
        kind: Kind,
        node: &Node<'_>,
        site: &Site<'_>,
        base: Option<&Slot>,
    ) -> Option<Slot> {
        let mode_alone = node
            .value()
            .as_object()
            .is_some_and(|fields| fields.len() == 1 && fields.contains_key("mode"));
        if !mode_alone {
            return Part::read(kind, node, site);
        }
        let mode = node.section(|section| Mode::read(&section.required("mode")?))?;
        match base {
            Some(slot) => Some(Slot { mode, ..slot.clone() }),
            None if mode == Mode::Off => None,
            None => {
                node.fault(format!(
                    "expected a configuration: `{}` has none outside this route",
                    kind.name
                ));
                None
            }
        }
    }

    /// A match on headers is the client's choice: refused for controls that say who is calling, warned of elsewhere.
    pub fn check_match(kind: Kind, found: &RouteMatch, node: &Node<'_>) {
        if kind.authenticates {
            Part::refuse_header_match(kind.name, found, node);
        } else if found.reads_headers() {
            node.warn("a match on headers is the client's choice: it can leave the header out");
        }
    }

    /// Refuses a match on headers where something is configured that says who is let in.
    pub fn refuse_header_match(name: &str, found: &RouteMatch, node: &Node<'_>) {
        if found.reads_headers() {
            node.fault(format!(
                "expected no match on headers where `{name}` is configured: a client could choose its own \
                 authentication"
            ));
        }
    }
}
