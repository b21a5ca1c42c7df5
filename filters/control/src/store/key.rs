//! A random key that all workers of a process share, so that no client can aim at a slot or undo a hash in the log.

use std::cell::OnceCell;
use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

use super::{SharedData, StoreError, Version};
use crate::surroundings::Surroundings;

/// Where the key lies. It lives as long as the counters: both go when the last VM of the `vm_id` goes.
const KEY: &str = "portcullis/v1/key";
const KEY_BYTES: usize = 16;

/// Attempts to read what another worker has just written. It is written once in the life of a process.
const ATTEMPTS: u32 = 8;

/// The key, 128 bits, and what is made with it.
#[derive(Clone, Copy)]
pub struct ProcessKey([u8; KEY_BYTES]);

impl ProcessKey {
    /// The process's key; the first who asks makes it.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not give or take it.
    pub fn obtain(surroundings: &dyn Surroundings) -> Result<Self, StoreError> {
        let shared = surroundings.shared();
        for _ in 0..ATTEMPTS {
            let expected = match read(shared)? {
                (Some(key), _) => return Ok(key),
                (None, version) => version,
            };
            let mut key = [0; KEY_BYTES];
            let random = [surroundings.random(), surroundings.random()];
            let bytes = random.iter().flat_map(|half| half.to_le_bytes());
            key.iter_mut().zip(bytes).for_each(|(target, byte)| *target = byte);
            match shared.set(KEY, &key, expected) {
                Ok(()) => return Ok(ProcessKey(key)),
                Err(StoreError::Changed) => {}
                Err(StoreError::Down) => return Err(StoreError::Down),
            }
        }
        Err(StoreError::Changed)
    }

    /// A hasher for one purpose: equal bytes under two purposes have nothing to do with each other.
    #[must_use]
    pub fn hasher(&self, purpose: &str) -> KeyedHasher {
        let mut hasher = KeyedHasher(SipHasher24::new_with_key(&self.0));
        hasher.part(purpose.as_bytes());
        hasher
    }

    /// The hasher behind [`ProcessKey::log_hash`], for parts that are not slices yet.
    #[must_use]
    pub fn log_hasher(&self) -> KeyedHasher {
        self.hasher("log")
    }

    /// What stands for a credential, address or other text of a client in logs: 16 hexadecimal digits, the same for
    /// the same parts in every control of this process, worthless outside it.
    #[must_use]
    pub fn log_hash<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> String {
        let mut hasher = self.log_hasher();
        parts.into_iter().for_each(|part| hasher.part(part));
        hasher.finish().to_string()
    }
}

/// The process's key, read from the store when first needed: it never changes while a VM lives.
#[derive(Default)]
pub struct KeptKey(OnceCell<ProcessKey>);

impl KeptKey {
    /// The key.
    ///
    /// # Errors
    /// As [`ProcessKey::obtain`], and then it is asked for again.
    pub fn get(&self, surroundings: &dyn Surroundings) -> Result<&ProcessKey, StoreError> {
        if let Some(key) = self.0.get() {
            return Ok(key);
        }
        let key = ProcessKey::obtain(surroundings)?;
        Ok(self.0.get_or_init(|| key))
    }
}

/// Without the key, which no log is to have.
impl fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptKey")
    }
}

/// A value of another length is taken for none and replaced: whoever wrote it was not us.
fn read(shared: &dyn SharedData) -> Result<(Option<ProcessKey>, Option<Version>), StoreError> {
    let Some((bytes, version)) = shared.get(KEY)? else {
        return Ok((None, None));
    };
    Ok((bytes.try_into().ok().map(ProcessKey), Some(version)))
}

/// SipHash-2-4 with 128 bits of output, over parts that cannot run into each other.
#[derive(Clone)]
pub struct KeyedHasher(SipHasher24);

impl KeyedHasher {
    /// Adds a part: its length, then its bytes, so that `ab` + `c` is not `a` + `bc`.
    pub fn part(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.write(&length.to_le_bytes());
        self.0.write(bytes);
    }

    /// The hash of all parts.
    #[must_use]
    pub fn finish(&self) -> Fingerprint {
        let hash = self.0.finish128();
        Fingerprint { place: hash.h1, tag: hash.h2 }
    }
}

/// What stands for a key in a table: 64 bits that are kept and compared, and others that choose the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    pub(super) place: u64,
    pub(super) tag: u64,
}

impl Fingerprint {
    /// The bits that are kept and compared: enough that no two texts of a list are ever taken for one by chance.
    #[must_use]
    pub fn kept(self) -> u64 {
        self.tag
    }
}

/// 16 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.tag)
    }
}
