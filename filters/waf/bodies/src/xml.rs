//! XML: its texts and the values of its attributes, for `XML:/*` and `XML://@*`.
//!
//! `quick-xml` reads it: no entity but the predefined and the numeric ones becomes anything, and nothing is fetched. Where
//! it cannot go on, the rest is a text as it stands.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::budget::Budget;
use crate::fault::{NO_ELEMENT, OPEN_ELEMENT, OPEN_TAG};
use crate::{Fault, Limits};

mod reference;

#[cfg(test)]
mod tests;

/// The texts and attributes of an XML body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xml {
    /// The text between one tag and the next, where there is more than white space; comments and instructions do not part
    /// it, and CDATA is text. What a DTD declares is one too, for who expands it, and what it names elsewhere, for who
    /// fetches it, and so is what could not be read.
    pub text: Vec<Vec<u8>>,
    /// All text in one piece, if it is in more than one of them: a payload may be split over elements.
    pub joined: Option<Vec<u8>>,
    /// The values of attributes, namespaces among them.
    pub attributes: Vec<Vec<u8>>,
    /// The first thing that was wrong.
    pub fault: Option<Fault>,
}

/// The texts and attributes of an XML body; one that is only white space has none and is well.
#[must_use]
pub fn xml(body: &[u8], limits: &Limits) -> Xml {
    let mut walk = Walk {
        read: Xml::default(),
        text: Vec::new(),
        joined: Vec::new(),
        texts: 0,
        open: Vec::new(),
        has_root: false,
        budget: Budget::new(limits),
        depth: limits.depth,
    };
    if body.trim_ascii().is_empty() {
        return walk.read;
    }
    if !is_ascii_based(body) {
        walk.fault("an encoding that is not read");
        walk.read.text.push(body.to_vec());
        return walk.read;
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        // What such a document's reader makes of it; for the other pages of Windows it is near enough.
        Err(_) if is_latin(body) => body.iter().map(|byte| char::from(*byte)).collect(),
        Err(_) => {
            walk.fault("invalid UTF-8");
            String::from_utf8_lossy(body)
        }
    };
    let text = lines_ended(text);
    if let Err(fault) = walk.read(&text) {
        walk.read.fault = Some(fault);
    }
    if walk.texts > 1 {
        walk.read.joined = Some(walk.joined);
    }
    walk.read
}

struct Walk<'b> {
    read: Xml,
    /// The text since the last tag.
    text: Vec<u8>,
    joined: Vec<u8>,
    /// How many texts are part of the joined one.
    texts: usize,
    /// The names of the elements that are being read.
    open: Vec<&'b [u8]>,
    has_root: bool,
    budget: Budget,
    depth: usize,
}

impl<'b> Walk<'b> {
    fn read(&mut self, body: &'b str) -> Result<(), Fault> {
        let mut reader = Reader::from_str(body);
        let body = body.as_bytes();
        let config = reader.config_mut();
        // Ends are compared here, where a wrong one is a fault and no end.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    self.element(&tag)?;
                    let name = tag.name().0.len();
                    let behind = body.get(start.saturating_add(1)..).unwrap_or_default();
                    self.open.push(behind.get(..name).unwrap_or_default());
                    if self.open.len() > self.depth {
                        return Err(Fault::TooDeep);
                    }
                }
                Ok(Event::Empty(tag)) => self.element(&tag)?,
                Ok(Event::End(tag)) => {
                    self.end_text()?;
                    if self.open.pop() != Some(tag.name().0.as_bytes()) {
                        self.fault("an end tag of another element");
                    }
                }
                Ok(Event::Text(text)) => self.add(text.as_bytes()),
                Ok(Event::CData(text)) => self.add(text.as_bytes()),
                Ok(Event::GeneralRef(name)) => match reference::character(name.as_bytes()) {
                    Some(character) => self.add(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => {
                        self.fault("an unknown entity");
                        self.add(b"&");
                        self.add(name.as_bytes());
                        self.add(b";");
                    }
                },
                Ok(Event::DocType(doctype)) => self.doctype(doctype.as_bytes())?,
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
                Ok(Event::Eof) => break,
                Err(_) => {
                    self.fault(OPEN_TAG);
                    self.end_text()?;
                    return self.keep(body.get(start..).unwrap_or_default());
                }
            }
        }
        self.end_text()?;
        if !self.has_root {
            self.fault(NO_ELEMENT);
        } else if !self.open.is_empty() {
            self.fault(OPEN_ELEMENT);
        }
        Ok(())
    }

    /// What a DTD declares, or where else it lies: who reads the document may fetch that.
    fn doctype(&mut self, doctype: &[u8]) -> Result<(), Fault> {
        if doctype.contains(&b'[') {
            return self.keep(doctype);
        }
        let mut rest = doctype;
        while let Some(start) = memchr2(b'"', b'\'', rest) {
            let (quote, literal) =
                rest.get(start..).and_then(<[u8]>::split_first).unwrap_or((&b'"', &[]));
            let end = memchr(*quote, literal).unwrap_or(literal.len());
            self.keep(literal.get(..end).unwrap_or_default())?;
            rest = literal.get(end.saturating_add(1)..).unwrap_or_default();
        }
        Ok(())
    }

    fn element(&mut self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        self.end_text()?;
        self.budget.node()?;
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            self.fault("a second root");
        }
        let mut attributes = tag.attributes();
        // Comparing all names with all others would be quadratic.
        attributes.with_checks(false);
        for attribute in attributes {
            self.budget.node()?;
            match attribute {
                Ok(attribute) => {
                    let (value, is_known) = reference::normalize(attribute.value.as_bytes());
                    if !is_known {
                        self.fault("an unknown entity");
                    }
                    self.read.attributes.push(value);
                }
                Err(_) => {
                    self.fault("an attribute without a quoted value");
                    self.read.attributes.push(tag.attributes_raw().as_bytes().to_vec());
                    break;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &[u8]) {
        if self.open.is_empty() && !text.trim_ascii().is_empty() {
            self.fault("text outside of the root");
        }
        self.text.extend_from_slice(text);
    }

    fn end_text(&mut self) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.text);
        self.joined.extend_from_slice(&text);
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        self.budget.node()?;
        self.texts += 1;
        self.read.text.push(text);
        Ok(())
    }

    /// A text that is none of the document's.
    fn keep(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.budget.node()?;
        self.read.text.push(text.to_vec());
        Ok(())
    }

    fn fault(&mut self, what: &'static str) {
        self.read.fault.get_or_insert(Fault::Xml(what));
    }
}

/// Lines that end as a reader of XML hands them on, whoever wrote them (XML 1.0 §2.11).
fn lines_ended(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => text,
    }
}

/// The encodings in which markup is what it is in ASCII, and that leave no bytes of it to others.
const ASCII_BASED: [&[u8]; 6] =
    [b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-", b"windows-125"];

/// False for UTF-16, UTF-7 and whatever else would hide markup and text from who reads bytes.
fn is_ascii_based(body: &[u8]) -> bool {
    let wide: [&[u8]; 4] = [b"\xfe\xff", b"\xff\xfe", b"<\0", b"\0"];
    if wide.iter().any(|start| body.starts_with(start)) {
        return false;
    }
    encoding(body).is_none_or(|name| ASCII_BASED.iter().any(|known| begins_with(name, known)))
}

/// True if bytes that are no UTF-8 are what the document says of itself.
fn is_latin(body: &[u8]) -> bool {
    encoding(body)
        .is_some_and(|name| begins_with(name, b"iso-8859-") || begins_with(name, b"windows-125"))
}

fn begins_with(name: &[u8], start: &[u8]) -> bool {
    name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
}

/// The encoding that the declaration names.
fn encoding(body: &[u8]) -> Option<&[u8]> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let declaration = body.strip_prefix(b"<?xml")?;
    let declaration = declaration.split(|byte| *byte == b'>').next()?;
    let place = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration.get(place + b"encoding".len()..)?.trim_ascii_start();
    let value = value.strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    value.split(|byte| byte == quote).next()
}
