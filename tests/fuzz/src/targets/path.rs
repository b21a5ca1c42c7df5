//! Paths: whatever a client's spelling, the one that routes see is that of the backend.

use portcullis_control::path::{MAX_PATH_BYTES, Path, fuzz_path};

/// Runs the parser's own entry, then spells the path otherwise.
pub(super) fn run(data: &[u8]) -> u64 {
    fuzz_path(data);
    let path = Path::parse(data);
    let normalised = path.normalised();
    if normalised.first() == Some(&b'/') && !path.is_ambiguous() {
        let other = respell(normalised, super::shown(data));
        if other.len() <= MAX_PATH_BYTES {
            let again = Path::parse(&other);
            let spelt = String::from_utf8_lossy(&other);
            assert_eq!(again.normalised(), normalised, "spelt as {spelt}");
            assert!(!again.is_ambiguous(), "spelt as {spelt}");
        }
    }
    super::shown((path.is_ambiguous(), normalised.len().min(8), path.query().is_some()))
}

/// The same path as somebody could write it who does not want to be recognised.
pub(super) fn respell(normalised: &[u8], mut choice: u64) -> Vec<u8> {
    let mut spelt = Vec::new();
    let mut escape = 0;
    for byte in normalised {
        // A generator of 64 bits (PCG's multiplier): the same input always gets the same spelling.
        choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let way = choice >> 60;
        if *byte == b'%' {
            escape = 3;
        }
        if escape > 0 {
            escape -= 1;
            spelt.push(if way < 8 { byte.to_ascii_lowercase() } else { *byte });
            continue;
        }
        match (byte, way) {
            (b'/', 0) => spelt.extend(b"//"),
            (b'/', 1) => spelt.extend(b"/./"),
            (b'/', 2) => spelt.extend(b"/x/../"),
            (b'/', 3) => spelt.push(b'\\'),
            (b'/', 4) => spelt.extend(b"/%2e/"),
            (b'/', 5) => spelt.extend(b"/x/%2E./"),
            (b'/', _) => spelt.push(b'/'),
            (_, 0..8) if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => {
                let digits = if way < 4 { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
                spelt.extend(digits.bytes());
            }
            _ => spelt.push(*byte),
        }
    }
    spelt
}
