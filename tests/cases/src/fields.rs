//! Header fields as a table writes them: a table of values, or a list of pairs where order matters.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

/// A value: text with placeholders, or bytes that are no text, written `{ hex = "ff00" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Text.
    Plain(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Fields in order; a name may stand several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, Text)>);

/// All values of one name, in order: `"a"` or `["a", "b"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(pub Vec<Text>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values(&Value::deserialize(deserializer)?).map(Values).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fields(&Value::deserialize(deserializer)?).map(Fields).map_err(D::Error::custom)
    }
}

fn fields(value: &Value) -> Result<Vec<(String, Text)>, String> {
    let mut fields = Vec::new();
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                fields.extend(values(value)?.into_iter().map(|value| (name.clone(), value)));
            }
        }
        Value::Array(pairs) => {
            for pair in pairs {
                let [Value::String(name), value] =
                    pair.as_array().map(Vec::as_slice).unwrap_or_default()
                else {
                    return Err(format!("expected a pair [name, value], but found {pair}"));
                };
                fields.push((name.clone(), text(value)?));
            }
        }
        other => return Err(format!("expected a table or a list of pairs, but found {other}")),
    }
    Ok(fields)
}

fn values(value: &Value) -> Result<Vec<Text>, String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

fn text(value: &Value) -> Result<Text, String> {
    match value {
        Value::String(text) => Ok(Text::Plain(text.clone())),
        Value::Object(table) => match (table.len(), table.get("hex").and_then(Value::as_str)) {
            (1, Some(digits)) => bytes(digits).map(Text::Bytes),
            _ => Err(format!("expected {{ hex = \"…\" }}, but found {value}")),
        },
        other => Err(format!("expected text, but found {other}")),
    }
}

fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    bytes.ok_or_else(|| format!("expected pairs of hexadecimal digits, but found {digits}"))
}
