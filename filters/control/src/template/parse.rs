//! From a configuration's text to a template.

use super::fault::quoted;
use super::source::Source;
use super::{CLAIMS, Piece, SOURCES, Scope, Target, Template, TemplateFault};

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str, scope: Scope<'_>) -> Result<Self, TemplateFault> {
        let target = scope.target;
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("$(") {
            push_text(&mut pieces, target, before)?;
            let end = behind.find([')', '|']).ok_or(TemplateFault::Unclosed)?;
            let (name, behind) = behind.split_at_checked(end).ok_or(TemplateFault::Unclosed)?;
            let (default, after) = match behind.strip_prefix('|') {
                Some(filter) => read_default(filter, target)?,
                None => (None, behind.strip_prefix(')').unwrap_or_default()),
            };
            let name = if behind.starts_with('|') { name.trim_end() } else { name };
            pieces.push(Piece::Place { source: read_source(name, scope)?, default });
            rest = after;
        }
        push_text(&mut pieces, target, rest)?;
        if pieces.is_empty() {
            return Err(TemplateFault::Empty);
        }
        Ok(Template { target, pieces })
    }
}

fn push_text(pieces: &mut Vec<Piece>, target: Target, text: &str) -> Result<(), TemplateFault> {
    if !text.is_empty() {
        pieces.push(Piece::Text(written(text, target)?));
    }
    Ok(())
}

fn written(text: &str, target: Target) -> Result<Vec<u8>, TemplateFault> {
    let mut out = Vec::new();
    target.write_text(text, &mut out).then_some(out).ok_or(TemplateFault::Text)
}

fn read_source(name: &str, scope: Scope<'_>) -> Result<Source, TemplateFault> {
    let known = if scope.claims_alone { CLAIMS } else { SOURCES };
    let unknown = || TemplateFault::UnknownSource(quoted(name), known);
    let source = Source::parse(name).ok_or_else(unknown)?.ok_or(TemplateFault::Path)?;
    match &source {
        Source::Claim(_) => {}
        _ if scope.claims_alone => return Err(unknown()),
        Source::Capture(name) if !scope.captures.contains(name) => {
            return Err(TemplateFault::NoCapture(quoted(name), scope.captures.to_vec()));
        }
        _ => {}
    }
    Ok(source)
}

/// Reads ` default("…"))`: the text, in which `\"` is a quote and `\\` a backslash, and what follows the place.
fn read_default(filter: &str, target: Target) -> Result<(Option<Vec<u8>>, &str), TemplateFault> {
    let quoted = filter.trim_start().strip_prefix("default(").map(str::trim_start);
    let mut rest = quoted.and_then(|rest| rest.strip_prefix('"')).ok_or(TemplateFault::Filter)?;
    let mut text = String::new();
    loop {
        let mut characters = rest.chars();
        match characters.next().ok_or(TemplateFault::Unclosed)? {
            '"' => break rest = characters.as_str(),
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                _ => return Err(TemplateFault::Filter),
            },
            character => text.push(character),
        }
        rest = characters.as_str();
    }
    let rest = rest.trim_start().strip_prefix(')').ok_or(TemplateFault::Filter)?;
    let rest = rest.trim_start().strip_prefix(')').ok_or(TemplateFault::Unclosed)?;
    let mut out = Vec::new();
    // In a path a default is one value, not a text with slashes.
    let fit = if target == Target::Segment {
        target.write(text.as_bytes(), &mut out)
    } else {
        target.write_text(&text, &mut out)
    };
    fit.then_some((Some(out), rest)).ok_or(TemplateFault::Text)
}
