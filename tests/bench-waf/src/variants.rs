//! Values that differ from one request to the next, the same in every run.

/// Variants of a request: more than what a cache of values could hold by chance.
pub(crate) const COUNT: usize = 2_000;

const WORDS: [&str; 64] = [
    "amber", "bridge", "candle", "desert", "ember", "forest", "garden", "harbor", "island",
    "jasmine", "kettle", "lantern", "meadow", "nectar", "orchid", "pepper", "quartz", "river",
    "saddle", "timber", "umbrella", "velvet", "walnut", "yellow", "zephyr", "anchor", "basket",
    "copper", "dragon", "engine", "feather", "granite", "hollow", "indigo", "jungle", "kitten",
    "lemon", "marble", "needle", "olive", "parcel", "quiver", "ribbon", "silver", "tunnel",
    "unicorn", "violet", "window", "yonder", "zigzag", "autumn", "butter", "circle", "dinner",
    "eleven", "flower", "goblet", "hammer", "iceberg", "jacket", "kernel", "ladder", "mirror",
    "napkin",
];

/// A sequence of values (Steele and Vigna's SplitMix64, which is in the public domain).
pub(crate) struct Values(u64);

impl Values {
    pub(crate) fn new(variant: usize) -> Self {
        Self((variant as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The value for a place of this kind; `None` where there is no such kind.
    pub(crate) fn of(&mut self, kind: &str) -> Option<String> {
        let n = self.next();
        match kind {
            "word" => Some(WORDS[(n % 64) as usize].to_owned()),
            "number" => Some((1000 + n % 9000).to_string()),
            "digit" => Some((1 + n % 9).to_string()),
            "token" => Some(format!("{n:016x}{:016x}", self.next())),
            _ => None,
        }
    }
}
