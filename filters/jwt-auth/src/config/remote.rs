//! `{jwks_uri, cluster}` and `{discovery, cluster}`: keys that are fetched.

use std::rc::Rc;

use portcullis_control::config::{Node, Section};
use portcullis_control::fetched::{
    Defaults, Endpoint, Source, Sources, read_cluster, read_schedule,
};

use crate::remote::keys::{Discovery, KeySet, KeySource};

const DEFAULTS: Defaults = Defaults { refresh: 300, cooldown: Some(30), stale_for: 3_600 };

/// True if an entry of `keys` says where to fetch.
pub(super) fn is_one(section: &Section<'_>) -> bool {
    section.has("jwks_uri") || section.has("discovery")
}

/// Reads such an entry; the same one on two routes is one source.
pub(super) fn read(
    section: &mut Section<'_>,
    issuer: &str,
    known: &Sources<KeySet>,
) -> Option<Rc<KeySource>> {
    let (jwks, discovery) = (section.optional("jwks_uri"), section.optional("discovery"));
    let cluster = section.required("cluster").and_then(|node| read_cluster(&node));
    let other = discovery.as_ref().and_then(|_| section.optional("jwks_cluster"));
    let jwks_cluster = other.and_then(|node| read_cluster(&node));
    let schedule = read_schedule(section, DEFAULTS);
    let name = cluster.as_deref().unwrap_or_default();
    let source = match (jwks, discovery) {
        (Some(node), None) => {
            let set = url(&node, Endpoint::parse, name)?;
            Source::new("jwks", set, KeySet::Known, schedule)
        }
        (None, Some(node)) => {
            let document = url(&node, Discovery::endpoint, name)?;
            let other = jwks_cluster.as_deref().unwrap_or_default();
            let kind = format!("oidc:{other}:{issuer}");
            let discovery =
                Discovery { document: document.clone(), issuer: issuer.to_owned(), jwks_cluster };
            Source::new(&kind, document, KeySet::Discovered(discovery), schedule)
        }
        _ => {
            section.node().fault("expected one of jwks_uri and discovery, but found both");
            return None;
        }
    };
    cluster?;
    Some(known.share(source))
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
