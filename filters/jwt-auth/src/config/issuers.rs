//! `issuers`: names, audiences, algorithms and keys that belong together.

use std::rc::Rc;

use portcullis_control::config::{Node, Section};
use portcullis_control::json::{self, Value};

use crate::algorithm::{Algorithm, Family};
use crate::key::{Key, KeyFault, MAX_CANDIDATES, jwk, pem, secret};
use crate::policy::Issuer;
use crate::remote::Fetched;
use crate::remote::keys::KeySource;

use super::{remote, revoked};

pub(super) fn read(node: &Node<'_>, known: &Fetched) -> Vec<Issuer> {
    let Some(items) = node.list() else { return Vec::new() };
    if items.is_empty() {
        node.fault("expected at least one issuer");
    }
    let mut issuers: Vec<Issuer> = Vec::new();
    for item in &items {
        let Some(issuer) = item.section(|section| read_one(section, known)) else { continue };
        if issuers.iter().any(|other| other.name == issuer.name) {
            item.fault(format!("expected each issuer once, but `{}` stands twice", issuer.name));
        }
        issuers.push(issuer);
    }
    issuers
}

/// An algorithm by its exact name.
pub(super) fn read_algorithm(node: &Node<'_>) -> Option<Algorithm> {
    let words = Algorithm::ALL.map(|algorithm| (algorithm.name(), algorithm));
    node.word(&words)
}

fn read_one(section: &mut Section<'_>, known: &Fetched) -> Option<Issuer> {
    let name = section.required("issuer").and_then(|node| node.text()).map(str::to_owned);
    let audiences = section.optional("audiences").and_then(|node| {
        let texts = node.texts()?;
        if texts.is_empty() {
            node.fault("expected at least one audience; leave the field out to check none");
        }
        Some(texts.into_iter().map(str::to_owned).collect())
    });
    let algorithms_node = section.required("algorithms");
    let algorithms: Option<Vec<Algorithm>> = algorithms_node.and_then(|node| {
        let items = node.list()?;
        if items.is_empty() {
            node.fault("expected at least one algorithm");
        }
        all(&items, read_algorithm)
    });
    let keys = section.required("keys").and_then(|node| {
        let algorithms = algorithms.as_deref().unwrap_or_default();
        let issuer = name.as_deref().unwrap_or_default();
        let sets = all(&node.list()?, |item| {
            item.section(|entry| match remote::is_one(entry) {
                true => Some(Source::Remote(remote::read(entry, issuer, &known.keys)?)),
                false => Some(Source::Keys(read_keys(entry, algorithms)?)),
            })
        })?;
        let (mut keys, mut remotes) = (Vec::new(), Vec::new());
        for source in sets {
            match source {
                Source::Keys(own) => keys.extend(own),
                Source::Remote(remote) => remotes.push(remote),
            }
        }
        check(&node, algorithms, &keys, !remotes.is_empty());
        Some((keys, remotes))
    });
    let revoked = revoked::read(section, &known.revocations);
    let (keys, remotes) = keys?;
    Some(Issuer {
        name: name?,
        audiences: audiences.unwrap_or_default(),
        algorithms: algorithms?,
        keys,
        remotes,
        revoked,
    })
}

/// Reads every item, so that each fault is told; `None` where there was one.
fn all<T>(items: &[Node<'_>], read: impl Fn(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    let found: Vec<T> = items.iter().filter_map(read).collect();
    (found.len() == items.len()).then_some(found)
}

/// An entry of `keys`.
enum Source {
    Keys(Vec<Key>),
    Remote(Rc<KeySource>),
}

/// Each algorithm has a key, unless others are fetched (never secrets), and no token makes us try more keys than a few.
fn check(keys_node: &Node<'_>, algorithms: &[Algorithm], keys: &[Key], more: bool) {
    for algorithm in algorithms {
        let name = algorithm.name();
        let fitting = keys.iter().filter(|key| key.fits(*algorithm)).count();
        let needs_secret = matches!(algorithm.family(), Family::Hmac(_));
        if fitting == 0 && more && needs_secret {
            keys_node.fault(format!(
                "expected a `secret` for {name}, but none of these fits it, and of sets that are fetched none is \
                 taken; give one, or leave {name} out"
            ));
        } else if fitting == 0 && !more {
            keys_node.fault(format!("expected a key for {name}, but none of these fits it"));
        }
        if fitting > MAX_CANDIDATES {
            keys_node.fault(format!(
                "expected at most {MAX_CANDIDATES} keys for {name}, but found {fitting}: a token without kid \
                 is tried against each of them"
            ));
        }
    }
}

fn read_keys(section: &mut Section<'_>, algorithms: &[Algorithm]) -> Option<Vec<Key>> {
    let (set, pem, secret) =
        (section.optional("jwks"), section.optional("pem"), section.optional("secret"));
    match (set, pem, secret) {
        (Some(node), None, None) => read_set(&node),
        (None, Some(node), None) => {
            let parsed = node.secret().map(|text| pem::parse(&text));
            single(section, &node, parsed, algorithms)
        }
        (None, None, Some(node)) => {
            let is_base64 = section.or("secret_is_base64", false, |node| node.boolean());
            let parsed = node.secret().map(|text| secret::parse(&text, is_base64));
            single(section, &node, parsed, algorithms)
        }
        _ => {
            section.node().fault("expected exactly one of jwks, pem, secret, jwks_uri, discovery");
            for name in ["kid", "secret_is_base64"] {
                section.optional(name);
            }
            None
        }
    }
}

/// A key on its own is there to be used: it fits one of the algorithms.
fn single(
    section: &mut Section<'_>,
    node: &Node<'_>,
    parsed: Option<Result<Key, KeyFault>>,
    algorithms: &[Algorithm],
) -> Option<Vec<Key>> {
    let kid = section.optional("kid").and_then(|node| node.text()).map(str::to_owned);
    let key = match parsed? {
        Ok(key) => key,
        Err(fault) => {
            node.fault(format!("expected a key: {fault}"));
            return None;
        }
    };
    let faults = algorithms.iter().map(|algorithm| key.check(*algorithm).err());
    if let Some(Some(fault)) = faults.reduce(|first, other| first.and(other)) {
        node.fault(format!("expected a key for one of the algorithms: {fault}"));
        return None;
    }
    Some(vec![key.with_kid(kid)])
}

/// An inline set, or one from the environment as JSON text.
fn read_set(node: &Node<'_>) -> Option<Vec<Key>> {
    let parsed;
    let set: &Value = if node.value().get("env").is_some() {
        parsed = match json::parse(node.from_environment()?.as_bytes()) {
            Ok(value) => value,
            Err(error) => {
                node.fault(format!("expected a key set as JSON, but found {error}"));
                return None;
            }
        };
        &parsed
    } else {
        node.value()
    };
    let set = match jwk::parse_set(set) {
        Ok(set) => set,
        Err(fault) => {
            node.fault(format!("expected a key set: {fault}"));
            return None;
        }
    };
    let mut sound = true;
    for (index, fault) in set.faults {
        if fault.is_foreign() {
            node.warn(format!("key {index} is left out: {fault}"));
        } else {
            node.fault(format!("expected a key at keys[{index}]: {fault}"));
            sound = false;
        }
    }
    sound.then_some(set.keys)
}
