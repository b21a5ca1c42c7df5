//! Fields of a YAML mapping, taken one by one: what is left over at the end is unknown, and an error.

use crate::yaml::{Node, Value};

/// The fields of a mapping that nobody has taken yet.
pub(super) struct Fields {
    line: usize,
    pairs: Vec<(String, Node)>,
}

/// `line 3: what is wrong`.
pub(super) fn fault(node: &Node, message: &str) -> String {
    format!("line {}: {message}", node.line)
}

impl Fields {
    pub(super) fn of(node: Node, what: &str) -> Result<Self, String> {
        match node.value {
            Value::Mapping(pairs) => Ok(Self { line: node.line, pairs }),
            _ if node.is_null() => Ok(Self { line: node.line, pairs: Vec::new() }),
            _ => Err(fault(&node, &format!("`{what}` must be a mapping"))),
        }
    }

    /// Takes a field; one without a value counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.pairs.iter().position(|(key, _)| key == name)?;
        let (_, node) = self.pairs.remove(at);
        (!node.is_null()).then_some(node)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        self.take(name).map(|node| scalar(node, name)).transpose()
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        self.take(name).map(|node| number(node, name)).transpose()
    }

    /// YAML 1.2's booleans only: `yes` and `on` are text.
    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, String> {
        let Some(node) = self.take(name) else { return Ok(None) };
        match &node.value {
            Value::Scalar(text, true) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::Scalar(text, true) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(fault(&node, &format!("`{name}` must be true or false"))),
        }
    }

    /// A list; a single value where a list is expected is an error.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Node>, String> {
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        match node.value {
            Value::Sequence(items) => Ok(items),
            _ => Err(fault(&node, &format!("`{name}` must be a list"))),
        }
    }

    pub(super) fn numbers(&mut self, name: &str) -> Result<Vec<u32>, String> {
        self.list(name)?.into_iter().map(|node| number(node, name)).collect()
    }

    /// Takes a field only to say that it is known.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        self.pairs.retain(|(key, _)| !names.contains(&key.as_str()));
    }

    /// All pairs, where any key goes.
    pub(super) fn pairs(self) -> Vec<(String, Node)> {
        self.pairs
    }

    pub(super) fn end(self, what: &str) -> Result<(), String> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, node)) => {
                let line = node.line.max(self.line);
                Err(format!("line {line}: `{what}` has no field `{key}`"))
            }
        }
    }
}

pub(super) fn scalar(node: Node, name: &str) -> Result<String, String> {
    match node.value {
        Value::Scalar(text, _) => Ok(text),
        _ => Err(fault(&node, &format!("`{name}` must be text"))),
    }
}

fn number<T: std::str::FromStr>(node: Node, name: &str) -> Result<T, String> {
    let line = node.line;
    let text = scalar(node, name)?;
    text.parse().map_err(|_| format!("line {line}: `{name}` must be a number, not `{text}`"))
}
