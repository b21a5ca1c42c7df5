//! MATCHED_VAR and MATCHED_VAR_NAME: where the last match was, and its texts where somebody asks for them.

use super::values::{FormId, ItemId, Values};
use crate::program::{List, Store};

/// Where something matched. Most matches are settings that nobody asks about, so that texts are made when they are.
#[derive(Clone, Debug, Default)]
pub(super) enum Matched {
    /// Nowhere yet, or a rule without targets.
    #[default]
    Nothing,
    /// A value of the request or response, as a pipeline left it.
    Item(List, ItemId, FormId),
    /// How many values there are of TX under a slot.
    Slots(usize, i64),
    /// Anything else.
    Text { name: Vec<u8>, value: Vec<u8> },
}

impl Matched {
    /// `ARGS:name`.
    pub(super) fn name(&self, values: &Values, store: &Store) -> Vec<u8> {
        match self {
            Matched::Nothing => Vec::new(),
            Matched::Item(list, item, _) => full_name(*list, values.name(*item)),
            Matched::Slots(slot, _) => [b"&TX:", store.slot_name(*slot)].concat(),
            Matched::Text { name, .. } => name.clone(),
        }
    }

    /// The value.
    pub(super) fn value(&self, values: &Values) -> Vec<u8> {
        match self {
            Matched::Nothing => Vec::new(),
            Matched::Item(_, _, form) => values.text_of(*form).to_vec(),
            Matched::Slots(_, count) => count.to_string().into_bytes(),
            Matched::Text { value, .. } => value.clone(),
        }
    }
}

/// `ARGS:name`, or the variable alone where there is no name.
pub(super) fn full_name(list: List, name: &[u8]) -> Vec<u8> {
    let variable = list.variable().name().as_bytes();
    if name.is_empty() { variable.to_vec() } else { [variable, b":", name].concat() }
}
