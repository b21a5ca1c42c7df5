//! Wrong configurations: mutations of right ones, the same in every run with the same seed.

use serde_json::{Map, Number, Value};

/// splitmix64: small, and good enough to choose with.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a small number");
        usize::try_from(self.throw() % end).expect("a small number")
    }
}

/// A wrong configuration made from a right one. It may by chance be right as well.
#[must_use]
pub fn mutate(right: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut value = right.clone();
    for _ in 0..=dice.below(3) {
        let places = count(&value);
        let chosen = dice.below(places);
        change(&mut value, &mut { chosen }, dice);
    }
    let mut text = value.to_string().into_bytes();
    match dice.below(8) {
        0 => text.truncate(dice.below(text.len())),
        1 => spoil(&mut text, dice),
        2 => double(&mut text, dice),
        _ => {}
    }
    text
}

/// How many values stand in it, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the value at this place of a walk through all values.
fn change(value: &mut Value, place: &mut usize, dice: &mut Dice) -> bool {
    if *place == 0 {
        *value = other(value, dice);
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, place, dice)),
        Value::Object(members) => members.values_mut().any(|member| change(member, place, dice)),
        _ => false,
    }
}

/// Another value in place of this one.
fn other(value: &Value, dice: &mut Dice) -> Value {
    match (value, dice.below(10)) {
        (Value::Object(members), 0..4) => Value::Object(other_members(members, dice)),
        (Value::Array(items), 0..4) => Value::Array(other_items(items, dice)),
        (Value::String(text), 0..4) => Value::String(other_text(text, dice)),
        (Value::Number(_), 0..5) => other_number(dice),
        (_, 4 | 5) => nested(dice.below(200), dice),
        _ => any(dice),
    }
}

fn other_members(members: &Map<String, Value>, dice: &mut Dice) -> Map<String, Value> {
    let mut members = members.clone();
    let names: Vec<String> = members.keys().cloned().collect();
    let name = names.get(dice.below(names.len())).cloned().unwrap_or_default();
    match dice.below(4) {
        0 => drop(members.remove(&name)),
        1 => {
            let value = members.remove(&name).unwrap_or_default();
            members.insert(other_text(&name, dice), value);
        }
        2 => drop(members.insert(other_text("", dice), any(dice))),
        _ => drop(members.insert("mode".to_owned(), any(dice))),
    }
    members
}

fn other_items(items: &[Value], dice: &mut Dice) -> Vec<Value> {
    let mut items = items.to_vec();
    match dice.below(4) {
        0 => items.clear(),
        1 => items.push(any(dice)),
        2 => items.extend(items.clone()),
        _ => {
            let one = items.get(dice.below(items.len())).cloned().unwrap_or_default();
            items.extend(std::iter::repeat_n(one, dice.below(300)));
        }
    }
    items
}

fn other_text(text: &str, dice: &mut Dice) -> String {
    let texts = [
        "",
        " ",
        "\0",
        "é",
        "\u{202e}abc",
        "\u{10ffff}",
        "a\nb",
        "-1",
        "0",
        "*",
        "10.0.0.0/33",
        "::/129",
        "$(",
        "$(jwt.)",
        "{env:}",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "((((((((((a*)*)*)*)*)*)*)*)*)*)*",
        "/{a}/{a}/{}",
        ":authority",
        "%2e%2e/%00",
    ];
    match dice.below(6) {
        0 => text.chars().rev().collect(),
        1 => text.repeat(1 + dice.below(2_000)),
        2 => text.chars().take(dice.below(text.len())).collect(),
        3 => [text, texts[dice.below(texts.len())]].concat(),
        _ => texts[dice.below(texts.len())].to_owned(),
    }
}

fn other_number(dice: &mut Dice) -> Value {
    let numbers = [
        f64::MAX,
        f64::MIN_POSITIVE,
        -0.0,
        0.5,
        -1.0,
        9_007_199_254_740_993.0,
        1.844_674_407_370_955_2e19,
        -9.223_372_036_854_776e18,
        4_294_967_296.0,
    ];
    let whole = [0, 1, -1, i64::MAX, i64::MIN, 1_000_000_000_000];
    match dice.below(3) {
        0 => {
            Number::from_f64(numbers[dice.below(numbers.len())]).map_or(Value::Null, Value::Number)
        }
        1 => Value::from(whole[dice.below(whole.len())]),
        _ => Value::from(u64::MAX),
    }
}

fn any(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => Value::Null,
        1 => Value::Bool(dice.below(2) == 0),
        2 => other_number(dice),
        3 => Value::Array(vec![Value::Null; dice.below(4)]),
        4 => Value::Object(Map::new()),
        5 => nested(dice.below(60), dice),
        _ => Value::String(other_text("x", dice)),
    }
}

fn nested(depth: usize, dice: &mut Dice) -> Value {
    let mut value = Value::Null;
    for _ in 0..depth {
        value = match dice.below(2) {
            0 => Value::Array(vec![value]),
            _ => Value::Object(Map::from_iter([("env".to_owned(), value)])),
        };
    }
    value
}

/// Bytes that no JSON has, or that are no UTF-8.
fn spoil(text: &mut Vec<u8>, dice: &mut Dice) {
    let bytes: [&[u8]; 7] =
        [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\0", b"\xef\xbb\xbf", b"\\u12", b"1e999999"];
    let place = dice.below(text.len() + 1);
    let chosen = bytes[dice.below(bytes.len())];
    text.splice(place..place, chosen.iter().copied());
}

/// A part of the text stands twice: double members, double documents.
fn double(text: &mut Vec<u8>, dice: &mut Dice) {
    let start = dice.below(text.len());
    let end = start + dice.below(text.len() - start + 1);
    let part = text[start..end].to_vec();
    text.splice(end..end, part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_gives_the_same_configurations_and_many_different_ones() {
        let right = json!({"minute": 2, "routes": [{"match": {"hosts": ["a"]}, "config": {}}]});
        let made = |seed| {
            let mut dice = Dice::new(seed);
            (0..500).map(|_| mutate(&right, &mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        let distinct: BTreeSet<_> = made(1).into_iter().collect();
        assert!(distinct.len() > 300, "{}", distinct.len());
        assert!(distinct.iter().any(|text| std::str::from_utf8(text).is_err()));
        assert!(distinct.iter().any(|text| text.len() > 10_000));
    }
}
