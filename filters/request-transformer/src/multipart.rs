//! Operations on the parts of a multipart form: what none of them names keeps its bytes and its place.

use std::borrow::Cow;

use portcullis_control::media_type::parameter;
use portcullis_control::multipart::{Part, parts};

use crate::fields::{FieldOperations, FieldValues, MAX_FIELDS, there};

/// Why a form is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No last boundary, a part without a name or with two, or a boundary that only some readers see.
    Malformed,
    /// More than [`MAX_FIELDS`].
    TooManyParts,
}

/// A part that may have been changed.
struct Field<'t> {
    name: Cow<'t, [u8]>,
    /// Its boundary and the headers before its disposition.
    before: Cow<'t, [u8]>,
    disposition: Cow<'t, [u8]>,
    /// The headers behind it, the value and the line's end.
    behind: Cow<'t, [u8]>,
}

/// The body with all changes, in Kong's order and `allow` last; `None` if it is as it was.
pub(crate) fn apply(
    operations: &FieldOperations,
    values: &FieldValues,
    body: &[u8],
    boundary: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let found = parts(body, boundary).ok_or(Fault::Malformed)?;
    let count = found.named.len();
    if count > MAX_FIELDS {
        return Err(Fault::TooManyParts);
    }
    // A reader that takes a line feed alone for a line's end would find other parts.
    let is_plain = found.others == 0 && boundaries(body, boundary) == count.saturating_add(1);
    if !is_plain {
        return Err(Fault::Malformed);
    }
    let start = found.named.first().map_or(found.end, |part| part.whole.start);
    let mut fields: Vec<Field<'_>> =
        found.named.into_iter().map(|part| Field::of(part, body)).collect();
    for name in &operations.remove {
        fields.retain(|field| !field.is(name));
    }
    let mut changed = fields.len() != count;
    for (from, to) in &operations.rename {
        if from != to && fields.iter().any(|field| field.is(from)) {
            fields.retain(|field| !field.is(to));
            fields.iter_mut().filter(|field| field.is(from)).for_each(|field| field.rename(to));
            changed = true;
        }
    }
    for (name, value) in there(&operations.replace, &values.replace) {
        let mut first = true;
        fields.retain_mut(|field| {
            let is_it = field.is(name);
            let is_first = is_it && std::mem::take(&mut first);
            if is_first {
                *field = Field::new(name, value, boundary);
            }
            is_first || !is_it
        });
        changed |= !first;
    }
    for (name, value) in there(&operations.add, &values.add) {
        if !fields.iter().any(|field| field.is(name)) {
            fields.push(Field::new(name, value, boundary));
            changed = true;
        }
    }
    for (name, value) in there(&operations.append, &values.append) {
        fields.push(Field::new(name, value, boundary));
        changed = true;
    }
    if let Some(allowed) = &operations.allow {
        let before = fields.len();
        fields.retain(|field| allowed.iter().any(|name| field.is(name)));
        changed |= fields.len() != before;
    }
    if !changed {
        return Ok(None);
    }
    let mut out = body.get(..start).unwrap_or_default().to_vec();
    for field in &fields {
        for text in [&field.before, &field.disposition, &field.behind] {
            out.extend_from_slice(text);
        }
    }
    out.extend_from_slice(body.get(found.end..).unwrap_or_default());
    Ok(Some(out))
}

/// How often the boundary stands in a text, wherever.
pub(crate) fn boundaries(text: &[u8], boundary: &[u8]) -> usize {
    let delimiter = [b"--", boundary].concat();
    text.windows(delimiter.len()).filter(|window| *window == delimiter).count()
}

impl<'t> Field<'t> {
    fn of(part: Part, body: &'t [u8]) -> Self {
        let text =
            |range: std::ops::Range<usize>| Cow::Borrowed(body.get(range).unwrap_or_default());
        Field {
            name: Cow::Owned(part.name),
            before: text(part.whole.start..part.disposition.start),
            behind: text(part.disposition.end..part.whole.end),
            disposition: text(part.disposition),
        }
    }

    fn new(name: &str, value: &[u8], boundary: &[u8]) -> Field<'static> {
        Field {
            name: Cow::Owned(name.as_bytes().to_vec()),
            before: Cow::Owned([b"--", boundary, b"\r\n"].concat()),
            disposition: Cow::Owned(disposition(name.as_bytes())),
            behind: Cow::Owned([b"\r\n\r\n", value, b"\r\n"].concat()),
        }
    }

    fn is(&self, name: &str) -> bool {
        *self.name == *name.as_bytes()
    }

    /// A file stays one.
    fn rename(&mut self, to: &str) {
        let mut line = disposition(to.as_bytes());
        let field = &self.disposition;
        if let Some(filename) = parameter(field, b"filename") {
            line.extend_from_slice(b"; filename=");
            push_quoted(&mut line, &filename);
        }
        if let Some(extended) = parameter(field, b"filename*") {
            line.extend_from_slice(b"; filename*=");
            line.extend_from_slice(&extended);
        }
        self.disposition = Cow::Owned(line);
        self.name = Cow::Owned(to.as_bytes().to_vec());
    }
}

fn disposition(name: &[u8]) -> Vec<u8> {
    let mut line = b"Content-Disposition: form-data; name=".to_vec();
    push_quoted(&mut line, name);
    line
}

/// RFC 2183 §2; what would end the line is written as browsers do (WHATWG HTML §4.10.21.8).
fn push_quoted(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            b'\r' => line.extend_from_slice(b"%0D"),
            b'\n' => line.extend_from_slice(b"%0A"),
            _ => line.push(*byte),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, value: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn changed(operations: FieldOperations, body: &str) -> Result<Option<String>, Fault> {
        let body = apply(&operations, &FieldValues::default(), body.as_bytes(), b"b")?;
        Ok(body.map(|body| String::from_utf8(body).unwrap()))
    }

    #[test]
    fn parts_that_are_not_named_keep_every_byte() {
        let file = "--b\r\nX: 1\r\ncontent-disposition: form-data; filename=\"a\\\"b\"; name=f\r\nY: 2\r\n\r\n\0\r\n";
        let body = format!("pre\r\n{}{file}{}--b--\r\nend", part("k", "1"), part("k", "2"));
        let remove = FieldOperations { remove: vec!["k".into()], ..FieldOperations::default() };
        assert_eq!(changed(remove, &body), Ok(Some(format!("pre\r\n{file}--b--\r\nend"))));
        let rename = FieldOperations {
            rename: vec![("f".into(), "k".into())],
            ..FieldOperations::default()
        };
        let renamed = "--b\r\nX: 1\r\nContent-Disposition: form-data; name=\"k\"; filename=\"a\\\"b\"\r\nY: 2\r\n\r\n\0\r\n";
        assert_eq!(changed(rename, &body), Ok(Some(format!("pre\r\n{renamed}--b--\r\nend"))));
        let allow = FieldOperations { allow: Some(vec!["f".into()]), ..FieldOperations::default() };
        assert_eq!(changed(allow, &body), Ok(Some(format!("pre\r\n{file}--b--\r\nend"))));
        assert_eq!(changed(FieldOperations::default(), &body), Ok(None));
    }

    #[test]
    fn what_readers_could_take_apart_differently_is_malformed() {
        let remove = || FieldOperations { remove: vec!["k".into()], ..FieldOperations::default() };
        for body in [
            part("k", "1"),
            format!("{}--b-", part("k", "1")),
            format!("{}--b--", part("a", "1\n--b\nContent-Disposition: form-data; name=k\n\n2")),
            format!("{}--b--{}", part("a", "1"), part("k", "2")),
            format!("--b\nContent-Disposition: form-data; name=k\n\n2\n{}--b--", part("a", "1")),
            format!("{}--b--", part("a\"; name=\"k", "1")),
            String::new(),
        ] {
            assert_eq!(changed(remove(), &body), Err(Fault::Malformed), "{body}");
        }
    }
}
