//! The heads that look at a list of values, and which of them a value may make match by the conditions that it meets.

use std::rc::Rc;

use super::HeadId;
use crate::bits::set;

/// The conditions that a value meets, a bit each; none where nobody looked.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// In the forms that are like the value.
    pub(crate) plain: Vec<u64>,
    /// In those that a transformation made anew, of every value.
    pub(crate) remade: Vec<u64>,
}

/// The heads that look at a list.
#[derive(Debug, Default)]
pub(super) struct OfList {
    /// All of them, a bit each.
    pub(super) all: Vec<u64>,
    /// Those without a condition: any value may make them match.
    pub(super) any: Vec<Entry>,
    /// Those with one.
    pub(super) guarded: Guarded,
    /// Those of them that look at what a transformation makes anew of every value.
    pub(super) remade: Guarded,
}

/// Heads by their conditions.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    pub(super) entries: Vec<(u16, Entry)>,
    /// Their conditions, a bit each.
    conditions: Vec<u64>,
    /// How many conditions are in the words before each.
    ranks: Vec<u32>,
    /// Where the heads of each condition begin, in order.
    starts: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) head: HeadId,
    /// The name of the values that it looks at, in lower case, if it is one.
    pub(super) name: Option<Rc<[u8]>>,
}

impl OfList {
    /// Keeps the heads that are still there.
    pub(super) fn retain(&mut self, is_live: &impl Fn(HeadId) -> bool) {
        self.any.retain(|entry| is_live(entry.head));
        for guarded in [&mut self.guarded, &mut self.remade] {
            guarded.entries.retain(|(_, entry)| is_live(entry.head));
        }
        self.all.clear();
        let guarded = self.guarded.entries.iter().chain(&self.remade.entries);
        for entry in guarded.map(|(_, entry)| entry).chain(&self.any) {
            set(&mut self.all, entry.head.into());
        }
    }

    /// Makes the tables anew.
    pub(super) fn finish(&mut self) {
        self.guarded.finish();
        self.remade.finish();
    }
}

impl Guarded {
    fn finish(&mut self) {
        self.conditions.clear();
        self.ranks.clear();
        self.starts.clear();
        self.entries.sort_by_key(|(condition, _)| *condition);
        let mut last = None;
        for (start, (condition, _)) in (0..).zip(&self.entries) {
            if last.replace(condition) != Some(condition) {
                set(&mut self.conditions, usize::from(*condition));
                self.starts.push(start);
            }
        }
        let mut rank = 0;
        self.ranks.extend(self.conditions.iter().map(|word| {
            let before = rank;
            rank = before + word.count_ones();
            before
        }));
    }

    /// Goes through the heads whose conditions are among those that are met; through all where nobody looked.
    pub(super) fn for_each_met(&self, met: &[u64], mut each: impl FnMut(&Entry)) {
        if met.is_empty() {
            self.entries.iter().for_each(|(_, entry)| each(entry));
            return;
        }
        for ((own, met), rank) in self.conditions.iter().zip(met).zip(&self.ranks) {
            let mut left = own & met;
            while left != 0 {
                let before = own & (left & left.wrapping_neg()).wrapping_sub(1);
                let place = rank.saturating_add(before.count_ones()) as usize;
                left &= left.wrapping_sub(1);
                let start = self.starts.get(place).map_or(0, |start| *start as usize);
                let end = self.starts.get(place.saturating_add(1));
                let end = end.map_or(self.entries.len(), |end| *end as usize);
                let entries = self.entries.get(start..end).unwrap_or_default();
                entries.iter().for_each(|(_, entry)| each(entry));
            }
        }
    }
}
