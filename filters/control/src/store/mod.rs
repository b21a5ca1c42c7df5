//! State that all workers of an Envoy share: counters and blocks, in bounded memory.

mod key;
mod set;
mod table;

pub use key::{Fingerprint, KeptKey, KeyedHasher, ProcessKey};
pub use set::{AT_LIMIT, Entry, Payload, WAYS};
pub use table::{Evicted, Reading, SETS, Step, Table, Updated};

/// The version of a value, for compare-and-swap. Never 0 on a value that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Somebody else wrote since the value was read: read again and decide anew.
    Changed,
    /// The store does not answer as it should: nothing is known.
    Down,
}

/// A map of bytes to bytes with compare-and-swap, shared by all workers of a process.
///
/// Nothing can be deleted from it, so keys are a fixed set under `portcullis/` and never a client's string.
pub trait SharedData {
    /// The value of a key with its version; `None` if it was never written.
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError>;

    /// Writes `value` if the key still has `expected` (`None`: if it does not exist yet).
    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError>;

    /// Writes `value` whatever is there.
    fn set_always(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        loop_set(self, key, value)
    }
}

/// Attempts of [`SharedData::set_always`] where the store itself knows no unconditional write.
const ATTEMPTS: u32 = 64;

fn loop_set<S: SharedData + ?Sized>(store: &S, key: &str, value: &[u8]) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        let expected = store.get(key)?.map(|(_, version)| version);
        match store.set(key, value, expected) {
            Err(StoreError::Changed) => {}
            outcome => return outcome,
        }
    }
    Err(StoreError::Changed)
}

#[cfg(test)]
mod tests;
