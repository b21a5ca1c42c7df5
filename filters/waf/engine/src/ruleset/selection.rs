//! Which rules an exclusion means: by id, by tag, by message.

use portcullis_waf_operators::pattern::{Case, Pattern};
use portcullis_waf_seclang::syntax::{Expression, IdRange, Location, Piece, Removal, Rule};

use super::Findings;

/// A [`Removal`] whose pattern was read.
pub(crate) enum Selected {
    Ids(Vec<IdRange>),
    Tag(Pattern),
    Msg(Pattern),
}

impl Selected {
    /// Reads the pattern, if there is one; a mistake in it is a fault.
    pub(super) fn of(
        removal: &Removal,
        location: &Location,
        findings: &mut Findings,
    ) -> Option<Self> {
        match Selected::try_of(removal) {
            Ok(selected) => Some(selected),
            Err(text) => {
                findings.fault(location, None, text);
                None
            }
        }
    }

    /// The same with the mistake as a text.
    pub(crate) fn try_of(removal: &Removal) -> Result<Self, String> {
        let pattern = |text: &String| {
            Pattern::new(text.as_bytes(), Case::Sensitive).map_err(|fault| fault.to_string())
        };
        Ok(match removal {
            Removal::Ids(ranges) => Selected::Ids(ranges.clone()),
            Removal::Tag(text) => Selected::Tag(pattern(text)?),
            Removal::Msg(text) => Selected::Msg(pattern(text)?),
        })
    }

    /// True if this rule is meant.
    pub(crate) fn has(&self, rule: &Rule) -> bool {
        let id = rule.metadata.id;
        match self {
            Selected::Ids(ranges) => {
                ranges.iter().any(|range| (range.first..=range.last).contains(&id))
            }
            Selected::Tag(pattern) => {
                rule.metadata.tags.iter().any(|tag| finds(pattern, &written(tag)))
            }
            Selected::Msg(pattern) => rule
                .links
                .iter()
                .filter_map(|link| link.msg.as_ref())
                .any(|msg| finds(pattern, &written(msg))),
        }
    }
}

/// A pattern that cannot be run on a tag means all: a removal too many is seen at once, one too few is a false positive
/// for ever. Tags are the author's own short texts, so that it does not happen.
fn finds(pattern: &Pattern, text: &[u8]) -> bool {
    pattern.is_match(text).unwrap_or(true)
}

/// The text without what its macros would become.
fn written(expression: &Expression) -> Vec<u8> {
    let literals = expression.0.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text.as_slice()),
        Piece::Macro(_) => None,
    });
    literals.collect::<Vec<_>>().concat()
}
