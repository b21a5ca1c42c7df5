//! Why a text is no template, and what would be one.

use std::fmt;

use crate::required_claim::MAX_PATH_NAMES;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// Nothing in it.
    Empty,
    /// `$(` without `)`.
    Unclosed,
    /// A place for something that is not known here, and what is.
    UnknownSource(String, &'static str),
    /// `$(jwt.)`, or more names than a path may have.
    Path,
    /// `$(path.id)` where the route's path template has no such name; the names that it has.
    NoCapture(String, Vec<String>),
    /// Behind `|` stands something else than a default.
    Filter,
    /// Text around the places that can't stand there.
    Text,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateFault::Empty => f.write_str("empty; give a text such as `$(jwt.sub)`"),
            TemplateFault::Unclosed => f.write_str("`$(` without `)`; close it as in `$(jwt.sub)`"),
            TemplateFault::UnknownSource(name, known) => {
                write!(f, "`$({name})` is not known; use {known}")
            }
            TemplateFault::Path => write!(
                f,
                "the path of the claim is empty or has more than {MAX_PATH_NAMES} names; give one as in \
                 `$(jwt.realm.roles)`",
            ),
            TemplateFault::NoCapture(name, known) if known.is_empty() => write!(
                f,
                "`{name}` is no name of this route's path; put this into the `config` of a route with \
                 `match: {{path: {{template: \"/…/{{{name}}}\"}}}}`",
            ),
            TemplateFault::NoCapture(name, known) => {
                write!(f, "`{name}` is no name of this route's path; use one of {}", known.join(", "))
            }
            TemplateFault::Filter => {
                f.write_str("behind `|` only `default(\"…\")` is known, as in `$(jwt.sub | default(\"nobody\"))`")
            }
            TemplateFault::Text => {
                f.write_str("has a byte below 0x20 or 0x7F, which no header may have; remove it")
            }
        }
    }
}

/// What a user wrote, cut so that no log line grows with it.
pub(super) fn quoted(text: &str) -> String {
    const MOST_CHARS: usize = 40;
    text.chars().take(MOST_CHARS).map(|c| if c.is_control() { '?' } else { c }).collect()
}
