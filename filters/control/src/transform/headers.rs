//! Operations on header fields, of requests and responses alike.

use super::{Lists, Operation, read_name, read_pair};
use crate::authentication::{names_caller, says_who_is_calling};
use crate::config::Node;
use crate::exchange::Exchange;
use crate::headers::{
    Edit, FieldName, FieldValue, HeaderMap, has_own_meaning, is_of_the_connection, is_of_the_proxy,
};
use crate::template::{Scope, Target, Template, Values};

/// Which message is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The request.
    Request,
    /// The response.
    Response,
}

impl Side {
    fn headers(self, exchange: &Exchange) -> &HeaderMap {
        match self {
            Side::Request => exchange.request_headers(),
            Side::Response => exchange.response_headers(),
        }
    }

    fn has(self, exchange: &Exchange, name: &FieldName) -> bool {
        match self {
            Side::Request => exchange.has_request_header(name),
            Side::Response => exchange.has_response_header(name),
        }
    }

    fn edit(self, exchange: &mut Exchange, edit: Edit) {
        match self {
            Side::Request => exchange.edit_request(edit),
            Side::Response => exchange.edit_response(edit),
        }
    }
}

/// `:authority` is what Envoy makes of `Host`.
const AUTHORITY: FieldName = FieldName::from_static(":authority");

type Written = Vec<(FieldName, Template)>;

/// What is done to the header fields of a message.
#[derive(Clone, Debug)]
pub struct HeaderOperations {
    side: Side,
    remove: Vec<FieldName>,
    rename: Vec<(FieldName, FieldName)>,
    replace: Written,
    add: Written,
    append: Written,
}

/// The values that operations write into one message, made before the first change.
#[derive(Debug, Default)]
pub struct HeaderValues {
    replace: Vec<Option<FieldValue>>,
    add: Vec<Option<FieldValue>>,
    append: Vec<Option<FieldValue>>,
    /// Values that were dropped because of what is in them: to be counted.
    pub dropped: u32,
}

impl HeaderOperations {
    /// Reads the lists. `captures` are the names of the route's path template.
    #[must_use]
    pub fn read(lists: &Lists<'_>, side: Side, captures: &[String]) -> Self {
        let reader = Reader { side, captures };
        let remove = lists.entries(Operation::Remove);
        let rename = lists.entries(Operation::Rename);
        HeaderOperations {
            side,
            remove: remove.iter().filter_map(|node| reader.removed(node)).collect(),
            rename: rename.iter().filter_map(|node| reader.renamed(node)).collect(),
            replace: reader.written(lists, Operation::Replace),
            add: reader.written(lists, Operation::Add),
            append: reader.written(lists, Operation::Append),
        }
    }

    /// True if there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.rename.is_empty() && self.all_written().next().is_none()
    }

    /// True if it changes the host that a request is for, and thereby its route.
    #[must_use]
    pub fn sets_host(&self) -> bool {
        self.replace.iter().any(|(name, _)| *name == AUTHORITY)
    }

    /// See [`Template::reads_request`].
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.all_written().any(|(_, template)| template.reads_request())
    }

    /// Headers of a request that say who is calling (`Control::identity_headers`).
    #[must_use]
    pub fn identity_headers(&self) -> Vec<FieldName> {
        let own = |(name, template): &&(FieldName, Template)| {
            self.side == Side::Request && (template.says_who_is_calling() || names_caller(name))
        };
        self.all_written().filter(own).map(|(name, _)| name.clone()).collect()
    }

    /// Headers of a request that get what a client chose (`Control::client_headers`).
    #[must_use]
    pub fn client_headers(&self) -> Vec<FieldName> {
        if self.side == Side::Response {
            return Vec::new();
        }
        let chosen = self.all_written().filter(|(_, template)| template.is_the_clients_choice());
        let renamed = self.rename.iter().map(|(_, to)| to);
        renamed.chain(chosen.map(|(name, _)| name)).cloned().collect()
    }

    fn all_written(&self) -> impl Iterator<Item = &(FieldName, Template)> {
        self.replace.iter().chain(&self.add).chain(&self.append)
    }

    /// Fills all templates.
    #[must_use]
    pub fn values(&self, values: &Values<'_>) -> HeaderValues {
        let mut dropped = 0_u32;
        let mut fill = |written: &Written| {
            let fields = written.iter().map(|(_, template)| {
                let (field, unfit) = template.render_field(values);
                dropped = dropped.saturating_add(unfit);
                field
            });
            fields.collect()
        };
        let (replace, add, append) = (fill(&self.replace), fill(&self.add), fill(&self.append));
        HeaderValues { replace, add, append, dropped }
    }

    /// Makes the changes: each sees what those before it made. A value that is missing changes nothing.
    pub fn apply(&self, exchange: &mut Exchange, values: HeaderValues) {
        self.apply_those(exchange, values, |_| true);
    }

    /// As [`HeaderOperations::apply`], of the operations alone of which this is true.
    pub fn apply_those(
        &self,
        exchange: &mut Exchange,
        values: HeaderValues,
        wanted: impl Fn(Operation) -> bool,
    ) {
        let side = self.side;
        for name in self.remove.iter().filter(|_| wanted(Operation::Remove)) {
            if side.has(exchange, name) {
                side.edit(exchange, Edit::Remove(name.clone()));
            }
        }
        for (from, to) in self.rename.iter().filter(|_| wanted(Operation::Rename)) {
            self.rename(exchange, from, to);
        }
        for ((name, _), value) in self.replace.iter().zip(values.replace) {
            let value = value.filter(|_| wanted(Operation::Replace));
            if let Some(value) = value.filter(|_| side.has(exchange, name)) {
                side.edit(exchange, Edit::Set(name.clone(), value));
            }
        }
        for ((name, _), value) in self.add.iter().zip(values.add) {
            let value = value.filter(|_| wanted(Operation::Add));
            let Some(value) = value else { continue };
            let edit = if side.has(exchange, name) { Edit::Keep } else { Edit::Insert };
            side.edit(exchange, edit(name.clone(), value));
        }
        for ((name, _), value) in self.append.iter().zip(values.append) {
            if let Some(value) = value.filter(|_| wanted(Operation::Append)) {
                side.edit(exchange, Edit::Add(name.clone(), value));
            }
        }
    }

    fn rename(&self, exchange: &mut Exchange, from: &FieldName, to: &FieldName) {
        let all = self.side.headers(exchange).all(from.as_str());
        let values: Vec<FieldValue> = all.filter_map(FieldValue::new).collect();
        if values.is_empty() || from == to {
            return;
        }
        self.side.edit(exchange, Edit::Remove(from.clone()));
        for (index, value) in values.into_iter().enumerate() {
            let edit = if index == 0 { Edit::Set } else { Edit::Add };
            self.side.edit(exchange, edit(to.clone(), value));
        }
    }
}

struct Reader<'s> {
    side: Side,
    captures: &'s [String],
}

impl Reader<'_> {
    fn removed(&self, node: &Node<'_>) -> Option<FieldName> {
        let name = field_name(node, read_name(node)?)?;
        self.may_go(node, &name).then_some(name)
    }

    fn renamed(&self, node: &Node<'_>) -> Option<(FieldName, FieldName)> {
        let (from, to) = read_pair(node)?;
        let (from, to) = (field_name(node, from)?, field_name(node, to)?);
        let fine = self.may_go(node, &from) && self.may_come(node, &to, Operation::Rename);
        if fine && self.side == Side::Request && says_who_is_calling(&to) {
            node.fault(format!(
                "expected another header than `{to}`, which says who is calling: a client chooses what is in `{from}`"
            ));
            return None;
        }
        fine.then_some((from, to))
    }

    fn written(&self, lists: &Lists<'_>, operation: Operation) -> Written {
        let entries = lists.entries(operation);
        entries.iter().filter_map(|node| self.one_written(node, operation)).collect()
    }

    fn one_written(&self, node: &Node<'_>, operation: Operation) -> Option<(FieldName, Template)> {
        let (name, value) = read_pair(node)?;
        let name = field_name(node, name)?;
        if !self.may_come(node, &name, operation) {
            return None;
        }
        let scope = Scope { target: Target::Header, captures: self.captures, claims_alone: false };
        let template = match Template::parse(value, scope) {
            Ok(template) => template,
            Err(fault) => {
                node.fault(format!("expected a template: {fault}"));
                return None;
            }
        };
        if self.side == Side::Response {
            return Some((name, template));
        }
        if template.says_who_is_calling() && has_own_meaning(&name) {
            node.fault(format!(
                "expected a header of your own, but `{name}` has its own meaning: what says who is calling is removed \
                 from every client's request"
            ));
            return None;
        }
        if says_who_is_calling(&name) && template.is_the_clients_choice() {
            node.fault(format!(
                "expected another header than `{name}`, which says who is calling: a client chooses what is written \
                 there"
            ));
            return None;
        }
        if template.says_who_is_calling() && template.is_the_clients_choice() {
            node.fault(format!(
                "expected two headers, one for who is calling and one for what a client chooses: of \
                 `{name}` made of both, a client would write a part"
            ));
            return None;
        }
        let name = if self.is_host(&name) { AUTHORITY } else { name };
        Some((name, template))
    }

    fn is_host(&self, name: &FieldName) -> bool {
        self.side == Side::Request && name.as_str() == "host"
    }

    /// True if a field may be taken away.
    fn may_go(&self, node: &Node<'_>, name: &FieldName) -> bool {
        if self.is_host(name) {
            node.warn("`host` stays as it is, as with Kong: only `replace` changes it");
            return false;
        }
        if is_of_the_connection(name) {
            node.fault(format!("expected another header: `{name}` says how the message is framed"));
        }
        !is_of_the_connection(name)
    }

    /// True if a field may be written.
    fn may_come(&self, node: &Node<'_>, name: &FieldName, operation: Operation) -> bool {
        if self.is_host(name) && operation == Operation::Replace {
            return true;
        }
        if is_of_the_proxy(name) {
            node.fault(format!("expected another header: by `{name}` Envoy itself is steered"));
            return false;
        }
        self.may_go(node, name)
    }
}

fn field_name(node: &Node<'_>, text: &str) -> Option<FieldName> {
    let name = FieldName::parse(text).filter(|name| !name.as_str().contains('*'));
    if name.is_none() {
        let shown: String = text.chars().take(64).collect();
        node.fault(format!("expected a header name, but found `{shown}`"));
    }
    name
}
