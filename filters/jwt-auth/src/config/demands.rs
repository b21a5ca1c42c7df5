//! `scopes_required`, `roles_required`, `groups_required`: what a token must be entitled to.

use portcullis_control::alternatives::{read_alternatives, read_alternatives_of_names};
use portcullis_control::config::Section;

use crate::claims::ClaimPath;
use crate::demands::{Demand, Form};

/// The field of the demand, that of the claim's path, the path where there is none, and what a text there is.
const KINDS: [(&str, &str, &str, Form); 3] = [
    ("scopes_required", "scopes_claim", SCOPE, Form::Scopes),
    ("roles_required", "roles_claim", "roles", Form::Name),
    ("groups_required", "groups_claim", "groups", Form::Name),
];

/// The claim of RFC 8693 §4.2; only what stands there is a scope that a client could ask for.
const SCOPE: &str = "scope";

/// What is read together.
pub(super) struct Entitlements {
    /// What is demanded.
    pub(super) demands: Vec<Demand>,
    /// Where the caller's scopes stand.
    pub(super) scopes: ClaimPath,
    /// Where its groups stand.
    pub(super) groups: ClaimPath,
}

/// Reads them. `own_word`: all tokens are those of consumers, whose own word counts for nothing.
pub(super) fn read(section: &mut Section<'_>, own_word: bool) -> Option<Entitlements> {
    let mut demands = Vec::new();
    let [scopes, _, groups] = KINDS.map(|(field, claim, default, form)| {
        let path = section.or(claim, ClaimPath::parse(default), |node| {
            Some(ClaimPath::read(node.text()?, &node))
        });
        let node = section.optional(field);
        if let Some(node) = node.as_ref().filter(|_| own_word) {
            node.fault(
                "expected issuers beside it: a consumer signs its own tokens, and what they say it may counts for \
                 nothing; say which consumers may pass with `acl`",
            );
        }
        let alternatives = node.and_then(|node| match form {
            Form::Scopes => read_alternatives(&node),
            Form::Name => read_alternatives_of_names(&node),
        });
        if let (Some(path), Some(alternatives)) = (&path, alternatives) {
            demands.push(Demand { path: path.clone(), form, alternatives });
        }
        path
    });
    Some(Entitlements { demands, scopes: scopes?, groups: groups? })
}

/// What a client is told that it could ask for (RFC 6750 §3): the first alternative.
pub(super) fn scope_of(demands: &[Demand]) -> Option<String> {
    let is_scope = |demand: &&Demand| demand.form == Form::Scopes && demand.path.as_str() == SCOPE;
    let demand = demands.iter().find(is_scope)?;
    Some(demand.alternatives.first()?.join(" "))
}
