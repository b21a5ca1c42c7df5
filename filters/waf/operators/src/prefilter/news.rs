//! What a text has that another one has not, of which is known what occurs in it.
//!
//! Transformations change a few bytes of a long text and leave the rest: what lies in the rest was found before.

#[cfg(test)]
mod tests;

use std::ops::Range;

use memchr::memmem;

use super::clause::MAX_ATOM;

/// Bytes before a change that an atom with the changed byte in it has, at most, and bytes behind.
const REACH: usize = MAX_ATOM - 1;

/// Bytes that have to be the same behind a change. Other places than the right one have them too; there is then more that
/// is new.
const SAME: usize = 8;

/// Bytes of most changes, at most: an escape, a few blanks.
const NEAR: usize = 16;

/// Bytes that a change takes out, at most, and those that have to be the same behind one that takes so many: what comes
/// out of a directory again goes far, and a few bytes are the same anywhere.
const FAR: usize = 1024;
const SAME_FAR: usize = 24;

/// Bytes of which a quarter has to be known: to compare costs as much as to look at so many.
const TRIAL: usize = 512;

/// Says which parts of `text` hold all that occurs in it and may not occur in `old`: whatever has at most [`MAX_ATOM`]
/// bytes is in one of the parts or, but for the case of its letters, in `old`.
pub(super) fn news(text: &[u8], old: &[u8], mut tell: impl FnMut(Range<usize>)) {
    // Where both are, and from where on it is not known what occurs.
    let (mut at, mut there, mut from) = (0, 0, 0);
    let (mut told, mut leap) = (0, SAME);
    while at < text.len() {
        let same = common(rest(text, at), rest(old, there));
        let (start, end) = (at, at + same);
        if same > 2 * REACH || end == text.len() {
            if from < start {
                let until = (start + REACH).min(end);
                told += until - from;
                tell(from..until);
            }
            from = end.saturating_sub(REACH);
        }
        (at, there) = (end, there + same);
        if at == text.len() {
            return;
        }
        if at > TRIAL && told + (at - from) > at / 4 * 3 {
            break;
        }
        match change(rest(text, at), rest(old, there)) {
            Some((added, taken)) => (at, there, leap) = (at + added, there + taken, SAME),
            // Each time it is less likely that there is something in common, and has to cost less.
            None => (at, leap) = (at.saturating_add(leap), leap.saturating_mul(2)),
        }
    }
    if from < text.len() {
        tell(from..text.len());
    }
}

fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// How many bytes both begin with, in whatever case.
fn common(one: &[u8], other: &[u8]) -> usize {
    let eights = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let same = 8 * eights.take_while(|(a, b)| a == b || a.eq_ignore_ascii_case(*b)).count();
    let bytes = rest(one, same).iter().zip(rest(other, same));
    same + bytes.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// Bytes that are new where two texts differ, and those of the old one in whose place they are; the smallest change
/// behind which both go on alike.
fn change(text: &[u8], old: &[u8]) -> Option<(usize, usize)> {
    let behind = |text: &[u8], at: usize| {
        let bytes = text.get(at..)?.first_chunk::<SAME>()?;
        // Both cases of a letter differ in this bit; that other bytes do so too costs little.
        Some(u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020)
    };
    let (kept, replaced, same) = (behind(text, 0)?, behind(text, 1), behind(old, 0));
    let near = (1..=NEAR).find_map(|size| {
        let next = behind(old, size);
        if next == Some(kept) {
            Some((0, size))
        } else if next.is_some() && next == replaced {
            Some((1, size))
        } else if same.is_some() && behind(text, size) == same {
            Some((size, 0))
        } else {
            None
        }
    });
    near.or_else(|| {
        let kept = text.get(..SAME_FAR)?;
        Some((0, memmem::find(old.get(..FAR).unwrap_or(old), kept)?))
    })
}
