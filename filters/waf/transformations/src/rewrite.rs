//! The shape that most transformations have: a few bytes begin what changes, and all between them is copied.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

/// Copies a value; at each of the bytes that begin something, `step` sees the rest from there on, writes what stands for
/// its beginning, and says how many bytes that was. Zero means nothing: the byte itself is copied.
pub(crate) fn rewrite<const N: usize>(
    value: &[u8],
    beginnings: [u8; N],
    mut step: impl FnMut(&[u8], &mut Vec<u8>) -> usize,
) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    // What is read, and what of that is written.
    let (mut at, mut copied) = (0_usize, 0_usize);
    while let Some(place) = value.get(at..).and_then(|rest| next(rest, beginnings)) {
        at += place;
        if out.capacity() == 0 {
            out.reserve_exact(value.len());
        }
        out.extend_from_slice(value.get(copied..at).unwrap_or_default());
        let taken = step(value.get(at..).unwrap_or_default(), &mut out);
        copied = at + taken;
        at += taken.max(1);
    }
    if out.capacity() == 0 {
        return Cow::Borrowed(value);
    }
    out.extend_from_slice(value.get(copied..).unwrap_or_default());
    changed(value, out)
}

/// Where the next of these bytes is. A dense value has it at once, so that comes before the search of a sparse one.
fn next<const N: usize>(rest: &[u8], beginnings: [u8; N]) -> Option<usize> {
    if rest.first().is_some_and(|first| beginnings.contains(first)) {
        return Some(0);
    }
    match *beginnings.as_slice() {
        [a] => memchr(a, rest),
        [a, b] => memchr2(a, b, rest),
        [a, b, c] => memchr3(a, b, c, rest),
        _ => rest.iter().position(|byte| beginnings.contains(byte)),
    }
}

/// The result, or the value if that is the same.
pub(crate) fn changed(value: &[u8], out: Vec<u8>) -> Cow<'_, [u8]> {
    if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
}
