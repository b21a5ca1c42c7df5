//! Why a text is not changed.

use std::fmt;

/// Why a text is not changed. The text itself is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonEditFault {
    /// No JSON (RFC 8259): truncated, with something behind it, with a byte order mark, not UTF-8.
    NotJson,
    /// Nested deeper than [`super::MAX_DEPTH`].
    TooDeep,
    /// More than [`super::MAX_PLACES`] members and elements are on the way to what is named.
    TooManyPlaces,
    /// It would grow by more than [`super::MAX_GROWTH`].
    TooMuch,
}

impl fmt::Display for JsonEditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JsonEditFault::NotJson => "no JSON",
            JsonEditFault::TooDeep => "nested too deeply",
            JsonEditFault::TooManyPlaces => "too many members",
            JsonEditFault::TooMuch => "too much to add",
        })
    }
}
