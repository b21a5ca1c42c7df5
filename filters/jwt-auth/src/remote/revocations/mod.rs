//! Lists of revoked tokens that are fetched: `{"jti": [...], "sub": [...]}`.
//!
//! Read once, by the worker that fetches, entry by entry; what is published and kept is eight bytes an entry, and tells
//! nobody who was revoked.

mod text;

use std::fmt;

use portcullis_control::fetched::{Answered, Asked, Counters, Document, Source};
use portcullis_control::store::{KeyedHasher, ProcessKey};
use portcullis_control::surroundings::Surroundings;
use serde_json::Value;

/// A document is at most so long, bytes: room for [`MAX_ENTRIES`] UUIDs in quotes. The worker that fetches holds it
/// once, and memory of a VM never shrinks.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Entries of a document, at most: 400 KB in each worker. Only tokens that have not expired need to be listed.
pub(crate) const MAX_ENTRIES: usize = 50_000;

/// What the names of its counters are.
pub(crate) const COUNTERS: Counters = Counters {
    fetched: "revocations_fetched",
    failed: "revocations_failed",
    skipped: "revocations_skipped",
};

/// What the hashes of a process's key are for.
const PURPOSE: &str = "jwt-auth revocations";

/// A source of lists of revoked tokens.
pub(crate) type RevocationSource = Source<RevocationList>;

/// What a token is revoked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Its own identifier (RFC 7519 §4.1.7).
    Token,
    /// Its subject (§4.1.2): all of its tokens.
    Subject,
}

impl By {
    /// All of them.
    pub(crate) const ALL: [By; 2] = [By::Token, By::Subject];

    /// The claim, which is also the member of the document.
    pub(crate) const fn claim(self) -> &'static str {
        match self {
            By::Token => "jti",
            By::Subject => "sub",
        }
    }
}

/// A list of revoked tokens, as it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RevocationList;

/// A list that was fetched, ready to be asked.
pub(crate) struct Revocations {
    hasher: KeyedHasher,
    /// Sorted.
    entries: Box<[u64]>,
}

/// Why a document is no list of revoked tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Useless {
    /// No JSON.
    Json,
    /// No object with at least one of the two lists, or a member that stands twice.
    Form,
    /// More than [`MAX_ENTRIES`]: what were left out would pass.
    TooMany,
    /// Entries, and none of any use.
    NoEntry,
    /// The key that entries are hashed with cannot be had.
    SharedData,
}

impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Useless::Json => f.write_str("not JSON"),
            Useless::Form => f.write_str(
                "not an object with a list `jti`, a list `sub` or both, each once; without revoked tokens, a list is empty",
            ),
            Useless::TooMany => write!(
                f,
                "more than {MAX_ENTRIES} entries; leave out tokens that have expired, or shorten their lives"
            ),
            Useless::NoEntry => f.write_str("entries, of which none is text"),
            Useless::SharedData => f.write_str("shared data cannot be read or written"),
        }
    }
}

impl Revocations {
    /// True if tokens with this value of the claim are revoked.
    pub(crate) fn has(&self, by: By, value: &[u8]) -> bool {
        self.entries.binary_search(&entry(&self.hasher, by, value)).is_ok()
    }
}

/// What stands for a value of a claim.
fn entry(hasher: &KeyedHasher, by: By, value: &[u8]) -> u64 {
    let mut hasher = hasher.clone();
    hasher.part(by.claim().as_bytes());
    hasher.part(value);
    hasher.finish().kept()
}

/// What shows that a list was made with the key that this worker has: with another one, nothing would be found in it.
fn seal(hasher: &KeyedHasher) -> u64 {
    hasher.finish().kept()
}

fn hasher(surroundings: &dyn Surroundings) -> Option<KeyedHasher> {
    Some(ProcessKey::obtain(surroundings).ok()?.hasher(PURPOSE))
}

/// The entries of a document as they are published, and how many are of no use.
fn publish(text: &[u8], surroundings: &dyn Surroundings) -> Result<(Vec<u8>, usize), Useless> {
    let hasher = hasher(surroundings).ok_or(Useless::SharedData)?;
    let mut entries = Vec::new();
    let skipped =
        text::read(text, &mut |by, value| entries.push(entry(&hasher, by, value.as_bytes())))?;
    if entries.is_empty() && skipped > 0 {
        return Err(Useless::NoEntry);
    }
    entries.sort_unstable();
    entries.dedup();
    let all = std::iter::once(seal(&hasher)).chain(entries);
    Ok((all.flat_map(u64::to_le_bytes).collect(), skipped))
}

/// Reads what [`publish`] wrote.
fn open(published: &[u8], surroundings: &dyn Surroundings) -> Option<Revocations> {
    let hasher = hasher(surroundings)?;
    let (words, rest) = published.as_chunks::<8>();
    let (first, entries) = words.split_first()?;
    let whole = rest.is_empty() && u64::from_le_bytes(*first) == seal(&hasher);
    let entries: Box<[u64]> = entries.iter().map(|word| u64::from_le_bytes(*word)).collect();
    (whole && entries.is_sorted()).then_some(Revocations { hasher, entries })
}

impl Document for RevocationList {
    type Value = Revocations;
    const NAME: &'static str = "revoked tokens";
    const MAX_BYTES: usize = MAX_BYTES;
    const COUNTERS: Counters = COUNTERS;

    fn read(
        &self,
        _asked: Asked,
        body: &[u8],
        surroundings: &dyn Surroundings,
    ) -> Result<Answered, String> {
        let read = publish(body, surroundings);
        read.map(|(text, skipped)| Answered::Document(text, skipped))
            .map_err(|useless| useless.to_string())
    }

    fn open(&self, published: &[u8], surroundings: &dyn Surroundings) -> Option<Revocations> {
        open(published, surroundings)
    }
}

/// Says how many are revoked, never who.
impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
/// Reads any bytes as a list, and as what a worker published. Whoever is on the list is found, nobody else is, each entry
/// is taken or counted, and what a strict reader takes for a list is one.
#[doc(hidden)]
pub fn fuzz_revocations(data: &[u8], surroundings: &dyn Surroundings) {
    drop(open(data, surroundings));
    let strict = portcullis_control::json::parse(data);
    let list = |value: &Value, by: By| value.get(by.claim()).map(Value::is_array);
    let (published, skipped) = match publish(data, surroundings) {
        Ok(published) => published,
        Err(useless) => {
            let lists = strict.ok().map(|value| By::ALL.map(|by| list(&value, by)));
            let one = lists
                .is_some_and(|lists| lists.contains(&Some(true)) && !lists.contains(&Some(false)));
            let other = matches!(useless, Useless::TooMany | Useless::NoEntry);
            assert!(!one || other, "a list that is not taken: {useless}");
            return;
        }
    };
    // Where nobody looks, a number may be too large for any type.
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let revocations = open(&published, surroundings);
    let mut taken = 0;
    for by in By::ALL {
        let items = value.get(by.claim()).and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            let whole = item.is_i64() || item.is_u64();
            let Some(name) = crate::revoked::name(item).filter(|_| whole || item.is_string())
            else {
                continue;
            };
            taken += 1;
            let has = |name: &str| revocations.as_ref().map(|list| list.has(by, name.as_bytes()));
            assert_eq!(has(&name), Some(true), "{name} is not found");
            let longer = format!("{name}\u{1}");
            let also = items.into_iter().flatten().any(|other| other.as_str() == Some(&longer));
            assert_eq!(has(&longer), Some(also), "{longer:?}");
        }
    }
    let all: usize = By::ALL
        .iter()
        .filter_map(|by| value.get(by.claim()).and_then(Value::as_array).map(Vec::len))
        .sum();
    assert_eq!((taken <= MAX_ENTRIES, taken + skipped), (true, all), "each is taken or counted");
    assert!(published.len() <= 8 * (taken + 1), "eight bytes an entry");
}

#[cfg(test)]
mod tests;
