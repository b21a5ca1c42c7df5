//! Tokens whose signature was verified, so that the same bytes need neither parsing nor cryptography again.
//!
//! A token is kept from its second use on: one that is used once would only take the place of another.
//!
//! An entry says only 'these bytes were signed with that key'. Issuer, audience, algorithm, times and revocation are
//! judged under the current route's policy on every request, and the key must be one that this policy would have tried.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::rc::Rc;

use portcullis_control::headers::Edit;
use portcullis_control::identity::{Certificate, Identity};
use serde_json::{Map, Value};

use crate::doorkeeper::Doorkeeper;
use crate::key::KeyId;
use crate::token::Token;

/// Entries of one worker, at most.
pub const MAX_ENTRIES: usize = 2_048;
/// Memory of one worker's entries, at most, by `weight`: there are as many caches as workers.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Bytes at a token's end that entries are found by: twelve bytes of the signature, which nobody chooses.
const TAIL: usize = 16;

/// A token with the key that its signature was verified with.
#[derive(Debug)]
pub struct Verified {
    /// The token.
    pub token: Token,
    /// The key. It counts only where the policy at hand has it among its candidates for this token.
    pub key: KeyId,
    /// What policies have made of it, by their numbers: derived from the claims, and from what they are bound to.
    pub views: RefCell<Vec<(u32, Rc<View>)>>,
}

/// What one policy makes of an accepted token.
#[derive(Debug)]
pub struct View {
    /// Who is calling.
    pub identity: Rc<Identity>,
    /// The headers for the upstream.
    pub edits: Vec<Edit>,
    /// Values that were left out of them, to be counted each time.
    pub dropped: u32,
}

impl View {
    /// Views kept of one token, at most: one that is used on more routes is rendered again now and then.
    const MAX_KEPT: usize = 2;
    /// Room for headers beside what a token's size gives, bytes.
    const HEADER_BYTES: usize = 512;

    /// About what it takes on the heap. The identity has most claims as text, and all of them once more where it is
    /// serialised for later modules.
    fn weight(&self, token: &Token) -> usize {
        let header = |edit: &Edit| {
            let value = edit.value().map_or(0, |value| value.as_bytes().len());
            edit.name().as_str().len().saturating_add(value)
        };
        let headers = self.edits.iter().map(|edit| mem::size_of::<Edit>() + header(edit));
        let certificate = self.identity.certificate.as_deref().map_or(0, |certificate| {
            let names = certificate.sans.iter().map(|name| 2 * name.as_str().len());
            mem::size_of::<Certificate>() + 2 * certificate.subject.len() + names.sum::<usize>()
        });
        let headers = headers.sum::<usize>();
        View::FIXED_BYTES + token.compact().len() * 3 / 2 + headers + certificate
    }

    const FIXED_BYTES: usize = mem::size_of::<View>() + mem::size_of::<Identity>();

    /// What all views of a token may weigh together.
    fn room(token: &Token) -> usize {
        View::FIXED_BYTES + View::HEADER_BYTES + 2 * token.compact().len()
    }
}

impl Verified {
    /// What a policy has made of the token, if that is kept.
    #[must_use]
    pub fn view(&self, policy: u32) -> Option<Rc<View>> {
        let views = self.views.try_borrow().ok()?;
        views.iter().find(|(number, _)| *number == policy).map(|(_, view)| Rc::clone(view))
    }

    /// Keeps what a policy has made of the token, as far as there is room for it; the oldest go first.
    pub fn keep(&self, policy: u32, view: &Rc<View>) {
        let Ok(mut views) = self.views.try_borrow_mut() else { return };
        views.retain(|(number, _)| *number != policy);
        views.insert(0, (policy, Rc::clone(view)));
        let mut weight = 0;
        let room = View::room(&self.token);
        let fitting = views.iter().take(View::MAX_KEPT).take_while(|(_, view)| {
            weight += view.weight(&self.token);
            weight <= room
        });
        let fitting = fitting.count();
        views.truncate(fitting);
    }
}

/// A bounded map from a token's bytes to the verified token. The young half takes what is new or asked for again; when
/// it is full it becomes the old half, and what was old and not asked for since is gone.
#[derive(Debug, Default)]
pub struct Cache {
    young: Half,
    old: Half,
    doorkeeper: Doorkeeper,
}

#[derive(Debug, Default)]
struct Half {
    entries: BTreeMap<u128, Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    verified: Rc<Verified>,
    weight: usize,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Cache::default()
    }

    /// What is known of exactly these bytes.
    pub fn get(&mut self, compact: &[u8]) -> Option<Rc<Verified>> {
        let tail = tail(compact)?;
        let is_it = |entry: &&Entry| entry.verified.token.compact() == compact;
        if let Some(entry) = self.young.entries.get(&tail).filter(is_it) {
            return Some(Rc::clone(&entry.verified));
        }
        self.old.entries.get(&tail).filter(is_it)?;
        let entry = self.old.take(tail)?;
        let verified = Rc::clone(&entry.verified);
        self.put(tail, entry);
        Some(verified)
    }

    /// Takes a token that was verified just now, and keeps it if it was before. One that would fill more than a quarter
    /// of the cache is not kept.
    pub fn insert(&mut self, verified: Verified) -> Rc<Verified> {
        let verified = Rc::new(verified);
        let Some(tail) = tail(verified.token.compact()) else { return verified };
        let [.., a, b, c, d, e, f, g, h] = tail.to_le_bytes();
        if self.doorkeeper.has_seen([a, b, c, d, e, f, g, h]) {
            let weight = weight(&verified);
            if weight <= MAX_BYTES / 4 {
                self.old.take(tail);
                self.put(tail, Entry { verified: Rc::clone(&verified), weight });
            }
        }
        verified
    }

    /// Forgets everything: the keys have changed.
    pub fn clear(&mut self) {
        *self = Cache::default();
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.entries.len() + self.old.entries.len()
    }

    /// True if none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the kept tokens weigh, as counted for [`MAX_BYTES`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.young.bytes + self.old.bytes
    }

    fn put(&mut self, tail: u128, entry: Entry) {
        self.young.take(tail);
        let full = self.young.entries.len() >= MAX_ENTRIES / 2
            || self.young.bytes + entry.weight > MAX_BYTES / 2;
        if full {
            self.old = mem::take(&mut self.young);
        }
        self.young.bytes += entry.weight;
        self.young.entries.insert(tail, entry);
    }
}

impl Half {
    fn take(&mut self, tail: u128) -> Option<Entry> {
        let entry = self.entries.remove(&tail)?;
        self.bytes = self.bytes.saturating_sub(entry.weight);
        Some(entry)
    }
}

/// As a number: in wasm those are compared at once, and bytes one by one.
fn tail(compact: &[u8]) -> Option<u128> {
    compact.last_chunk::<TAIL>().map(|bytes| u128::from_le_bytes(*bytes))
}

/// About what an entry takes on the heap: small JSON takes far more memory than text.
fn weight(entry: &Verified) -> usize {
    let token = &entry.token;
    mem::size_of::<Verified>()
        + token.compact().len()
        + token.signature.len()
        + members(&token.header)
        + members(&token.claims)
        + token.claims.text_bytes()
        + View::room(token)
}

/// A B-tree's smallest node has room for 11 members, whatever is in it.
fn members(object: &Map<String, Value>) -> usize {
    const NODE: usize = 11 * (mem::size_of::<String>() + mem::size_of::<Value>()) + 16;
    // Nodes are half full at worst.
    let nodes = object.len().div_ceil(5) * NODE;
    object.iter().fold(nodes, |sum, (name, value)| sum + name.len() + inside(value))
}

fn inside(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => {
            list.iter().fold(0, |sum, item| sum + mem::size_of::<Value>() + inside(item))
        }
        Value::Object(object) => members(object),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests;
