//! From the fields of a configuration to a policy; every fault is reported at once.

mod credentials;
mod demands;
mod headers;
mod issuers;
mod remote;
mod revoked;

use std::cell::OnceCell;
use std::rc::Rc;

use portcullis_control::address::read_field_name;
use portcullis_control::authentication::{read_anonymous, read_realm, says_who_is_calling};
use portcullis_control::config::{Node, Section};
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::program::Site;

use self::demands::Entitlements;
use crate::claims::{ClaimRules, RequiredClaim};
use crate::policy::{Credentials, Policy};
use crate::presented::Places;
use crate::remote::Fetched;
use crate::token::{DEFAULT_MAX_TOKEN_BYTES, MAX_MAX_TOKEN_BYTES};

/// `maximum_expiration` goes up to a year, as Kong's does.
const MAX_EXPIRATION: u64 = 31_536_000;
/// `leeway` goes up to an hour: clocks that are further apart are wrong, not imprecise.
const MAX_LEEWAY: u64 = 3_600;

/// Reads all fields. Credentials are the same on all routes: they are read once.
pub(crate) fn read(
    section: &mut Section<'_>,
    site: &Site<'_>,
    credentials: &OnceCell<Rc<Credentials>>,
    sources: &Fetched,
) -> Option<Policy> {
    let node = section.node().clone();
    let places = read_places(section);
    let max_token_bytes = section.or("max_token_bytes", DEFAULT_MAX_TOKEN_BYTES, |node| {
        usize::try_from(node.integer(256..=to_u64(MAX_MAX_TOKEN_BYTES))?).ok()
    });
    let issuers =
        section.optional("issuers").map(|node| issuers::read(&node, sources)).unwrap_or_default();
    let credentials = Rc::clone(credentials.get_or_init(|| credentials::read(site.consumers)));
    let has_credentials = site.consumers.iter().any(|entry| !entry.jwt.is_empty());
    let key_claim_name =
        section.or("key_claim_name", "iss".to_owned(), |node| node.text().map(str::to_owned));
    let rules = read_rules(section);
    let only_consumers = !section.has("issuers") && has_credentials;
    let entitlements = demands::read(section, only_consumers);
    let token_types = section.or("token_types", Vec::new(), |node| {
        let types = node.texts()?;
        if types.is_empty() {
            node.fault("expected at least one type; leave the field out to check none");
        }
        Some(types.into_iter().map(str::to_owned).collect())
    });
    let certificate_bound = section.or("certificate_bound", false, |node| node.boolean());
    let revoked = revoked::read(section, &sources.revocations);
    let headers_node = section.optional("headers");
    let headers =
        headers_node.as_ref().map(|node| headers::read(node, &places.headers)).unwrap_or_default();
    if let Some(node) = headers_node.filter(|_| !issuers.is_empty() && !credentials.is_empty()) {
        node.warn(
            "consumers sign their own tokens, so they choose these claims: an upstream that trusts them has to look \
             at X-Consumer-Username too",
        );
    }
    let hide_credentials = section.or("hide_credentials", false, |node| node.boolean());
    let realm = read_realm(section);
    let run_on_preflight = section.or("run_on_preflight", true, |node| node.boolean());
    let anonymous = read_anonymous(section, site);
    if !section.has("issuers") && !has_credentials {
        node.fault("expected at least one issuer, or consumers with jwt credentials");
    }
    for issuer in &issuers {
        if credentials.contains_key(&issuer.name) {
            let name = &issuer.name;
            node.fault(format!(
                "expected `{name}` to be an issuer or a credential's key, not both"
            ));
        }
    }
    let Entitlements { demands, scopes, groups } = entitlements?;
    Some(Policy {
        places,
        max_token_bytes,
        issuers,
        credentials,
        key_claim_name,
        rules,
        headers,
        hide_credentials,
        challenge: challenge(realm, None, None)?,
        challenge_invalid: challenge(realm, Some("invalid_token"), None)?,
        challenge_scope: challenge(
            realm,
            Some("insufficient_scope"),
            demands::scope_of(&demands).as_deref(),
        )?,
        demands,
        scopes,
        groups,
        token_types,
        certificate_bound,
        revoked,
        run_on_preflight,
        anonymous,
    })
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn read_places(section: &mut Section<'_>) -> Places {
    let mut header_node = None;
    let headers =
        section.or("header_names", vec![FieldName::from_static("authorization")], |node| {
            let items = node.list()?;
            header_node = Some(node);
            Some(items.iter().filter_map(read_place).collect())
        });
    let mut names = |field| {
        section.or(field, Vec::new(), |node| {
            Some(node.texts()?.into_iter().map(str::to_owned).collect())
        })
    };
    let (arguments, cookies): (Vec<String>, Vec<String>) =
        (names("uri_param_names"), names("cookie_names"));
    if headers.is_empty() && arguments.is_empty() && cookies.is_empty() {
        let node = header_node.unwrap_or_else(|| section.node().clone());
        node.fault("expected at least one place for tokens in header_names, uri_param_names or cookie_names");
    }
    Places { headers, arguments, cookies }
}

fn read_place(node: &Node<'_>) -> Option<FieldName> {
    let name = read_field_name(node)?;
    if says_who_is_calling(&name) {
        node.fault(format!("expected another header: `{name}` is removed from every request"));
    }
    Some(name)
}

fn read_rules(section: &mut Section<'_>) -> ClaimRules {
    let to_verify = section.or("claims_to_verify", vec!["exp"], |node| {
        let words = [("exp", "exp"), ("nbf", "nbf")];
        Some(node.list()?.iter().filter_map(|item| item.word(&words)).collect())
    });
    let maximum = section.optional("maximum_expiration");
    let maximum_expiration =
        maximum.as_ref().and_then(|node| node.integer(0..=MAX_EXPIRATION)).unwrap_or(0);
    if let Some(node) = maximum.filter(|_| maximum_expiration > 0 && !to_verify.contains(&"exp")) {
        node.fault("expected `exp` in claims_to_verify where maximum_expiration is set");
    }
    let leeway = section.or("leeway", 0, |node| node.integer(0..=MAX_LEEWAY));
    let required = section.or("required_claims", Vec::new(), |node| RequiredClaim::read_all(&node));
    ClaimRules {
        exp_required: to_verify.contains(&"exp"),
        nbf_required: to_verify.contains(&"nbf"),
        maximum_expiration: u32::try_from(maximum_expiration).unwrap_or(0),
        leeway: u32::try_from(leeway).unwrap_or(0),
        required,
    }
}

/// RFC 6750 §3. None of the texts has a quote or a backslash.
fn challenge(realm: Option<&str>, error: Option<&str>, scope: Option<&str>) -> Option<FieldValue> {
    let parameters = [("realm", realm), ("error", error), ("scope", scope)];
    let parameters: Vec<String> = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value?)))
        .collect();
    FieldValue::new(["Bearer ", &parameters.join(", ")].concat().trim_end())
}
