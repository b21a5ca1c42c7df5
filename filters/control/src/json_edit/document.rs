//! A JSON text that is being changed.

use std::borrow::Cow;

use super::path::{JsonPath, Name, Step};
use super::scan::{DEPTH, check, expand};
use super::{Allowed, JsonEditFault, MAX_GROWTH, MAX_PLACES};

/// A value: its text, or its insides once somebody looked there.
pub(super) enum Value<'t> {
    Text(&'t [u8]),
    Object {
        members: Vec<Member<'t>>,
        /// The space inside one that came empty.
        blank: &'t [u8],
    },
    List {
        items: Vec<Item<'t>>,
        blank: &'t [u8],
    },
}

/// A member and all that stands around it up to the commas.
pub(super) struct Member<'t> {
    pub(super) before: &'t [u8],
    pub(super) quoted: &'t [u8],
    pub(super) name: Option<Cow<'t, str>>,
    pub(super) colon: &'t [u8],
    pub(super) value: Value<'t>,
    pub(super) behind: &'t [u8],
}

/// An element and the space around it.
pub(super) struct Item<'t> {
    pub(super) before: &'t [u8],
    pub(super) value: Value<'t>,
    pub(super) behind: &'t [u8],
}

/// What is done to a member. Values are JSON texts.
#[derive(Clone, Copy, Debug)]
pub enum Change<'t> {
    /// Away with all of this name.
    Remove,
    /// Another name; those that had it go. All of one name are renamed.
    Rename(&'t Name),
    /// Another value for all of this name.
    Replace(&'t [u8]),
    /// A member at the end, if there is none of this name. One that is `false` or `null` is there.
    Add(&'t [u8]),
    /// One more element: of a list, or of a list that is made of the value. Where there is nothing or `null`, a list of
    /// one.
    Append(&'t [u8]),
}

/// A JSON text that is being changed. A name that stands twice is changed twice: readers differ on which of them counts.
pub struct Document<'t> {
    before: &'t [u8],
    root: Value<'t>,
    behind: &'t [u8],
    text: &'t [u8],
    places: usize,
    growth: usize,
    changed: bool,
}

impl<'t> Document<'t> {
    /// Reads a text.
    ///
    /// # Errors
    /// [`JsonEditFault::NotJson`], [`JsonEditFault::TooDeep`].
    pub fn parse(text: &'t [u8]) -> Result<Self, JsonEditFault> {
        Document::parse_to_depth(text, DEPTH)
    }

    /// As [`Document::parse`], for who must find members in whatever an upstream may read.
    ///
    /// # Errors
    /// [`JsonEditFault::NotJson`].
    pub fn parse_of_any_depth(text: &'t [u8]) -> Result<Self, JsonEditFault> {
        Document::parse_to_depth(text, usize::MAX)
    }

    fn parse_to_depth(text: &'t [u8], depth: usize) -> Result<Self, JsonEditFault> {
        check(text, depth)?;
        // It is one value, and there is nothing but space around it.
        let start = text.trim_ascii_start();
        let root = start.trim_ascii_end();
        let before = text.get(..text.len().saturating_sub(start.len())).unwrap_or_default();
        let behind = start.get(root.len()..).unwrap_or_default();
        let root = Value::Text(root);
        Ok(Document { before, root, behind, text, places: MAX_PLACES, growth: 0, changed: false })
    }

    /// Changes all members at a path. Where an object or list is missing on the way, nothing is done.
    ///
    /// # Errors
    /// [`JsonEditFault::TooManyPlaces`], [`JsonEditFault::TooMuch`]: then the text is of no use any more.
    pub fn change(&mut self, path: &'t JsonPath, change: Change<'t>) -> Result<(), JsonEditFault> {
        let mut edit = Edit { name: &path.name, change, changed: false, growth: self.growth };
        edit.visit(&mut self.root, &path.way, &mut self.places)?;
        self.changed |= edit.changed;
        self.growth = edit.growth;
        Ok(())
    }

    /// Leaves only what is allowed.
    ///
    /// # Errors
    /// [`JsonEditFault::TooManyPlaces`]: then the text is of no use any more.
    pub fn allow(&mut self, allowed: &Allowed) -> Result<(), JsonEditFault> {
        let kept = allowed.filter(&mut self.root, &mut self.places, &mut self.changed)?;
        if !kept {
            self.changed = true;
            self.root = match &self.root {
                Value::Text(_) => Value::Text(b"null"),
                Value::Object { .. } => Value::Text(b"{}"),
                Value::List { .. } => Value::Text(b"[]"),
            };
        }
        Ok(())
    }

    /// Takes members out of the outermost object by their names, and gives their values' texts.
    ///
    /// # Errors
    /// [`JsonEditFault::TooManyPlaces`].
    pub fn take(&mut self, is_it: impl Fn(&str) -> bool) -> Result<Vec<&'t [u8]>, JsonEditFault> {
        let mut taken = Vec::new();
        self.root.expand(&mut self.places)?;
        if let Value::Object { members, .. } = &mut self.root {
            let before = members.len();
            members.retain(|member| {
                let found = member.name.as_deref().is_some_and(&is_it);
                if let Value::Text(text) = member.value
                    && found
                {
                    taken.push(text);
                }
                !found
            });
            self.changed |= members.len() != before;
        }
        Ok(taken)
    }

    /// The text with all changes; `None` if it is as it came.
    #[must_use]
    pub fn into_text(self) -> Option<Vec<u8>> {
        if !self.changed {
            return None;
        }
        let mut out = Vec::with_capacity(self.text.len().saturating_add(self.growth));
        out.extend_from_slice(self.before);
        self.root.write(&mut out);
        out.extend_from_slice(self.behind);
        Some(out)
    }
}

impl<'t> Value<'t> {
    pub(super) fn expand(&mut self, places: &mut usize) -> Result<(), JsonEditFault> {
        if let Value::Text(text) = self {
            *self = expand(text, places)?;
        }
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => out.extend_from_slice(text),
            Value::Object { members, blank } => {
                out.push(b'{');
                out.extend_from_slice(blank);
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    for text in [member.before, member.quoted, member.colon] {
                        out.extend_from_slice(text);
                    }
                    member.value.write(out);
                    out.extend_from_slice(member.behind);
                }
                out.push(b'}');
            }
            Value::List { items, blank } => {
                out.push(b'[');
                out.extend_from_slice(blank);
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(item.before);
                    item.value.write(out);
                    out.extend_from_slice(item.behind);
                }
                out.push(b']');
            }
        }
    }
}

/// One change on its way through a document.
struct Edit<'t> {
    name: &'t Name,
    change: Change<'t>,
    changed: bool,
    growth: usize,
}

impl<'t> Edit<'t> {
    /// Walks the way, which bounds how deep this goes.
    fn visit(
        &mut self,
        value: &mut Value<'t>,
        way: &[Step],
        places: &mut usize,
    ) -> Result<(), JsonEditFault> {
        value.expand(places)?;
        match (way.split_first(), value) {
            (None, Value::Object { members, blank }) => self.at(members, blank, places),
            (Some((Step::Name(name), rest)), Value::Object { members, .. }) => members
                .iter_mut()
                .filter(|member| member.name.as_deref() == Some(name.as_str()))
                .try_for_each(|member| self.visit(&mut member.value, rest, places)),
            (Some((Step::Items, rest)), Value::List { items, .. }) => {
                items.iter_mut().try_for_each(|item| self.visit(&mut item.value, rest, places))
            }
            _ => Ok(()),
        }
    }

    /// Changes the members of one object.
    fn at(
        &mut self,
        members: &mut Vec<Member<'t>>,
        blank: &mut &'t [u8],
        places: &mut usize,
    ) -> Result<(), JsonEditFault> {
        let name = self.name.as_str();
        let is_it = |member: &Member<'t>| member.name.as_deref() == Some(name);
        let there = members.iter().any(is_it);
        match self.change {
            Change::Remove if there => {
                members.retain(|member| !is_it(member));
                self.changed = true;
            }
            Change::Rename(to) if there && to.as_str() != name => {
                members.retain(|member| member.name.as_deref() != Some(to.as_str()));
                for member in members.iter_mut().filter(|member| is_it(member)) {
                    (member.quoted, member.name) = (&to.quoted, Some(Cow::Borrowed(to.as_str())));
                    grow(&mut self.growth, to.quoted.len())?;
                }
                self.changed = true;
            }
            Change::Replace(value) if there => {
                for member in members.iter_mut().filter(|member| is_it(member)) {
                    member.value = Value::Text(value);
                    grow(&mut self.growth, value.len())?;
                }
                self.changed = true;
            }
            Change::Append(value) if there => {
                for member in members.iter_mut().filter(|member| is_it(member)) {
                    *places = places.checked_sub(1).ok_or(JsonEditFault::TooManyPlaces)?;
                    grow(&mut self.growth, value.len().saturating_add(3))?;
                    append(&mut member.value, value, places)?;
                }
                self.changed = true;
            }
            Change::Add(value) | Change::Append(value) if !there => {
                *places = places.checked_sub(1).ok_or(JsonEditFault::TooManyPlaces)?;
                let size = self.name.quoted.len().saturating_add(value.len()).saturating_add(64);
                grow(&mut self.growth, size)?;
                *blank = b"";
                let value = match self.change {
                    Change::Append(_) => list_of(vec![Value::Text(value)]),
                    _ => Value::Text(value),
                };
                push(members, self.name, value);
                self.changed = true;
            }
            _ => {}
        }
        Ok(())
    }
}

fn grow(growth: &mut usize, by: usize) -> Result<(), JsonEditFault> {
    *growth = growth.saturating_add(by);
    if *growth > MAX_GROWTH { Err(JsonEditFault::TooMuch) } else { Ok(()) }
}

/// Adds a member at the end, with the space that the one before it has, as far as that is short.
fn push<'t>(members: &mut Vec<Member<'t>>, name: &'t Name, value: Value<'t>) {
    const MOST_SPACE: usize = 32;
    let quoted = name.quoted.as_slice();
    let own = Some(Cow::Borrowed(name.as_str()));
    let (mut before, mut colon, mut behind): (&[u8], &[u8], &[u8]) = (b"", b":", b"");
    if let Some(last) = members.last_mut() {
        if last.before.len().saturating_add(last.colon.len()) <= MOST_SPACE {
            (before, colon) = (last.before, last.colon);
        }
        behind = std::mem::take(&mut last.behind);
    }
    members.push(Member { before, quoted, name: own, colon, value, behind });
}

fn append<'t>(
    value: &mut Value<'t>,
    new: &'t [u8],
    places: &mut usize,
) -> Result<(), JsonEditFault> {
    let is_list = match value {
        Value::Text(text) => text.first() == Some(&b'['),
        Value::List { .. } => true,
        Value::Object { .. } => false,
    };
    if is_list {
        value.expand(places)?;
    }
    if let Value::List { items, blank } = value {
        *blank = b"";
        let behind = items.last_mut().map(|last| std::mem::take(&mut last.behind));
        let behind = behind.unwrap_or_default();
        items.push(Item { before: b"", value: Value::Text(new), behind });
        return Ok(());
    }
    let old = std::mem::replace(value, Value::Text(b"null"));
    let is_null = matches!(old, Value::Text(b"null"));
    let new = Value::Text(new);
    *value = list_of(if is_null { vec![new] } else { vec![old, new] });
    Ok(())
}

fn list_of(values: Vec<Value<'_>>) -> Value<'_> {
    let items = values.into_iter().map(|value| Item { before: b"", value, behind: b"" });
    Value::List { items: items.collect(), blank: b"" }
}
