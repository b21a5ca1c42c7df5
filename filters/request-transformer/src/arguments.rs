//! Operations on `a=1&b=2`: what none of them names keeps its bytes and its place.

use std::borrow::Cow;

use portcullis_control::arguments::{decoded_form, encode_form};

use crate::fields::{FieldOperations, FieldValues, MAX_FIELDS, TooManyFields, there};

/// One pair as it is written; an empty one stays as well.
type Pair<'t> = Cow<'t, [u8]>;

/// The text with all changes, in Kong's order and `allow` last; `None` if it is as it was.
pub(crate) fn apply(
    operations: &FieldOperations,
    values: &FieldValues,
    text: &[u8],
) -> Result<Option<Vec<u8>>, TooManyFields> {
    let split = text.split(|byte| *byte == b'&').map(Cow::Borrowed);
    let mut pairs: Vec<Pair<'_>> = match text.is_empty() {
        true => Vec::new(),
        false => split.take(MAX_FIELDS.saturating_add(1)).collect(),
    };
    if pairs.len() > MAX_FIELDS {
        return Err(TooManyFields);
    }
    let before = pairs.len();
    for name in &operations.remove {
        pairs.retain(|pair| !is_named(pair, name));
    }
    let mut changed = pairs.len() != before;
    changed |= uncover(&mut pairs, |own| !operations.remove.iter().any(|name| is_named(own, name)));
    for (from, to) in &operations.rename {
        changed |= rename(&mut pairs, from, to);
    }
    for (name, value) in there(&operations.replace, &values.replace) {
        changed |= replace(&mut pairs, name, value);
    }
    for (name, value) in there(&operations.add, &values.add) {
        if !pairs.iter().any(|pair| is_named(pair, name)) {
            pairs.push(Cow::Owned(written(name, value)));
            changed = true;
        }
    }
    for (name, value) in there(&operations.append, &values.append) {
        pairs.push(Cow::Owned(written(name, value)));
        changed = true;
    }
    if let Some(allowed) = &operations.allow {
        let before = pairs.len();
        let is_allowed = |pair: &[u8]| allowed.iter().any(|name| is_named(pair, name));
        pairs.retain(|pair| pair.is_empty() || is_allowed(pair));
        changed |= pairs.len() != before;
        changed |= uncover(&mut pairs, is_allowed);
    }
    Ok(changed.then(|| pairs.join(&b'&')))
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    pair.split_at_checked(end).unwrap_or_default()
}

/// Some readers take `;` for a separator, so that what is not to arrive could hide beside one. Where a pair has such a name
/// there, its semicolons are escaped: it is the same value to everybody then. True if there was one.
fn uncover(pairs: &mut [Pair<'_>], may_arrive: impl Fn(&[u8]) -> bool) -> bool {
    let mut changed = false;
    for pair in pairs {
        let parts: Vec<&[u8]> = pair.split(|byte| *byte == b';').collect();
        if parts.len() > 1 && !parts.iter().all(|own| own.is_empty() || may_arrive(own)) {
            *pair = Cow::Owned(parts.join(b"%3B".as_slice()));
            changed = true;
        }
    }
    changed
}

fn is_named(pair: &[u8], name: &str) -> bool {
    !pair.is_empty() && decoded_form(split(pair).0).eq(name.bytes())
}

/// Keeps the values and places of what is renamed; what had the new name goes.
fn rename(pairs: &mut Vec<Pair<'_>>, from: &str, to: &str) -> bool {
    if from == to || !pairs.iter().any(|pair| is_named(pair, from)) {
        return false;
    }
    pairs.retain(|pair| !is_named(pair, to));
    for pair in pairs.iter_mut().filter(|pair| is_named(pair, from)) {
        let mut renamed = Vec::new();
        encode_form(to.as_bytes(), &mut renamed);
        renamed.extend_from_slice(split(pair).1);
        *pair = Cow::Owned(renamed);
    }
    true
}

/// The first one gets the value, the others go.
fn replace(pairs: &mut Vec<Pair<'_>>, name: &str, value: &[u8]) -> bool {
    let mut first = true;
    pairs.retain_mut(|pair| {
        if !is_named(pair, name) {
            return true;
        }
        let is_first = std::mem::take(&mut first);
        if is_first {
            *pair = Cow::Owned([split(pair).0, b"=", value].concat());
        }
        is_first
    });
    !first
}

/// A new pair; the value is encoded already.
fn written(name: &str, value: &[u8]) -> Vec<u8> {
    let mut pair = Vec::new();
    encode_form(name.as_bytes(), &mut pair);
    pair.push(b'=');
    pair.extend_from_slice(value);
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(
        change: impl FnOnce(&mut FieldOperations, &mut FieldValues),
        text: &str,
    ) -> Option<String> {
        let (mut operations, mut values) = Default::default();
        change(&mut operations, &mut values);
        let text = apply(&operations, &values, text.as_bytes()).unwrap();
        text.map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn what_is_not_named_keeps_every_byte_and_its_place() {
        let remove = |text| changed(|operations, _| operations.remove = vec!["k".into()], text);
        for (text, expected) in [
            ("k=1", Some("")),
            ("a=1&k=2&b=%zz", Some("a=1&b=%zz")),
            ("&&a=%41+&%6B&=x&k=3&", Some("&&a=%41+&=x&")),
            ("a=k&K=1&k%zz=1", None),
            ("a=1;k=2&b", Some("a=1%3Bk=2&b")),
            ("a=1;b;%6b&c=x;y=k", Some("a=1%3Bb%3B%6b&c=x;y=k")),
            ("a=1;kk=2;", None),
            ("a=1;kk=2;&k;&k;b=1", Some("a=1;kk=2;&k%3B&k%3Bb=1")),
            ("", None),
            ("&", None),
        ] {
            assert_eq!(remove(text).as_deref(), expected, "{text}");
        }
        let rename = |text| {
            changed(|operations, _| operations.rename = vec![("k".into(), "n m".into())], text)
        };
        for (text, expected) in
            [("a=1&k=%2b&n+m=2&k&k=", Some("a=1&n+m=%2b&n+m&n+m=")), ("n%20m=1&a", None)]
        {
            assert_eq!(rename(text).as_deref(), expected, "{text}");
        }
        let allow = |text| changed(|operations, _| operations.allow = Some(vec!["k".into()]), text);
        assert_eq!(allow("a=1&k=1&&%6b=2&b").as_deref(), Some("k=1&&%6b=2"));
        assert_eq!(allow("k"), None);
        assert_eq!(allow("k=1;a=2&k=3;k=4&k=;").as_deref(), Some("k=1%3Ba=2&k=3;k=4&k=;"));
    }

    #[test]
    fn more_than_the_bound_is_refused() {
        let operations = FieldOperations { remove: vec!["k".into()], ..FieldOperations::default() };
        let apply = |count: usize| {
            let text = vec!["a"; count].join("&");
            apply(&operations, &FieldValues::default(), text.as_bytes())
        };
        assert_eq!(apply(MAX_FIELDS), Ok(None));
        assert_eq!(apply(MAX_FIELDS + 1), Err(TooManyFields));
    }
}
