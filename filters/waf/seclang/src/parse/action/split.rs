//! A list of actions as its items: commas within quotes split nothing.

use super::super::shown;

/// `name` or `name:value`, the value without its quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) value: Option<Vec<u8>>,
}

/// Splits a list: its items up to a quote that does not end or that something follows, and what is wrong with that one.
/// Where the next action begins would be a guess.
pub(super) fn split(text: &[u8]) -> (Vec<Item>, Option<String>) {
    let mut items = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b':' | b',')).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let name = shown(name.trim_ascii());
        let value;
        (value, rest) = match behind.strip_prefix(b":") {
            Some(behind) => match read_value(behind, &name) {
                Ok((value, behind)) => (Some(value), behind),
                Err(fault) => return (items, Some(format!("in `{name}`: {fault}"))),
            },
            None => (None, behind),
        };
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        // A comma too many says nothing.
        if !name.is_empty() || value.is_some() {
            items.push(Item { name, value });
        }
    }
    (items, None)
}

/// The value that a text begins with, and what is behind it: nothing, or a comma first.
fn read_value<'t>(text: &'t [u8], name: &str) -> Result<(Vec<u8>, &'t [u8]), String> {
    let text = text.trim_ascii_start();
    if let Some(quoted) = text.strip_prefix(b"'") {
        return read_quoted(quoted);
    }
    // `setvar:tx.a='…'` and `ctl:ruleRemoveByMsg='…'` have quotes within.
    let inner = matches!(name.to_ascii_lowercase().as_str(), "setvar" | "ctl");
    let end = text.iter().position(|byte| *byte == b',').unwrap_or(text.len());
    let plain = text.get(..end).unwrap_or(text);
    let quote = plain.windows(2).position(|pair| inner && pair == b"='");
    let Some((start, quoted)) = quote.and_then(|place| {
        let (start, quoted) = text.split_at_checked(place + 1)?;
        Some((start, quoted.strip_prefix(b"'")?))
    }) else {
        return Ok((plain.trim_ascii_end().to_vec(), text.get(end..).unwrap_or_default()));
    };
    let (value, behind) = read_quoted(quoted)?;
    Ok(([start, &value].concat(), behind))
}

/// The text up to the quote, in which `\'` is a quote, and what is behind it.
fn read_quoted(text: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((place, &byte)) = bytes.next() {
        match byte {
            b'\'' => {
                let behind = text.get(place + 1..).unwrap_or_default().trim_ascii_start();
                return match behind.first() {
                    None | Some(b',') => Ok((value, behind)),
                    Some(_) => Err(format!(
                        "expected a comma behind the quote, but found `{}`; write a quote within a text as `\\'`",
                        shown(behind)
                    )),
                };
            }
            b'\\' => match bytes.next() {
                Some((_, b'\'')) => value.push(b'\''),
                Some((_, next)) => value.extend([b'\\', *next]),
                None => value.push(b'\\'),
            },
            _ => value.push(byte),
        }
    }
    Err("expected `'` at the end of the text, but the list ends first".to_owned())
}
