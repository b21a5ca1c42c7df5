//! MATCHED_VAR and MATCHED_VAR_NAME: where the last match was, and its texts where somebody asks for them.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::Variable;

use super::tx::TxValue;
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
    /// What TX holds under a slot.
    Slot(usize, TxValue),
    /// Anything else.
    Text { name: Vec<u8>, value: Rc<[u8]> },
}

impl Matched {
    /// `ARGS:name`.
    pub(super) fn name(&self, values: &Values, store: &Store) -> Vec<u8> {
        match self {
            Matched::Nothing => Vec::new(),
            Matched::Item(list, item, _) => full_name(*list, values.name(*item)),
            Matched::Slots(slot, _) => [b"&TX:", store.slot_name(*slot)].concat(),
            Matched::Slot(slot, _) => full_name(List::of(Variable::Tx), store.slot_name(*slot)),
            Matched::Text { name, .. } => name.clone(),
        }
    }

    /// The value.
    pub(super) fn value(&self, values: &Values) -> Rc<[u8]> {
        match self {
            Matched::Slot(_, value) => value.text(),
            Matched::Text { value, .. } => Rc::clone(value),
            _ => self.text(values).into(),
        }
    }

    /// The value where it lies: it may be a whole body, of which a line of the log shows a beginning.
    pub(super) fn text<'v>(&'v self, values: &'v Values) -> Cow<'v, [u8]> {
        match self {
            Matched::Nothing => Cow::Borrowed(&[]),
            Matched::Item(_, _, form) => Cow::Borrowed(values.text_of(*form)),
            Matched::Slots(_, count) => Cow::Owned(count.to_string().into_bytes()),
            Matched::Slot(_, value) => value.as_text(),
            Matched::Text { value, .. } => Cow::Borrowed(value),
        }
    }
}

/// `ARGS:name`, or the variable alone where there is no name.
pub(super) fn full_name(list: List, name: &[u8]) -> Vec<u8> {
    let variable = list.variable().name().as_bytes();
    if name.is_empty() { variable.to_vec() } else { [variable, b":", name].concat() }
}
