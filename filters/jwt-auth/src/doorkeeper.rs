//! Which tokens were verified before, so that a token which is used once takes no room from those that come again.
//!
//! Remembers so much of a signature that two tokens are rarely taken for one; then a token is kept a use too early, which
//! costs room and nothing else.

/// Signatures that are remembered: as many as tokens are kept, 16 KiB.
const PLACES: usize = crate::cache::MAX_ENTRIES;

/// The signatures that came last, each in the place that its bytes name.
#[derive(Debug, Default)]
pub(crate) struct Doorkeeper {
    /// Empty until the first token comes.
    places: Vec<u64>,
}

impl Doorkeeper {
    /// True if the token with this end came lately; from now on it did.
    pub(crate) fn has_seen(&mut self, end: [u8; 8]) -> bool {
        let signature = u64::from_le_bytes(end);
        if self.places.is_empty() {
            self.places.resize(PLACES, 0);
        }
        // Base64 leaves some bits of each byte constant: mixed into the high ones (Fibonacci hashing).
        let mixed = signature.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let place = usize::try_from(mixed).unwrap_or_default() % PLACES;
        match self.places.get_mut(place) {
            Some(place) => std::mem::replace(place, signature) == signature,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_from_its_second_use_until_another_takes_its_place() {
        let mut doorkeeper = Doorkeeper::default();
        let end = |number: u32| format!("{number:08}").into_bytes().try_into().unwrap();
        assert!(!doorkeeper.has_seen(end(1)));
        assert!(doorkeeper.has_seen(end(1)));
        assert!(!doorkeeper.has_seen(end(2)));
        let again = (3..40_000).filter(|number| doorkeeper.has_seen(end(*number))).count();
        assert_eq!((again, doorkeeper.places.len()), (0, PLACES));
        // So many others came meanwhile.
        assert!(!doorkeeper.has_seen(end(1)));
    }
}
