//! Changes to inputs. JSON stays JSON mostly, a token stays three parts, a PEM stays a PEM: noise alone would never get
//! past the first check of a parser.

mod json;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fastrand::Rng;

/// Inputs grow up to here; a target with a bound above it tests that bound itself.
pub const MAX_INPUT_BYTES: usize = 16 * 1024;

/// Changes made to one input, at most.
const MAX_CHANGES: usize = 6;

/// Text that parsers trip over, whatever they parse.
const WORDS: [&[u8]; 36] = [
    b"..",
    b".",
    b"//",
    b"\\",
    b"%2e",
    b"%2F",
    b"%00",
    b"%",
    b"%zz",
    b"?",
    b"#",
    b"*",
    b";",
    b",",
    b" ",
    b"\t",
    b"\r\n",
    b"\0",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"\"",
    b"{}",
    b"[]",
    b"null",
    b"-0",
    b"1e999",
    b"9007199254740993",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"$(jwt.",
    b"\\u0000",
    b"\\ud800",
    b"://",
    b"[::ffff:1.2.3.4]:0",
];

/// Makes inputs of inputs.
#[derive(Clone, Debug)]
pub struct Mutator {
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// One that also uses the words of the seeds.
    #[must_use]
    pub fn new(seeds: &[Vec<u8>]) -> Self {
        let mut words: Vec<Vec<u8>> = WORDS.iter().map(|word| word.to_vec()).collect();
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_$".contains(byte);
        for seed in seeds {
            let found = seed.split(|byte| !is_word(byte));
            words.extend(found.filter(|word| (2..=40).contains(&word.len())).map(<[u8]>::to_vec));
        }
        words.sort();
        words.dedup();
        Mutator { words }
    }

    fn word(&self, rng: &mut Rng) -> &[u8] {
        &self.words[rng.usize(..self.words.len())]
    }

    /// A changed copy of `base`, perhaps with parts of `other`.
    #[must_use]
    pub fn mutate(&self, rng: &mut Rng, base: &[u8], other: &[u8]) -> Vec<u8> {
        let mut input = base.to_vec();
        for _ in 0..rng.usize(1..=MAX_CHANGES) {
            input = self.change(rng, &input, other);
        }
        input.truncate(MAX_INPUT_BYTES);
        input
    }

    fn change(&self, rng: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
        // One in five is noise whatever the format.
        let known = if rng.u8(..5) == 0 { None } else { self.change_format(rng, input, other) };
        known.unwrap_or_else(|| self.change_bytes(rng, input, other))
    }

    fn change_format(&self, rng: &mut Rng, input: &[u8], other: &[u8]) -> Option<Vec<u8>> {
        if matches!(input.first(), Some(b'{' | b'[')) {
            let mut value = serde_json::from_slice(input).ok()?;
            let other = serde_json::from_slice(other).unwrap_or_default();
            json::change(rng, &mut value, &other, &self.words);
            return Some(value.to_string().into_bytes());
        }
        if input.starts_with(b"-----BEGIN ") {
            return self.change_pem(rng, input, other);
        }
        if input.starts_with(b"eyJ") {
            return self.change_token(rng, input, other);
        }
        None
    }

    /// One of the three parts of a token, on the level of its content.
    fn change_token(&self, rng: &mut Rng, input: &[u8], other: &[u8]) -> Option<Vec<u8>> {
        let mut parts: Vec<Vec<u8>> =
            input.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect();
        let index = rng.usize(..parts.len());
        let content = URL_SAFE_NO_PAD.decode(&parts[index]).ok()?;
        let changed = self.change_format(rng, &content, b"{\"alg\":\"none\",\"kid\":null}");
        let changed = changed.unwrap_or_else(|| self.change_bytes(rng, &content, other));
        parts[index] = URL_SAFE_NO_PAD.encode(changed).into_bytes();
        Some(parts.join(&b'.'))
    }

    /// The DER inside.
    fn change_pem(&self, rng: &mut Rng, input: &[u8], other: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(input).ok()?;
        let (head, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, tail) = rest.split_once("-----END")?;
        let body: String = body.split_whitespace().collect();
        let der = self.change_bytes(rng, &STANDARD.decode(body).ok()?, other);
        let body = STANDARD.encode(der);
        Some(format!("-----BEGIN {head}-----\n{body}\n-----END{tail}").into_bytes())
    }

    fn change_bytes(&self, rng: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        let start = rng.usize(..=bytes.len());
        let longest = 1 + rng.usize(..32);
        let end = rng.usize(start..=bytes.len().min(start + longest));
        match rng.u8(..9) {
            0 => {
                bytes.splice(start..end, []);
            }
            1 => {
                bytes.splice(start..end, self.word(rng).to_vec());
            }
            2 => {
                bytes.splice(start..start, self.word(rng).to_vec());
            }
            3 => {
                let copy = bytes[start..end].repeat(rng.usize(1..=8));
                bytes.splice(start..start, copy);
            }
            4 => {
                let from = rng.usize(..=other.len());
                let to = rng.usize(from..=other.len().min(from + 64));
                bytes.splice(start..end, other[from..to].to_vec());
            }
            5 => bytes.truncate(start),
            6 if start < bytes.len() => bytes[start] ^= 1 << rng.u8(..8),
            7 if start < bytes.len() => bytes[start] = rng.u8(..),
            _ => bytes.insert(start, rng.u8(..)),
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of many changed copies still have the form of the seed.
    fn kept(seed: &[u8], keeps: impl Fn(&[u8]) -> bool) -> usize {
        let (mutator, mut rng) = (Mutator::new(&[seed.to_vec()]), Rng::with_seed(1));
        let copies = (0..1_000).map(|_| mutator.mutate(&mut rng, seed, seed));
        copies.filter(|copy| copy != seed && keeps(copy)).count()
    }

    #[test]
    fn most_changes_keep_a_format() {
        let json = br#"{"a": [1, {"b": "c"}], "d": null}"#;
        assert!(kept(json, |copy| serde_json::from_slice::<serde_json::Value>(copy).is_ok()) > 400);
        let token = b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.AAAA";
        let decodes = |copy: &[u8]| {
            let mut parts = copy.split(|byte| *byte == b'.');
            parts.clone().count() == 3 && parts.all(|part| URL_SAFE_NO_PAD.decode(part).is_ok())
        };
        assert!(kept(token, decodes) > 300);
        let pem = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert!(kept(pem, |copy| copy.starts_with(b"-----BEGIN PUBLIC KEY-----\n")) > 300);
    }

    #[test]
    fn inputs_stay_within_their_bound() {
        let seed = vec![b'a'; MAX_INPUT_BYTES];
        assert_eq!(kept(&seed, |copy| copy.len() > MAX_INPUT_BYTES), 0);
    }
}
