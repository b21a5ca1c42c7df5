//! Header maps on the wire: a count, then the sizes of all names and values, then the texts, each ended by a NUL.

use portcullis_control::headers::{Entry, HeaderMap};

/// Bytes of a number.
const NUMBER: usize = size_of::<u32>();
/// Bytes of the two sizes of a field.
const SIZES: usize = 2 * NUMBER;

/// Reads a map as the host writes it. What does not fit the form is left out: it could not be told apart from a lie.
pub(crate) fn read(bytes: Vec<u8>) -> HeaderMap {
    let count = bytes.first_chunk().map_or(0, number);
    let mut offset = count.saturating_mul(SIZES).saturating_add(NUMBER);
    // A count that the bytes cannot hold must not become an allocation.
    let Some((sizes, _)) = bytes.get(NUMBER..offset).map(<[u8]>::as_chunks::<NUMBER>) else {
        return HeaderMap::default();
    };
    // One that does not lie in the bytes is left out by the map, as all behind it are.
    let mut entries = Vec::with_capacity(count);
    let (sizes, _) = sizes.as_chunks::<2>();
    for [name, value] in sizes {
        let name_end = offset.saturating_add(number(name));
        let value_start = name_end.saturating_add(1);
        let value_end = value_start.saturating_add(number(value));
        entries.push(Entry { name: offset..name_end, value: value_start..value_end });
        offset = value_end.saturating_add(1);
    }
    HeaderMap::over(bytes, entries)
}

/// Writes a map as the host reads it.
pub(crate) fn write<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_number(&mut bytes, pairs.clone().count());
    for (name, value) in pairs.clone() {
        push_number(&mut bytes, name.len());
        push_number(&mut bytes, value.len());
    }
    for (name, value) in pairs {
        for text in [name, value] {
            bytes.extend_from_slice(text);
            bytes.push(0);
        }
    }
    bytes
}

/// A number as the host writes it.
fn number(bytes: &[u8; NUMBER]) -> usize {
    usize::try_from(u32::from_le_bytes(*bytes)).unwrap_or(usize::MAX)
}

fn push_number(bytes: &mut Vec<u8>, number: usize) {
    // More than 4 GiB do not exist in a 32-bit memory.
    bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

/// Reads any bytes as a map; what is read lies within them, and comes back from the host as it was.
#[doc(hidden)]
pub fn fuzz_pairs(data: &[u8]) {
    let map = read(data.to_vec());
    let pairs: Vec<(&[u8], &[u8])> = map.iter().collect();
    let size: usize =
        pairs.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
    assert!(pairs.len() <= data.len() / 8 && size <= data.len());
    let again = read(write(pairs.iter().copied()));
    assert!(again.iter().eq(pairs));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_survives_the_way_to_the_host_and_back() {
        let pairs: [(&[u8], &[u8]); 3] = [(b":path", b"/"), (b"x", b""), (b"x", b"\xff\x00")];
        let map = read(write(pairs.into_iter()));
        assert_eq!(map.iter().collect::<Vec<_>>(), pairs);
        assert_eq!(read(write(std::iter::empty())).len(), 0);
    }

    #[test]
    fn a_broken_map_gives_what_is_whole() {
        let pairs: [(&[u8], &[u8]); 2] = [(b"a", b"1"), (b"b", b"2")];
        let whole = write(pairs.into_iter());
        for length in 0..whole.len() - 1 {
            assert!(read(whole.get(..length).unwrap().to_vec()).len() < 2, "{length}");
        }
        assert_eq!(read(vec![0xff; 64]).len(), 0);
    }
}
