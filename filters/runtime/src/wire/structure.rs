//! `google.protobuf.Struct`: Envoy hands a configuration written as YAML fields over in this form, not as JSON.

use portcullis_control::json::{MAX_DEPTH, Map, Number, Value};

use super::protobuf::{Field, fields};

/// The configuration as JSON text, if it is a serialised `Struct`; `None` if it is anything else, JSON text above all.
pub(crate) fn to_json(bytes: &[u8]) -> Option<Vec<u8>> {
    // Every field of a Struct has this tag. JSON text may start with it too (a line feed), but does not decode then.
    if bytes.first() != Some(&0x0a) {
        return None;
    }
    Some(Value::Object(object(bytes, 0)?).to_string().into_bytes())
}

fn object(bytes: &[u8], depth: usize) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    for field in fields(bytes) {
        let (1, Field::Bytes(entry)) = field? else { return None };
        let (mut name, mut member) = (String::new(), Value::Null);
        for field in fields(entry) {
            match field? {
                (1, Field::Bytes(text)) => name = std::str::from_utf8(text).ok()?.to_owned(),
                (2, Field::Bytes(text)) => member = value(text, depth)?,
                _ => return None,
            }
        }
        map.insert(name, member);
    }
    Some(map)
}

fn value(bytes: &[u8], depth: usize) -> Option<Value> {
    let depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
    let mut found = Value::Null;
    for field in fields(bytes) {
        found = match field? {
            (1, Field::Varint(_)) => Value::Null,
            (2, Field::Double(number)) => Value::Number(number_of(number)?),
            (3, Field::Bytes(text)) => Value::String(std::str::from_utf8(text).ok()?.to_owned()),
            (4, Field::Varint(truth)) => Value::Bool(truth != 0),
            (5, Field::Bytes(members)) => Value::Object(object(members, depth)?),
            (6, Field::Bytes(items)) => Value::Array(list(items, depth)?),
            _ => return None,
        };
    }
    Some(found)
}

fn list(bytes: &[u8], depth: usize) -> Option<Vec<Value>> {
    fields(bytes)
        .map(|field| match field? {
            (1, Field::Bytes(item)) => value(item, depth),
            _ => None,
        })
        .collect()
}

/// Doubles hold every whole number up to 2^53: those were written as whole numbers.
fn number_of(number: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "whole and within 2^53 by the line above"
        )]
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

/// Reads any bytes as a `Struct`; what comes out is one JSON object.
#[doc(hidden)]
pub fn fuzz_structure(data: &[u8]) {
    let Some(text) = to_json(data) else { return };
    match portcullis_control::json::parse(&text) {
        Ok(value) => assert!(value.is_object()),
        // A list in the innermost place that a Struct may have is one level more than our own reader takes.
        Err(fault) => assert!(fault.to_string().starts_with("nested too deeply"), "{fault}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Option<String> {
        to_json(bytes).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_struct_as_envoy_sends_it_becomes_json() {
        // {"probe": {"cluster": "calls", "max": 1000}, "witness": {}}, recorded from Envoy 1.40.
        let recorded = [
            10, 49, 10, 5, 112, 114, 111, 98, 101, 18, 40, 42, 38, 10, 18, 10, 7, 99, 108, 117,
            115, 116, 101, 114, 18, 7, 26, 5, 99, 97, 108, 108, 115, 10, 16, 10, 3, 109, 97, 120,
            18, 9, 17, 0, 0, 0, 0, 0, 64, 143, 64, 10, 13, 10, 7, 119, 105, 116, 110, 101, 115,
            115, 18, 2, 42, 0,
        ];
        assert_eq!(
            decoded(&recorded).unwrap(),
            r#"{"probe":{"cluster":"calls","max":1000},"witness":{}}"#
        );
        for length in 1..recorded.len() {
            if length != 51 {
                assert_eq!(decoded(&recorded[..length]), None, "cut at {length}");
            }
        }
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let entry = |value: &[u8]| {
            let member = [&[0x12, u8::try_from(value.len()).unwrap()][..], value].concat();
            let entry = [b"\x0a\x01a".as_slice(), &member].concat();
            decoded(&[&[0x0a, u8::try_from(entry.len()).unwrap()][..], &entry].concat())
        };
        let half = [&[0x11_u8][..], &0.5_f64.to_le_bytes()].concat();
        let nan = [&[0x11_u8][..], &f64::NAN.to_le_bytes()].concat();
        for (value, json) in [
            (&b"\x08\x00"[..], Some(r#"{"a":null}"#)),
            (b"\x20\x01", Some(r#"{"a":true}"#)),
            (b"\x20\x00", Some(r#"{"a":false}"#)),
            (b"\x1a\x02\xc3\xa9", Some("{\"a\":\"\u{e9}\"}")),
            (b"\x32\x06\x0a\x02\x20\x01\x0a\x00", Some(r#"{"a":[true,null]}"#)),
            (&half, Some(r#"{"a":0.5}"#)),
            (&nan, None),
            (b"\x1a\x01\xff", None),
            (b"\x38\x00", None),
        ] {
            assert_eq!(entry(value).as_deref(), json, "{value:?}");
        }
    }

    #[test]
    fn json_text_is_no_struct() {
        for text in [
            "",
            "{}",
            "\n{\n  \"a\": 1\n}",
            "\n\n\n{}",
            "[1]",
            "\n{\"minute\": 100, \"hour\": 1000}",
        ] {
            assert_eq!(decoded(text.as_bytes()), None, "{text:?}");
        }
        let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
            let wrap = |tag: u8, bytes: &[u8]| {
                let length = u32::try_from(bytes.len()).unwrap();
                let varint = [(length & 0x7f) as u8 | 0x80, (length >> 7) as u8];
                [&[tag][..], &varint, bytes].concat()
            };
            wrap(0x0a, &[b"\x0a\x01a".as_slice(), &wrap(0x12, &wrap(0x2a, &inner))].concat())
        });
        assert_eq!(decoded(&deep), None);
    }
}
