//! The lines of a form in parts: which of them are boundaries, and which only look so.

use super::boundary::Boundary;
use super::disposition::is_blank;

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    CrLf,
    Lf,
    /// With the body.
    None,
}

impl Ending {
    /// What is before the end of a line, and the end.
    pub(super) fn of(text: &[u8]) -> (&[u8], Ending) {
        match text {
            [line @ .., b'\r', b'\n'] => (line, Ending::CrLf),
            [line @ .., b'\n'] => (line, Ending::Lf),
            line => (line, Ending::None),
        }
    }
}

/// What a line is to the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Between two parts, or behind the last.
    Boundary { is_last: bool, ending: Ending, is_padded: bool },
    /// It begins as boundaries do, and is none; the fault if it must have been meant as ours.
    Almost(Option<&'static str>),
    /// Anything else.
    Other,
}

pub(super) fn classify(text: &[u8], boundary: &Boundary<'_>) -> Line {
    let Some(name) = text.strip_prefix(b"--") else { return Line::Other };
    if let Some(tail) = name.strip_prefix(boundary.value) {
        let (is_last, tail) = match tail.strip_prefix(b"--") {
            Some(tail) => (true, tail),
            None => (false, tail),
        };
        let (padding, ending) = Ending::of(tail);
        if !padding.iter().all(|byte| is_blank(*byte)) {
            return Line::Almost(Some("Invalid boundary"));
        }
        return Line::Boundary { is_last, ending, is_padded: !padding.is_empty() };
    }
    let is_ours = |text: &[u8]| text.starts_with(boundary.value);
    if boundary.is_quoted && name.strip_prefix(b"\"").is_some_and(is_ours) {
        return Line::Almost(Some("Invalid boundary (quotes)"));
    }
    let spaced = name.trim_ascii_start();
    if spaced.len() < name.len() && is_ours(spaced) {
        return Line::Almost(Some("Invalid boundary (whitespace)"));
    }
    Line::Almost(None)
}
