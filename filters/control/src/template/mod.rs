//! `$(jwt.sub)`: what of a request goes into a header, a path, a query or a body, compiled when the configuration is read.
//!
//! A value may be anybody's bytes, so it is written for the place where it will stand ([`Target`]), never as it comes.

mod encode;
mod fault;
mod fuzz;
mod parse;
mod source;
mod values;

pub use encode::Target;
use encode::is_fit_for_header;
pub use fault::TemplateFault;
#[doc(hidden)]
pub use fuzz::fuzz_template;
use source::Source;
pub use source::{CLAIMS, SOURCES};
use values::Found;
pub use values::Values;

use crate::headers::FieldValue;

/// What is made of a template is at most so long, bytes: servers commonly end at 8 KiB for all headers together.
pub const MAX_RENDERED_BYTES: usize = 4 * 1024;

/// A text with places for what is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    target: Target,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Written for the target already.
    Text(Vec<u8>),
    Place {
        source: Source,
        /// What stands here where there is nothing, written for the target already.
        default: Option<Vec<u8>>,
    },
}

/// Where a template stands, and what it may therefore name.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    /// What it becomes a part of.
    pub target: Target,
    /// The names of the route's path template.
    pub captures: &'s [String],
    /// True where there is nothing but a token's claims.
    pub claims_alone: bool,
}

impl Scope<'_> {
    /// A header made of a token's claims and nothing else.
    pub const CLAIMS: Scope<'static> =
        Scope { target: Target::Header, captures: &[], claims_alone: true };
}

/// What a template gives for one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text, written for its target; `None`: nothing is set.
    pub value: Option<Vec<u8>>,
    /// Values and elements of lists that were dropped because they could have been read as something else: to be counted.
    pub dropped: u32,
}

impl Template {
    /// Fills the places. A value that is missing and has no default, or is unfit for the target, leaves the whole text
    /// out, as does an empty text, which some upstreams read as 'somebody'.
    #[must_use]
    pub fn render(&self, values: &Values<'_>) -> Rendered {
        let mut dropped = 0;
        let value = self.fill(values, &mut dropped);
        Rendered { value, dropped }
    }

    /// The same as the value of a header, and how much was dropped.
    #[must_use]
    pub fn render_field(&self, values: &Values<'_>) -> (Option<FieldValue>, u32) {
        // One place and nothing else, as most have: its text is copied once.
        if let [Piece::Place { source, .. }] = self.pieces.as_slice()
            && self.target == Target::Header
            && let Some(value) = values.find(source).as_ref().and_then(Found::text)
        {
            let fit = value.len() <= MAX_RENDERED_BYTES && is_fit_for_header(value);
            return (FieldValue::new(value).filter(|_| fit), u32::from(!fit));
        }
        let Rendered { value, dropped } = self.render(values);
        (value.and_then(FieldValue::new), dropped)
    }

    fn fill(&self, values: &Values<'_>, dropped: &mut u32) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Place { source, default } => {
                    let found = values.find(source);
                    let before = out.len();
                    if found
                        .as_ref()
                        .is_some_and(|found| !found.write(self.target, &mut out, dropped))
                    {
                        return None;
                    }
                    match default {
                        Some(default) if out.len() == before => out.extend_from_slice(default),
                        None if found.is_none_or(|found| found.is_empty_list()) => return None,
                        _ => {}
                    }
                    // `/users/` is another thing than `/users/` and a name.
                    if out.len() == before && self.target == Target::Segment {
                        return None;
                    }
                }
            }
            if out.len() > MAX_RENDERED_BYTES {
                *dropped = dropped.saturating_add(1);
                return None;
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// The text with `x` in each place: what can be said of it without a request.
    #[must_use]
    pub fn sample(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_slice(),
            Piece::Place { .. } => b"x",
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// True if it has no places.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// True if it reads who is calling: a token, a consumer, a certificate, an address. What is made of it is worth
    /// nothing where a client could send it itself.
    #[must_use]
    pub fn says_who_is_calling(&self) -> bool {
        self.sources().any(Source::says_who_is_calling)
    }

    /// True if it reads what a client may write as it likes.
    #[must_use]
    pub fn is_the_clients_choice(&self) -> bool {
        self.sources().any(|source| !source.says_who_is_calling())
    }

    /// True if it reads the request itself, which is gone when a response comes unless somebody has read it.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.sources().any(Source::is_of_headers)
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Place { source, .. } => Some(source),
        })
    }
}

#[cfg(test)]
mod tests;
