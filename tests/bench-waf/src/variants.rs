//! Values that differ from one request to the next, the same in every run.

use portcullis_payloads::{Random, values};

/// Variants of a request: more than what a cache of values could hold by chance.
pub(crate) const COUNT: usize = 2_000;

/// Bytes of a large value.
const LARGE: usize = 10_000;

/// The values of one variant, in the order of their places.
pub(crate) struct Values(Random);

impl Values {
    pub(crate) fn new(variant: usize) -> Self {
        Self(Random::new(variant))
    }

    /// The value for a place of this kind; `None` where there is no such kind.
    pub(crate) fn of(&mut self, kind: &str) -> Option<String> {
        let random = &mut self.0;
        Some(match kind {
            "word" => (*random.one_of(&values::WORDS)).to_owned(),
            "number" => (1000 + random.below(9000)).to_string(),
            "digit" => (1 + random.below(9)).to_string(),
            "token" => format!("{:016x}{:016x}", random.number(), random.number()),
            "prose" => values::prose(random, LARGE),
            "base64" => values::base64(random, LARGE),
            "digits" => values::digits(random, LARGE),
            "attacks" => values::attacks(random, LARGE),
            _ => return None,
        })
    }
}
