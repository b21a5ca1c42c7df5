//! The shape of a transformer's configuration: `add: {headers: […], json: […]}`, for each operation.

use crate::config::{Node, Section};

/// Operations on one part of a message (its headers, its query, its body), at most: each looks through that part, on
/// every message.
pub const MAX_OPERATIONS: usize = 128;

/// What is done to a name, in the order in which it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Away with it.
    Remove,
    /// Its values under another name; what was there goes.
    Rename,
    /// Another value, if it is there.
    Replace,
    /// A value, if it is not there.
    Add,
    /// One more value.
    Append,
}

impl Operation {
    /// In Kong's order.
    pub const ALL: [Operation; 5] = [
        Operation::Remove,
        Operation::Rename,
        Operation::Replace,
        Operation::Add,
        Operation::Append,
    ];

    /// The field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Remove => "remove",
            Operation::Rename => "rename",
            Operation::Replace => "replace",
            Operation::Add => "add",
            Operation::Append => "append",
        }
    }
}

/// The lists for one part of a message, as they are written.
#[derive(Default)]
pub struct Lists<'v> {
    lists: Vec<(Operation, Node<'v>)>,
}

impl<'v> Lists<'v> {
    /// The entries of an operation.
    #[must_use]
    pub fn entries(&self, operation: Operation) -> Vec<Node<'v>> {
        self.node(operation).and_then(Node::list).unwrap_or_default()
    }

    /// An operation's list as a whole.
    #[must_use]
    pub fn node(&self, operation: Operation) -> Option<&Node<'v>> {
        self.lists.iter().find(|(own, _)| *own == operation).map(|(_, node)| node)
    }

    /// The first list, for a fault about all of them; `None` if there is none.
    #[must_use]
    pub fn first(&self) -> Option<&Node<'v>> {
        self.lists.first().map(|(_, node)| node)
    }

    fn push(&mut self, operation: Operation, node: Node<'v>) {
        let items = |node: &Node<'_>| node.value().as_array().map_or(0, Vec::len);
        let before: usize = self.lists.iter().map(|(_, node)| items(node)).sum();
        if before <= MAX_OPERATIONS && before.saturating_add(items(&node)) > MAX_OPERATIONS {
            node.fault(format!(
                "expected at most {MAX_OPERATIONS} entries of all operations together"
            ));
        }
        self.lists.push((operation, node));
    }
}

/// Reads the fields of all operations: the lists of each of `targets`, in their order. `others` may ask an operation's
/// section for more (`json_types`, `uri`).
pub fn read_lists<'v, const N: usize>(
    section: &mut Section<'v>,
    targets: [&'static str; N],
    mut others: impl FnMut(Operation, &mut Section<'v>),
) -> [Lists<'v>; N] {
    let mut lists = targets.map(|_| Lists::default());
    for operation in Operation::ALL {
        let Some(node) = section.optional(operation.name()) else { continue };
        node.section(|fields| {
            for (target, lists) in targets.iter().zip(&mut lists) {
                if let Some(node) = fields.optional(target) {
                    lists.push(operation, node);
                }
            }
            others(operation, fields);
            Some(())
        });
    }
    lists
}
