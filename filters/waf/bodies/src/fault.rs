//! What was wrong with a body, in the words of `REQBODY_ERROR_MSG`.

use std::fmt;

/// The first thing that was wrong. None of its words come from the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More arguments than [`Limits::arguments`](crate::Limits::arguments).
    TooManyArguments,
    /// Deeper than [`Limits::depth`](crate::Limits::depth).
    TooDeep,
    /// More than [`Limits::nodes`](crate::Limits::nodes).
    TooManyNodes,
    /// More parts than [`Limits::parts`](crate::Limits::parts).
    TooManyParts,
    /// More headers than [`Limits::part_headers`](crate::Limits::part_headers).
    TooManyPartHeaders,
    /// Names longer than [`Limits::names`](crate::Limits::names).
    NamesTooLong,
    /// Not JSON.
    Json(&'static str),
    /// Not XML.
    Xml(&'static str),
    /// Not a form in parts, or not one that all read alike.
    Multipart(&'static str),
}

/// What is said of bodies that end too early.
pub(crate) const JSON_END: &str = "ends too early";
pub(crate) const OPEN_STRING: &str = "a string does not end";
pub(crate) const NO_ELEMENT: &str = "no element";
pub(crate) const OPEN_ELEMENT: &str = "an element that does not end";
pub(crate) const OPEN_TAG: &str = "a tag, comment or section that does not end";

impl Fault {
    /// True if a limit was passed: what is behind it was not read.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        !matches!(self, Fault::Json(_) | Fault::Xml(_) | Fault::Multipart(_))
    }

    /// True if nothing was wrong with JSON or XML but that the body ends where it does: more of it might have been well.
    #[must_use]
    pub fn is_end(self) -> bool {
        match self {
            Fault::Json(what) => [JSON_END, OPEN_STRING].contains(&what),
            Fault::Xml(what) => [NO_ELEMENT, OPEN_ELEMENT, OPEN_TAG].contains(&what),
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TooManyArguments => formatter.write_str("Too many arguments"),
            Fault::TooDeep => formatter.write_str("Nested too deeply"),
            Fault::TooManyNodes => formatter.write_str("Too many values"),
            Fault::TooManyParts => formatter.write_str("Multipart: Too many parts"),
            Fault::TooManyPartHeaders => formatter.write_str("Multipart: Too many part headers"),
            Fault::NamesTooLong => formatter.write_str("Names too long"),
            Fault::Json(what) => write!(formatter, "JSON parsing error: {what}"),
            Fault::Xml(what) => write!(formatter, "XML parsing error: {what}"),
            Fault::Multipart(what) => {
                write!(formatter, "Multipart parsing error: Multipart: {what}")
            }
        }
    }
}

impl std::error::Error for Fault {}
