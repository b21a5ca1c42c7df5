//! A glance: which heads of rules some value may make match, in some form or other. It says of most rules that they can't
//! match, before any of their views is looked at.

use super::blank::ZERO;
use super::{Blank, ItemId, LONG, Values};
use crate::bits::{has, unite};
use crate::known::LONGEST_KNOWN;
use crate::program::{Glimpse, HeadId, List, Met, SetId, Sets, Store};

/// Values that are looked at, at most: a request without a large body has some hundred. Of thousands each view is cheaper,
/// where a rule asks for it.
const MOST: usize = 256;

/// Values that are looked up to remember that they do not match, at most, all rules together: a request with many of them
/// that many rules ask must not cost more than what it saves others.
const MOST_REFUTED: usize = 2_048;

/// What was seen of the values so far. Values that are no longer in their list still count.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// The heads that some value may make match, a bit each.
    open: Vec<u64>,
    /// How many values were looked at.
    taken: usize,
    /// How many were looked up to remember that they do not match.
    refuted: usize,
    /// Values that came into a list since, and were not looked at yet.
    fresh: Vec<(List, ItemId)>,
    /// The first so many familiar sets were shown every value.
    sets: Sets,
    /// Sets that were asked and are not among them.
    missed: Vec<SetId>,
    /// The conditions that one value meets, the heads that it may make match, and by what they are remembered.
    met: Met,
    row: Vec<u64>,
    key: Vec<u8>,
}

impl Glance {
    /// Forgets a request.
    pub(super) fn begin(&mut self, sets: Sets) {
        (self.taken, self.refuted) = (0, 0);
        self.fresh.clear();
        self.missed.clear();
        self.sets = sets;
    }

    /// Bytes that it holds on to.
    pub(super) fn held(&self) -> usize {
        (self.open.capacity()
            + self.met.plain.capacity()
            + self.met.remade.capacity()
            + self.row.capacity())
            * size_of::<u64>()
            + self.fresh.capacity() * size_of::<(List, ItemId)>()
            + self.missed.capacity() * size_of::<SetId>()
            + self.key.capacity()
    }

    /// A value came into a list.
    pub(super) fn note(&mut self, list: List, item: ItemId) {
        self.fresh.push((list, item));
    }

    /// A set was asked that has this place among familiar ones. If not every value is shown to it, it should become one.
    pub(super) fn came_to(&mut self, set: SetId, place: u32) {
        if place >= self.sets.familiar && !self.missed.contains(&set) {
            self.missed.push(set);
        }
    }
}

impl Values {
    /// False where no value makes a head match.
    pub(crate) fn may_make_match(&mut self, head: HeadId, store: &Store) -> bool {
        while let Some((list, item)) = self.glance.fresh.pop() {
            self.glance_at(list, item, store);
        }
        has(&self.glance.open, head.into()).unwrap_or(true)
    }

    /// The sets of views that rules asked about and no glance takes in yet.
    pub(crate) fn missed_sets(&self) -> &[SetId] {
        &self.glance.missed
    }

    /// Looks at what lists have before anything of a request is known, where that was not kept from one before.
    pub(super) fn glance_at_blanks(&mut self, blank: &Blank, store: &Store) {
        let (heads, sets) = (&store.heads, self.glance.sets);
        if heads.recall_start(sets, &mut self.glance.open) {
            return;
        }
        heads.unfamiliar(sets.familiar, &store.views, &mut self.glance.open);
        for (list, item) in List::all().zip(blank.items()) {
            if let Some(item) = item {
                self.glance_at(list, *item, store);
            }
        }
        self.glance.taken = 0;
        heads.remember_start(sets, &self.glance.open);
    }

    /// Looks at a value of a list in every form in which some familiar view shows it.
    fn glance_at(&mut self, list: List, item: ItemId, store: &Store) {
        let heads = &store.heads;
        if heads.ignore(list) {
            return;
        }
        // What a long one becomes is made where a rule asks for it: to make all of it costs more than to look at views.
        if self.value(item).len() >= LONG || self.glance.taken >= MOST {
            heads.add_all(list, &mut self.glance.open);
            return;
        }
        self.glance.taken = self.glance.taken.saturating_add(1);
        let mut row = std::mem::take(&mut self.glance.row);
        row.clear();
        let key = self.key_of(list, item);
        if !heads.recall(&key, &mut row) {
            let mut met = std::mem::take(&mut self.glance.met);
            met.plain.clear();
            met.remade.clear();
            self.take_in(item, store.familiar.borrow().of(list), store, &mut met);
            heads.add_open(list, self.name(item), &met, &mut row);
            heads.remember(&key, &row, item <= ZERO);
            self.glance.met = met;
        }
        unite(&mut self.glance.open, &row);
        (self.glance.row, self.glance.key) = (row, key);
    }

    /// A head matched no value of a list: of those that recur that is remembered.
    pub(crate) fn refute(&mut self, head: HeadId, list: List, store: &Store) {
        let heads = &store.heads;
        for place in 0..self.count(list) {
            let Some(item) = self.at(list, place) else { break };
            if self.glance.refuted >= MOST_REFUTED {
                break;
            }
            self.glance.refuted = self.glance.refuted.saturating_add(1);
            let key = self.key_of(list, item);
            if heads.refute(&key, head) && item <= ZERO {
                heads.forget_starts();
            }
            self.glance.key = key;
        }
    }

    /// What a value's forms follow from: itself, what it is called, and how much is taken in of its list, which grows with the
    /// sets that are familiar where it runs. Empty for a long value, which is not remembered.
    fn key_of(&mut self, list: List, item: ItemId) -> Vec<u8> {
        let mut key = std::mem::take(&mut self.glance.key);
        key.clear();
        let (name, value) = (self.name(item), self.value(item));
        if name.len().saturating_add(value.len()) > LONGEST_KNOWN {
            return key;
        }
        let Sets { prefilter, familiar } = self.glance.sets;
        let numbers = [prefilter, familiar, name.len() as u32];
        key.push(list.index() as u8);
        key.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        key.extend_from_slice(name);
        key.extend_from_slice(value);
        key
    }

    /// Tells what a value meets in the forms that these views show.
    fn take_in(&mut self, item: ItemId, glimpses: &[Glimpse], store: &Store, met: &mut Met) {
        let Some(raw) = self.raw(item) else { return };
        let bytes = self.bytes_of(raw);
        let mut is_raw_in = false;
        for Glimpse { name, pipeline, shows, is_remade } in glimpses {
            if name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(self.name(item))) {
                continue;
            }
            let form = if *is_remade || bytes.meets(shows) {
                self.through(raw, *pipeline, &store.pipelines)
            } else if is_raw_in {
                continue;
            } else {
                is_raw_in = true;
                raw
            };
            let form = self.look_at(form);
            let row = if *is_remade { &mut met.remade } else { &mut met.plain };
            self.sight.add_to(row, form.0);
        }
    }
}
