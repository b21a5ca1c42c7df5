//! Variables of a rule (`ARGS|!ARGS:password|&REQUEST_HEADERS:Host`).

use super::shown;
use crate::lists::{REFUSED_VARIABLES, refusal};
use crate::syntax::{Selector, Target, Variable, VariableRef};

/// Targets of one rule, at most: a rule set names a few dozen.
pub(super) const MAX_TARGETS: usize = 1000;

/// Reads a list of targets.
///
/// # Errors
/// What is wrong with the first that is none.
pub(super) fn read_list(text: &[u8]) -> Result<Vec<Target>, String> {
    let text = std::str::from_utf8(text)
        .map_err(|_| format!("expected variables in UTF-8, but found `{}`", shown(text)))?;
    let parts = split(text)?;
    if parts.len() > MAX_TARGETS {
        return Err(format!("expected at most {MAX_TARGETS} variables, but found {}", parts.len()));
    }
    parts.into_iter().map(read).collect()
}

/// Reads one target.
pub(super) fn read(text: &str) -> Result<Target, String> {
    if let Some(rest) = text.strip_prefix('!') {
        return Ok(Target::Exclude(parse_variable(rest)?));
    }
    if let Some(rest) = text.strip_prefix('&') {
        return Ok(Target::Count(parse_variable(rest)?));
    }
    Ok(Target::Values(parse_variable(text)?))
}

/// Where in an item of the list a bar or comma would be found.
enum Place {
    /// In the variable's name.
    Name,
    /// In a selector without quotes or slashes.
    Selector,
    /// In a text that ends with this byte.
    Until(u8),
}

/// Splits at bars and commas that are within neither quotes nor a pattern.
///
/// # Errors
/// A quote or pattern without an end: what follows would be taken for a part of it.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut place = Place::Name;
    let mut bytes = text.bytes().enumerate();
    let mut before = b' ';
    while let Some((at, byte)) = bytes.next() {
        place = match (place, byte) {
            (Place::Name | Place::Selector, b'|' | b',') => {
                parts.extend(text.get(start..at));
                start = at + 1;
                Place::Name
            }
            (Place::Name, b'\'') if before == b':' => Place::Until(b'\''),
            (Place::Name, b'/') if before == b':' => {
                // `XML://@*` and `XML:/*` are no patterns.
                let name = text.get(start..at).unwrap_or_default();
                let name = name.trim_start().trim_start_matches(['!', '&']);
                if name.eq_ignore_ascii_case("xml:") { Place::Selector } else { Place::Until(b'/') }
            }
            (Place::Name, byte) if before == b':' && byte != b':' => Place::Selector,
            (Place::Until(end), b'\\') => {
                bytes.next();
                Place::Until(end)
            }
            (Place::Until(end), byte) if byte == end => Place::Selector,
            (place, _) => place,
        };
        before = byte;
    }
    if let Place::Until(end) = place {
        let found = shown(text.get(start..).unwrap_or_default().as_bytes());
        return Err(format!("expected `{}` at the end of `{found}`", char::from(end)));
    }
    parts.extend(text.get(start..));
    Ok(parts.into_iter().map(str::trim).collect())
}

/// Reads a variable with its selector (`ARGS:password`, `TX:/^header_/`, `XML:/*`, `REQUEST_URI`).
///
/// # Errors
/// What is wrong with it.
pub fn parse_variable(text: &str) -> Result<VariableRef, String> {
    let (name, selector) = match text.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    };
    let Some(variable) = Variable::named(name) else {
        if name.is_empty() {
            return Err("expected a variable such as `ARGS`, but found none".to_owned());
        }
        return Err(refusal("variable", REFUSED_VARIABLES, &shown(name.as_bytes())));
    };
    let selector = match (variable, selector) {
        (Variable::Xml, Some("/*")) => Selector::XmlText,
        (Variable::Xml, Some("//@*")) => Selector::XmlAttributes,
        (Variable::Xml, _) => {
            return Err(format!(
                "expected `XML:/*` (text) or `XML://@*` (attributes), but found `{}`; other paths are not supported",
                shown(text.as_bytes())
            ));
        }
        (_, None) => Selector::All,
        (_, Some(selector)) if !variable.is_collection() => {
            return Err(format!(
                "`{}` is one value, but `:{}` asks for a member of it",
                variable.name(),
                shown(selector.as_bytes())
            ));
        }
        (_, Some(selector)) => read_selector(text, selector)?,
    };
    Ok(VariableRef { variable, selector })
}

fn read_selector(text: &str, selector: &str) -> Result<Selector, String> {
    let selector = selector.trim();
    let found = || shown(text.as_bytes());
    let selector = match selector.strip_prefix('\'') {
        Some(rest) => rest
            .strip_suffix('\'')
            .ok_or_else(|| format!("expected `'` at the end of `{}`", found()))?,
        None => selector,
    };
    if let Some(rest) = selector.strip_prefix('/') {
        let pattern = rest
            .strip_suffix('/')
            .ok_or_else(|| format!("expected `/` at the end of the pattern in `{}`", found()))?;
        return match pattern {
            "" => Err(format!("expected a pattern in `{}`, but it is empty", found())),
            pattern => Ok(Selector::Pattern(without_escapes(pattern, '/'))),
        };
    }
    match selector {
        "" => Err(format!("expected a name behind the colon of `{}`", found())),
        name => Ok(Selector::Name(without_escapes(name, '\'').to_ascii_lowercase().into_bytes())),
    }
}

/// The text without the backslashes that stand before this character alone.
fn without_escapes(text: &str, character: char) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        match (one, characters.clone().next()) {
            ('\\', Some(next)) => {
                if next != character {
                    kept.push('\\');
                }
                kept.push(next);
                characters.next();
            }
            _ => kept.push(one),
        }
    }
    kept
}
