//! Many phrases looked for at once, without regard to ASCII case, in a table that needs no loading.
//!
//! Aho and Corasick's automaton as a double array, every word of it at a fixed place of one string of bytes: it can be
//! built where rules are compiled and searched where they run. The first two bytes of a phrase are found in one square
//! table, as ordinary text hardly ever gets further; states deeper than that have a slot each.
//!
//! The string of bytes, all numbers little-endian: `HEADER` bytes of counts; a class for each byte; what one-byte
//! phrases put out, by class; the square of classes, with the state after two bytes; the slots.

mod build;

#[cfg(test)]
mod tests;

pub use build::{MAX_BYTES, TooManyPhrases, Trie};

use std::borrow::Cow;
use std::ops::ControlFlow;

/// Version, number of classes, whether a phrase has one byte, number of slots.
const HEADER: usize = 16;

/// What other layouts than this one begin otherwise with.
const VERSION: u32 = u32::from_le_bytes(*b"ac01");

/// Bytes of a slot: where its children are and of which class it is, the state to fall back to, what it puts out.
const SLOT: usize = 12;

/// The class of a slot that no state has.
const VACANT: u32 = 0xff;

/// Below it the state is the root or one byte deep, and the square table says how to go on.
const SHALLOW: u32 = 0;

/// An automaton over its table.
#[derive(Clone, Debug)]
pub struct Automaton {
    table: Cow<'static, [u8]>,
    classes: usize,
    has_single_bytes: bool,
}

/// The sections of a table.
struct Sections<'t> {
    class_of: &'t [u8; 256],
    singles: &'t [[u8; 4]],
    square: &'t [[u8; 4]],
    slots: &'t [[u8; SLOT]],
}

impl Automaton {
    /// An automaton over a table that [`Trie::finish`] made; none where the bytes are no such table.
    #[must_use]
    pub fn new(table: impl Into<Cow<'static, [u8]>>) -> Option<Self> {
        let table = table.into();
        let mut header =
            table.get(..HEADER)?.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        let (version, classes) = (header.next()?, usize::try_from(header.next()?).ok()?);
        let (has_single_bytes, slots) =
            (header.next()? != 0, usize::try_from(header.next()?).ok()?);
        let size = size(classes, slots)?;
        if version != VERSION || table.len() != size {
            return None;
        }
        Some(Self { table, classes, has_single_bytes })
    }

    /// Its table.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.table
    }

    /// Goes through a value, and says what each state that puts something out does, with the offset behind it.
    pub fn scan<B>(
        &self,
        value: &[u8],
        mut found: impl FnMut(usize, u32) -> ControlFlow<B>,
    ) -> Option<B> {
        let sections = self.sections()?;
        let width = self.classes;
        if self.has_single_bytes {
            scan::<true, B>(&sections, width, value, &mut found)
        } else {
            scan::<false, B>(&sections, width, value, &mut found)
        }
    }

    fn sections(&self) -> Option<Sections<'_>> {
        let (class_of, rest) = self.table.get(HEADER..)?.split_first_chunk::<256>()?;
        let (singles, rest) = rest.split_at_checked(4 * self.classes)?;
        let (square, slots) = rest.split_at_checked(4 * self.classes * self.classes)?;
        Some(Sections {
            class_of,
            singles: singles.as_chunks().0,
            square: square.as_chunks().0,
            slots: slots.as_chunks().0,
        })
    }
}

fn size(classes: usize, slots: usize) -> Option<usize> {
    let words = classes.checked_mul(classes)?.checked_add(classes)?.checked_mul(4)?;
    slots.checked_mul(SLOT)?.checked_add(words)?.checked_add(HEADER + 256)
}

fn scan<const SINGLES: bool, B>(
    sections: &Sections<'_>,
    width: usize,
    value: &[u8],
    found: &mut impl FnMut(usize, u32) -> ControlFlow<B>,
) -> Option<B> {
    let word =
        |table: &[[u8; 4]], at: usize| table.get(at).map_or(0, |word| u32::from_le_bytes(*word));
    let (mut state, mut before) = (SHALLOW, 0_usize);
    for (at, &byte) in value.iter().enumerate() {
        let class = sections.class_of.get(usize::from(byte)).copied().map_or(0, usize::from);
        // What the state that is reached puts out.
        let mut out = 0;
        loop {
            if state == SHALLOW {
                state = word(sections.square, before * width + class);
                if state != SHALLOW {
                    out = sections.slots.get(state as usize).map_or(0, |slot| Slot::out(*slot));
                } else if SINGLES {
                    out = word(sections.singles, class);
                }
                break;
            }
            let Some(slot) = sections.slots.get(state as usize) else { break };
            let child = Slot::children(*slot) + class as u32;
            match sections.slots.get(child as usize) {
                Some(slot) if Slot::class(*slot) == class as u32 => {
                    state = child;
                    out = Slot::out(*slot);
                    break;
                }
                _ => state = Slot::fallback(*slot),
            }
        }
        before = class;
        if out != 0
            && let ControlFlow::Break(result) = found(at + 1, out)
        {
            return Some(result);
        }
    }
    None
}

/// How the twelve bytes of a slot are read and written.
struct Slot;

impl Slot {
    fn word(slot: [u8; SLOT], index: usize) -> u32 {
        slot.as_chunks().0.get(index).map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// The slot from which its children are counted by their class.
    fn children(slot: [u8; SLOT]) -> u32 {
        Self::word(slot, 0) >> 8
    }

    fn class(slot: [u8; SLOT]) -> u32 {
        Self::word(slot, 0) & 0xff
    }

    fn fallback(slot: [u8; SLOT]) -> u32 {
        Self::word(slot, 1)
    }

    fn out(slot: [u8; SLOT]) -> u32 {
        Self::word(slot, 2)
    }

    fn encode(children: u32, class: u32, fallback: u32, out: u32) -> [u8; SLOT] {
        let mut slot = [0; SLOT];
        for (bytes, word) in
            slot.as_chunks_mut().0.iter_mut().zip([children << 8 | class, fallback, out])
        {
            *bytes = u32::to_le_bytes(word);
        }
        slot
    }
}
