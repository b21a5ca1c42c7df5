//! Changes within a JSON value: it stays JSON, and most of it stays what the reader expects.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Changes one place of a value; `other` lends parts, `words` are names and strings.
pub(super) fn change(rng: &mut Rng, value: &mut Value, other: &Value, words: &[Vec<u8>]) {
    let count = places(value);
    let mut steps = rng.usize(..count);
    let Some(place) = find(value, &mut steps) else { return };
    match rng.u8(..8) {
        0 | 1 => *place = scalar(rng, words),
        2 => {
            let mut steps = rng.usize(..places(other));
            let mut other = other.clone();
            *place = find(&mut other, &mut steps).map_or(Value::Null, |part| part.clone());
        }
        3 => *place = json!([place.clone()]),
        _ => change_inside(rng, place, words),
    }
}

fn change_inside(rng: &mut Rng, place: &mut Value, words: &[Vec<u8>]) {
    match place {
        Value::Object(members) => change_members(rng, members, words),
        Value::Array(items) => {
            let index = rng.usize(..=items.len());
            match rng.u8(..4) {
                0 => items.insert(index, scalar(rng, words)),
                1 if index < items.len() => {
                    items.remove(index);
                }
                2 if index < items.len() => {
                    let copies = vec![items[index].clone(); rng.usize(1..4)];
                    items.splice(index..index, copies);
                }
                _ => rng.shuffle(items),
            }
        }
        Value::String(text) => {
            let place = rng.usize(..=text.chars().count());
            let place = text.char_indices().nth(place).map_or(text.len(), |(place, _)| place);
            match rng.u8(..4) {
                0 => text.truncate(place),
                1 => text.insert(place, rng.char(..)),
                2 => *text = text[place..].to_owned(),
                _ => text.insert_str(place, &word(rng, words)),
            }
        }
        Value::Number(number) => {
            let near = number.as_i64().unwrap_or(0).saturating_add(rng.i64(-2..=2));
            *place = json!(near);
        }
        _ => *place = scalar(rng, words),
    }
}

fn change_members(rng: &mut Rng, members: &mut Map<String, Value>, words: &[Vec<u8>]) {
    let names: Vec<String> = members.keys().cloned().collect();
    let name = (!names.is_empty()).then(|| names[rng.usize(..names.len())].clone());
    match (rng.u8(..3), name) {
        (0, Some(name)) => {
            members.remove(&name);
        }
        // The value of one field under the name of another.
        (1, Some(name)) => {
            let value = members[&name].clone();
            members.insert(word(rng, words), value);
        }
        _ => {
            members.insert(word(rng, words), scalar(rng, words));
        }
    }
}

fn word(rng: &mut Rng, words: &[Vec<u8>]) -> String {
    String::from_utf8_lossy(&words[rng.usize(..words.len())]).into_owned()
}

fn scalar(rng: &mut Rng, words: &[Vec<u8>]) -> Value {
    match rng.u8(..16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(u64::MAX),
        6 => json!(i64::MIN),
        7 => json!(9_007_199_254_740_993_u64),
        8 => json!(0.5),
        9 => json!(1e300),
        10 => json!({}),
        11 => json!([]),
        12 => json!(""),
        13 => json!(rng.u32(..100_000)),
        _ => json!(word(rng, words)),
    }
}

fn places(value: &Value) -> usize {
    let inside = match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    };
    1 + inside
}

/// The place that many steps ahead, in the order in which they are written.
fn find<'v>(value: &'v mut Value, steps: &mut usize) -> Option<&'v mut Value> {
    if *steps == 0 {
        return Some(value);
    }
    *steps -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, steps)),
        Value::Object(members) => members.values_mut().find_map(|item| find(item, steps)),
        _ => None,
    }
}
