//! `revoked`: tokens that are refused although they are valid.

use std::collections::BTreeSet;

use portcullis_control::config::{Node, Section};
use portcullis_control::fetched::{
    Defaults, Endpoint, Source, Sources, read_cluster, read_schedule,
};

use crate::remote::revocations::{By, RevocationList};
use crate::revoked::{Feed, Revoked};

/// Entries of a list in the configuration, at most: more belong into a feed, which needs no new configuration for each.
const MAX_INLINE: usize = 1_000;
/// A revoked token is good for as long as this, so it is sooner than for keys.
const DEFAULTS: Defaults = Defaults { refresh: 60, cooldown: None, stale_for: 3_600 };

/// Reads the field, if it is there.
pub(super) fn read(section: &mut Section<'_>, known: &Sources<RevocationList>) -> Option<Revoked> {
    let node = section.optional("revoked")?;
    node.section(|section| {
        let tokens = read_list(section, By::Token);
        let subjects = read_list(section, By::Subject);
        let feed = section.optional("feed");
        if feed.is_none() && !By::ALL.iter().any(|by| section.has(by.claim())) {
            section.node().fault(
                "expected at least one of jti, sub and feed; leave the field out to revoke nothing",
            );
        }
        let feed = match feed {
            Some(node) => Some(node.section(|section| read_feed(section, known))?),
            None => None,
        };
        Some(Revoked { tokens, subjects, feed })
    })
}

fn read_list(section: &mut Section<'_>, by: By) -> BTreeSet<String> {
    let list = section.optional(by.claim()).and_then(|node| {
        let texts = node.texts()?;
        if texts.len() > MAX_INLINE {
            node.fault(format!(
                "expected at most {MAX_INLINE} entries, but found {}; put them into a feed",
                texts.len()
            ));
        }
        Some(texts.into_iter().map(str::to_owned).collect())
    });
    list.unwrap_or_default()
}

fn read_feed(section: &mut Section<'_>, known: &Sources<RevocationList>) -> Option<Feed> {
    let cluster = section.required("cluster").and_then(|node| read_cluster(&node));
    let path = section.required("path").and_then(|node| read_path(&node));
    let host_node = section.optional("host");
    let schedule = read_schedule(section, DEFAULTS);
    let fault_tolerant = section.or("fault_tolerant", false, |node| node.boolean());
    let (cluster, path) = (cluster?, path?);
    let host = match &host_node {
        Some(node) => node.text()?,
        None => &cluster,
    };
    let Some(endpoint) = Endpoint::new(host, path, &cluster) else {
        let node = host_node.as_ref().unwrap_or(section.node());
        node.fault(format!(
            "expected a host as in `lists.example.com`, but `{host}` is none; say in `host` what the endpoint is called"
        ));
        return None;
    };
    let source = Source::new("revoked", endpoint, RevocationList, schedule);
    Some(Feed { source: known.share(source), fault_tolerant })
}

fn read_path<'v>(node: &Node<'v>) -> Option<&'v str> {
    let path = node.text()?;
    if Endpoint::new("host", path, "cluster").is_none() {
        node.fault("expected a path as in `/v1/revoked`, without fragment and spaces");
        return None;
    }
    Some(path)
}
