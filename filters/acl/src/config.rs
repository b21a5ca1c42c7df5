//! From the fields of a configuration to rules; every fault is reported at once.

use std::collections::BTreeSet;

use portcullis_control::alternatives::read_alternatives;
use portcullis_control::certificate::{Fingerprint, SanRule, Subject};
use portcullis_control::config::{Node, Section};
use portcullis_control::program::Site;
use portcullis_control::required_claim::RequiredClaim;

use crate::control::Acl;
use crate::rules::{CertificateRule, Groups, Rules};

/// Scopes of one configuration in all its sets, at most: each is looked for among those of the token.
const MAX_SCOPES: usize = 256;

pub(crate) fn read(section: &mut Section<'_>, site: &Site<'_>) -> Option<Acl> {
    let node = section.node().clone();
    let (allow, deny) = (section.optional("allow"), section.optional("deny"));
    if allow.is_some() && deny.is_some() {
        node.fault("expected either allow or deny, but found both");
    }
    let allow = allow.and_then(|node| read_names(&node)).map(Groups::Allow);
    let groups = allow.or_else(|| deny.and_then(|node| read_names(&node)).map(Groups::Deny));
    let scopes = section.optional("scopes").and_then(|node| read_scopes(&node));
    let claims = section.optional("claims").and_then(|node| read_claims(&node));
    let consumers = section.optional("consumers").and_then(|node| read_consumers(&node, site));
    if section.has("claims") && section.has("consumers") {
        node.fault("expected either claims or consumers, but found both: claims of a consumer are its own word");
    }
    if section.has("scopes") && section.has("consumers") {
        node.fault("expected either scopes or consumers, but found both: scopes of a consumer are its own word");
    }
    let certificates = section.optional("certificates").and_then(|node| read_certificates(&node));
    let hide_groups_header = section.or("hide_groups_header", false, |node| node.boolean());
    let always_use_authenticated_groups =
        section.or("always_use_authenticated_groups", false, |node| node.boolean());
    let run_on_preflight = section.or("run_on_preflight", true, |node| node.boolean());
    let rules = ["allow", "deny", "scopes", "claims", "consumers", "certificates"];
    if !rules.iter().any(|name| section.has(name)) {
        node.fault(format!("expected at least one of {}", rules.join(", ")));
    }
    let rules = Rules {
        groups,
        scopes,
        claims: claims.unwrap_or_default(),
        consumers,
        certificates,
        always_use_authenticated_groups,
    };
    Some(Acl { rules, hide_groups_header, run_on_preflight })
}

/// A list that is empty would let nobody or everybody pass: whoever means that says it otherwise.
fn filled<'v>(node: &Node<'v>) -> Option<Vec<Node<'v>>> {
    let items = node.list()?;
    if items.is_empty() {
        node.fault("expected at least one entry");
    }
    Some(items)
}

fn read_names(node: &Node<'_>) -> Option<BTreeSet<String>> {
    let items = filled(node)?;
    Some(items.iter().filter_map(Node::text).map(str::to_owned).collect())
}

fn read_scopes(node: &Node<'_>) -> Option<Vec<Vec<String>>> {
    let sets = read_alternatives(node)?;
    let count: usize = sets.iter().map(Vec::len).sum();
    if count > MAX_SCOPES {
        node.fault(format!("expected at most {MAX_SCOPES} scopes, but found {count}"));
    }
    Some(sets)
}

fn read_claims(node: &Node<'_>) -> Option<Vec<RequiredClaim>> {
    let claims = RequiredClaim::read_all(node)?;
    if node.members().is_some_and(|members| members.is_empty()) {
        node.fault("expected at least one claim");
    }
    Some(claims)
}

fn read_consumers(node: &Node<'_>, site: &Site<'_>) -> Option<BTreeSet<String>> {
    let items = filled(node)?;
    let mut names = BTreeSet::new();
    for item in &items {
        let Some(name) = item.text() else { continue };
        let known = site.consumers.iter().any(|entry| entry.consumer.username == name);
        // As a module of its own it is not told who the consumers are.
        if site.gateway && !known {
            item.fault(format!("expected the username of a consumer, but `{name}` is none"));
        }
        names.insert(name.to_owned());
    }
    Some(names)
}

fn read_certificates(node: &Node<'_>) -> Option<Vec<CertificateRule>> {
    let read = |item: &Node<'_>| {
        item.section(|section| {
            let subject = section.optional("subject").and_then(|node| Subject::read(&node));
            let san = section.optional("san").and_then(|node| SanRule::read(&node));
            let fingerprint =
                section.optional("fingerprint").and_then(|node| Fingerprint::read(&node));
            if !["subject", "san", "fingerprint"].iter().any(|name| section.has(name)) {
                section.node().fault("expected at least one of subject, san and fingerprint");
            }
            Some(CertificateRule { subject, san, fingerprint })
        })
    };
    Some(filled(node)?.iter().filter_map(read).collect())
}
