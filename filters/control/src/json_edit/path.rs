//! Which members of a JSON text are meant: `user.address.zip`, `items[*].secret`.

use crate::config::Node;

/// Names and `[*]` of a path, at most: documents have three or four levels, and each is walked.
pub const MAX_STEPS: usize = 12;

/// A member's name, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub(super) text: String,
    pub(super) quoted: Vec<u8>,
}

impl Name {
    fn new(text: String) -> Self {
        let mut quoted = String::new();
        crate::refusal::push_json_string(&mut quoted, &text);
        Name { text, quoted: quoted.into_bytes() }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(Name),
    /// Each element of a list.
    Items,
}

/// The way to a member; it ends with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    pub(super) way: Vec<Step>,
    pub(super) name: Name,
}

impl JsonPath {
    /// Reads a path: names with dots between them, each perhaps with `[*]` behind it, where it is a list. A backslash
    /// makes a dot, a bracket or a backslash a part of the name. `None` if it is none, or has more than [`MAX_STEPS`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut way = Vec::new();
        let mut name = String::new();
        let mut characters = text.chars();
        // What may come next: a name (at the beginning and behind a dot), or no more of it (behind `[*]`).
        let (mut wants_name, mut ended) = (true, false);
        while let Some(character) = characters.next() {
            match character {
                '[' => {
                    if characters.next() != Some('*') || characters.next() != Some(']') {
                        return None;
                    }
                    if !name.is_empty() {
                        way.push(Step::Name(Name::new(std::mem::take(&mut name))));
                    } else if wants_name && !way.is_empty() {
                        return None;
                    }
                    way.push(Step::Items);
                    (wants_name, ended) = (false, true);
                }
                '.' if wants_name => return None,
                '.' => {
                    if !name.is_empty() {
                        way.push(Step::Name(Name::new(std::mem::take(&mut name))));
                    }
                    (wants_name, ended) = (true, false);
                }
                _ if ended => return None,
                '\\' => {
                    name.push(characters.next().filter(|next| matches!(next, '.' | '[' | '\\'))?);
                    wants_name = false;
                }
                plain => {
                    name.push(plain);
                    wants_name = false;
                }
            }
        }
        let fits = !name.is_empty() && way.len() < MAX_STEPS;
        fits.then(|| JsonPath { way, name: Name::new(name) })
    }

    /// As [`JsonPath::parse`]; the fault is told at `node`.
    #[must_use]
    pub fn read(text: &str, node: &Node<'_>) -> Option<Self> {
        let path = JsonPath::parse(text);
        if path.is_none() {
            node.fault(format!(
                "expected a member such as zip, user.address.zip or items[*].secret, of at most {MAX_STEPS} names"
            ));
        }
        path
    }

    /// Its name, if it is one of the outermost object.
    #[must_use]
    pub fn outermost(&self) -> Option<&str> {
        self.way.is_empty().then_some(self.name.as_str())
    }

    /// The member's own name.
    #[must_use]
    pub fn into_name(self) -> Name {
        self.name
    }
}
