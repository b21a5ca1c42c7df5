//! Header fields as the bytes they are: read once, changed in order, written back once.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// A field name in lower case, as Envoy keeps them. Pseudo-headers (`:path`) count as names here.
#[derive(Clone, Debug)]
pub struct FieldName(Text<Rc<str>, &'static str>);

/// Text of our own source, or of a configuration or request: then a copy shares it, as edits are copied per request.
#[derive(Clone, Debug)]
enum Text<S, C> {
    Shared(S),
    Constant(C),
}

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for FieldName {}

impl FieldName {
    /// A name written in our own source, already in lower case.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        FieldName(Text::Constant(name))
    }

    /// A name from a configuration, put into lower case; `None` if it is no token (RFC 9110 §5.6.2).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let token = !name.is_empty() && name.bytes().all(is_token_byte);
        token.then(|| FieldName(Text::Shared(name.to_ascii_lowercase().into())))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Shared(name) => name,
            Text::Constant(name) => name,
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Two names that a backend may take for the same: without case, and `_` equal to `-` as CGI and WSGI read them.
#[must_use]
pub fn same_name_for_a_backend(left: &[u8], right: &[u8]) -> bool {
    let fold = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    left.len() == right.len() && left.iter().map(fold).eq(right.iter().map(fold))
}

/// True if an identity header's name covers a field: `x-consumer-*` covers every name that begins so.
#[must_use]
pub fn covers(own: &FieldName, name: &[u8]) -> bool {
    let own = own.as_str().as_bytes();
    match own.strip_suffix(b"*") {
        Some(prefix) => {
            name.get(..prefix.len()).is_some_and(|start| same_name_for_a_backend(prefix, start))
        }
        None => same_name_for_a_backend(own, name),
    }
}

/// A value that may be written into a message: no byte below 0x20 but the tab, no 0x7F, so it can never end a line.
#[derive(Clone, Debug)]
pub struct FieldValue(Text<Rc<[u8]>, &'static [u8]>);

impl PartialEq for FieldValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for FieldValue {}

impl FieldValue {
    /// A value written in our own source.
    #[must_use]
    pub const fn from_static(value: &'static str) -> Self {
        FieldValue(Text::Constant(value.as_bytes()))
    }

    /// A number in decimal text.
    #[must_use]
    pub fn from_number(value: u64) -> Self {
        FieldValue(Text::Shared(value.to_string().into_bytes().into()))
    }

    /// Any bytes; `None` where one of them could end the line or the field.
    #[must_use]
    pub fn new(value: impl Into<Vec<u8>>) -> Option<Self> {
        let value = value.into();
        let plain = value.iter().all(|byte| (*byte >= 0x20 && *byte != 0x7f) || *byte == b'\t');
        plain.then(|| FieldValue(Text::Shared(value.into())))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Shared(value) => value,
            Text::Constant(value) => value,
        }
    }
}

/// One change of a header map, to be carried out by the host in the order it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces every field of this name by one.
    Set(FieldName, FieldValue),
    /// Adds one more field behind those of this name.
    Add(FieldName, FieldValue),
    /// Removes every field of this name.
    Remove(FieldName),
}

#[derive(Clone, Debug)]
struct Entry {
    name: Range<usize>,
    value: Range<usize>,
    removed: bool,
}

/// All fields of a message in their order, in one allocation; duplicates stay duplicates, values are bytes.
#[derive(Clone, Debug, Default)]
pub struct HeaderMap {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl HeaderMap {
    /// An empty map that takes `bytes` as its storage; entries are given with [`HeaderMap::push_range`].
    #[must_use]
    pub fn over(bytes: Vec<u8>, count: usize) -> Self {
        HeaderMap { bytes, entries: Vec::with_capacity(count) }
    }

    /// Adds a field whose name and value lie at these places of the storage; false if they do not.
    pub fn push_range(&mut self, name: Range<usize>, value: Range<usize>) -> bool {
        let inside =
            self.bytes.get(name.clone()).is_some() && self.bytes.get(value.clone()).is_some();
        if inside {
            self.entries.push(Entry { name, value, removed: false });
        }
        inside
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let end = self.bytes.len();
        self.entries.push(Entry { name: start..middle, value: middle..end, removed: false });
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().filter(|entry| !entry.removed).filter_map(|entry| {
            Some((self.bytes.get(entry.name.clone())?, self.bytes.get(entry.value.clone())?))
        })
    }

    /// Every value of a name, in order. A second one may be what the backend reads: look at all of them.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter()
            .filter(move |(candidate, _)| candidate.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
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

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.removed).count()
    }

    /// True if there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Set(name, value) => {
                self.remove(name);
                self.push(name.as_str().as_bytes(), value.as_bytes());
            }
            Edit::Add(name, value) => self.push(name.as_str().as_bytes(), value.as_bytes()),
            Edit::Remove(name) => self.remove(name),
        }
    }

    fn remove(&mut self, name: &FieldName) {
        let HeaderMap { bytes, entries } = self;
        for entry in entries {
            let matches = bytes
                .get(entry.name.clone())
                .is_some_and(|candidate| candidate.eq_ignore_ascii_case(name.as_str().as_bytes()));
            entry.removed |= matches;
        }
    }
}

/// A header map that is read from the host when first asked for, with the changes made so far.
#[derive(Debug, Default)]
pub struct Headers {
    map: OnceCell<HeaderMap>,
    edits: Vec<Edit>,
}

impl Headers {
    /// The fields with all changes; `read` is called once, and only if it has not been.
    pub fn map(&self, read: impl FnOnce() -> HeaderMap) -> &HeaderMap {
        self.map.get_or_init(|| {
            let mut map = read();
            self.edits.iter().for_each(|edit| map.apply(edit));
            map
        })
    }

    /// Makes a change; what reads later sees it.
    pub fn edit(&mut self, edit: Edit) {
        if let Some(map) = self.map.get_mut() {
            map.apply(&edit);
        }
        self.edits.push(edit);
    }

    /// Takes the changes that the host has not been told yet.
    pub fn take_edits(&mut self) -> Vec<Edit> {
        std::mem::take(&mut self.edits)
    }

    /// The changes that the host has not been told yet.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
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
    fn duplicates_are_seen_and_only_one_is_only() {
        let map = sample();
        assert_eq!(map.all("A").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!((map.only("a"), map.only("b"), map.only("c")), (None, Some(&b"2"[..]), None));
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
        assert_eq!(headers.take_edits().len(), 3);
    }

    #[test]
    fn a_range_outside_the_storage_is_no_field() {
        let mut map = HeaderMap::over(b"ab".to_vec(), 1);
        assert!(map.push_range(0..1, 1..2));
        assert!(!map.push_range(0..1, 1..3));
        #[allow(clippy::reversed_empty_ranges, reason = "what a broken host could say")]
        let reversed = 2..1;
        assert!(!map.push_range(reversed, 0..1));
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        for bad in ["a\r\nb: c", "\n", "\0", "\x7f", "\x1b"] {
            assert_eq!(FieldValue::new(bad), None, "{bad:?}");
        }
        assert!(FieldValue::new("tab\tand \u{e9}").is_some());
    }

    #[test]
    fn names_that_a_backend_takes_for_the_same_are_the_same() {
        assert!(same_name_for_a_backend(b"X_User-ID", b"x-user_id"));
        assert!(!same_name_for_a_backend(b"x-user-i", b"x-user-id"));
        let family = FieldName::from_static("x-consumer-*");
        assert!(covers(&family, b"X_Consumer-ID") && !covers(&family, b"x-consumer"));
        assert!(covers(&FieldName::from_static("x-user"), b"x_user"));
        assert_eq!(FieldName::parse("X-User"), Some(FieldName::from_static("x-user")));
        for bad in ["", "a b", "a:", "a\n", "é"] {
            assert_eq!(FieldName::parse(bad), None, "{bad}");
        }
    }
}
