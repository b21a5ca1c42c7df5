//! Any bytes, changed as text and, where serde_json reads them, as a tree: both must come to the same.

use serde_json::{Map, Value, from_slice, json};

use super::path::{JsonPath, Step};
use super::{Allowed, Change, Document, JsonEditFault};

const PATHS: [&str; 6] = ["a", "b", "a.b", "a[*].b", "[*].a", "b[*][*].a"];
const VALUE: &[u8] = br#""new""#;

/// Whatever the bytes: what comes out is JSON, and what the operations say.
pub fn fuzz_json_edit(data: &[u8]) {
    let tree = from_slice::<Value>(data).ok();
    let parsed = Document::parse(data);
    assert!(parsed.is_ok() || tree.is_none(), "not read, although it is JSON");
    let Ok(document) = parsed else { return };
    assert_eq!(document.into_text(), None, "changed by nobody");
    let is_plain = tree.as_ref().is_some_and(|tree| members(tree) == colons(data));
    let paths: Vec<JsonPath> = PATHS.iter().filter_map(|text| JsonPath::parse(text)).collect();
    let Some(to) = JsonPath::parse("b").map(JsonPath::into_name) else { return };
    for path in &paths {
        for change in [
            Change::Remove,
            Change::Rename(&to),
            Change::Replace(VALUE),
            Change::Add(VALUE),
            Change::Append(VALUE),
        ] {
            let Ok(mut document) = Document::parse(data) else { return };
            if document.change(path, change).is_err() {
                continue;
            }
            let text = document.into_text();
            if let (Change::Remove, Some(text)) = (change, &text) {
                let mut bytes = data.iter();
                assert!(text.iter().all(|byte| bytes.any(|own| own == byte)), "not what it was");
            }
            if let Some(text) = &text {
                assert!(Document::parse_of_any_depth(text).is_ok(), "no JSON any more");
            }
            if let Some(tree) = tree.as_ref().filter(|_| is_plain) {
                let mut expected = tree.clone();
                visit(&mut expected, &path.way, path.name.as_str(), change);
                assert_same(text.as_deref().unwrap_or(data), &expected);
            }
        }
    }
    allowed(data, &paths, tree.as_ref().filter(|_| is_plain));
}

fn allowed(data: &[u8], paths: &[JsonPath], tree: Option<&Value>) {
    for count in 0..=paths.len() {
        let paths = paths.get(..count).unwrap_or_default();
        let Ok(mut document) = Document::parse(data) else { return };
        match document.allow(&Allowed::new(paths)) {
            Err(fault) => assert_eq!(fault, JsonEditFault::TooManyPlaces),
            Ok(()) => {
                let text = document.into_text();
                let text = text.as_deref().unwrap_or(data);
                assert!(Document::parse(text).is_ok(), "no JSON any more");
                if let Some(tree) = tree {
                    let paths: Vec<(&[Step], &str)> =
                        paths.iter().map(|path| (&*path.way, path.name.as_str())).collect();
                    let empty = match tree {
                        Value::Object(_) => json!({}),
                        Value::Array(_) => json!([]),
                        _ => Value::Null,
                    };
                    assert_same(text, &keep(tree, &paths).unwrap_or(empty));
                }
            }
        }
    }
}

fn assert_same(text: &[u8], expected: &Value) {
    // A text that became deeper than serde_json reads is none of its business.
    if let Ok(found) = from_slice::<Value>(text) {
        assert_eq!(&found, expected);
    }
}

/// What is left of a value of which these paths may stay.
fn keep(value: &Value, paths: &[(&[Step], &str)]) -> Option<Value> {
    let behind = |wanted: &dyn Fn(&Step) -> bool| {
        let rest = paths.iter().filter_map(|(way, name)| {
            let (first, rest) = way.split_first()?;
            wanted(first).then_some((rest, *name))
        });
        rest.collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => {
            let named = |(way, _): &&(&[Step], &str)| !matches!(way.first(), Some(Step::Items));
            paths.iter().find(named)?;
            let mut kept = Map::new();
            for (name, value) in members {
                let whole = paths.iter().any(|(way, own)| way.is_empty() && own == name);
                let inside =
                    behind(&|step| matches!(step, Step::Name(own) if own.as_str() == name));
                let left = if whole {
                    Some(value.clone())
                } else {
                    Some(inside)
                        .filter(|inside| !inside.is_empty())
                        .and_then(|inside| keep(value, &inside))
                };
                kept.extend(left.map(|left| (name.clone(), left)));
            }
            Some(Value::Object(kept))
        }
        Value::Array(items) => {
            let inside = behind(&|step| matches!(step, Step::Items));
            let inside = Some(inside).filter(|inside| !inside.is_empty())?;
            Some(items.iter().filter_map(|item| keep(item, &inside)).collect())
        }
        _ => None,
    }
}

fn visit(value: &mut Value, way: &[Step], name: &str, change: Change<'_>) {
    match (way.split_first(), value) {
        (None, Value::Object(members)) => at(members, name, change),
        (Some((Step::Name(step), rest)), Value::Object(members)) => {
            if let Some(value) = members.get_mut(step.as_str()) {
                visit(value, rest, name, change);
            }
        }
        (Some((Step::Items, rest)), Value::Array(items)) => {
            items.iter_mut().for_each(|item| visit(item, rest, name, change));
        }
        _ => {}
    }
}

fn at(members: &mut Map<String, Value>, name: &str, change: Change<'_>) {
    let new = || Value::from("new");
    match change {
        Change::Remove => drop(members.remove(name)),
        Change::Rename(to) => {
            if let Some(value) = members.remove(name) {
                members.insert(to.as_str().to_owned(), value);
            }
        }
        Change::Replace(_) => {
            if let Some(value) = members.get_mut(name) {
                *value = new();
            }
        }
        Change::Add(_) => drop(members.entry(name).or_insert_with(new)),
        Change::Append(_) => {
            let value = members.entry(name).or_insert(Value::Null);
            match value {
                Value::Null => *value = json!(["new"]),
                Value::Array(items) => items.push(new()),
                old => *old = json!([old, "new"]),
            }
        }
    }
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

/// Colons outside of strings: one for each member, so that a name that stands twice shows.
fn colons(text: &[u8]) -> usize {
    let (mut inside, mut escaped) = (false, false);
    let colons = text.iter().filter(|byte| {
        let quote = **byte == b'"' && !escaped;
        escaped = inside && **byte == b'\\' && !escaped;
        inside ^= quote;
        **byte == b':' && !inside
    });
    colons.count()
}
