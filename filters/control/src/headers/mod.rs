//! Header fields as the bytes they are: read once, changed in order, written back once.

mod family;
mod field;
mod forwarded;
mod map;
mod reserved;

pub use family::{Family, covers, same_name_for_a_backend};
pub use field::{FieldName, FieldValue};
pub use forwarded::Forwarded;
pub use map::{Entry, HeaderMap};
pub use reserved::{DIGESTS, has_own_meaning, is_of_the_connection, is_of_the_proxy};

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

/// One change of a header map, to be carried out by the host in the order it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces every field of this name by one.
    Set(FieldName, FieldValue),
    /// Adds one more field behind those of this name.
    Add(FieldName, FieldValue),
    /// Removes every field of this name.
    Remove(FieldName),
    /// A `Set` where it is certain that there is no such field, which [`Headers`] makes of one itself: a host need not
    /// look for it.
    Insert(FieldName, FieldValue),
    /// Nothing, as there is such a field already: an answer of ours that takes the message's place has this one instead.
    Keep(FieldName, FieldValue),
}

impl Edit {
    /// The name that it is about.
    #[must_use]
    pub const fn name(&self) -> &FieldName {
        match self {
            Edit::Set(name, _)
            | Edit::Add(name, _)
            | Edit::Insert(name, _)
            | Edit::Keep(name, _)
            | Edit::Remove(name) => name,
        }
    }

    /// The value that it brings.
    #[must_use]
    pub const fn value(&self) -> Option<&FieldValue> {
        match self {
            Edit::Set(_, value)
            | Edit::Add(_, value)
            | Edit::Insert(_, value)
            | Edit::Keep(_, value) => Some(value),
            Edit::Remove(_) => None,
        }
    }
}

/// Changes that there is room for once there is one: most controls make no more, and to grow is to move them all.
const ROOM: usize = 8;

/// A header map that is read from the host when first asked for, with the changes made so far.
///
/// Changes are written into it when somebody reads again: after the last control nobody does.
#[derive(Default)]
pub struct Headers {
    /// The fields with the first `applied` changes, while `current` is not there.
    base: Cell<Option<HeaderMap>>,
    applied: usize,
    /// The fields with all changes.
    current: OnceCell<HeaderMap>,
    edits: Vec<Edit>,
    /// How many changes the host has been told.
    told: usize,
    /// Others may have changed what the host has since it was read.
    paused: bool,
}

impl Headers {
    /// The fields with all changes; `read` is called once, and only if it has not been.
    pub fn map(&self, read: impl FnOnce() -> HeaderMap) -> &HeaderMap {
        self.current.get_or_init(|| {
            let (mut map, applied) = match self.base.take() {
                Some(map) => (map, self.applied),
                None => (read(), self.told),
            };
            self.edits.iter().skip(applied).for_each(|edit| map.apply(edit));
            map
        })
    }

    /// The first value of a name: from the fields if they have been read, else asked for alone (`one`), which costs half
    /// of reading all and next to nothing where there is none.
    pub fn peek(
        &self,
        name: &str,
        read: impl FnOnce() -> HeaderMap,
        one: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Cow<'_, [u8]>> {
        let is_about_it =
            |edit: &Edit| edit.name().as_str() == name && !matches!(edit, Edit::Keep(..));
        if self.is_read() || self.untold().iter().any(is_about_it) {
            return self.map(read).first(name).map(Cow::Borrowed);
        }
        one().map(Cow::Owned)
    }

    fn is_read(&self) -> bool {
        self.current.get().is_some() || {
            let base = self.base.take();
            let is_read = base.is_some();
            self.base.set(base);
            is_read
        }
    }

    /// True if there is a field of this name; all are read if nobody has yet.
    pub fn has(&self, name: &FieldName, read: impl FnOnce() -> HeaderMap) -> bool {
        self.known(name).unwrap_or_else(|| self.map(read).has(name))
    }

    /// Whether there is a field of this name, if that can be told without the host.
    fn known(&self, name: &FieldName) -> Option<bool> {
        if let Some(map) = self.current.get() {
            return Some(map.has(name));
        }
        let base = self.base.take();
        let applied = if base.is_some() { self.applied } else { self.told };
        let changes = self.edits.get(applied..).unwrap_or_default();
        let known = known_after(changes, base.as_ref(), name);
        self.base.set(base);
        known
    }

    /// Makes a change; what reads later sees it.
    pub fn edit(&mut self, edit: Edit) {
        self.settle();
        let edit = match edit {
            Edit::Set(name, value) if self.lacks(&name) => Edit::Insert(name, value),
            Edit::Insert(name, value) if self.paused => Edit::Set(name, value),
            other => other,
        };
        self.edits.push(edit);
    }

    /// Adds those of these fields of which there is none of that name, and keeps the others; none has the name of another.
    /// Each is asked for alone (`one`) where nobody has read all, as with [`Headers::peek`].
    pub fn add_missing(
        &mut self,
        fields: &[(FieldName, FieldValue)],
        one: impl Fn(&FieldName) -> Option<Vec<u8>>,
    ) {
        self.settle();
        let base = self.base.get_mut().as_ref();
        let applied = if base.is_some() { self.applied } else { self.told };
        let before = self.edits.len();
        for (name, value) in fields {
            let changes = self.edits.get(applied..before).unwrap_or_default();
            let is_there = known_after(changes, base, name).unwrap_or_else(|| one(name).is_some());
            let (name, value) = (name.clone(), value.clone());
            self.edits.push(match (is_there, self.paused) {
                (true, _) => Edit::Keep(name, value),
                (false, true) => Edit::Set(name, value),
                (false, false) => Edit::Insert(name, value),
            });
        }
    }

    /// Before a change: the fields lack it from now on.
    fn settle(&mut self) {
        if self.current.get().is_some() {
            *self.base.get_mut() = self.current.take();
            self.applied = self.edits.len();
        }
        if self.edits.capacity() == 0 {
            self.edits = Vec::with_capacity(ROOM);
        }
    }

    /// Takes back all changes but the first `count`; what the host was told stays.
    pub fn undo_to(&mut self, count: usize) {
        let count = count.max(self.told);
        if self.edits.len() <= count {
            return;
        }
        self.edits.truncate(count);
        // A map with changes in it that were not made is no use: whoever looks again gets the host's.
        let written = self.current.take().is_some() || self.applied > count;
        if written {
            self.base.set(None);
            self.applied = 0;
        }
    }

    /// True if there is certainly no field of this name.
    fn lacks(&mut self, name: &FieldName) -> bool {
        let Some(map) = self.base.get_mut().as_ref().filter(|_| !self.paused) else { return false };
        !map.has(name) && self.edits.iter().skip(self.applied).all(|edit| edit.name() != name)
    }

    /// The message waits, and other filters may change it meanwhile: nothing is certain any more.
    pub fn pause(&mut self) {
        self.paused = true;
        for edit in &mut self.edits {
            if let Edit::Insert(name, value) = edit {
                *edit = Edit::Set(name.clone(), value.clone());
            }
        }
    }

    /// All changes so far.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The changes that the host has not been told yet.
    #[must_use]
    pub fn untold(&self) -> &[Edit] {
        self.edits.get(self.told..).unwrap_or_default()
    }

    /// The host has been told of all changes.
    pub fn set_told(&mut self) {
        self.told = self.edits.len();
    }
}

/// Whether there is a field of this name after some changes of what is known of the fields. Changes are looked through as
/// they are: whoever looks and changes in turns would have each of them written into the fields by itself.
fn known_after(changes: &[Edit], base: Option<&HeaderMap>, name: &FieldName) -> Option<bool> {
    match changes.iter().rev().find(|edit| edit.name() == name) {
        Some(edit) => Some(!matches!(edit, Edit::Remove(_))),
        None => base.map(|map| map.has(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> HeaderMap {
        let mut map = HeaderMap::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            map.push(name.as_bytes(), value.as_bytes());
        }
        map
    }

    #[test]
    fn changes_made_before_reading_are_seen_after_it() {
        let mut headers = Headers::default();
        let (a, c) = (FieldName::from_static("a"), FieldName::from_static("c"));
        headers.edit(Edit::Set(a.clone(), FieldValue::from_static("9")));
        headers.edit(Edit::Add(c, FieldValue::from_number(7)));
        assert_eq!(headers.map(sample).all("a").collect::<Vec<_>>(), [b"9"]);
        headers.edit(Edit::Remove(a));
        assert_eq!(headers.map(sample).first("a"), None);
        assert_eq!(headers.map(sample).only("c"), Some(&b"7"[..]));
        assert_eq!(headers.untold().len(), 3);
        headers.set_told();
        assert!(headers.untold().is_empty());
        assert_eq!(headers.map(sample).only("b"), Some(&b"2"[..]));
    }

    #[test]
    fn what_the_host_was_told_before_the_first_reading_is_not_applied_twice() {
        let mut headers = Headers::default();
        let c = FieldName::from_static("c");
        headers.edit(Edit::Add(c, FieldValue::from_static("7")));
        headers.set_told();
        assert_eq!(headers.map(sample).first("c"), None);
    }

    #[test]
    fn one_value_is_asked_for_alone_only_while_the_host_says_the_same() {
        let one = || Some(b"host".to_vec());
        let peek = |headers: &Headers| headers.peek("a", sample, one).map(Cow::into_owned);
        let (a, c) = (FieldName::from_static("a"), FieldName::from_static("c"));
        let set = |name: &FieldName| Edit::Set(name.clone(), FieldValue::from_static("9"));
        let mut headers = Headers::default();
        assert_eq!(peek(&headers), Some(b"host".to_vec()));
        headers.edit(set(&c));
        assert_eq!(peek(&headers), Some(b"host".to_vec()));
        headers.edit(set(&a));
        assert_eq!(peek(&headers), Some(b"9".to_vec()));
        let mut headers = Headers::default();
        headers.map(sample);
        assert_eq!(peek(&headers), Some(b"1".to_vec()));
        headers.edit(Edit::Remove(a.clone()));
        assert_eq!(peek(&headers), None);
        let mut headers = Headers::default();
        headers.edit(set(&a));
        headers.set_told();
        assert_eq!(peek(&headers), Some(b"host".to_vec()), "it has been told");
    }

    #[test]
    fn whether_a_field_is_there_is_told_with_all_changes() {
        let value = || FieldValue::from_static("9");
        let names = ["a", "b", "c", "d"].map(FieldName::from_static);
        let [a, b, c, d] = &names;
        // Read before the changes, between them, after them or never; told or not.
        for reads in 0..8 {
            let mut headers = Headers::default();
            let look = |headers: &Headers, bit: u32| {
                if reads & (1 << bit) != 0 {
                    headers.map(sample);
                }
            };
            look(&headers, 0);
            headers.edit(Edit::Remove(a.clone()));
            headers.edit(Edit::Add(c.clone(), value()));
            look(&headers, 1);
            headers.edit(Edit::Set(a.clone(), value()));
            headers.edit(Edit::Remove(b.clone()));
            look(&headers, 2);
            headers.edit(Edit::Remove(c.clone()));
            headers.edit(Edit::Insert(d.clone(), value()));
            let one = || panic!("it is known");
            let missing = [a, b, c, d].map(|name| (name.clone(), value()));
            let count = headers.edits().len();
            headers.add_missing(&missing, |_| one());
            assert_eq!(
                headers.edits().get(count..).unwrap(),
                [
                    Edit::Keep(a.clone(), value()),
                    Edit::Insert(b.clone(), value()),
                    Edit::Insert(c.clone(), value()),
                    Edit::Keep(d.clone(), value()),
                ]
            );
            assert_eq!([a, b].map(|name| headers.has(name, sample)), [true, true]);
            headers.undo_to(count);
            assert_eq!(
                [a, b, c, d].map(|name| headers.has(name, sample)),
                [true, false, false, true]
            );
        }
        let mut headers = Headers::default();
        headers.edit(Edit::Remove(a.clone()));
        headers.set_told();
        // The host says what it was told.
        let missing = [a, b].map(|name| (name.clone(), value()));
        headers.add_missing(&missing, |name| (name == a).then(Vec::new));
        assert_eq!(
            headers.untold(),
            [Edit::Keep(a.clone(), value()), Edit::Insert(b.clone(), value())]
        );
        headers.undo_to(1);
        assert!(headers.has(b, sample) && !headers.has(d, sample));
    }

    #[test]
    fn changes_that_are_taken_back_were_never_made() {
        let edit =
            |name, value| Edit::Set(FieldName::from_static(name), FieldValue::from_static(value));
        let first = |headers: &Headers, name: &str| {
            headers.map(sample).first(name).map(<[u8]>::to_vec).unwrap_or_default()
        };
        // Whether they were read in between, before or never.
        for reads in 0..8 {
            let look = |headers: &Headers, bit: u32| {
                if reads & (1 << bit) != 0 {
                    headers.map(sample);
                }
            };
            let mut headers = Headers::default();
            look(&headers, 0);
            headers.edit(edit("a", "kept"));
            look(&headers, 1);
            headers.edit(edit("b", "undone"));
            headers.edit(edit("c", "undone"));
            look(&headers, 2);
            headers.undo_to(1);
            assert_eq!(headers.untold().len(), 1, "{reads}");
            assert_eq!(first(&headers, "a"), b"kept", "{reads}");
            assert_eq!(
                (first(&headers, "b"), first(&headers, "c")),
                (b"2".to_vec(), vec![]),
                "{reads}"
            );
            headers.edit(edit("c", "later"));
            assert_eq!(first(&headers, "c"), b"later", "{reads}");
            headers.undo_to(5);
            assert_eq!(headers.untold().len(), 2, "{reads}");
            headers.set_told();
            headers.undo_to(0);
            assert_eq!(headers.edits().len(), 2, "what the host was told stays");
        }
    }

    #[test]
    fn only_a_field_that_is_certainly_not_there_is_inserted() {
        let value = || FieldValue::from_static("9");
        let set = |name| Edit::Set(FieldName::from_static(name), value());
        let kinds = |headers: &Headers| {
            let inserted = |edit: &Edit| matches!(edit, Edit::Insert(..));
            headers.untold().iter().map(inserted).collect::<Vec<_>>()
        };
        // Not read: nothing is known.
        let mut headers = Headers::default();
        headers.edit(set("c"));
        assert_eq!(kinds(&headers), [false]);
        // Read: `a` is there, `c` is not, and the second time it is.
        let mut headers = Headers::default();
        headers.map(sample);
        for name in ["a", "c", "c", "d"] {
            headers.edit(set(name));
        }
        assert_eq!(kinds(&headers), [false, true, false, true]);
        assert_eq!(headers.map(sample).all("c").collect::<Vec<_>>(), [b"9"]);
        headers.edit(set("d"));
        headers.edit(Edit::Remove(FieldName::from_static("d")));
        headers.edit(set("d"));
        assert_eq!(kinds(&headers), [false, true, false, true, false, false, false]);
        assert_eq!(headers.map(sample).all("d").count(), 1);
        // While it waits another filter may add what was not there.
        headers.pause();
        headers.edit(set("e"));
        headers.edit(Edit::Insert(FieldName::from_static("f"), value()));
        assert_eq!(kinds(&headers), [false; 9]);
    }
}
