//! A glance: which lists have a value that meets a condition in some form or other. It says of most rules that they can't
//! match, before any of their views is looked at.

use super::ItemId;
use crate::program::{List, SetId};

/// What was seen of the values so far. Values that are no longer in their list still count.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// By condition: the lists that have a value which meets it, a bit each.
    met: Vec<u128>,
    /// The same before anything was known of a request, and how many sets were familiar then.
    blank: Vec<u128>,
    blank_of: Option<u32>,
    /// By form: the lists that it was counted for.
    counted: Vec<u128>,
    /// Values that came into a list since, and were not looked at yet.
    fresh: Vec<(List, ItemId)>,
    /// The first so many familiar sets were shown every value.
    sets: u32,
    /// Sets that were asked and are not among them.
    missed: Vec<SetId>,
}

impl Glance {
    /// Forgets a request. `conditions` are those of its rules; `same` says that they are those of the last one.
    pub(super) fn begin(&mut self, conditions: usize, same: bool, sets: u32) {
        self.met.clear();
        if !same || self.blank_of != Some(sets) {
            self.blank_of = None;
            self.met.resize(conditions, 0);
        } else {
            self.met.extend_from_slice(&self.blank);
        }
        self.counted.clear();
        self.fresh.clear();
        self.missed.clear();
        self.sets = sets;
    }

    /// Bytes that it holds on to.
    pub(super) fn held(&self) -> usize {
        (self.met.capacity() + self.blank.capacity() + self.counted.capacity()) * size_of::<u128>()
            + self.fresh.capacity() * size_of::<(List, ItemId)>()
            + self.missed.capacity() * size_of::<SetId>()
    }

    /// A value came into a list.
    pub(super) fn note(&mut self, list: List, item: ItemId) {
        self.fresh.push((list, item));
    }

    /// True if every value was shown to a set that became familiar at this place; if not, the set is one to be.
    pub(super) fn covers(&mut self, set: SetId, place: u32) -> bool {
        if place < self.sets {
            return true;
        }
        if !self.missed.contains(&set) {
            self.missed.push(set);
        }
        false
    }

    /// The sets that were asked and should be familiar.
    pub(super) fn missed(&self) -> &[SetId] {
        &self.missed
    }

    /// True if the blank values of lists have not been looked at.
    pub(super) fn lacks_blank(&self) -> bool {
        self.blank_of.is_none()
    }

    /// All that was counted so far is of blank values.
    pub(super) fn keep_blank(&mut self) {
        self.blank.clear();
        self.blank.extend_from_slice(&self.met);
        self.blank_of = Some(self.sets);
    }

    /// A value that was not looked at yet.
    pub(super) fn next(&mut self) -> Option<(List, ItemId)> {
        self.fresh.pop()
    }

    /// True if a form is to be counted for a list.
    pub(super) fn is_new(&mut self, list: List, form: u32) -> bool {
        let form = form as usize;
        if self.counted.len() <= form {
            self.counted.resize(form.saturating_add(1), 0);
        }
        let Some(lists) = self.counted.get_mut(form) else { return true };
        let is_new = *lists & list.bit() == 0;
        *lists |= list.bit();
        is_new
    }

    /// Counts what a value of a list meets: the words of a row, or anything where nothing is known of it.
    pub(super) fn count(&mut self, list: List, row: Option<&[u64]>) {
        let Some(row) = row else {
            self.met.iter_mut().for_each(|lists| *lists |= list.bit());
            return;
        };
        for (word, met) in row.iter().zip(self.met.chunks_mut(64)) {
            let mut left = *word;
            while left != 0 {
                if let Some(lists) = met.get_mut(left.trailing_zeros() as usize) {
                    *lists |= list.bit();
                }
                left &= left.wrapping_sub(1);
            }
        }
    }

    /// True if one of these lists may have a value that meets a condition.
    pub(super) fn may_meet(&self, lists: u128, condition: usize) -> bool {
        self.met.get(condition).is_none_or(|met| met & lists != 0)
    }
}
