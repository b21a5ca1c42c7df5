//! `scopes_required`, `roles_required`, `groups_required`: what a token must be entitled to.

use portcullis_control::alternatives::read_alternatives;
use portcullis_control::config::Section;

use crate::claims::ClaimPath;
use crate::demands::Demand;

/// The field of the demand, that of the claim's path, and the path where there is none.
const KINDS: [(&str, &str, &str); 3] = [
    ("scopes_required", "scopes_claim", SCOPE),
    ("roles_required", "roles_claim", "roles"),
    ("groups_required", "groups_claim", "groups"),
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

pub(super) fn read(section: &mut Section<'_>) -> Option<Entitlements> {
    let mut demands = Vec::new();
    let [scopes, _, groups] = KINDS.map(|(field, claim, default)| {
        let path = section.or(claim, ClaimPath::parse(default), |node| {
            Some(ClaimPath::read(node.text()?, &node))
        });
        let alternatives = section.optional(field).and_then(|node| read_alternatives(&node));
        if let (Some(path), Some(alternatives)) = (&path, alternatives) {
            demands.push(Demand { path: path.clone(), alternatives });
        }
        path
    });
    Some(Entitlements { demands, scopes: scopes?, groups: groups? })
}

/// What a client is told that it could ask for (RFC 6750 §3): the first alternative.
pub(super) fn scope_of(demands: &[Demand]) -> Option<String> {
    let demand = demands.iter().find(|demand| demand.path.as_str() == SCOPE)?;
    Some(demand.alternatives.first()?.join(" "))
}
