//! Places in a text that is JSON: where its members and elements begin and end.

use std::borrow::Cow;

use super::document::{Item, Member, Value};
use super::{JsonEditFault, MAX_DEPTH};

/// That a text is JSON, and no deeper than `depth`. serde_json does not build it, and needs no stack for it.
pub(super) fn check(text: &[u8], depth: usize) -> Result<(), JsonEditFault> {
    // UTF-8 first: serde_json does not look into texts that nobody asked for.
    let whole = std::str::from_utf8(text).is_ok()
        && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    if !whole {
        return Err(JsonEditFault::NotJson);
    }
    let deep = text.len() > depth && Scanner { text, at: 0 }.nested(depth).is_none();
    if deep { Err(JsonEditFault::TooDeep) } else { Ok(()) }
}

/// A reader of a text that is JSON; on anything else it gives `None` sooner or later.
pub(super) struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Scanner { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        let there = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(there));
        there.then_some(())
    }

    fn since(&self, start: usize) -> &'t [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// White space (RFC 8259 §2).
    pub(super) fn space(&mut self) -> &'t [u8] {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at = self.at.saturating_add(1);
        }
        self.since(start)
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        self.skip(b'"')?;
        loop {
            let rest = self.text.get(self.at..)?;
            let place = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            let escaped = rest.get(place) == Some(&b'\\');
            self.at = self.at.saturating_add(place).saturating_add(if escaped { 2 } else { 1 });
            if !escaped {
                return Some(self.since(start));
            }
        }
    }

    /// A value without the space around it.
    pub(super) fn value(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        match self.peek()? {
            b'"' => return self.string(),
            b'{' | b'[' => self.nested(usize::MAX)?,
            _ => {
                let rest = self.text.get(self.at..)?;
                let ends =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                self.at = self.at.saturating_add(length);
            }
        }
        Some(self.since(start))
    }

    /// Goes behind an object or list, and whatever comes before it; `None` if there is more inside each other than `most`,
    /// or no end.
    fn nested(&mut self, most: usize) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(place) = rest.iter().position(|byte| is_structural(*byte)) else { break };
            self.at = self.at.saturating_add(place);
            match rest.get(place).copied().unwrap_or_default() {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    if depth > most {
                        return None;
                    }
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.at = self.at.saturating_add(1);
                        return Some(());
                    }
                }
                _ => {}
            }
            self.at = self.at.saturating_add(1);
        }
        (depth == 0).then_some(())
    }
}

/// What begins a string, or begins or ends an object or list: most bytes are none of these, and all are asked.
const fn is_structural(byte: u8) -> bool {
    // `[` and `{`, `]` and `}` are one bit apart.
    byte == b'"' || matches!(byte | 0x20, b'{' | b'}')
}

/// An object's or list's insides, each counted against `places`; another value stays as it is.
pub(super) fn expand<'t>(text: &'t [u8], places: &mut usize) -> Result<Value<'t>, JsonEditFault> {
    let mut scanner = Scanner::new(text);
    let mut count = || {
        *places = places.checked_sub(1).ok_or(JsonEditFault::TooManyPlaces)?;
        Ok(())
    };
    match scanner.peek() {
        Some(b'{') => {
            let mut members = Vec::new();
            let blank = start(&mut scanner, b'}');
            while blank.is_none() {
                count()?;
                let (member, more) = member(&mut scanner).ok_or(JsonEditFault::NotJson)?;
                members.push(member);
                if !more {
                    break;
                }
            }
            Ok(Value::Object { members, blank: blank.unwrap_or_default() })
        }
        Some(b'[') => {
            let mut items = Vec::new();
            let blank = start(&mut scanner, b']');
            while blank.is_none() {
                count()?;
                let (item, more) = item(&mut scanner).ok_or(JsonEditFault::NotJson)?;
                items.push(item);
                if !more {
                    break;
                }
            }
            Ok(Value::List { items, blank: blank.unwrap_or_default() })
        }
        _ => Ok(Value::Text(text)),
    }
}

/// Goes behind the opening bracket; what is inside, if it is nothing but space.
fn start<'t>(scanner: &mut Scanner<'t>, end: u8) -> Option<&'t [u8]> {
    scanner.at = scanner.at.saturating_add(1);
    let first = scanner.at;
    let blank = scanner.space();
    let empty = scanner.peek() == Some(end);
    scanner.at = first;
    empty.then_some(blank)
}

/// A member with all that is up to the comma or bracket behind it, and whether there is another.
fn member<'t>(scanner: &mut Scanner<'t>) -> Option<(Member<'t>, bool)> {
    let before = scanner.space();
    let quoted = scanner.string()?;
    let start = scanner.at;
    scanner.space();
    scanner.skip(b':')?;
    scanner.space();
    let colon = scanner.since(start);
    let value = Value::Text(scanner.value()?);
    let behind = scanner.space();
    let more = scanner.skip(b',').is_some();
    Some((Member { before, quoted, name: name(quoted), colon, value, behind }, more))
}

fn item<'t>(scanner: &mut Scanner<'t>) -> Option<(Item<'t>, bool)> {
    let before = scanner.space();
    let value = Value::Text(scanner.value()?);
    let behind = scanner.space();
    let more = scanner.skip(b',').is_some();
    Some((Item { before, value, behind }, more))
}

/// What a name says, however it is written; `None` for one that is no text (half of a surrogate pair).
fn name(quoted: &[u8]) -> Option<Cow<'_, str>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(Cow::Owned);
    }
    let inside = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inside).ok().map(Cow::Borrowed)
}

/// The bound unless somebody says otherwise.
pub(super) const DEPTH: usize = MAX_DEPTH;
