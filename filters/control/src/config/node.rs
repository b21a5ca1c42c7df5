//! One value of a configuration, at its place.

use super::{Reader, Section};
use crate::json::Value;

/// Items of one list, at most: far above what anybody writes by hand, below what would stall the load of a gateway.
pub(super) const MAX_ITEMS: usize = 10_000;

/// A value and where it stands. Reading it as something it is not is a fault; the reader goes on.
#[derive(Clone)]
pub struct Node<'v> {
    reader: &'v Reader<'v>,
    path: String,
    value: &'v Value,
}

impl<'v> Node<'v> {
    pub(super) fn new(reader: &'v Reader<'v>, path: String, value: &'v Value) -> Self {
        Node { reader, path, value }
    }

    /// The place of this value.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value as it stands.
    #[must_use]
    pub fn value(&self) -> &'v Value {
        self.value
    }

    /// Says what is wrong here. Never put a secret into the message.
    pub fn fault(&self, message: impl Into<String>) {
        self.reader.fault(&self.path, message.into());
    }

    /// Says what an operator should know, although it is accepted.
    pub fn warn(&self, message: impl Into<String>) {
        self.reader.warn(&self.path, message.into());
    }

    /// True if anything so far was a fault, here or elsewhere.
    #[must_use]
    pub fn reader_has_faults(&self) -> bool {
        self.reader.has_faults()
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.fault(format!("expected {what}, but found {}", describe(self.value)));
        None
    }

    /// Text.
    #[must_use]
    pub fn string(&self) -> Option<&'v str> {
        self.value.as_str().or_else(|| self.expected("a string"))
    }

    /// Text with at least one character.
    #[must_use]
    pub fn text(&self) -> Option<&'v str> {
        match self.string()? {
            "" => self.expected("a string that is not empty"),
            text => Some(text),
        }
    }

    /// True or false.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.expected("true or false"))
    }

    /// A whole number in a range. `10.0` counts: Envoy's `Struct` knows doubles only.
    #[must_use]
    pub fn integer(&self, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = self.value.as_u64().or_else(|| self.value.as_f64().and_then(whole));
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                self.expected(&format!("a whole number from {} to {}", range.start(), range.end()))
            }
        }
    }

    /// A fraction from 0 to 1. As text, too: Envoy reads `0.01` in YAML so.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        let text = || self.value.as_str().and_then(|text| text.parse().ok());
        let number = self.value.as_f64().or_else(text);
        number
            .filter(|number| (0.0..=1.0).contains(number))
            .or_else(|| self.expected("a fraction from 0 to 1, such as 0.01"))
    }

    /// One of a closed list of words.
    #[must_use]
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found =
            self.value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        match found {
            Some((_, value)) => Some(*value),
            None => {
                let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let found = self
                    .value
                    .as_str()
                    .map_or_else(|| describe(self.value), |text| format!("`{text}`"));
                self.fault(format!("expected one of {}, but found {found}", names.join(", ")));
                None
            }
        }
    }

    /// The items of a list.
    #[must_use]
    pub fn list(&self) -> Option<Vec<Node<'v>>> {
        let Some(items) = self.value.as_array() else {
            return self.expected("a list");
        };
        if items.len() > MAX_ITEMS {
            self.fault(format!("expected at most {MAX_ITEMS} items, but found {}", items.len()));
            return None;
        }
        let node =
            |(index, value)| Node::new(self.reader, format!("{}[{index}]", self.path), value);
        Some(items.iter().enumerate().map(node).collect())
    }

    /// A list of strings, none of them empty.
    #[must_use]
    pub fn texts(&self) -> Option<Vec<&'v str>> {
        let items = self.list()?;
        let texts: Vec<&str> = items.iter().filter_map(Node::text).collect();
        (texts.len() == items.len()).then_some(texts)
    }

    /// The members of an object whose names are the user's own (header names, claim names).
    #[must_use]
    pub fn members(&self) -> Option<Vec<(&'v str, Node<'v>)>> {
        let Some(object) = self.value.as_object() else {
            return self.expected("an object");
        };
        let node = |(name, value): (&'v String, _)| {
            (name.as_str(), Node::new(self.reader, join(&self.path, name), value))
        };
        Some(object.iter().map(node).collect())
    }

    /// An object with a closed set of fields: whatever `read` did not ask for is a fault.
    pub fn section<T>(&self, read: impl FnOnce(&mut Section<'v>) -> Option<T>) -> Option<T> {
        let Some(object) = self.value.as_object() else {
            return self.expected("an object");
        };
        let mut section = Section::new(self.clone(), object);
        let value = read(&mut section);
        section.refuse_unknown();
        value
    }

    /// A secret: text, or `{env: NAME}` read from the environment. Never shown in a fault.
    #[must_use]
    pub fn secret(&self) -> Option<String> {
        match self.value {
            Value::String(text) if text.is_empty() => {
                self.fault("expected a secret, but found an empty string");
                None
            }
            Value::String(text) => Some(text.clone()),
            Value::Object(_) => self.from_environment(),
            _ => self.expected("a string or {env: NAME}"),
        }
    }

    /// The text that `{env: NAME}` stands for.
    #[must_use]
    pub fn from_environment(&self) -> Option<String> {
        let name = self.section(|section| section.required("env")?.text())?;
        match (self.reader.variables)(name) {
            Some(text) if !text.is_empty() => Some(text),
            _ => {
                self.fault(format!(
                    "expected the environment variable `{name}` to be set: name it in \
                     vm_config.environment_variables (key_values, or host_env_keys for Envoy's own)"
                ));
                None
            }
        }
    }

    pub(super) fn child(&self, name: &str, value: &'v Value) -> Node<'v> {
        Node::new(self.reader, join(&self.path, name), value)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Doubles hold every whole number up to here; above, the text that was written is lost.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

fn whole(number: f64) -> Option<u64> {
    let exact = number.fract() == 0.0 && (0.0..=MAX_EXACT).contains(&number);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked on the line above"
    )]
    exact.then_some(number as u64)
}

/// What a value is, without showing text that may be a secret.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("`{value}`"),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
