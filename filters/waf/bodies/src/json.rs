//! JSON: each value that is no object and no list becomes an argument named by the way to it.
//!
//! Own, since `serde_json` gives a number's value where rules and upstreams see its text, and stops at bytes and escapes
//! that many servers read on from. It is a loop with a stack of its own, so that depth costs no stack of the machine.

use memchr::memchr2;

use crate::budget::Budget;
use crate::fault::{JSON_END, OPEN_STRING};
use crate::{Argument, Fault, Limits};

mod text;

#[cfg(test)]
mod tests;

/// The arguments of a JSON body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json {
    /// `json.a.b` for members, `json.a.0` for elements, `json` for a value that is in nothing. Strings are unescaped, other
    /// values are their text. Members of one name are all there; an object or list with nothing in it is an empty value,
    /// for its name's sake.
    ///
    /// Of a body that cannot be read on, the rest is the last argument, as it stands, named by the way to where that was.
    pub arguments: Vec<Argument>,
    /// The names of members that are an object or list with something in it: no argument's name ends with theirs, and
    /// some names are an attack by how they end (Django's `id__in`), whatever their value is.
    pub outer_names: Vec<Vec<u8>>,
    /// The first thing that was wrong.
    pub fault: Option<Fault>,
}

const NO_VALUE: &str = "no value";

/// `\ud83d\ude00`
const LONGEST_ESCAPE: usize = 12;

/// What all names begin with.
const ROOT: &[u8] = b"json";

/// The arguments of a JSON body; one that is only white space has none and is well.
#[must_use]
pub fn json(body: &[u8], limits: &Limits) -> Json {
    let mut reader = Reader {
        body,
        at: 0,
        token: 0,
        path: ROOT.to_vec(),
        open: Vec::new(),
        budget: Budget::new(limits),
        depth: limits.depth,
        arguments: Vec::new(),
        outer_names: Vec::new(),
        fault: None,
    };
    if body.trim_ascii().is_empty() {
        return Json::default();
    }
    if let Err(fault) = reader.read() {
        if fault.is_limit() {
            reader.fault = Some(fault);
        } else {
            let fault = if reader.is_at_end(fault) { Fault::Json(JSON_END) } else { fault };
            reader.fault.get_or_insert(fault);
            reader.keep_rest();
        }
    }
    if reader.fault.is_none() && std::str::from_utf8(body).is_err() {
        reader.fault = Some(Fault::Json("invalid UTF-8"));
    }
    Json { arguments: reader.arguments, outer_names: reader.outer_names, fault: reader.fault }
}

/// An object or list that is being read.
struct Open {
    /// The length of its own path.
    path: usize,
    /// The number of the element that is being read; none in an object.
    index: Option<usize>,
}

struct Reader<'b> {
    body: &'b [u8],
    at: usize,
    /// Where the thing begins that is being read.
    token: usize,
    path: Vec<u8>,
    open: Vec<Open>,
    budget: Budget,
    depth: usize,
    arguments: Vec<Argument>,
    outer_names: Vec<Vec<u8>>,
    /// What was wrong and could be read all the same.
    fault: Option<Fault>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Fault> {
        if self.body.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
            self.fault = Some(Fault::Json("byte order mark"));
        }
        loop {
            // A value begins here, or the first of an object or list that has just begun.
            self.begin();
            let is_open = self.value()?;
            if is_open {
                continue;
            }
            loop {
                self.begin();
                let Some(open) = self.open.last_mut() else {
                    return match self.peek() {
                        None => Ok(()),
                        Some(_) => Err(Fault::Json("data after the value")),
                    };
                };
                let byte = self.body.get(self.at).copied();
                match (byte, open.index.as_mut()) {
                    (Some(b','), index) => {
                        if let Some(index) = index {
                            *index = index.saturating_add(1);
                        }
                        self.at += 1;
                        self.begin();
                        self.step()?;
                        break;
                    }
                    (Some(b'}'), None) | (Some(b']'), Some(_)) => {
                        self.at += 1;
                        self.close();
                    }
                    (_, None) => return Err(Fault::Json("no comma or brace after a member")),
                    (_, Some(_)) => {
                        return Err(Fault::Json("no comma or bracket after an element"));
                    }
                }
            }
        }
    }

    /// A value that is in nothing else, or its beginning. True if it is an object or list with something in it.
    fn value(&mut self) -> Result<bool, Fault> {
        self.budget.node()?;
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                if self.open.len() >= self.depth {
                    return Err(Fault::TooDeep);
                }
                self.at += 1;
                let index = (bracket == b'[').then_some(0);
                let is_member = self.open.last().is_some_and(|outer| outer.index.is_none());
                self.open.push(Open { path: self.path.len(), index });
                self.begin();
                let end = if bracket == b'[' { b']' } else { b'}' };
                if self.peek() != Some(end) {
                    if is_member {
                        self.budget.name(&self.path)?;
                        self.budget.outer_name(&mut self.outer_names, self.path.clone())?;
                    }
                    self.step()?;
                    return Ok(true);
                }
                self.at += 1;
                self.close();
                if !self.open.is_empty() {
                    self.argument(Vec::new())?;
                }
            }
            Some(b'"') => {
                let value = self.string()?;
                self.argument(value)?;
            }
            Some(_) => {
                let rest = self.body.get(self.at..).unwrap_or_default();
                let length = text::scalar(rest).ok_or(Fault::Json(NO_VALUE))?;
                self.at += length;
                self.argument(rest.get(..length).unwrap_or_default().to_vec())?;
            }
            None => return Err(Fault::Json(JSON_END)),
        }
        Ok(false)
    }

    /// Goes to the next value of the innermost object or list: behind a name and its colon, or to the next number.
    fn step(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.last() else { return Ok(()) };
        self.path.truncate(open.path);
        match open.index {
            Some(index) => {
                self.path.push(b'.');
                self.path.extend_from_slice(index.to_string().as_bytes());
            }
            None => {
                if self.peek() != Some(b'"') {
                    return Err(Fault::Json("no name of a member"));
                }
                let name = self.string()?;
                self.path.push(b'.');
                self.path.extend_from_slice(&name);
                self.begin();
                if self.peek() != Some(b':') {
                    return Err(Fault::Json("no colon after a name"));
                }
                self.at += 1;
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.path.truncate(open.path);
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, Fault> {
        let rest = self.body.get(self.at + 1..).unwrap_or_default();
        let (mut out, mut at) = (Vec::new(), 0_usize);
        loop {
            let behind = rest.get(at..).unwrap_or_default();
            let place = memchr2(b'"', b'\\', behind).ok_or(Fault::Json(OPEN_STRING))?;
            let plain = behind.get(..place).unwrap_or_default();
            if plain.iter().any(|byte| *byte < 0x20) {
                self.fault.get_or_insert(Fault::Json("control character in a string"));
            }
            out.extend_from_slice(plain);
            at += place;
            if behind.get(place) == Some(&b'"') {
                self.at += at + 2;
                return Ok(out);
            }
            let escape = behind.get(place..).unwrap_or_default();
            let is_cut = || escape.len() < LONGEST_ESCAPE && !escape.contains(&b'"');
            at += text::unescape(escape, &mut out).ok_or_else(|| {
                Fault::Json(if is_cut() { OPEN_STRING } else { "invalid escape" })
            })?;
        }
    }

    fn argument(&mut self, value: Vec<u8>) -> Result<(), Fault> {
        self.budget.name(&self.path)?;
        self.budget.argument(&mut self.arguments, self.path.clone(), value)
    }

    /// What cannot be read is seen as it stands.
    fn keep_rest(&mut self) {
        let rest = self.body.get(self.token..).unwrap_or_default().to_vec();
        if let Err(fault) = self.argument(rest) {
            self.fault = Some(fault);
        }
    }

    /// True if what could not be read might go on behind the end: of a literal or number there is a beginning.
    fn is_at_end(&self, fault: Fault) -> bool {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let is_begun = |literal: &&[u8]| literal.starts_with(rest);
        let is_beginning = || {
            [b"true".as_slice(), b"false", b"null"].iter().any(is_begun)
                || rest.iter().all(|byte| b"-+.eE0123456789".contains(byte))
        };
        rest.is_empty() || (fault == Fault::Json(NO_VALUE) && is_beginning())
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    /// Passes white space (RFC 8259 §2); the next thing begins behind it.
    fn begin(&mut self) {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(is_space).count();
        self.token = self.at;
    }
}
