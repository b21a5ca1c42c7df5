//! Operations on the members of a JSON body, of requests and responses alike.

use super::{Lists, Operation, read_name, read_pair};
use crate::config::{Node, Section};
use crate::json_edit::{Allowed, Change, Document, JsonEditFault, JsonPath, Name};
use crate::template::{Scope, Target, Template, Values};

/// What a value becomes in JSON (Kong's `json_types`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonType {
    /// A string, whatever it looks like.
    #[default]
    String,
    /// A number, as it is spelled.
    Number,
    /// `true` for `true`, `false` for anything else.
    Boolean,
}

const TYPES: [(&str, JsonType); 3] =
    [("string", JsonType::String), ("number", JsonType::Number), ("boolean", JsonType::Boolean)];

/// The lists of `json_types`, as they are written: one word for each entry of the operation's own list.
#[derive(Default)]
pub struct JsonTypes<'v> {
    lists: Vec<(Operation, Node<'v>)>,
}

impl<'v> JsonTypes<'v> {
    /// Asks an operation's section for its `json_types`; only those that write values have them.
    pub fn ask(&mut self, operation: Operation, fields: &mut Section<'v>) {
        if !matches!(operation, Operation::Remove | Operation::Rename) {
            let node = fields.optional("json_types");
            self.lists.extend(node.map(|node| (operation, node)));
        }
    }

    /// The types of an operation's entries, as far as they are given.
    fn of(&self, operation: Operation, entries: usize) -> Vec<JsonType> {
        let Some((_, node)) = self.lists.iter().find(|(own, _)| *own == operation) else {
            return Vec::new();
        };
        let items = node.list().unwrap_or_default();
        if items.len() > entries {
            node.fault(format!(
                "expected a type for each of the {entries} entries, but found {}",
                items.len()
            ));
        }
        items.iter().map(|item| item.word(&TYPES).unwrap_or_default()).collect()
    }
}

/// A value that is written into JSON.
#[derive(Clone, Debug)]
struct Written {
    path: JsonPath,
    template: Template,
    json_type: JsonType,
}

/// What is done to the members of a JSON body.
#[derive(Clone, Debug, Default)]
pub struct JsonOperations {
    remove: Vec<JsonPath>,
    rename: Vec<(JsonPath, Name)>,
    replace: Vec<Written>,
    add: Vec<Written>,
    append: Vec<Written>,
    allow: Option<Allowed>,
}

/// The values that operations write into one body, as JSON texts; one that is missing changes nothing.
#[derive(Clone, Debug, Default)]
pub struct JsonValues {
    replace: Vec<Option<Vec<u8>>>,
    add: Vec<Option<Vec<u8>>>,
    append: Vec<Option<Vec<u8>>>,
    /// Values that were dropped because of what is in them: to be counted.
    pub dropped: u32,
}

impl JsonOperations {
    /// Reads the lists. `captures` are the names of the route's path template; `allow` is a list of paths.
    #[must_use]
    pub fn read(
        lists: &Lists<'_>,
        types: &JsonTypes<'_>,
        allow: Option<&Node<'_>>,
        captures: &[String],
    ) -> Self {
        let written = |operation| {
            let entries = lists.entries(operation);
            let types = types.of(operation, entries.len());
            let types = types.into_iter().chain(std::iter::repeat(JsonType::String));
            let read = entries.iter().zip(types);
            read.filter_map(|(node, json_type)| read_written(node, json_type, captures)).collect()
        };
        let removed = lists.entries(Operation::Remove);
        let renamed = lists.entries(Operation::Rename);
        JsonOperations {
            remove: removed
                .iter()
                .filter_map(|node| JsonPath::read(read_name(node)?, node))
                .collect(),
            rename: renamed.iter().filter_map(read_renamed).collect(),
            replace: written(Operation::Replace),
            add: written(Operation::Add),
            append: written(Operation::Append),
            allow: allow.and_then(read_allowed),
        }
    }

    /// True if there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.all_written().next().is_none()
            && self.allow.is_none()
    }

    /// See [`Template::reads_request`].
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.all_written().any(|written| written.template.reads_request())
    }

    fn all_written(&self) -> impl Iterator<Item = &Written> {
        self.replace.iter().chain(&self.add).chain(&self.append)
    }

    /// Fills all templates.
    #[must_use]
    pub fn values(&self, values: &Values<'_>) -> JsonValues {
        let mut dropped = 0_u32;
        let mut fill = |list: &[Written]| {
            list.iter().map(|written| written.fill(values, &mut dropped)).collect()
        };
        let (replace, add, append) = (fill(&self.replace), fill(&self.add), fill(&self.append));
        JsonValues { replace, add, append, dropped }
    }

    /// The text with all changes, in Kong's order and `allow` last; `None` if nothing is to be changed.
    ///
    /// # Errors
    /// A text that is no JSON, or past one of the bounds of [`crate::json_edit`].
    pub fn apply(
        &self,
        text: &[u8],
        values: &JsonValues,
    ) -> Result<Option<Vec<u8>>, JsonEditFault> {
        self.apply_those(text, values, |_| true)
    }

    /// As [`JsonOperations::apply`], of the operations alone of which this is true; `None` is `allow`.
    ///
    /// # Errors
    /// As [`JsonOperations::apply`].
    pub fn apply_those(
        &self,
        text: &[u8],
        values: &JsonValues,
        wanted: impl Fn(Option<Operation>) -> bool,
    ) -> Result<Option<Vec<u8>>, JsonEditFault> {
        let mut document = Document::parse(text)?;
        let those = |operation| wanted(Some(operation));
        for path in self.remove.iter().filter(|_| those(Operation::Remove)) {
            document.change(path, Change::Remove)?;
        }
        for (path, to) in self.rename.iter().filter(|_| those(Operation::Rename)) {
            document.change(path, Change::Rename(to))?;
        }
        if those(Operation::Replace) {
            write(&mut document, &self.replace, &values.replace, Change::Replace)?;
        }
        if those(Operation::Add) {
            write(&mut document, &self.add, &values.add, Change::Add)?;
        }
        if those(Operation::Append) {
            write(&mut document, &self.append, &values.append, Change::Append)?;
        }
        if let Some(allowed) = self.allow.as_ref().filter(|_| wanted(None)) {
            document.allow(allowed)?;
        }
        Ok(document.into_text())
    }
}

fn write<'t>(
    document: &mut Document<'t>,
    list: &'t [Written],
    values: &'t [Option<Vec<u8>>],
    change: fn(&'t [u8]) -> Change<'t>,
) -> Result<(), JsonEditFault> {
    for (written, value) in list.iter().zip(values) {
        if let Some(value) = value {
            document.change(&written.path, change(value))?;
        }
    }
    Ok(())
}

impl Written {
    fn fill(&self, values: &Values<'_>, dropped: &mut u32) -> Option<Vec<u8>> {
        let rendered = self.template.render(values);
        *dropped = dropped.saturating_add(rendered.dropped);
        let value = rendered.value?;
        match self.json_type {
            JsonType::String => Some([b"\"", value.as_slice(), b"\""].concat()),
            JsonType::Boolean => {
                Some(if value == b"true" { b"true".into() } else { b"false".into() })
            }
            JsonType::Number if is_number(&value) => Some(value),
            JsonType::Number => {
                *dropped = dropped.saturating_add(1);
                None
            }
        }
    }
}

/// RFC 8259 §6, of any size.
fn is_number(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
        && text.last().is_some_and(u8::is_ascii_digit)
        && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

fn read_written(node: &Node<'_>, json_type: JsonType, captures: &[String]) -> Option<Written> {
    let (name, value) = read_pair(node)?;
    let path = JsonPath::read(name, node);
    let target = if json_type == JsonType::String { Target::Json } else { Target::Bytes };
    let template = match Template::parse(value, Scope { target, captures, claims_alone: false }) {
        Ok(template) => template,
        Err(fault) => {
            node.fault(format!("expected a template: {fault}"));
            return None;
        }
    };
    let wrong = match json_type {
        JsonType::String => None,
        JsonType::Number => (!is_number(value.as_bytes())).then_some("a number"),
        JsonType::Boolean => (!matches!(value, "true" | "false")).then_some("true or false"),
    };
    if let Some(expected) = wrong.filter(|_| template.is_constant()) {
        node.fault(format!("expected {expected}, as its json_types says"));
        return None;
    }
    Some(Written { path: path?, template, json_type })
}

/// `old:new`; the new name is one of the same object, so it has no way before it.
fn read_renamed(node: &Node<'_>) -> Option<(JsonPath, Name)> {
    let (from, to) = read_pair(node)?;
    let to = JsonPath::read(to, node)?;
    if to.outermost().is_none() {
        node.fault("expected a new name for the same place, as in user.address.zip:postcode");
        return None;
    }
    Some((JsonPath::read(from, node)?, to.into_name()))
}

fn read_allowed(node: &Node<'_>) -> Option<Allowed> {
    let items = node.list()?;
    if items.is_empty() || items.len() > MAX_ALLOWED {
        node.fault(format!("expected 1 to {MAX_ALLOWED} fields, but found {}", items.len()));
        return None;
    }
    let paths = items.iter().filter_map(|item| JsonPath::read(item.text()?, item));
    Some(Allowed::new(&paths.collect::<Vec<_>>()))
}

/// Fields that are allowed, at most; looking one up takes no longer for it.
const MAX_ALLOWED: usize = 1_000;
