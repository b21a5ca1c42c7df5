//! `normalizePath` and `normalizePathWin`: slashes that repeat, and references to a directory itself or to the one above.

use std::borrow::Cow;

use crate::rewrite::changed;

/// What separates the segments of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separators {
    /// `/`.
    Slash,
    /// `/`, and `\`, which becomes `/`.
    Both,
}

impl Separators {
    const fn contain(self, byte: u8) -> bool {
        byte == b'/' || (byte == b'\\' && matches!(self, Separators::Both))
    }
}

/// The path without empty segments, `.`, and segments that a `..` takes back. A relative path keeps what goes above its
/// beginning; a slash at the end stays.
pub(crate) fn normalize(value: &[u8], separators: Separators) -> Cow<'_, [u8]> {
    let is_separator = |byte: &u8| separators.contain(*byte);
    let is_absolute = value.first().is_some_and(is_separator);
    let is_open = value.last().is_some_and(is_separator);
    // Where the segments begin that a `..` can take back.
    let mut starts = Vec::new();
    let mut out = Vec::with_capacity(value.len());
    out.extend(is_absolute.then_some(b'/'));
    for segment in value.split(is_separator) {
        match (segment, starts.last()) {
            (b"" | b".", _) => {}
            (b"..", Some(start)) => {
                out.truncate(*start);
                starts.pop();
            }
            (b"..", None) if is_absolute => {}
            _ => {
                if segment != b".." {
                    starts.push(out.len());
                }
                out.extend_from_slice(segment);
                out.push(b'/');
            }
        }
    }
    let root = usize::from(is_absolute);
    if !is_open && out.len() > root {
        out.pop();
    }
    changed(value, out)
}
