//! The fingerprint of a certificate: what cannot be chosen, so that rules and limits may go by it.

use std::fmt;

use crate::arguments::hex_byte;
use crate::config::Node;

/// Bytes of SHA-256.
const BYTES: usize = 32;

/// SHA-256 of a certificate in DER (`x5t#S256` of RFC 8705 in other digits). Written as 64 lower-case hexadecimal ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; BYTES]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits, or pairs of them with a colon between each two, as openssl writes them.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let step = match text.len() {
            64 => 2,
            95 => 3,
            _ => return None,
        };
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks(step)) {
            *byte = hex_byte(pair)?;
            if pair.get(2).is_some_and(|end| *end != b':') {
                return None;
            }
        }
        Some(Fingerprint(bytes))
    }

    /// Reads one of a configuration.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        let found = Fingerprint::parse(node.text()?.as_bytes());
        if found.is_none() {
            node.fault("expected a SHA-256 of 64 hexadecimal digits, with colons or without");
        }
        found
    }

    /// The digest itself.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_every_tool_writes_it() {
        let plain = "00112233445566778899aabbccddeeff".repeat(2);
        let pairs: Vec<String> =
            plain.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into()).collect();
        let expected = Fingerprint::parse(plain.as_bytes()).unwrap();
        assert_eq!(expected.to_string(), plain);
        assert_eq!(expected.bytes()[..4], [0, 0x11, 0x22, 0x33]);
        for text in [plain.to_uppercase(), pairs.join(":"), pairs.join(":").to_uppercase()] {
            assert_eq!(Fingerprint::parse(text.as_bytes()), Some(expected), "{text}");
        }
        let other = [
            String::new(),
            "0".repeat(63),
            format!("{plain}0"),
            plain.replace('f', "g"),
            pairs.join("-"),
            format!("{}:", pairs.join(":")),
            pairs.join(":").replacen(':', "", 1) + ":",
            "\u{e9}".repeat(32),
            "+1".repeat(32),
        ];
        for text in other {
            assert_eq!(Fingerprint::parse(text.as_bytes()), None, "{text}");
        }
    }
}
