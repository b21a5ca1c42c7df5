//! Header maps against a plain list that does the same, and names and values against the grammar.

use portcullis_control::headers::{Edit, FieldName, FieldValue, Headers, same_name_for_a_backend};

use super::world::map;

/// Names that meet each other often, two of them the same for a backend and not here.
const NAMES: [&str; 4] = ["a", "x-user-id", "x_user_id", "cookie"];

/// The same fields as a list.
type Model = Vec<(Vec<u8>, Vec<u8>)>;

/// Each line of the input is a step: its first two bytes choose, the rest is the value.
pub(super) fn run(data: &[u8]) -> u64 {
    grammar(data);
    let mut lines = data.split(|byte| *byte == b'\n');
    let first: Model = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .map(|line| (name(line).as_bytes().to_vec(), line.to_vec()))
        .collect();
    let (mut model, mut headers) = (first.clone(), Headers::default());
    // In one run in two nothing is known of what the host has.
    if data.len() % 2 == 1 {
        headers.pause();
    }
    let mut steps = 0;
    for line in lines {
        let Some(value) = FieldValue::new(line.get(2..).unwrap_or_default()) else { continue };
        let field = FieldName::parse(&name(line).to_ascii_uppercase()).expect("a name of the list");
        let bytes = field.as_str().as_bytes().to_vec();
        let edit = match line.first().map_or(3, |byte| byte % 4) {
            0 => {
                model.retain(|(candidate, _)| *candidate != bytes);
                model.push((bytes, value.as_bytes().to_vec()));
                Edit::Set(field, value)
            }
            1 => {
                model.push((bytes, value.as_bytes().to_vec()));
                Edit::Add(field, value)
            }
            2 => {
                model.retain(|(candidate, _)| *candidate != bytes);
                Edit::Remove(field)
            }
            // Reading between changes: later ones are made in place.
            _ => {
                headers.map(|| map(&first));
                continue;
            }
        };
        headers.edit(edit);
        steps += 1;
    }
    let read = headers.map(|| map(&first));
    let expected = model.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    assert!(read.iter().eq(expected), "{read:?} is not {model:?}");
    assert_eq!((read.len(), read.is_empty()), (model.len(), model.is_empty()));
    assert_eq!(told(first.clone(), &headers), model, "the host was told something else");
    for name in NAMES {
        let all: Vec<&[u8]> = read.all(name).collect();
        let only = (all.len() == 1).then(|| all[0]);
        assert_eq!((read.only(name), read.first(name)), (only, all.first().copied()));
    }
    super::shown((first.len().min(4), steps.min(8), model.len().min(8)))
}

/// What a host has that is told of all changes: an insertion must meet no field of its name, and what is kept is there.
fn told(mut fields: Model, headers: &Headers) -> Model {
    for edit in headers.untold() {
        let name = edit.name().as_str().as_bytes();
        let is_there = fields.iter().any(|(known, _)| known == name);
        match edit {
            Edit::Set(..) | Edit::Remove(_) => fields.retain(|(known, _)| known != name),
            Edit::Insert(..) => assert!(!is_there),
            Edit::Keep(..) => {
                assert!(is_there);
                continue;
            }
            Edit::Add(..) => {}
        }
        fields.extend(edit.value().map(|value| (name.to_vec(), value.as_bytes().to_vec())));
    }
    fields
}

fn name(line: &[u8]) -> &'static str {
    NAMES[usize::from(line.get(1).copied().unwrap_or_default()) % NAMES.len()]
}

/// RFC 9110 §5.1 and §5.5: a name is a token, a value cannot end its line.
fn grammar(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(name) = FieldName::parse(&text) {
        let bad = |byte: u8| byte <= b' ' || byte >= 0x7f || b"\"(),/;<=>?@[\\]{}".contains(&byte);
        // A colon stands first in a pseudo-header, which no client's field is.
        let token = name.as_str().bytes().all(|byte| !bad(byte) && byte != b':');
        assert!(token && !name.as_str().is_empty(), "{name:?}");
        assert_eq!(FieldName::parse(name.as_str()).as_ref(), Some(&name));
        assert!(!name.as_str().bytes().any(|byte| byte.is_ascii_uppercase()));
        let spelt = name.as_str().to_ascii_uppercase().replace('-', "_");
        assert!(same_name_for_a_backend(spelt.as_bytes(), name.as_str().as_bytes()));
    }
    let ends = data.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0 | 0x7f | 0x1b));
    assert!(!ends || FieldValue::new(data).is_none());
}
