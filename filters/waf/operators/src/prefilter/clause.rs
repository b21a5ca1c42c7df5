//! A clause: bytes and atoms one of which must occur.

use std::collections::BTreeSet;

use crate::bytes::ByteSet;

use super::frequency;

/// Clauses of a condition, at most: the seventh tells hardly more than six do.
pub const MAX_CLAUSES: usize = 6;

/// Bytes of an atom, at most: what is longer is hardly rarer, and only makes the automaton larger.
pub(super) const MAX_ATOM: usize = 8;

/// A clause that holds this often at a place of ordinary text holds for nearly every value, and says nothing.
const TOO_FREQUENT: f64 = 0.25;

/// Any of the bytes occurs, or any of the atoms, whose case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    /// The bytes.
    pub bytes: ByteSet,
    /// The atoms, in lower case and of two bytes or more.
    pub atoms: BTreeSet<Vec<u8>>,
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
                _ => {
                    clause.atoms.insert(rarest_part(text).to_ascii_lowercase());
                }
            }
        }
        clause.simplify();
        Some(clause)
    }

    /// What either asks for.
    pub(super) fn or(&self, other: &Clause) -> Clause {
        let mut clause = Clause {
            bytes: self.bytes.union(other.bytes),
            atoms: self.atoms.union(&other.atoms).cloned().collect(),
        };
        clause.simplify();
        clause
    }

    /// Drops atoms that cannot occur without another one or a byte of the clause.
    fn simplify(&mut self) {
        let bytes = self.bytes;
        let has_both_cases = |byte: &u8| {
            bytes.contains(byte.to_ascii_lowercase()) && bytes.contains(byte.to_ascii_uppercase())
        };
        self.atoms.retain(|atom| !atom.iter().any(has_both_cases));
        let contained: Vec<Vec<u8>> =
            self.atoms.iter().filter(|atom| self.has_part_of(atom)).cloned().collect();
        contained.iter().for_each(|atom| {
            self.atoms.remove(atom);
        });
    }

    /// True when another atom is within this one.
    fn has_part_of(&self, atom: &[u8]) -> bool {
        (2..atom.len()).any(|length| atom.windows(length).any(|part| self.atoms.contains(part)))
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
    let rate = |part: &&[u8]| frequency::of_text(part);
    text.windows(MAX_ATOM).min_by(|a, b| rate(a).total_cmp(&rate(b))).unwrap_or(text)
}
