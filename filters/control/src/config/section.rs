//! An object with a closed set of fields.

use super::Node;
use crate::json::{Map, Value};

/// Reads the fields of one object and remembers which were asked for.
pub struct Section<'v> {
    node: Node<'v>,
    object: &'v Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'v> Section<'v> {
    pub(super) fn new(node: Node<'v>, object: &'v Map<String, Value>) -> Self {
        Section { node, object, known: Vec::new() }
    }

    /// The object itself, for faults that concern several fields together.
    #[must_use]
    pub fn node(&self) -> &Node<'v> {
        &self.node
    }

    /// A field that may be absent.
    pub fn optional(&mut self, name: &'static str) -> Option<Node<'v>> {
        self.known.push(name);
        let value = self.object.get(name)?;
        Some(self.node.child(name, value))
    }

    /// A field that has to be there.
    pub fn required(&mut self, name: &'static str) -> Option<Node<'v>> {
        let field = self.optional(name);
        if field.is_none() {
            self.node.fault(format!("expected the field `{name}`, but it is missing"));
        }
        field
    }

    /// An optional field read as something, or what stands for its absence. A fault also gives the default, so that
    /// the reading goes on; the configuration is refused all the same.
    pub fn or<T>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(Node<'v>) -> Option<T>,
    ) -> T {
        self.optional(name).and_then(read).unwrap_or(default)
    }

    /// True if the field is written in the configuration.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub(super) fn refuse_unknown(self) {
        for (name, _) in self.object {
            if !self.known.iter().any(|known| known == name) {
                let known =
                    if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
                let shown: String = name.chars().take(64).collect();
                self.node.fault(format!("unknown field `{shown}`, expected one of {known}"));
            }
        }
    }
}
