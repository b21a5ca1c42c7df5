//! The values of a transaction by list, and what transformations make of them, each made once.

mod blank;
mod glance;
mod sight;
mod views;

use std::ops::Range;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_seclang::syntax::Transformation;
use portcullis_waf_transformations::apply;

use crate::program::{List, PipelineId, Pipelines, Point, PointSelector, Program, Sets, Store};
pub(crate) use blank::Blank;
use blank::{NOTHING, ZERO};
use glance::Glance;
use sight::Sight;

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
    /// The form that differs from this one by the case of letters alone, if there is one: the prefilter sees none.
    like: FormId,
    /// The form that it was made of; itself as it came.
    origin: FormId,
}

/// Room that most requests need, in bytes and values.
const TEXT: usize = 4096;
const ITEMS: usize = 128;

/// Bytes that are kept from one request to the next, at most: all of what a request without a large body fills, and
/// little beside the rules. What a larger one took goes with it.
const KEPT: usize = 256 << 10;

/// Bytes from which a text is compared with others before it is looked at, and looked at only where a rule asks.
const LONG: usize = 512;

/// Not made yet.
const UNKNOWN: u32 = u32::MAX;

/// All values of a transaction. Texts lie in one buffer, so that a value costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Values {
    text: Vec<u8>,
    items: Vec<Item>,
    forms: Vec<Form>,
    lists: Vec<Listed>,
    /// The room of all lists together.
    listed: usize,
    /// For each form and pipeline, the form that comes out; a row of `width` each, made when first asked for.
    made: Vec<u32>,
    rows: Vec<u32>,
    width: usize,
    sight: Sight,
    glance: Glance,
    /// Counts changes of lists, from 1, through all transactions that these buffers serve.
    now: u32,
    /// What it was when this one began: a list that did not change since is blank, whatever another one left in it.
    begun: u32,
    blank: Blank,
}

/// A list of values.
#[derive(Debug, Default)]
struct Listed {
    items: Vec<ItemId>,
    /// When it last changed.
    version: u32,
    /// The bytes of its values as they came, and the version that they are of.
    bytes: (u32, ByteSet),
}

impl Listed {
    /// Puts a value at the end, behind what is there or behind others that take its place. How much room was added for it.
    fn put(&mut self, item: ItemId, instead: Option<&[ItemId]>, now: u32) -> usize {
        let room = self.items.capacity();
        if let Some(others) = instead {
            self.items.clear();
            self.items.extend_from_slice(others);
        }
        self.items.push(item);
        self.version = now;
        self.items.capacity().saturating_sub(room)
    }
}

impl Values {
    /// Of a request of which nothing is known; `kept` are buffers that served another one.
    pub(crate) fn new(program: &Program, store: &Store, kept: Option<Values>) -> Self {
        let mut values =
            kept.filter(|values| values.now < u32::MAX / 2).unwrap_or_else(|| Values {
                text: Vec::with_capacity(TEXT),
                items: Vec::with_capacity(ITEMS),
                forms: Vec::with_capacity(ITEMS),
                rows: Vec::with_capacity(ITEMS),
                lists: std::iter::repeat_with(Listed::default).take(List::COUNT).collect(),
                blank: program.blank.clone(),
                ..Values::default()
            });
        values.text.clear();
        values.items.clear();
        values.forms.clear();
        values.rows.clear();
        values.made.clear();
        values.width = store.pipelines.len();
        values.sight.begin(program.prefilter.as_ref(), store);
        let prefilter = program.prefilter.as_ref().map_or(0, |prefilter| prefilter.id());
        values.glance.begin(Sets { prefilter, familiar: store.familiar.borrow().sets() });
        values.now = values.now.saturating_add(1);
        values.begun = values.now;
        values.add(b"", b"");
        values.add(b"", b"0");
        values.glance_at_blanks(&program.blank, store);
        values
    }

    /// True if the buffers are no larger than what is kept for other requests.
    pub(crate) fn may_be_kept(&self) -> bool {
        let words = self.rows.capacity() + self.made.capacity() + self.listed;
        let items = self.items.capacity() * size_of::<Item>();
        let forms = self.forms.capacity() * size_of::<Form>();
        self.text.capacity()
            + items
            + forms
            + words * size_of::<u32>()
            + self.sight.held()
            + self.glance.held()
            <= KEPT
    }

    /// Puts a text into the buffer.
    fn keep(&mut self, text: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        start..self.text.len()
    }

    fn form(&mut self, span: Range<usize>) -> FormId {
        let id = u32::try_from(self.forms.len()).unwrap_or(UNKNOWN);
        self.forms.push(Form { span, bytes: None, like: FormId(id), origin: FormId(id) });
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
        self.now = self.now.saturating_add(1);
        let blank = self.blank.of(list);
        if let Some(listed) = self.lists.get_mut(list.index()) {
            let is_blank = listed.version <= self.begun;
            self.listed += listed.put(item, is_blank.then_some(blank), self.now);
        }
        self.glance.note(list, item);
    }

    /// Makes a value the only one of its list.
    pub(crate) fn set(&mut self, list: List, value: &[u8]) -> ItemId {
        let item = match value {
            b"" => NOTHING,
            b"0" => ZERO,
            value => self.add(&[], value),
        };
        self.set_item(list, item);
        item
    }

    /// The same with a value that is there.
    pub(crate) fn set_item(&mut self, list: List, item: ItemId) {
        self.now = self.now.saturating_add(1);
        if let Some(listed) = self.lists.get_mut(list.index()) {
            self.listed += listed.put(item, Some(&[]), self.now);
        }
        self.glance.note(list, item);
    }

    /// When a list last changed.
    fn version(&self, list: List) -> u32 {
        self.lists.get(list.index()).map_or(self.begun, |listed| listed.version.max(self.begun))
    }

    /// The values of a list.
    fn items(&self, list: List) -> &[ItemId] {
        let listed = self.lists.get(list.index()).filter(|listed| listed.version > self.begun);
        listed.map_or(self.blank.of(list), |listed| &listed.items)
    }

    /// How many values a list has.
    pub(crate) fn count(&self, list: List) -> usize {
        self.items(list).len()
    }

    /// The value at a place of a list.
    pub(crate) fn at(&self, list: List, place: usize) -> Option<ItemId> {
        self.items(list).get(place).copied()
    }

    /// The next value that a point means, from this place of its list on, and the place behind it.
    pub(crate) fn next_meant(&self, point: &Point, from: usize) -> Option<(ItemId, usize)> {
        let items = self.items(point.list).get(from..)?.iter();
        let mut places = items.zip(from.saturating_add(1)..);
        let (item, behind) = match &point.selector {
            PointSelector::All => places.next(),
            // Most names are of another length: a request has many headers, and many rules ask for one of them.
            PointSelector::Name(wanted) => places.find(|(item, _)| {
                self.name_length(**item) == wanted.len()
                    && self.name(**item).eq_ignore_ascii_case(wanted)
            }),
            _ => places.find(|(item, _)| point.means(self.name(**item), true)),
        }?;
        Some((*item, behind))
    }

    fn name_length(&self, item: ItemId) -> usize {
        self.items.get(item as usize).map_or(0, |item| item.name.len())
    }

    /// All values of a list by name, as they came.
    pub(crate) fn named(&self, list: List) -> impl Iterator<Item = (&[u8], &[u8])> {
        let items = self.items(list).iter();
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
        // An empty text has no bytes, and still has a length and a hash.
        if node.changes != ByteSet::FULL && !self.bytes_of(raw).meets(&node.changes) {
            return raw;
        }
        if let Some(known) = self.known(raw, pipeline) {
            return known;
        }
        let before = self.through(raw, node.parent, pipelines);
        let after = match node.alone == pipeline {
            true => self.step(before, node.last),
            false => self.through(before, node.alone, pipelines),
        };
        self.remember(raw, pipeline, after);
        after
    }

    fn step(&mut self, before: FormId, last: Transformation) -> FormId {
        let made = match apply(last, self.text_of(before)) {
            std::borrow::Cow::Borrowed(_) => return before,
            std::borrow::Cow::Owned(made) => made,
        };
        if let Some(known) = self.made_of(before, &made) {
            return known;
        }
        let span = self.keep(&made);
        let after = self.form(span);
        let keeps_all_but_case =
            matches!(last, Transformation::Lowercase | Transformation::Uppercase);
        let like = if keeps_all_but_case { self.like(before) } else { after };
        if let Some(form) = self.forms.get_mut(after.0 as usize) {
            (form.like, form.origin) = (like, before);
        }
        after
    }

    /// A form that another transformation made of this one, with the same text: paths are normalised alike, and looking
    /// at a long text twice costs more than comparing it.
    fn made_of(&self, before: FormId, text: &[u8]) -> Option<FormId> {
        if text.len() < LONG {
            return None;
        }
        let row = *self.rows.get(before.0 as usize).filter(|row| **row != UNKNOWN)? as usize;
        let made = self.made.get(row..row.saturating_add(self.width))?;
        let made = made.iter().filter(|made| **made != UNKNOWN).map(|made| FormId(*made));
        made.into_iter().find(|made| self.text_of(*made) == text)
    }

    /// The form whose sight stands for this one's.
    fn like(&self, form: FormId) -> FormId {
        self.forms.get(form.0 as usize).map_or(form, |found| found.like)
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
