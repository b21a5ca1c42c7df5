//! Comparing memory eight bytes at a time: the library's own comparisons of slices call `memcmp`, and wasi-libc's goes byte by
//! byte, for ten instructions each.

use std::ptr;

/// Bytes that are compared at once.
const WORD: usize = size_of::<u64>();

/// C's `memcmp`, which the linker takes instead of wasi-libc's.
///
/// # Safety
/// As for C's: both places have `count` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    // Places of the words: each eight bytes, and the last eight, of which some may have been looked at.
    let last = count.checked_sub(WORD);
    let mut at = 0;
    while let Some(last) = last {
        // SAFETY: `at` is at most `last`, and from there on are the last `WORD` bytes of both places.
        let (one, other) = unsafe { (word(left, at), word(right, at)) };
        if one != other {
            return if one.swap_bytes() < other.swap_bytes() { -1 } else { 1 };
        }
        if at == last {
            return 0;
        }
        at = last.min(at.wrapping_add(WORD));
    }
    while at < count {
        // SAFETY: `at` is below `count`, and so many bytes has either place.
        let (one, other) = unsafe { (*left.add(at), *right.add(at)) };
        if one != other {
            return if one < other { -1 } else { 1 };
        }
        at = at.wrapping_add(1);
    }
    0
}

/// The word of this place, its first byte the lowest.
///
/// # Safety
/// There are `WORD` bytes from `at` on.
unsafe fn word(from: *const u8, at: usize) -> u64 {
    // SAFETY: the caller says that the bytes are there; they need no alignment.
    u64::from_le_bytes(unsafe { ptr::read_unaligned(from.add(at).cast()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(left: &[u8], right: &[u8]) -> i32 {
        assert_eq!(left.len(), right.len());
        // SAFETY: both have so many bytes.
        unsafe { memcmp(left.as_ptr(), right.as_ptr(), left.len()) }
    }

    #[test]
    fn the_first_byte_that_differs_tells_which_is_less() {
        let text: Vec<u8> = (0..50).map(|byte| byte * 5).collect();
        for (start, length) in (0..9).flat_map(|start| (0..=40).map(move |length| (start, length)))
        {
            let own = &text[start..start + length];
            let same = own.to_vec();
            assert_eq!(compared(own, &same), 0);
            for place in 0..length {
                for behind in place..length {
                    let mut other = own.to_vec();
                    other[place] = other[place].wrapping_add(0x81);
                    other[behind] = other[behind].wrapping_add(1);
                    let expected = if *own < other[..] { -1 } else { 1 };
                    assert_eq!(compared(own, &other), expected, "{length}, {place}, {behind}");
                    assert_eq!(compared(&other, own), -expected);
                }
            }
        }
    }
}
