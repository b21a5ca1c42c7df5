//! JSON for text that an attacker may have written: no duplicate names, bounded depth, nothing behind the value.

use core::fmt;
use std::string::{String, ToString};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
pub use serde_json::{Map, Number, Value};

/// Arrays and objects inside each other, at most. Tokens need 3 to 5, configurations about 12; serde_json's own bound
/// of 128 costs more stack than a request should be able to ask for.
pub const MAX_DEPTH: usize = 32;

/// Why a text is not accepted as JSON. The text itself is not in it: it may hold a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault(String);

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses exactly one JSON value.
///
/// # Errors
/// Anything that RFC 8259 does not allow, text that is not UTF-8, a member name that stands twice in an object
/// (RFC 7519 §4 lets a parser take the last one, so two parsers may read two tokens), nesting past [`MAX_DEPTH`],
/// a number that no `f64` can hold.
pub fn parse(text: &[u8]) -> Result<Value, JsonFault> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| JsonFault(error.to_string()))?;
    Ok(value)
}

/// Builds a [`Value`] as serde_json would, but looks at each name and at the depth.
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn inside<E: Error>(&self) -> Result<Strict, E> {
        let depth = self.depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Strict { depth })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = std::vec::Vec::new();
        while let Some(item) = items.next_element_seed(self.inside()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.inside()?)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member name stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads any bytes as serde_json does, and refuses nothing more than what this module is for: a name that stands twice
/// and nesting that is too deep.
#[doc(hidden)]
pub fn fuzz_json(data: &[u8]) {
    let ours = parse(data);
    let Ok(theirs) = serde_json::from_slice::<Value>(data) else {
        assert!(ours.is_err(), "taken, although it is no JSON");
        return;
    };
    // serde_json keeps the last of two members, so that fewer are left than the text has colons.
    let plain = depth(&theirs) <= MAX_DEPTH && members(&theirs) == colons(data);
    assert_eq!(ours.is_ok(), plain, "{ours:?}");
    if let Ok(value) = ours {
        assert_eq!(value, theirs);
    }
}

fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(items) => Some(items.iter().map(depth).max().unwrap_or(0)),
        Value::Object(members) => members.values().map(depth).max(),
        _ => None,
    };
    inside.map_or(0, |depth| depth.saturating_add(1))
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(object) => {
            object.values().map(|value| members(value).saturating_add(1)).sum()
        }
        _ => 0,
    }
}

/// Colons outside of strings: one for each member.
fn colons(text: &[u8]) -> usize {
    let (mut inside, mut escaped) = (false, false);
    text.iter()
        .filter(|byte| {
            let quote = **byte == b'"' && !escaped;
            escaped = inside && **byte == b'\\' && !escaped;
            inside ^= quote;
            **byte == b':' && !inside
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn refuses_what_two_parsers_could_read_differently() {
        for text in [
            &br#"{"a":1,"a":1}"#[..],
            br#"{"a":{"b":1,"b":2}}"#,
            br#"[{"a":1,"\u0061":2}]"#,
            br#"{} {}"#,
            br#"{}x"#,
            b"{\"a\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
            br#"{"a":1e999}"#,
            br#"{"a":NaN}"#,
            br#"{"a":01}"#,
            br#"{"a":1,}"#,
            b"",
        ] {
            assert!(parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn reads_at_the_depth_and_refuses_one_past_it() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn reads_as_serde_json_does_but_for_what_it_refuses() {
        for data in [
            &br#"{"a":[1,-0,1.5e3],"b:\":{"\"":"c:"}}"#[..],
            br#"{"a":{},"a":1}"#,
            b"[{}",
            b" 1 ",
            b"\xff",
        ] {
            fuzz_json(data);
        }
    }
}
