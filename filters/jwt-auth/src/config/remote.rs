//! `{jwks_uri, cluster}` and `{discovery, cluster}`: keys that are fetched.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_control::config::{Node, Section};

use crate::remote::endpoint::Endpoint;
use crate::remote::schedule::Schedule;
use crate::remote::{Remote, Target};

/// `refresh` in seconds: less than ten would be a load on the endpoint, more than a day is no refresh.
const REFRESH: std::ops::RangeInclusive<u64> = 10..=86_400;
const DEFAULT_REFRESH: u64 = 300;
/// `cooldown` in seconds.
const COOLDOWN: std::ops::RangeInclusive<u64> = 1..=3_600;
const DEFAULT_COOLDOWN: u64 = 30;
/// `stale_for` in seconds, up to a week.
const STALE_FOR: std::ops::RangeInclusive<u64> = 0..=604_800;
const DEFAULT_STALE_FOR: u64 = 3_600;

/// True if an entry of `keys` says where to fetch.
pub(super) fn is_one(section: &Section<'_>) -> bool {
    section.has("jwks_uri") || section.has("discovery")
}

/// Reads such an entry; the same one on two routes is one source.
pub(super) fn read(
    section: &mut Section<'_>,
    issuer: &str,
    known: &RefCell<Vec<Rc<Remote>>>,
) -> Option<Rc<Remote>> {
    let (jwks, discovery) = (section.optional("jwks_uri"), section.optional("discovery"));
    let cluster = section.required("cluster").and_then(|node| read_cluster(&node));
    let other = discovery.as_ref().and_then(|_| section.optional("jwks_cluster"));
    let jwks_cluster = other.and_then(|node| read_cluster(&node));
    let mut seconds = |name, default, range| {
        section.or(name, default, |node: Node<'_>| node.integer(range)).saturating_mul(1_000)
    };
    let schedule = Schedule {
        refresh: seconds("refresh", DEFAULT_REFRESH, REFRESH),
        cooldown: seconds("cooldown", DEFAULT_COOLDOWN, COOLDOWN),
        stale_for: seconds("stale_for", DEFAULT_STALE_FOR, STALE_FOR),
    };
    let name = cluster.as_deref().unwrap_or_default();
    let target = match (jwks, discovery) {
        (Some(node), None) => Target::Jwks(url(&node, Endpoint::parse, name)?),
        (None, Some(node)) => {
            let document = url(&node, Endpoint::parse_discovery, name)?;
            Target::Discovery { document, issuer: issuer.to_owned(), jwks_cluster }
        }
        _ => {
            section.node().fault("expected one of jwks_uri and discovery, but found both");
            return None;
        }
    };
    cluster?;
    let remote = Remote::new(target, schedule);
    let mut known = known.try_borrow_mut().ok()?;
    if let Some(same) = known.iter().find(|other| other.name() == remote.name()) {
        return Some(Rc::clone(same));
    }
    let remote = Rc::new(remote);
    known.push(Rc::clone(&remote));
    Some(remote)
}

/// The name of a cluster of Envoy, which knows it or not when it is called.
fn read_cluster(node: &Node<'_>) -> Option<String> {
    node.text().map(str::to_owned)
}

fn url(
    node: &Node<'_>,
    parse: impl FnOnce(&str, &str) -> Option<Endpoint>,
    cluster: &str,
) -> Option<Endpoint> {
    let endpoint = parse(node.text()?, cluster);
    if endpoint.is_none() {
        node.fault(
            "expected a URL as in `https://idp.example.com/keys`, without user, fragment and spaces (for discovery \
             the issuer's, without a query)",
        );
    }
    endpoint
}
