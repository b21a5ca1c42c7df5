//! Operations on what is a list of names and values: a query, a form, a multipart form.

use portcullis_control::config::Node;
use portcullis_control::json_edit::JsonPath;
use portcullis_control::template::{Scope, Target, Template, TemplateFault, Values};
use portcullis_control::transform::{
    Lists, Operation, read_name, read_pair, split_name, split_pair,
};

/// Names and values of one query or body, at most: each operation looks through them all.
pub(crate) const MAX_FIELDS: usize = 131_072;

type Written = Vec<(String, Template)>;

/// What is done to the fields of a query or form.
#[derive(Debug, Default)]
pub(crate) struct FieldOperations {
    pub(crate) remove: Vec<String>,
    pub(crate) rename: Vec<(String, String)>,
    pub(crate) replace: Written,
    pub(crate) add: Written,
    pub(crate) append: Written,
    pub(crate) allow: Option<Vec<String>>,
}

/// A value for each entry; one that is missing changes nothing.
pub(crate) type Filled = Vec<Option<Vec<u8>>>;

/// The values that operations write into one query or body.
#[derive(Debug, Default)]
pub(crate) struct FieldValues {
    pub(crate) replace: Filled,
    pub(crate) add: Filled,
    pub(crate) append: Filled,
    pub(crate) dropped: u32,
}

/// More names than [`MAX_FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyFields;

impl FieldOperations {
    /// Reads the lists of `querystring`.
    pub(crate) fn read_query(lists: &Lists<'_>, captures: &[String]) -> Self {
        let scope = Scope { target: Target::Form, captures, claims_alone: false };
        let pair = |node: &Node<'_>| {
            let (name, value) = read_pair(node)?;
            Some((name.to_owned(), value.to_owned()))
        };
        let written = |operation| {
            let entries = lists.entries(operation);
            let read = entries.iter().filter_map(|node| {
                let (name, value) = read_pair(node)?;
                let tell = |fault: TemplateFault| {
                    node.fault(format!("expected a template: {fault}"));
                };
                let template = Template::parse(value, scope).map_err(tell).ok()?;
                Some((name.to_owned(), template))
            });
            read.collect()
        };
        let removed = lists.entries(Operation::Remove);
        FieldOperations {
            remove: removed.iter().filter_map(read_name).map(str::to_owned).collect(),
            rename: lists.entries(Operation::Rename).iter().filter_map(pair).collect(),
            replace: written(Operation::Replace),
            add: written(Operation::Add),
            append: written(Operation::Append),
            allow: None,
        }
    }

    /// Reads the lists of `body` for forms. What is wrong with them has been told where they were read for JSON.
    pub(crate) fn read_body(
        lists: &Lists<'_>,
        allow: Option<&Node<'_>>,
        target: Target,
        captures: &[String],
    ) -> Self {
        let scope = Scope { target, captures, claims_alone: false };
        let written = |operation| {
            let read = lists.texts(operation).into_iter().filter_map(|text| {
                let (name, value) = split_pair(text)?;
                Some((field_name(name), Template::parse(value, scope).ok()?))
            });
            read.collect()
        };
        let renamed = lists.texts(Operation::Rename).into_iter().filter_map(|text| {
            let (from, to) = split_pair(text)?;
            Some((field_name(from), field_name(to)))
        });
        let allowed = allow.and_then(|node| node.value().as_array());
        FieldOperations {
            remove: lists
                .texts(Operation::Remove)
                .into_iter()
                .map(split_name)
                .map(field_name)
                .collect(),
            rename: renamed.collect(),
            replace: written(Operation::Replace),
            add: written(Operation::Add),
            append: written(Operation::Append),
            allow: allowed.map(|items| {
                items.iter().filter_map(|item| item.as_str()).map(field_name).collect()
            }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.replace.is_empty()
            && self.add.is_empty()
            && self.append.is_empty()
            && self.allow.is_none()
    }

    /// Fills all templates.
    pub(crate) fn values(&self, values: &Values<'_>) -> FieldValues {
        let mut dropped = 0_u32;
        let mut fill = |written: &Written| {
            let texts = written.iter().map(|(_, template)| {
                let rendered = template.render(values);
                dropped = dropped.saturating_add(rendered.dropped);
                rendered.value
            });
            texts.collect()
        };
        let (replace, add, append) = (fill(&self.replace), fill(&self.add), fill(&self.append));
        FieldValues { replace, add, append, dropped }
    }
}

/// Pairs of names and values that are there.
pub(crate) fn there<'v>(
    written: &'v [(String, Template)],
    values: &'v Filled,
) -> impl Iterator<Item = (&'v str, &'v [u8])> {
    let pairs = written.iter().zip(values);
    pairs.filter_map(|((name, _), value)| Some((name.as_str(), value.as_deref()?)))
}

/// A field of a form has no way to it: what would be one in JSON is its name as it stands.
fn field_name(text: &str) -> String {
    let path = JsonPath::parse(text);
    path.as_ref().and_then(JsonPath::outermost).unwrap_or(text).to_owned()
}
