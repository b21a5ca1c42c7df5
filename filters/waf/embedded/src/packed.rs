//! A rule set's bytes in a module's file are packed: Envoy holds the bytes of a file several times, and a VM its data once
//! more before it is configured. All of CRS is unpacked in milliseconds, in VMs that run it alone.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_slice_iter_to_slice;

/// The most thorough one: it packs when a module is built.
const LEVEL: u8 = 10;

/// The length, four bytes, little-endian; and the bytes, deflated (RFC 1951). `None` where there are too many.
pub(crate) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packed = u32::try_from(bytes.len()).ok()?.to_le_bytes().to_vec();
    packed.extend(compress_to_vec(bytes, LEVEL));
    Some(packed)
}

/// What was packed, in a buffer that has its size from the beginning: one that grew would leave holes in a VM's memory.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (length, deflated) = packed.split_first_chunk()?;
    let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(*length)).ok()?];
    let written =
        decompress_slice_iter_to_slice(&mut bytes, std::iter::once(deflated), false, true).ok()?;
    (written == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        for bytes in [&b""[..], b"a", &[7; 100_000]] {
            assert_eq!(unpack(&pack(bytes).unwrap()).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn what_is_not_packed_is_refused() {
        let packed = pack(b"many words, many of them words").unwrap();
        assert_eq!(unpack(&[]), None);
        assert_eq!(unpack(&packed[..packed.len() - 1]), None, "cut");
        for wrong in [0_u8, 1, 255] {
            let mut other = packed.clone();
            other[0] = wrong;
            assert_eq!(unpack(&other), None, "a length of {wrong}");
        }
    }
}
