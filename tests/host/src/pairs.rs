//! The serialised form of header maps, with the limits that Envoy puts on what a guest hands in.

/// One header, name and value as bytes.
pub type Pair = (Vec<u8>, Vec<u8>);

/// More pairs than this from a guest count as none (proxy-wasm-cpp-host `limits.h`).
pub const MAX_PAIRS: usize = 1024;
/// More bytes than this from a guest count as no pairs (proxy-wasm-cpp-host `limits.h`).
pub const MAX_PAIRS_BYTES: usize = 1 << 20;

/// Serialises a map: the count, the lengths of each name and value, then both, each closed by a NUL.
pub fn encode(pairs: &[Pair]) -> Vec<u8> {
    let length =
        |bytes: &[u8]| u32::try_from(bytes.len()).expect("a header under 4 GiB").to_le_bytes();
    let mut out = u32::try_from(pairs.len()).expect("few pairs").to_le_bytes().to_vec();
    for (name, value) in pairs {
        out.extend(length(name));
        out.extend(length(value));
    }
    for (name, value) in pairs {
        for part in [name, value] {
            out.extend_from_slice(part);
            out.push(0);
        }
    }
    out
}

/// Reads a map as Envoy does: one that is over a limit, cut short or not closed by NULs is empty.
pub fn decode(bytes: &[u8]) -> Vec<Pair> {
    if bytes.len() > MAX_PAIRS_BYTES { Vec::new() } else { read(bytes).unwrap_or_default() }
}

fn read(bytes: &[u8]) -> Option<Vec<Pair>> {
    let word = |at: usize| {
        let raw = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(raw.try_into().ok()?) as usize)
    };
    let count = word(0)?;
    if count > MAX_PAIRS {
        return None;
    }
    let mut at = 4 + 8 * count;
    let mut part = |length: usize| {
        let end = at.checked_add(length)?;
        let found = bytes.get(at..end)?.to_vec();
        // The host tells a cut map from a whole one by the NUL that closes each part.
        if *bytes.get(end)? != 0 {
            return None;
        }
        at = end + 1;
        Some(found)
    };
    let mut pairs = Vec::with_capacity(count);
    for index in 0..count {
        let name = part(word(4 + 8 * index)?)?;
        let value = part(word(8 + 8 * index)?)?;
        pairs.push((name, value));
    }
    // Nothing may be left over.
    (at == bytes.len()).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> Vec<Pair> {
        (0..count).map(|n| (format!("x-{n}").into_bytes(), b"v".to_vec())).collect()
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let bytes = encode(&[(b"a".to_vec(), b"bc".to_vec())]);
        assert_eq!(bytes, b"\x01\0\0\0\x01\0\0\0\x02\0\0\0a\0bc\0");
        assert_eq!(decode(&bytes), [(b"a".to_vec(), b"bc".to_vec())]);
    }

    #[test]
    fn an_empty_map_and_no_bytes_at_all_are_both_empty() {
        assert_eq!(encode(&[]), b"\0\0\0\0");
        assert!(decode(b"\0\0\0\0").is_empty());
        assert!(decode(b"").is_empty());
    }

    #[test]
    fn one_pair_over_the_limit_empties_the_map() {
        assert_eq!(decode(&encode(&many(MAX_PAIRS))).len(), MAX_PAIRS);
        assert!(decode(&encode(&many(MAX_PAIRS + 1))).is_empty());
    }

    #[test]
    fn one_byte_over_the_limit_empties_the_map() {
        let overhead = encode(&[(b"a".to_vec(), Vec::new())]).len();
        let fits = vec![(b"a".to_vec(), vec![b'v'; MAX_PAIRS_BYTES - overhead])];
        assert_eq!(decode(&encode(&fits)).len(), 1);
        let over = vec![(b"a".to_vec(), vec![b'v'; MAX_PAIRS_BYTES - overhead + 1])];
        assert!(decode(&encode(&over)).is_empty());
    }

    #[test]
    fn a_map_cut_short_anywhere_is_empty() {
        let whole = encode(&many(3));
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_empty(), "cut at {end}");
        }
    }
}
