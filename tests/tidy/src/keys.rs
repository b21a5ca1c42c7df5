//! No private key is committed, but for the keys that tests are signed with.

use crate::fault::Fault;
use crate::repository::Repository;

/// Keys that are public knowledge from their first day.
const TEST_KEYS: &str = "tests/cases/keys/";

/// A label alone, as in a test that refuses it, is no key; this many characters of base64 behind it are one.
const KEY_CHARACTERS: usize = 40;

/// Private keys as PEM and as JWK are found wherever they stand.
#[must_use]
pub fn private_keys_stay_at_home(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.files().iter().filter(|file| !file.path.starts_with(TEST_KEYS)) {
        let text = file.text();
        let pem = text.match_indices("PRIVATE KEY-----").filter(|(place, label)| {
            let begins =
                text[..*place].rsplit('\n').next().is_some_and(|x| x.contains("-----BEGIN"));
            begins && starts_with_a_key(&text[place + label.len()..])
        });
        let jwk = text.match_indices("\"d\"").filter(|(place, name)| {
            let rest = text[place + name.len()..].trim_start();
            let value = rest.strip_prefix(':').map(str::trim_start);
            value.and_then(|value| value.strip_prefix('"')).is_some_and(starts_with_a_key)
        });
        for (place, _) in pem.chain(jwk) {
            let line = text[..place].matches('\n').count() + 1;
            let message =
                format!("is a private key: make it where it is needed, or take one of {TEST_KEYS}");
            faults.push(Fault::new(&file.path, line, message));
        }
    }
    faults
}

fn starts_with_a_key(text: &str) -> bool {
    // A line feed may be a real one or an escape in a string.
    let text = text.trim_start_matches(['\r', '\n', ' ', '\\', 'n', 'r', '"']);
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    text.bytes().take_while(|byte| is_key(byte)).count() >= KEY_CHARACTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_found_and_a_label_is_not() {
        let base64 = "QUJD".repeat(16);
        let label = concat!("-----BEGIN EC PRIVATE", " KEY-----");
        for (text, expected) in [
            (format!("{label}\n{base64}\n"), 1),
            (format!("\"{label}\\n{base64}\""), 1),
            (format!("{{\"kty\":\"EC\", \"d\": \"{base64}\"}}"), 1),
            (format!("{label}\nnot a key"), 0),
            (format!("-----BEGIN PUBLIC KEY-----\n{base64}\n"), 0),
            (format!("{{\"id\":\"{base64}\"}}"), 0),
        ] {
            let count = |path| private_keys_stay_at_home(&Repository::of(&[(path, &text)])).len();
            assert_eq!(count("tests/echo/a"), expected, "{text}");
            assert_eq!(count("tests/cases/keys/a"), 0, "{text}");
        }
    }
}
