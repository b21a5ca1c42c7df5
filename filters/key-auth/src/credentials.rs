//! Whose a key is: known by its SHA-256 alone, and found in a time that tells nothing of the keys.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::rc::Rc;

use portcullis_control::headers::Edit;
use portcullis_control::identity::{Consumer, Identity};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a key.
pub type Digest = [u8; 32];

/// A digest as it is compared, eight bytes at a time.
type Words = [u64; 4];

/// Digests that one bucket has on average, at most.
const MEAN_BUCKET: usize = 8;

/// Written before a digest that is hashed again, so that what is told of a key is not what a configuration says of it.
const NAME_PREFIX: &[u8] = b"portcullis key-auth credential\0";

/// Bytes of the hash that stands for a key without a name.
const NAME_BYTES: usize = 16;

/// A consumer's key, without the key.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Who it makes the caller.
    pub identity: Rc<Identity>,
    /// The headers that say so.
    pub headers: Vec<Edit>,
}

/// The digest of a key.
#[must_use]
pub fn digest(key: &[u8]) -> Digest {
    Sha256::digest(key).into()
}

/// What a limit counts a key by, and what travels between modules: its name, or for a key without one a hash of its
/// hash, which stays the same when the list of keys changes.
#[must_use]
pub fn credential_name(name: Option<&str>, digest: &Digest) -> String {
    let value = match name {
        Some(name) => ["name", name].map(str::to_owned),
        None => {
            let hash = Sha256::new().chain_update(NAME_PREFIX).chain_update(digest).finalize();
            let mut text = String::new();
            for byte in hash.iter().take(NAME_BYTES) {
                let _ = write!(text, "{byte:02x}");
            }
            ["hash".to_owned(), text]
        }
    };
    serde_json::Value::from(value.to_vec()).to_string()
}

/// The identity of a consumer by one of its keys.
#[must_use]
pub fn identity(consumer: &Rc<Consumer>, name: Option<&str>, digest: &Digest) -> Identity {
    Identity {
        control: crate::control::NAME.to_owned(),
        subject: Some(consumer.username.clone()),
        consumer: Some(Rc::clone(consumer)),
        credential: Some(credential_name(name, digest)),
        ..Identity::default()
    }
}

/// All keys of a configuration, in buckets of one width.
///
/// A look-up hashes what was presented and compares it with every place of one bucket, empty ones too, so it takes the
/// same time for a good key, a bad one and one that is nearly good. Which bucket it is depends on the digest of the
/// presented key alone, and as all are equally wide, not even how full it is can be seen.
#[derive(Debug, Default)]
pub struct Credentials {
    places: Vec<(Words, Option<Rc<Credential>>)>,
    width: usize,
    buckets: usize,
}

impl Credentials {
    /// The table of these keys.
    #[must_use]
    pub fn new(keys: BTreeMap<Digest, Rc<Credential>>) -> Self {
        let buckets = keys.len().div_ceil(MEAN_BUCKET).next_power_of_two();
        let mut filled = vec![0_usize; buckets];
        for digest in keys.keys() {
            if let Some(count) = filled.get_mut(bucket(digest, buckets)) {
                *count += 1;
            }
        }
        let width = filled.iter().copied().max().unwrap_or(0);
        // No key has this digest that anybody could find, and a place without a credential gives none.
        let mut places = vec![(Words::default(), None); width * buckets];
        for (digest, credential) in keys {
            let start = bucket(&digest, buckets) * width;
            let mut rest = places.iter_mut().skip(start).take(width);
            if let Some(place) = rest.find(|(_, credential)| credential.is_none()) {
                *place = (words(&digest), Some(credential));
            }
        }
        Credentials { places, width, buckets }
    }

    /// True if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.width == 0
    }

    /// Whose this key is.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<&Rc<Credential>> {
        let presented = digest(key);
        let start = bucket(&presented, self.buckets.max(1)) * self.width;
        let presented = words(&presented);
        let mut found = None;
        for (digest, credential) in self.places.iter().skip(start).take(self.width) {
            let mut difference = 0;
            for (left, right) in digest.iter().zip(&presented) {
                difference |= left ^ right;
            }
            // The compiler must not see that the rest does not matter once two words differ.
            if black_box(difference) == 0 {
                found = credential.as_ref();
            }
        }
        found
    }
}

fn words(digest: &Digest) -> Words {
    let mut words = Words::default();
    for (word, bytes) in words.iter_mut().zip(digest.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

fn bucket(digest: &Digest, buckets: usize) -> usize {
    let [first, second, third, ..] = *digest;
    let number = u32::from_le_bytes([first, second, third, 0]);
    // A power of two, at least 1.
    usize::try_from(number).unwrap_or_default() & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: u32) -> Credentials {
        let keys = (0..count).map(|number| {
            let digest = digest(format!("key {number}").as_bytes());
            let consumer = Consumer { username: number.to_string(), ..Consumer::default() };
            let identity = Rc::new(identity(&Rc::new(consumer), None, &digest));
            (digest, Rc::new(Credential { identity, headers: Vec::new() }))
        });
        Credentials::new(keys.collect())
    }

    #[test]
    fn every_key_is_found_and_no_other() {
        for count in [0, 1, 2, 8, 9, 1_000, 10_000] {
            let table = table(count);
            assert_eq!(table.is_empty(), count == 0);
            for number in 0..count {
                let found = table.find(format!("key {number}").as_bytes()).unwrap();
                assert_eq!(found.identity.subject, Some(number.to_string()));
            }
            for bad in ["", "key", "key -1", "Key 0", "key 0 ", "key 10000"] {
                assert!(table.find(bad.as_bytes()).is_none(), "{bad}");
            }
        }
    }

    #[test]
    fn a_bucket_stays_small_however_many_keys_there_are() {
        for count in [1, 100, 10_000] {
            let table = table(count);
            assert!(table.width <= 4 * MEAN_BUCKET, "{count} keys: {}", table.width);
            assert_eq!(table.places.len(), table.width * table.buckets);
        }
    }

    #[test]
    fn a_credential_is_called_by_its_name_or_by_a_hash_of_its_hash() {
        let digest = digest(b"key");
        assert_eq!(credential_name(Some("a\"b"), &digest), r#"["name","a\"b"]"#);
        let name = credential_name(None, &digest);
        assert_eq!(name.len(), r#"["hash",""]"#.len() + 2 * NAME_BYTES);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = name.split('"').nth(3).unwrap();
        assert!(!hex.contains(shown) && name == credential_name(None, &digest));
    }
}
