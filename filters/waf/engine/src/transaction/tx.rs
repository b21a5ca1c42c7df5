//! The TX collection: names that rules name have a slot, others are found by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use portcullis_waf_operators::number::number;

use crate::program::{CAPTURES, Store};

/// More than the largest rule set sets: a rule that makes names of a request's arguments
/// must not fill the memory. As many as arguments that are allowed, twice.
pub(crate) const MAX_ENTRIES: usize = 2000;

/// Entries among which one is found by looking at each: as many as a request has headers.
const FEW: usize = 24;

/// A value: numbers are kept as such, as most are added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TxValue {
    Number(i64),
    Text(Rc<[u8]>),
}

impl TxValue {
    pub(crate) fn number(&self) -> i64 {
        match self {
            TxValue::Number(number) => *number,
            TxValue::Text(text) => number(text),
        }
    }

    pub(crate) fn text(&self) -> Rc<[u8]> {
        match self {
            TxValue::Number(_) => self.as_text().into(),
            TxValue::Text(text) => Rc::clone(text),
        }
    }

    /// The text where it lies, for who only looks at it.
    pub(crate) fn as_text(&self) -> Cow<'_, [u8]> {
        match self {
            TxValue::Number(number) => Cow::Owned(number.to_string().into_bytes()),
            TxValue::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// No more entries fit, or not so long a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The collection.
#[derive(Debug, Default)]
pub(crate) struct Tx {
    slots: Vec<Option<TxValue>>,
    others: Vec<(Rc<[u8]>, TxValue)>,
    /// Where each of the others is, once there are more than [`FEW`]: a rule that counts arguments by their names asks for
    /// as many as a request has.
    places: HashMap<Rc<[u8]>, usize>,
    entries: usize,
}

impl Tx {
    /// Empties it, with room for so many slots.
    pub(crate) fn clear(&mut self, slots: usize) {
        self.slots.clear();
        self.slots.resize(slots, None);
        self.others.clear();
        self.places.clear();
        self.entries = 0;
    }

    /// True if so many more entries fit.
    pub(crate) fn has_room(&self, entries: usize) -> bool {
        self.entries.saturating_add(entries) <= MAX_ENTRIES
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&TxValue> {
        self.slots.get(slot)?.as_ref()
    }

    /// Sets or removes what a slot holds. Captures are not counted: there are ten of them.
    pub(crate) fn set(&mut self, slot: usize, value: Option<TxValue>) -> Result<(), Full> {
        if self.slots.len() <= slot {
            if value.is_none() {
                return Ok(());
            }
            self.slots.resize(slot.saturating_add(1), None);
        }
        let Some(held) = self.slots.get_mut(slot) else { return Ok(()) };
        if slot >= CAPTURES {
            match (&held, &value) {
                (None, Some(_)) if self.entries >= MAX_ENTRIES => return Err(Full),
                (None, Some(_)) => self.entries = self.entries.saturating_add(1),
                (Some(_), None) => self.entries = self.entries.saturating_sub(1),
                _ => {}
            }
        }
        *held = value;
        Ok(())
    }

    /// The value of a name that no rule spells out.
    pub(crate) fn get_other(&self, name: &[u8]) -> Option<&TxValue> {
        self.others.get(self.place(name)?).map(|(_, value)| value)
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        if self.places.is_empty() {
            return self.others.iter().position(|(known, _)| **known == *name);
        }
        self.places.get(name).copied()
    }

    /// As [`Tx::set`], for such a name; in lower case.
    pub(crate) fn set_other(&mut self, name: &[u8], value: Option<TxValue>) -> Result<(), Full> {
        match (self.place(name), value) {
            (Some(place), Some(value)) => {
                if let Some((_, held)) = self.others.get_mut(place) {
                    *held = value;
                }
            }
            (Some(place), None) => {
                self.others.remove(place);
                self.places.remove(name);
                for behind in self.places.values_mut().filter(|behind| **behind > place) {
                    *behind = behind.saturating_sub(1);
                }
                self.entries = self.entries.saturating_sub(1);
            }
            (None, Some(_)) if self.entries >= MAX_ENTRIES => return Err(Full),
            (None, Some(value)) => {
                self.others.push((name.into(), value));
                self.entries = self.entries.saturating_add(1);
                let from = match self.others.len() {
                    0..=FEW => return Ok(()),
                    _ if self.places.is_empty() => 0,
                    count => count.saturating_sub(1),
                };
                let new = self.others.iter().enumerate().skip(from);
                self.places.extend(new.map(|(place, (name, _))| (Rc::clone(name), place)));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// What is set under names that no rule spells out.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&Rc<[u8]>, &TxValue)> {
        self.others.iter().map(|(name, value)| (name, value))
    }

    /// All that is set, by name.
    pub(crate) fn all<'t>(
        &'t self,
        store: &'t Store,
    ) -> impl Iterator<Item = (Rc<[u8]>, &'t TxValue)> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter_map(|(slot, value)| Some((store.shared_name(slot), value.as_ref()?)))
            .chain(self.others().map(|(name, value)| (Rc::clone(name), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_entries_fit_as_are_allowed_and_no_more() {
        let mut tx = Tx::default();
        let name = |index: usize| index.to_string().into_bytes();
        for index in 0..MAX_ENTRIES {
            assert_eq!(tx.set_other(&name(index), Some(TxValue::Number(1))), Ok(()));
        }
        assert_eq!(tx.set_other(b"more", Some(TxValue::Number(1))), Err(Full));
        assert_eq!(tx.set(CAPTURES, Some(TxValue::Number(1))), Err(Full));
        assert_eq!(tx.set_other(&name(7), Some(TxValue::Number(2))), Ok(()), "one that is there");
        assert_eq!(tx.set_other(&name(7), None), Ok(()));
        assert_eq!(tx.set(CAPTURES, Some(TxValue::Number(1))), Ok(()), "there is room again");
    }

    #[test]
    fn others_are_found_by_their_names_when_one_before_them_is_gone() {
        let mut tx = Tx::default();
        for (name, number) in [(b"a", 1), (b"b", 2), (b"c", 3)] {
            tx.set_other(name, Some(TxValue::Number(number))).unwrap();
        }
        tx.set_other(b"a", None).unwrap();
        tx.set_other(b"c", Some(TxValue::Number(4))).unwrap();
        let got = [b"a", b"b", b"c"].map(|name| tx.get_other(name).map(TxValue::number));
        assert_eq!(got, [None, Some(2), Some(4)]);
        let names: Vec<_> = tx.others().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [b"b", b"c"]);
        tx.clear(0);
        assert_eq!(tx.get_other(b"b"), None);
    }

    #[test]
    fn a_text_is_read_as_the_number_that_it_begins_with() {
        assert_eq!(TxValue::Text(b"12abc".as_slice().into()).number(), 12);
        assert_eq!(TxValue::Text(b"abc".as_slice().into()).number(), 0);
        assert_eq!(*TxValue::Number(-3).text(), *b"-3");
    }
}
