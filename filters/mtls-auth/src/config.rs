//! From the fields of a configuration to a control; every fault is reported at once.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use portcullis_control::address::read_networks;
use portcullis_control::authentication::{
    FORWARDED_CERTIFICATE, check_names, consumer_headers, read_anonymous, read_consumer,
    read_credential_name,
};
use portcullis_control::certificate::{Fingerprint, SanRule, Subject, read_san};
use portcullis_control::config::{Node, Section};
use portcullis_control::consumers::ConsumerEntry;
use portcullis_control::headers::Forwarded;
use portcullis_control::identity::Consumer;
use portcullis_control::program::Site;

use crate::control::{GroupBy, Lookup, MtlsAuth, Shared, Source, Verified};
use crate::directory::{Alike, ConsumerBy, Directory, Key, Known, Name};
use crate::rules::Rules;
use crate::spiffe::read_trust_domain;

/// Names that may do, at most: each is compared with each name of a certificate.
pub(crate) const MAX_SANS: usize = 1_000;

/// Reads all fields. Consumers are the same on all routes: they are read once.
pub(crate) fn read(section: &mut Section<'_>, site: &Site<'_>) -> Option<MtlsAuth> {
    let shared = site.shared::<Shared>();
    let source = section.or("source", Source::Connection, |node| {
        node.word(&[("connection", Source::Connection), ("xfcc", Source::Xfcc)])
    });
    let forwarded = read_forwarded(section, source);
    let verified = read_verified(section, source, site);
    check_origin(section.node(), &shared, source, &forwarded);
    let rules = Rules {
        denied_fingerprints: section
            .optional("denied_fingerprints")
            .and_then(|node| read_fingerprints(&node))
            .unwrap_or_default(),
        allowed_fingerprints: section
            .optional("allowed_fingerprints")
            .and_then(|node| read_fingerprints(&filled(node)?)),
        trust_domains: section.optional("spiffe_trust_domains").and_then(|node| {
            Some(filled(node)?.list()?.iter().filter_map(read_trust_domain).collect())
        }),
        allowed_sans: section.optional("allowed_sans").and_then(|node| read_sans(&node)),
    };
    let lookup = read_lookup(section, site);
    let anonymous = read_anonymous(section, site);
    let run_on_preflight = section.or("run_on_preflight", true, |node| node.boolean());
    let directory = shared
        .directory
        .get_or_init(|| Rc::new(read_directory(site.consumers, Some(section.node()))));
    if let Some(Lookup::Consumer { by, .. }) = &lookup {
        check_alike(section.node(), directory, *by);
    }
    Some(MtlsAuth {
        source,
        verified,
        forwarded,
        rules,
        lookup: lookup?,
        anonymous,
        run_on_preflight,
        directory: Rc::clone(directory),
        shared: Rc::clone(&shared),
        number: site.number(),
    })
}

fn read_forwarded(section: &mut Section<'_>, source: Source) -> Forwarded {
    let trusted = match section.optional("trusted") {
        Some(node) => {
            let networks = filled(node.clone()).and_then(|node| read_networks(&node));
            if networks.iter().flatten().any(|network| network.prefix_len() == 0) {
                node.warn(
                    "every peer may send x-forwarded-client-cert: right only where this Envoy writes it itself \
                     (forward_client_cert_details: SANITIZE_SET)",
                );
            }
            networks.unwrap_or_default()
        }
        None => {
            if source == Source::Xfcc {
                section.node().fault(
                    "expected `trusted`, the addresses of the proxies whose x-forwarded-client-cert counts",
                );
            }
            Vec::new()
        }
    };
    Forwarded { name: FORWARDED_CERTIFICATE, trusted }
}

/// Whoever cannot be asked must have been asked by the operator.
fn read_verified(section: &mut Section<'_>, source: Source, site: &Site<'_>) -> Verified {
    let stated = section.or("verified_by_envoy", false, |node| node.boolean());
    let asked = source == Source::Connection && site.host.says_verified();
    if asked {
        return Verified::Asked;
    }
    if !stated {
        section.node().fault(match source {
            Source::Connection => {
                "expected `verified_by_envoy: true`: this Envoy does not say whether a client certificate was verified \
                 (1.39 and later do); say so once the listener's validation_context has a trusted_ca, and no \
                 `trust_chain_verification: ACCEPT_UNTRUSTED`"
            }
            Source::Xfcc => {
                "expected `verified_by_envoy: true`: x-forwarded-client-cert does not say whether a client certificate \
                 was verified; say so once the validation_context of each trusted proxy has a trusted_ca, and no \
                 `trust_chain_verification: ACCEPT_UNTRUSTED`"
            }
        });
    }
    Verified::Stated
}

/// A request comes over one connection, whatever its path: were the header kept for one route, another one would get it.
fn check_origin(node: &Node<'_>, shared: &Shared, source: Source, forwarded: &Forwarded) {
    let (first, header) = shared.origin.get_or_init(|| (source, forwarded.clone()));
    if *first != source || header != forwarded {
        node.fault("expected the same source and trusted everywhere: whose header counts does not depend on the route");
    }
}

/// A list that is empty would let nobody pass: whoever means that says it otherwise.
fn filled(node: Node<'_>) -> Option<Node<'_>> {
    if node.list()?.is_empty() {
        node.fault("expected at least one entry");
    }
    Some(node)
}

fn read_fingerprints(node: &Node<'_>) -> Option<BTreeSet<Fingerprint>> {
    // To collect them would sort them, which is more code than all the rest of a set.
    let mut found = BTreeSet::new();
    for fingerprint in node.list()?.iter().filter_map(Fingerprint::read) {
        found.insert(fingerprint);
    }
    Some(found)
}

fn read_sans(node: &Node<'_>) -> Option<Vec<SanRule>> {
    let items = filled(node.clone())?.list()?;
    if items.len() > MAX_SANS {
        node.fault(format!("expected at most {MAX_SANS} names, but found {}", items.len()));
        return None;
    }
    Some(items.iter().filter_map(SanRule::read).collect())
}

fn read_lookup(section: &mut Section<'_>, site: &Site<'_>) -> Option<Lookup> {
    let node = section.node().clone();
    let skipped = section.or("skip_consumer_lookup", false, |node| node.boolean());
    let group_by = section.optional("authenticated_group_by");
    let by_node = section.optional("consumer_by");
    let default = section.optional("default_consumer");
    if skipped {
        if by_node.is_some() || default.is_some() {
            node.fault(
                "expected no consumer_by and default_consumer beside `skip_consumer_lookup: true`",
            );
        }
        let words = [("CN", GroupBy::Cn), ("DN", GroupBy::Dn)];
        return Some(Lookup::Skipped(match group_by {
            Some(node) => node.word(&words)?,
            None => GroupBy::Cn,
        }));
    }
    if let Some(node) = &group_by {
        node.fault(
            "expected `skip_consumer_lookup: true` beside it: a consumer has its own groups",
        );
    }
    let by =
        by_node.as_ref().map_or(ConsumerBy { username: true, custom_id: true }, read_consumer_by);
    let default = default.and_then(|node| Some(Rc::new(known(read_consumer(&node, site)?, None))));
    let no_names =
        by_node.as_ref().and_then(|node| node.value().as_array()).is_some_and(Vec::is_empty);
    let named = !no_names && !site.consumers.is_empty();
    if !named
        && !section.has("default_consumer")
        && site.consumers.iter().all(|entry| entry.certificates.is_empty())
    {
        node.fault(
            "expected consumers that have certificates or are found by name, a default_consumer, or \
             `skip_consumer_lookup: true`",
        );
    }
    Some(Lookup::Consumer { by, default })
}

fn read_consumer_by(node: &Node<'_>) -> ConsumerBy {
    let mut by = ConsumerBy::default();
    let words = [
        ("username", ConsumerBy { username: true, ..by }),
        ("custom_id", ConsumerBy { custom_id: true, ..by }),
    ];
    for found in node.list().iter().flatten().filter_map(|item| item.word(&words)) {
        by.username |= found.username;
        by.custom_id |= found.custom_id;
    }
    by
}

fn known(consumer: &Rc<Consumer>, name: Option<String>) -> Known {
    let headers = consumer_headers(consumer, name.as_deref()).into();
    Known { consumer: Rc::clone(consumer), name, headers }
}

/// Tells what is wrong with the certificates of consumers, where no `mtls-auth` is configured that would.
pub fn read_credentials(site: &Site<'_>) {
    let shared = site.shared::<Shared>();
    shared.directory.get_or_init(|| Rc::new(read_directory(site.consumers, None)));
}

/// `node`: where the names of consumers without certificates are told to be wrong, if they are looked for.
fn read_directory(consumers: &[ConsumerEntry<'_>], node: Option<&Node<'_>>) -> Directory {
    let mut directory = Directory::default();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for entry in consumers {
        let consumer = &entry.consumer;
        if let Some(node) = entry.certificates.first().or(node) {
            check_names(entry, node);
        }
        let own = Rc::new(known(consumer, None));
        let usernames = Name::of_consumer(&consumer.username).map(Key::Username);
        let custom_id = consumer.custom_id.iter();
        let custom_ids = custom_id.flat_map(|id| Name::of_consumer(id)).map(Key::CustomId);
        for key in usernames.chain(custom_ids) {
            let username = matches!(key, Key::Username(_));
            if let Some(other) = directory.enter(key, &own) {
                directory.alike.push(Alike {
                    by: ConsumerBy { username, custom_id: !username },
                    usernames: [other.consumer.username.clone(), consumer.username.clone()],
                });
            }
        }
        for node in &entry.certificates {
            let Some((key, name)) = read_certificate(node) else { continue };
            if let Some(name) = &name
                && let Some(other) = names.insert(name.clone(), node.path().to_owned())
            {
                node.fault(format!("expected each name once, but {other} has it too"));
            }
            if let Some(other) = directory.enter(key, &Rc::new(known(consumer, name))) {
                node.fault(format!(
                    "expected each certificate once, but it is one of `{}` too",
                    other.consumer.username
                ));
            }
        }
    }
    directory
}

/// Who is found by own names must be one.
fn check_alike(node: &Node<'_>, directory: &Directory, by: ConsumerBy) {
    for Alike { by: own, usernames: [one, other] } in &directory.alike {
        if (own.username && by.username) || (own.custom_id && by.custom_id) {
            node.fault(format!(
                "expected the names of `{one}` and `{other}` to differ in more than case: DNS names are compared without it"
            ));
        }
    }
}

/// `{san}`, `{subject}` or `{fingerprint}`, and what it is called.
fn read_certificate(node: &Node<'_>) -> Option<(Key, Option<String>)> {
    node.section(|section| {
        let san = section.optional("san");
        let subject = section.optional("subject");
        let fingerprint = section.optional("fingerprint");
        let name = section.optional("name").and_then(|node| read_credential_name(&node));
        let key = match (san, subject, fingerprint) {
            (Some(node), None, None) => Key::San(read_san(&node)?),
            (None, Some(node), None) => Key::Subject(Subject::read(&node)?),
            (None, None, Some(node)) => Key::Fingerprint(Fingerprint::read(&node)?),
            _ => {
                section.node().fault("expected one of san, subject and fingerprint");
                return None;
            }
        };
        Some((key, name))
    })
}
