//! All fields of a message as the bytes they are.

use std::ops::Range;

use super::{Edit, FieldName};

/// Where a field lies in a map's storage; one that was removed, nowhere.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
}

impl Entry {
    /// True if it is there under this name. One of another length, as most are, is told without a look at its bytes, and
    /// without a call: maps are looked through dozens of times for a request.
    #[inline(always)]
    fn is_named(&self, name: &str, bytes: &[u8]) -> bool {
        self.name.end.wrapping_sub(self.name.start) == name.len() && self.reads(name, bytes)
    }

    /// Nearly all names are in lower case, as Envoy keeps them: those are compared eight bytes at a time.
    #[inline(never)]
    fn reads(&self, name: &str, bytes: &[u8]) -> bool {
        let (name, own) = (name.as_bytes(), bytes.get(self.name.clone()));
        own.is_some_and(|own| own == name || own.eq_ignore_ascii_case(name))
    }

    const fn is_within(&self, size: usize) -> bool {
        let Entry { name, value } = self;
        name.start <= name.end && name.end <= size && value.start <= value.end && value.end <= size
    }

    const fn remove(&mut self) {
        self.name = usize::MAX..usize::MAX;
    }
}

/// All fields of a message in their order, in one allocation; duplicates stay duplicates, values are bytes.
#[derive(Clone, Debug, Default)]
pub struct HeaderMap {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl HeaderMap {
    /// A map without fields.
    #[must_use]
    pub const fn new() -> Self {
        HeaderMap { bytes: Vec::new(), entries: Vec::new() }
    }

    /// The fields that lie in `bytes`, which the map takes as its storage; one that does not is left out.
    #[must_use]
    pub fn over(bytes: Vec<u8>, mut entries: Vec<Entry>) -> Self {
        entries.retain(|entry| entry.is_within(bytes.len()));
        HeaderMap { bytes, entries }
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let end = self.bytes.len();
        self.entries.push(Entry { name: start..middle, value: middle..end });
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().filter_map(|entry| {
            Some((self.bytes.get(entry.name.clone())?, self.bytes.get(entry.value.clone())?))
        })
    }

    /// Every value of a name, in order. A second one may be what the backend reads: look at all of them.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let entries = self.entries.iter();
        let named = entries.filter(move |entry| entry.is_named(name, &self.bytes));
        named.filter_map(|entry| self.bytes.get(entry.value.clone()))
    }

    /// True if there is a field of this name.
    #[must_use]
    pub fn has(&self, name: &FieldName) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.is_named(name.as_str(), &self.bytes))
    }

    /// The value of a name that stands exactly once.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.all(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// The first value of a name: for fields that Envoy itself never lets stand twice (pseudo-headers).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The names of which this is true, each once.
    #[must_use]
    pub fn names(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<FieldName> {
        let mut names: Vec<FieldName> = Vec::new();
        for (name, _) in self.iter().filter(|(name, _)| wanted(name)) {
            let name = std::str::from_utf8(name).ok().and_then(FieldName::parse);
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// True if there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Set(name, value) => {
                self.remove(name);
                self.push(name.as_str().as_bytes(), value.as_bytes());
            }
            Edit::Add(name, value) | Edit::Insert(name, value) => {
                self.push(name.as_str().as_bytes(), value.as_bytes());
            }
            Edit::Remove(name) => self.remove(name),
            Edit::Keep(..) => {}
        }
    }

    fn remove(&mut self, name: &FieldName) {
        let HeaderMap { bytes, entries } = self;
        for entry in entries {
            if entry.is_named(name.as_str(), bytes) {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_seen_and_only_one_is_only() {
        let mut map = HeaderMap::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            map.push(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(map.all("A").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!((map.only("a"), map.only("b"), map.only("c")), (None, Some(&b"2"[..]), None));
        assert_eq!(map.names(|name| name != b"b"), [FieldName::from_static("a")]);
    }

    #[test]
    fn a_range_outside_the_storage_is_no_field() {
        #[allow(clippy::reversed_empty_ranges, reason = "what a broken host could say")]
        let places = [(0..1, 1..2), (0..1, 1..3), (2..1, 0..1), (0..1, 2..1), (3..3, 0..1)];
        let entries = places.map(|(name, value)| Entry { name, value }).to_vec();
        let map = HeaderMap::over(b"ab".to_vec(), entries);
        assert_eq!((map.len(), map.entries.len()), (1, 1));
    }
}
