//! The tables of all conditions, and the pass over a value.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::{ControlFlow, Range};

use crate::automaton::Automaton;
use crate::bytes::ByteSet;

use super::news::news;

/// What other layouts than this one begin otherwise with.
pub(super) const VERSION: u32 = u32::from_le_bytes(*b"pf01");

/// Bytes of the counts that the tables begin with.
const HEADER: usize = 32;

/// What a set of conditions asks of a value, in a form that is searched where it lies.
#[derive(Clone, Debug)]
pub struct Tables {
    table: Cow<'static, [u8]>,
    automaton: Automaton,
    conditions: usize,
    clauses: usize,
    rows: Range<usize>,
    always: Range<usize>,
    list_ends: Range<usize>,
    lists: Range<usize>,
    first_ends: Range<usize>,
    firsts: Range<usize>,
    /// The clauses with which a condition stands, a bit each.
    leading: Vec<u64>,
}

/// What one pass works with; kept from value to value, so that nothing is made anew.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The clauses that hold, a bit each.
    held: Vec<u64>,
    /// Those of them that hold because an atom occurs.
    by_atoms: Vec<u64>,
    /// The lists of clauses that were gone through, a bit each: an atom of ordinary text occurs again and again.
    done: Vec<u64>,
    /// The conditions that are met, a bit each.
    met: Vec<u64>,
    bytes: ByteSet,
}

impl Scan {
    /// The conditions that the last value meets: bit `n % 64` of word `n / 64` is that of the nth.
    #[must_use]
    pub fn survivors(&self) -> &[u64] {
        &self.met
    }

    /// True when the last value meets the nth condition.
    #[must_use]
    pub fn survives(&self, condition: usize) -> bool {
        has(&self.met, condition)
    }

    /// What occurs in the last value, for others that are [`Like`] it.
    #[must_use]
    pub fn atoms(&self) -> &[u64] {
        &self.by_atoms
    }

    /// The bytes that the last value has.
    #[must_use]
    pub fn bytes(&self) -> &ByteSet {
        &self.bytes
    }
}

/// A value that was gone through before, of which another one was made, and what occurs in it.
#[derive(Clone, Copy, Debug)]
pub struct Like<'v> {
    /// The value.
    pub text: &'v [u8],
    /// [`Scan::atoms`] behind it.
    pub atoms: &'v [u64],
}

fn has(bits: &[u64], bit: usize) -> bool {
    bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
}

fn set(bits: &mut [u64], bit: usize) {
    if let Some(word) = bits.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

/// Cuts a table into its sections.
struct Cut(usize);

impl Cut {
    fn next(&mut self, count: usize, size: usize) -> Option<Range<usize>> {
        let start = self.0;
        self.0 = start.checked_add(count.checked_mul(size)?)?;
        Some(start..self.0)
    }
}

impl Tables {
    /// Tables that [`build`](super::build) made; none where the bytes are no such tables.
    #[must_use]
    pub fn new(table: impl Into<Cow<'static, [u8]>>) -> Option<Self> {
        let table = table.into();
        let mut counts =
            table.get(..HEADER)?.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        if counts.next()? != VERSION {
            return None;
        }
        let mut count = || usize::try_from(counts.next()?).ok();
        let (conditions, clauses, rows, lists) = (count()?, count()?, count()?, count()?);
        let (list_items, first_items, automaton) = (count()?, count()?, count()?);
        let mut cut = Cut(HEADER + 256);
        let mut of_bytes = table.get(HEADER..)?.first_chunk::<256>()?.iter();
        if of_bytes.any(|row| usize::from(*row) >= rows) {
            return None;
        }
        let rows = cut.next(rows.checked_mul(clauses.div_ceil(64))?, 8)?;
        let always = cut.next(conditions.div_ceil(64), 8)?;
        let (list_ends, lists) = (cut.next(lists, 4)?, cut.next(list_items, 2)?);
        let (first_ends, firsts) = (cut.next(clauses, 4)?, cut.next(first_items, 2)?);
        let automaton = cut.next(automaton, 1)?;
        if cut.0 != table.len() {
            return None;
        }
        let automaton = match &table {
            Cow::Borrowed(table) => Automaton::new(table.get(automaton)?),
            Cow::Owned(table) => Automaton::new(table.get(automaton)?.to_vec()),
        }?;
        let mut tables = Self {
            table,
            automaton,
            conditions,
            clauses,
            rows,
            always,
            list_ends,
            lists,
            first_ends,
            firsts,
            leading: Vec::new(),
        };
        let mut leading = vec![0; clauses.div_ceil(64)];
        let (ends, firsts) = (tables.words(&tables.first_ends), tables.words(&tables.firsts));
        for clause in (0..clauses).filter(|clause| !list_at(ends, firsts, *clause).is_empty()) {
            set(&mut leading, clause);
        }
        tables.leading = leading;
        Some(tables)
    }

    /// How many conditions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.conditions
    }

    /// True when there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions == 0
    }

    fn words<const N: usize>(&self, section: &Range<usize>) -> &[[u8; N]] {
        self.table.get(section.clone()).unwrap_or_default().as_chunks().0
    }

    /// Goes through a value, and leaves in the scan which conditions it meets. `bytes` are those that occur in it, where
    /// somebody knows them already. Of a value that is `like` another one only what is new is gone through; it meets all
    /// conditions that it would meet alone, and perhaps others that only what was taken out of it meets.
    pub fn scan(
        &self,
        value: &[u8],
        bytes: Option<ByteSet>,
        like: Option<Like<'_>>,
        scan: &mut Scan,
    ) {
        scan.bytes = bytes.unwrap_or_else(|| ByteSet::of(value));
        let width = self.clauses.div_ceil(64);
        scan.by_atoms.clear();
        scan.done.clear();
        scan.done.resize(self.words::<4>(&self.list_ends).len().div_ceil(64), 0);
        match like {
            Some(like) => {
                scan.by_atoms.extend_from_slice(like.atoms);
                scan.by_atoms.resize(width, 0);
                news(value, like.text, |part| {
                    self.hold_by_atoms(value.get(part).unwrap_or_default(), scan);
                });
            }
            None => {
                scan.by_atoms.resize(width, 0);
                self.hold_by_atoms(value, scan);
            }
        }
        scan.held.clone_from(&scan.by_atoms);
        self.hold_by_bytes(scan);
        self.meet(scan);
    }

    /// Adds the clauses that hold because a byte of a class occurs, one row after the other for all that occur.
    fn hold_by_bytes(&self, scan: &mut Scan) {
        let width = scan.held.len();
        let (of_bytes, rows) = (self.row_of_bytes(), self.words::<8>(&self.rows));
        // Many bytes have the same row: there are fewer rows than bits here.
        let mut done = [0_u64; 4];
        for byte in scan.bytes.iter() {
            let row = usize::from(of_bytes.get(usize::from(byte)).copied().unwrap_or_default());
            if has(&done, row) {
                continue;
            }
            set(&mut done, row);
            let words = rows.get(row * width..).unwrap_or_default();
            scan.held
                .iter_mut()
                .zip(words)
                .for_each(|(held, word)| *held |= u64::from_le_bytes(*word));
        }
    }

    /// The row of each byte.
    fn row_of_bytes(&self) -> &[u8] {
        self.table.get(HEADER..HEADER + 256).unwrap_or_default()
    }

    fn hold_by_atoms(&self, value: &[u8], scan: &mut Scan) {
        let (ends, lists) = (self.words::<4>(&self.list_ends), self.words::<2>(&self.lists));
        let Scan { by_atoms, done, .. } = scan;
        let _: Option<Infallible> = self.automaton.scan(value, |_, list| {
            let list = list as usize;
            if !has(done, list) {
                set(done, list);
                list_at(ends, lists, list).iter().for_each(|item| set(by_atoms, number(item)));
            }
            ControlFlow::Continue(())
        });
    }

    fn meet(&self, scan: &mut Scan) {
        let Scan { held, met, .. } = scan;
        met.clear();
        met.extend(self.words::<8>(&self.always).iter().map(|word| u64::from_le_bytes(*word)));
        let (ends, firsts) = (self.words::<4>(&self.first_ends), self.words::<2>(&self.firsts));
        for (index, (word, leading)) in held.iter().zip(&self.leading).enumerate() {
            let mut word = word & leading;
            while word != 0 {
                let clause = index * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                let mut entries = list_at(ends, firsts, clause);
                while let [condition, count, rest @ ..] = entries {
                    let (others, behind) =
                        rest.split_at_checked(number(count)).unwrap_or((rest, &[]));
                    if others.iter().all(|clause| has(held, number(clause))) {
                        set(met, number(condition));
                    }
                    entries = behind;
                }
            }
        }
    }
}

fn number(item: &[u8; 2]) -> usize {
    usize::from(u16::from_le_bytes(*item))
}

fn list_at<'t>(ends: &[[u8; 4]], items: &'t [[u8; 2]], at: usize) -> &'t [[u8; 2]] {
    let end = |at: usize| ends.get(at).map_or(0, |end| u32::from_le_bytes(*end) as usize);
    let start = at.checked_sub(1).map_or(0, end);
    items.get(start..end(at)).unwrap_or_default()
}
