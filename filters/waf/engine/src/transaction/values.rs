//! The values of a transaction by list, and what transformations make of them, each made once.

use std::ops::Range;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_transformations::apply;

use crate::program::{List, PipelineId, Pipelines};

/// A value by its place; what it is called is in the item.
pub(crate) type ItemId = u32;

/// A text that some pipeline made of some value; equal ids are equal texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormId(u32);

/// A named value.
#[derive(Clone, Debug)]
struct Item {
    name: Range<usize>,
    form: FormId,
}

/// A text and the bytes that occur in it.
#[derive(Clone, Debug)]
struct Form {
    span: Range<usize>,
    bytes: Option<ByteSet>,
}

/// Not made yet.
const UNKNOWN: u32 = u32::MAX;

/// All values of a transaction. Texts lie in one buffer, so that a value costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Values {
    text: Vec<u8>,
    items: Vec<Item>,
    forms: Vec<Form>,
    lists: Vec<Vec<ItemId>>,
    /// For each form and pipeline, the form that comes out; a row of `width` each, made when first asked for.
    made: Vec<u32>,
    rows: Vec<u32>,
    width: usize,
}

impl Values {
    /// None yet; `pipelines` is how many there are.
    pub(crate) fn new(pipelines: usize) -> Self {
        Values { lists: vec![Vec::new(); List::COUNT], width: pipelines, ..Values::default() }
    }

    /// Puts a text into the buffer.
    fn keep(&mut self, text: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        start..self.text.len()
    }

    fn form(&mut self, span: Range<usize>) -> FormId {
        let id = u32::try_from(self.forms.len()).unwrap_or(UNKNOWN);
        self.forms.push(Form { span, bytes: None });
        self.rows.push(UNKNOWN);
        FormId(id)
    }

    /// A new value that is in no list yet.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) -> ItemId {
        let name = self.keep(name);
        let span = self.keep(value);
        let form = self.form(span);
        self.item(name, form)
    }

    /// A value whose text is the name of another one, under the same name.
    pub(crate) fn add_name_of(&mut self, item: ItemId) -> ItemId {
        let name = self.items.get(item as usize).map_or(0..0, |item| item.name.clone());
        let form = self.form(name.clone());
        self.item(name, form)
    }

    fn item(&mut self, name: Range<usize>, form: FormId) -> ItemId {
        let id = u32::try_from(self.items.len()).unwrap_or(UNKNOWN);
        self.items.push(Item { name, form });
        id
    }

    /// Puts a value into a list, behind what is there.
    pub(crate) fn list(&mut self, list: List, item: ItemId) {
        if let Some(items) = self.lists.get_mut(list.index()) {
            items.push(item);
        }
    }

    /// Makes a value the only one of its list.
    pub(crate) fn set(&mut self, list: List, value: &[u8]) {
        let item = self.add(&[], value);
        if let Some(items) = self.lists.get_mut(list.index()) {
            items.clear();
            items.push(item);
        }
    }

    /// How many values a list has.
    pub(crate) fn count(&self, list: List) -> usize {
        self.lists.get(list.index()).map_or(0, Vec::len)
    }

    /// The value at a place of a list.
    pub(crate) fn at(&self, list: List, place: usize) -> Option<ItemId> {
        self.lists.get(list.index())?.get(place).copied()
    }

    /// All values of a list by name, as they came.
    pub(crate) fn named(&self, list: List) -> impl Iterator<Item = (&[u8], &[u8])> {
        let items = self.lists.get(list.index()).into_iter().flatten();
        items.map(|item| (self.name(*item), self.value(*item)))
    }

    /// What a value is called.
    pub(crate) fn name(&self, item: ItemId) -> &[u8] {
        self.items
            .get(item as usize)
            .and_then(|item| self.text.get(item.name.clone()))
            .unwrap_or_default()
    }

    /// A value as it came.
    pub(crate) fn value(&self, item: ItemId) -> &[u8] {
        self.raw(item).map_or(&[], |form| self.text_of(form))
    }

    fn raw(&self, item: ItemId) -> Option<FormId> {
        Some(self.items.get(item as usize)?.form)
    }

    /// A form's text.
    pub(crate) fn text_of(&self, form: FormId) -> &[u8] {
        self.forms
            .get(form.0 as usize)
            .and_then(|form| self.text.get(form.span.clone()))
            .unwrap_or_default()
    }

    /// What a pipeline makes of a value.
    pub(crate) fn transformed(
        &mut self,
        item: ItemId,
        pipeline: PipelineId,
        pipelines: &Pipelines,
    ) -> Option<FormId> {
        let raw = self.raw(item)?;
        Some(self.through(raw, pipeline, pipelines))
    }

    fn through(&mut self, raw: FormId, pipeline: PipelineId, pipelines: &Pipelines) -> FormId {
        let Some(node) = pipelines.node(pipeline).filter(|_| pipeline != 0) else { return raw };
        if !self.bytes_of(raw).meets(&node.changes) {
            return raw;
        }
        if let Some(known) = self.known(raw, pipeline) {
            return known;
        }
        let before = self.through(raw, node.parent, pipelines);
        let after = self.step(before, node.last);
        self.remember(raw, pipeline, after);
        after
    }

    fn step(
        &mut self,
        before: FormId,
        last: portcullis_waf_seclang::syntax::Transformation,
    ) -> FormId {
        let made = match apply(last, self.text_of(before)) {
            std::borrow::Cow::Borrowed(_) => return before,
            std::borrow::Cow::Owned(made) => made,
        };
        let span = self.keep(&made);
        self.form(span)
    }

    /// The bytes that occur in a form.
    pub(crate) fn bytes_of(&mut self, form: FormId) -> ByteSet {
        let Some(found) = self.forms.get(form.0 as usize) else { return ByteSet::default() };
        if let Some(bytes) = found.bytes {
            return bytes;
        }
        let bytes = ByteSet::of(self.text_of(form));
        if let Some(found) = self.forms.get_mut(form.0 as usize) {
            found.bytes = Some(bytes);
        }
        bytes
    }

    fn known(&self, raw: FormId, pipeline: PipelineId) -> Option<FormId> {
        let row = *self.rows.get(raw.0 as usize)?;
        let made = *self.made.get((row as usize).checked_add(usize::from(pipeline))?)?;
        (row != UNKNOWN && made != UNKNOWN).then_some(FormId(made))
    }

    fn remember(&mut self, raw: FormId, pipeline: PipelineId, form: FormId) {
        let Some(row) = self.rows.get_mut(raw.0 as usize) else { return };
        if *row == UNKNOWN {
            let Ok(start) = u32::try_from(self.made.len()) else { return };
            *row = start;
            self.made.resize(self.made.len().saturating_add(self.width), UNKNOWN);
        }
        let place = (*row as usize).saturating_add(usize::from(pipeline));
        // A pipeline that was added after this transaction began is made anew each time.
        if usize::from(pipeline) < self.width
            && let Some(made) = self.made.get_mut(place)
        {
            *made = form.0;
        }
    }
}
