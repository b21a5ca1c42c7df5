//! A glance: which lists have a value that meets a condition in some form or other. It says of most rules that they can't
//! match, before any of their views is looked at.

use portcullis_waf_operators::bytes::ByteSet;

use super::{Blank, ItemId, LONG, Values};
use crate::prefilter::LONGEST_KNOWN;
use crate::program::{Glimpse, Guard, List, SetId, Store};

/// Values that are looked at, at most: a request without a large body has some hundred. Of thousands each view is cheaper,
/// where a rule asks for it.
const MOST: usize = 256;

/// What was seen of the values so far. Values that are no longer in their list still count.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// By condition: the lists that have a value which meets it, a bit each.
    met: Vec<u64>,
    /// The same before anything is known of a request, and how many sets were familiar when it was found out.
    blank: Vec<u64>,
    blank_of: Option<u32>,
    /// Lists with a value that was not taken in, a bit each: it may meet anything.
    open: u64,
    /// How many values were looked at.
    taken: usize,
    /// Values that came into a list since, and were not looked at yet.
    fresh: Vec<(List, ItemId)>,
    /// The first so many familiar sets were shown every value.
    sets: u32,
    /// Sets that were asked and are not among them.
    missed: Vec<SetId>,
    /// What one value meets, and by what it is remembered.
    row: Vec<u64>,
    key: Vec<u8>,
}

impl Glance {
    /// Forgets a request. `conditions` are those of its rules; `same` says that they are those of the last one.
    pub(super) fn begin(&mut self, conditions: usize, same: bool, sets: u32) {
        self.met.clear();
        if same && self.blank_of == Some(sets) {
            self.met.extend_from_slice(&self.blank);
        } else {
            self.blank_of = None;
            self.met.resize(conditions, 0);
        }
        (self.open, self.taken) = (0, 0);
        self.fresh.clear();
        self.missed.clear();
        self.sets = sets;
    }

    /// Bytes that it holds on to.
    pub(super) fn held(&self) -> usize {
        (self.met.capacity() + self.blank.capacity() + self.row.capacity()) * size_of::<u64>()
            + self.fresh.capacity() * size_of::<(List, ItemId)>()
            + self.missed.capacity() * size_of::<SetId>()
            + self.key.capacity()
    }

    /// A value came into a list.
    pub(super) fn note(&mut self, list: List, item: ItemId) {
        self.fresh.push((list, item));
    }

    /// True if every value is shown to a set with this place among familiar ones; if not, the set should become one.
    fn covers(&mut self, set: SetId, place: u32) -> bool {
        if place < self.sets {
            return true;
        }
        if !self.missed.contains(&set) {
            self.missed.push(set);
        }
        false
    }

    /// All that was counted so far is of what lists have before anything is known.
    fn keep_blank(&mut self) {
        self.blank.clear();
        self.blank.extend_from_slice(&self.met);
        (self.blank_of, self.taken) = (Some(self.sets), 0);
    }

    /// Counts what a value of the list with this bit meets, in words.
    fn count(&mut self, list: u64, row: &[u64]) {
        // There is one for each bit of a row.
        for (word, met) in row.iter().zip(self.met.as_chunks_mut::<64>().0) {
            let mut left = *word;
            while left != 0 {
                if let Some(lists) = met.get_mut(left.trailing_zeros() as usize % 64) {
                    *lists |= list;
                }
                left &= left.wrapping_sub(1);
            }
        }
    }
}

impl Values {
    /// False where no value of the guard's lists meets its condition, whatever becomes of the value.
    pub(super) fn may_pass_at_a_glance(&mut self, guard: Guard, store: &Store) -> bool {
        let (lists, place) = store.views.outline(guard.set);
        if !self.glance.covers(guard.set, place) {
            return true;
        }
        while let Some((list, item)) = self.glance.fresh.pop() {
            self.glance_at(list, item, store);
        }
        let met = self.glance.met.get(usize::from(guard.condition)).copied();
        (met.unwrap_or(u64::MAX) | self.glance.open) & lists != 0
    }

    /// The sets of views that rules asked about and no glance takes in yet.
    pub(crate) fn missed_sets(&self) -> &[SetId] {
        &self.glance.missed
    }

    /// Looks at what lists have before anything of a request is known, where that was not kept from one before.
    pub(super) fn glance_at_blanks(&mut self, blank: &Blank, store: &Store) {
        if self.glance.blank_of.is_some() {
            return;
        }
        for (list, item) in List::all().zip(blank.items()) {
            if let Some(item) = item {
                self.glance_at(list, *item, store);
            }
        }
        self.glance.keep_blank();
    }

    /// Looks at a value of a list in every form in which some familiar view shows it.
    fn glance_at(&mut self, list: List, item: ItemId, store: &Store) {
        let familiar = store.familiar.borrow();
        let (glimpses, bit) = familiar.of(list);
        if glimpses.is_empty() || self.glance.open & bit != 0 {
            return;
        }
        // What a long one becomes is made where a rule asks for it: to make all of it costs more than to look at views.
        if self.value(item).len() >= LONG || self.glance.taken >= MOST {
            self.glance.open |= bit;
            return;
        }
        self.glance.taken = self.glance.taken.saturating_add(1);
        let mut row = std::mem::take(&mut self.glance.row);
        row.clear();
        let mut key = std::mem::take(&mut self.glance.key);
        self.write_key(familiar.id(), list, item, &mut key);
        if !self.sight.recall(&key, &mut row) {
            self.take_in(item, glimpses, store, &mut row);
            self.sight.remember(&key, &row);
        }
        self.glance.count(bit, &row);
        (self.glance.row, self.glance.key) = (row, key);
    }

    /// What a value's forms follow from: itself, what it is called, and how much is taken in of its list, which grows with the
    /// sets that are familiar where it runs. Empty for a long value, which is not remembered.
    fn write_key(&self, familiar: u32, list: List, item: ItemId, key: &mut Vec<u8>) {
        key.clear();
        let (name, value) = (self.name(item), self.value(item));
        if name.len().saturating_add(value.len()) > LONGEST_KNOWN {
            return;
        }
        let numbers = [familiar, self.glance.sets, name.len() as u32];
        key.push(list.index() as u8);
        key.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        key.extend_from_slice(name);
        key.extend_from_slice(value);
    }

    /// Adds to a row what a value meets in the forms that these views show.
    fn take_in(&mut self, item: ItemId, glimpses: &[Glimpse], store: &Store, row: &mut Vec<u64>) {
        let Some(raw) = self.raw(item) else { return };
        let bytes = self.bytes_of(raw);
        let mut is_raw_in = false;
        for Glimpse { name, pipeline, shows } in glimpses {
            if name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(self.name(item))) {
                continue;
            }
            let form = if *shows == ByteSet::FULL || bytes.meets(shows) {
                self.through(raw, *pipeline, &store.pipelines)
            } else if is_raw_in {
                continue;
            } else {
                is_raw_in = true;
                raw
            };
            let form = self.look_at(form);
            self.sight.add_to(row, form.0);
        }
    }
}
