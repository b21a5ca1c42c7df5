//! `$(jwt.path)`: what of a token goes into a header for the upstream, compiled when the configuration is read.

use std::fmt;

use portcullis_control::headers::FieldValue;
use serde_json::{Map, Value};

use crate::claims::ClaimPath;

/// A rendered header is at most so long: servers commonly end at 8 KiB for all headers together.
pub const MAX_HEADER_BYTES: usize = 4 * 1024;

/// The text of a header with places for claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Claim(ClaimPath),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// Nothing in it.
    Empty,
    /// `$(` without `)`.
    Unclosed,
    /// A place for something other than a claim.
    UnknownSource(String),
    /// `$(jwt.)`, or more names than a path may have.
    Path,
    /// Text around the places that no header may have.
    Text,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateFault::Empty => f.write_str("empty; give a text such as `$(jwt.sub)`"),
            TemplateFault::Unclosed => f.write_str("`$(` without `)`; close it as in `$(jwt.sub)`"),
            TemplateFault::UnknownSource(name) => {
                write!(f, "`$({name})` is not known; use `$(jwt.` and the path of a claim")
            }
            TemplateFault::Path => write!(
                f,
                "the path of the claim is empty or has more than {} names; give one as in `$(jwt.realm.roles)`",
                crate::claims::MAX_PATH_NAMES
            ),
            TemplateFault::Text => {
                f.write_str("has a byte below 0x20 or 0x7F, which no header may have; remove it")
            }
        }
    }
}

/// What a template gives for one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The header's value; `None`: the header is left out.
    pub value: Option<FieldValue>,
    /// Values and array elements that were dropped because they could have been read as something else: to be counted.
    pub dropped: u32,
}

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("$(") {
            let (place, after) = behind.split_once(')').ok_or(TemplateFault::Unclosed)?;
            push_text(&mut pieces, before)?;
            let path = place
                .strip_prefix("jwt.")
                .ok_or_else(|| TemplateFault::UnknownSource(crate::key::fault::quoted(place)))?;
            pieces.push(Piece::Claim(ClaimPath::parse(path).ok_or(TemplateFault::Path)?));
            rest = after;
        }
        push_text(&mut pieces, rest)?;
        if pieces.is_empty() {
            return Err(TemplateFault::Empty);
        }
        Ok(Template { pieces })
    }

    /// Fills the places. A claim that is missing, null, an empty array or unfit for a header leaves the whole header
    /// out, as does an empty value, which some upstreams read as 'somebody'.
    #[must_use]
    pub fn render(&self, claims: &Map<String, Value>) -> Rendered {
        let mut dropped = 0;
        let value = self.fill(claims, &mut dropped);
        Rendered { value, dropped }
    }

    fn fill(&self, claims: &Map<String, Value>, dropped: &mut u32) -> Option<FieldValue> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Claim(path) => out.push_str(&text_of(path.find(claims)?, dropped)?),
            }
            if out.len() > MAX_HEADER_BYTES {
                *dropped += 1;
                return None;
            }
        }
        if out.is_empty() {
            return None;
        }
        FieldValue::new(out)
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) -> Result<(), TemplateFault> {
    if !is_plain(text) {
        return Err(TemplateFault::Text);
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(())
}

/// A claim as the text of a header; `None` where there is none, or none that is safe.
fn text_of(value: &Value, dropped: &mut u32) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(elements) => {
            let mut joined = String::new();
            let mut first = true;
            for element in elements.iter().filter(|element| !element.is_null()) {
                let text = scalar(element);
                if text.contains(',') || !is_fit(&text) {
                    *dropped += 1;
                    continue;
                }
                if !first {
                    joined.push(',');
                }
                first = false;
                joined.push_str(&text);
            }
            (!first).then_some(joined)
        }
        other => {
            let text = scalar(other);
            if !is_fit(&text) {
                *dropped += 1;
                return None;
            }
            Some(text)
        }
    }
}

/// A string as it is, anything else as JSON.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Nothing that an upstream would read as something else: spaces at the ends are taken away (RFC 9110 §5.5), so that
/// `ada ` would become another user's name.
fn is_fit(text: &str) -> bool {
    is_plain(text) && !text.starts_with(' ') && !text.ends_with(' ')
}

/// No byte that ends a line or a string for somebody; UTF-8 passes.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f)
}

/// Compiles any text and fills it from claims made of the same bytes; a value must be fit for a header.
#[doc(hidden)]
pub fn fuzz_template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(template) = Template::parse(&text) else { return };
    let mut claims = Map::new();
    for piece in &template.pieces {
        if let Piece::Claim(path) = piece {
            let list = text.split(';').map(|part| Value::String(part.to_owned())).collect();
            claims.insert(path.as_str().to_owned(), Value::Array(list));
        }
    }
    if let Some(value) = template.render(&claims).value {
        assert!(value.as_bytes().len() <= MAX_HEADER_BYTES);
        assert!(value.as_bytes().iter().all(|byte| *byte >= 0x20 && *byte != 0x7f));
    }
}

#[cfg(test)]
mod tests;
