//! A clause: bytes and atoms one of which must occur.

use std::fmt;
use std::ops::Deref;

use crate::bytes::ByteSet;

use super::frequency;

/// Clauses of a condition, at most: the seventh tells hardly more than six do.
pub const MAX_CLAUSES: usize = 6;

/// Bytes of an atom, at most: what is longer is hardly rarer, and only makes the automaton larger.
pub(super) const MAX_ATOM: usize = 8;

/// A clause that holds this often at a place of ordinary text holds for nearly every value, and says nothing.
const TOO_FREQUENT: f64 = 0.25;

/// A text that must occur, in lower case and of two bytes or more.
///
/// It holds its bytes itself: a large pattern makes and drops thousands of them on the way to its condition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom {
    bytes: [u8; MAX_ATOM],
    length: u8,
}

impl Atom {
    /// The atom of a text that is no longer than one may be.
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; MAX_ATOM];
        bytes.iter_mut().zip(text).for_each(|(place, byte)| *place = byte.to_ascii_lowercase());
        Self { bytes, length: text.len().min(MAX_ATOM) as u8 }
    }
}

impl Deref for Atom {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// Any of the bytes occurs, or any of the atoms, whose case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// The bytes.
    pub bytes: ByteSet,
    /// The atoms, in order and each once.
    pub atoms: Vec<Atom>,
}

impl Clause {
    /// The clause that any of the texts occurs; none where one of them is empty, as that always does.
    pub(super) fn of_texts<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> Option<Self> {
        let mut clause = Clause::default();
        for text in texts {
            match text {
                [] => return None,
                [byte] => {
                    clause.bytes.insert(byte.to_ascii_lowercase());
                    clause.bytes.insert(byte.to_ascii_uppercase());
                }
                _ => clause.atoms.push(Atom::new(rarest_part(text))),
            }
        }
        clause.simplify();
        Some(clause)
    }

    /// What any of them asks for.
    pub(super) fn any<'c>(clauses: impl Iterator<Item = &'c Clause>) -> Clause {
        let mut any = Clause::default();
        for clause in clauses {
            any.bytes = any.bytes.union(clause.bytes);
            any.atoms.extend_from_slice(&clause.atoms);
        }
        any.simplify();
        any
    }

    /// Puts the atoms in order, and drops those that cannot occur without another one or a byte of the clause.
    fn simplify(&mut self) {
        let bytes = self.bytes;
        let has_both_cases = |byte: &u8| {
            bytes.contains(byte.to_ascii_lowercase()) && bytes.contains(byte.to_ascii_uppercase())
        };
        self.atoms.retain(|atom| !atom.iter().any(has_both_cases));
        self.atoms.sort_unstable();
        self.atoms.dedup();
        let mut lengths = [false; MAX_ATOM + 1];
        for atom in &self.atoms {
            if let Some(is_there) = lengths.get_mut(atom.len()) {
                *is_there = true;
            }
        }
        let is_part = |part: &[u8]| self.atoms.binary_search(&Atom::new(part)).is_ok();
        let has_part = |atom: &Atom| {
            let shorter =
                lengths.iter().take(atom.len()).enumerate().filter(|(_, is_there)| **is_there);
            shorter.into_iter().any(|(length, _)| atom.windows(length).any(is_part))
        };
        let kept: Vec<Atom> = self.atoms.iter().filter(|atom| !has_part(atom)).copied().collect();
        self.atoms = kept;
    }

    /// About how often it holds at a place of ordinary text: the rarer the better.
    pub(super) fn frequency(&self) -> f64 {
        let bytes: f64 = self.bytes.iter().map(frequency::of_byte).sum();
        bytes + self.atoms.iter().map(|atom| frequency::of_text(atom)).sum::<f64>()
    }

    /// The clauses that say something, the rarest first, and no more than there may be.
    pub(super) fn best(mut clauses: Vec<Clause>) -> Vec<Clause> {
        clauses.sort();
        clauses.dedup();
        let mut rated: Vec<(f64, Clause)> =
            clauses.into_iter().map(|clause| (clause.frequency(), clause)).collect();
        rated.retain(|(frequency, _)| *frequency < TOO_FREQUENT);
        rated.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        rated.truncate(MAX_CLAUSES);
        rated.into_iter().map(|(_, clause)| clause).collect()
    }
}

/// The part of a text, as long as an atom may be, that occurs least.
fn rarest_part(text: &[u8]) -> &[u8] {
    let rated = text.windows(MAX_ATOM).map(|part| (frequency::of_text(part), part));
    rated.min_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(text, |(_, part)| part)
}
