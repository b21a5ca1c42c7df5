//! From conditions to tables. This runs where rules are compiled, not where they are asked.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::automaton::Trie;

use super::clause::Clause;
use super::condition::Condition;
use super::tables::VERSION;

/// Conditions of one set of tables, and clauses of them all: numbers of two bytes.
const MAX_CONDITIONS: usize = 16 * 1024;

/// More conditions, or more of them, than tables hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyConditions;

impl fmt::Display for TooManyConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected at most {MAX_CONDITIONS} conditions")
    }
}

impl std::error::Error for TooManyConditions {}

/// The tables of the conditions, for [`Tables::new`](super::Tables::new): a string of bytes, all numbers little-endian.
pub fn build(conditions: &[Condition]) -> Result<Vec<u8>, TooManyConditions> {
    if conditions.len() > MAX_CONDITIONS {
        return Err(TooManyConditions);
    }
    // Equal clauses are one.
    let mut numbers: BTreeMap<&Clause, usize> = BTreeMap::new();
    for clause in conditions.iter().flat_map(Condition::clauses) {
        let next = numbers.len();
        numbers.entry(clause).or_insert(next);
    }
    if numbers.len() > usize::from(u16::MAX) {
        return Err(TooManyConditions);
    }
    let words = numbers.len().div_ceil(64);
    let mut out = Output::default();

    // For each byte, the clauses that it meets; bytes that meet the same share a row.
    let mut rows: Vec<Vec<u64>> = Vec::new();
    let mut row_of = Vec::with_capacity(256);
    for byte in 0..=u8::MAX {
        let mut row = vec![0_u64; words];
        for number in numbers
            .iter()
            .filter(|(clause, _)| clause.bytes.contains(byte))
            .map(|(_, number)| number)
        {
            if let Some(word) = row.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
        let at = rows.iter().position(|other| *other == row).unwrap_or_else(|| {
            rows.push(row);
            rows.len() - 1
        });
        // There are no more rows than bytes.
        row_of.push(at as u8);
    }

    // For each state of the automaton that ends an atom, the clauses of all atoms that end there.
    let mut atoms: BTreeMap<&[u8], Vec<u16>> = BTreeMap::new();
    for (clause, number) in &numbers {
        clause.atoms.iter().for_each(|atom| atoms.entry(atom).or_default().push(*number as u16));
    }
    let clauses_of: Vec<&Vec<u16>> = atoms.values().collect();
    let texts: Vec<&[u8]> = atoms.keys().copied().collect();
    let mut lists: Vec<Vec<u16>> = vec![Vec::new()];
    let mut known: HashMap<Vec<u16>, u32> = HashMap::new();
    let trie = Trie::new(&texts).map_err(|_| TooManyConditions)?;
    let automaton = trie.finish(|ends, inherited| {
        let mut list = lists.get(inherited as usize).cloned().unwrap_or_default();
        for end in ends {
            list.extend(
                clauses_of.get(*end as usize).into_iter().flat_map(|clauses| clauses.iter()),
            );
        }
        list.sort_unstable();
        list.dedup();
        *known.entry(list).or_insert_with_key(|list| {
            lists.push(list.clone());
            lists.len() as u32 - 1
        })
    });

    // Each condition stands with its rarest clause: only where that holds the others are looked at.
    let mut first_of: Vec<Vec<u16>> = vec![Vec::new(); numbers.len()];
    let mut always = vec![0_u64; conditions.len().div_ceil(64)];
    for (index, condition) in conditions.iter().enumerate() {
        let mut clauses =
            condition.clauses().iter().filter_map(|clause| numbers.get(clause).copied());
        match clauses.next().and_then(|first| first_of.get_mut(first)) {
            Some(entries) => {
                let others: Vec<u16> = clauses.map(|number| number as u16).collect();
                entries.push(index as u16);
                entries.push(others.len() as u16);
                entries.extend(others);
            }
            None => {
                if let Some(word) = always.get_mut(index / 64) {
                    *word |= 1 << (index % 64);
                }
            }
        }
    }

    let counts = [
        VERSION,
        conditions.len() as u32,
        numbers.len() as u32,
        rows.len() as u32,
        lists.len() as u32,
        lists.iter().map(Vec::len).sum::<usize>() as u32,
        first_of.iter().map(Vec::len).sum::<usize>() as u32,
        automaton.len() as u32,
    ];
    out.extend(counts.into_iter().map(u32::to_le_bytes));
    out.extend(row_of.into_iter().map(|row| [row]));
    out.extend(rows.into_iter().flatten().map(u64::to_le_bytes));
    out.extend(always.into_iter().map(u64::to_le_bytes));
    out.lists(&lists);
    out.lists(&first_of);
    out.0.extend(automaton);
    Ok(out.0)
}

#[derive(Default)]
struct Output(Vec<u8>);

impl Output {
    fn extend<const N: usize>(&mut self, words: impl Iterator<Item = [u8; N]>) {
        words.for_each(|word| self.0.extend_from_slice(&word));
    }

    /// Where each list ends, and the lists.
    fn lists(&mut self, lists: &[Vec<u16>]) {
        let mut end = 0_u32;
        self.extend(lists.iter().map(|list| {
            end += list.len() as u32;
            end.to_le_bytes()
        }));
        self.extend(lists.iter().flatten().map(|item| item.to_le_bytes()));
    }
}
