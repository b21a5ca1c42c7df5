//! Parts of `multipart/form-data` (RFC 7578), found without building them.

use std::ops::Range;

use crate::media_type::parameter;

/// A field of a form, by its places in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From its boundary to the next one.
    pub whole: Range<usize>,
    /// Its name.
    pub name: Vec<u8>,
    /// The line of its `Content-Disposition`, without its end.
    pub disposition: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
    /// True if it has a `filename`.
    pub is_file: bool,
}

/// The parts of a body that have exactly one name each, and where the last boundary begins; `None` if that is missing.
#[must_use]
pub fn parts(body: &[u8], boundary: &[u8]) -> Option<(Vec<Part>, usize)> {
    let delimiter = [b"\r\n--", boundary].concat();
    let first = delimiter.get(2..)?;
    // The first boundary stands at the beginning, or behind a preamble that means nothing.
    let mut start = match body.starts_with(first) {
        true => 0,
        false => position(body, 0, &delimiter)?.saturating_add(2),
    };
    let mut parts = Vec::new();
    loop {
        let behind = start.saturating_add(first.len());
        let line = body.get(behind..)?;
        if line.starts_with(b"--") {
            return Some((parts, start));
        }
        let padding = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let content = behind.saturating_add(padding);
        if body.get(content..content.saturating_add(2)) != Some(b"\r\n") {
            return None;
        }
        // A part may be empty, so its line end may be that of the next boundary.
        let end = position(body, content, &delimiter)?;
        let next = end.saturating_add(2);
        parts.extend(part(body, start..next, content.saturating_add(2)..end));
        start = next;
    }
}

/// Where a text begins, from a place on.
fn position(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted)?.checked_add(from)
}

/// A part with exactly one disposition and one name.
fn part(body: &[u8], whole: Range<usize>, content: Range<usize>) -> Option<Part> {
    let head = content.start;
    let empty = position(body.get(..content.end)?, head, b"\r\n\r\n")?;
    let mut found = None;
    let mut start = head;
    for line in body.get(head..empty)?.split(|byte| *byte == b'\n') {
        let next = start.saturating_add(line.len()).saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = line.iter().position(|byte| *byte == b':');
        if let Some((name, field)) = colon.and_then(|colon| line.split_at_checked(colon))
            && name.trim_ascii().eq_ignore_ascii_case(b"content-disposition")
            && found.replace((start..start.saturating_add(line.len()), field)).is_some()
        {
            return None;
        }
        start = next;
    }
    let (disposition, field) = found?;
    Some(Part {
        whole,
        name: parameter(field, b"name")?,
        disposition,
        value: empty.saturating_add(4)..content.end,
        is_file: parameter(field, b"filename").is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_places() {
        let body = b"pre\r\n--b\r\nX: y\r\nContent-Disposition: form-data; name=\"a b\"\r\n\r\n1\r\n--b \t\r\n\
                     content-disposition:form-data;name=f;filename=x\r\n\r\n\r\n--b--\r\nend";
        let (parts, last) = parts(body, b"b").unwrap();
        let shown = |range: &Range<usize>| String::from_utf8(body[range.clone()].to_vec()).unwrap();
        let found: Vec<_> = parts
            .iter()
            .map(|part| {
                let name = String::from_utf8(part.name.clone()).unwrap();
                (name, shown(&part.disposition), shown(&part.value), part.is_file)
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    "a b".into(),
                    "Content-Disposition: form-data; name=\"a b\"".into(),
                    "1".into(),
                    false
                ),
                (
                    "f".into(),
                    "content-disposition:form-data;name=f;filename=x".into(),
                    String::new(),
                    true
                ),
            ]
        );
        assert!(
            body[last..].starts_with(b"--b--")
                && body[parts[0].whole.start..].starts_with(b"--b\r\nX")
        );
        assert_eq!(parts[0].whole.end, parts[1].whole.start);
        assert_eq!(parts[1].whole.end, last);
    }

    #[test]
    fn what_has_no_end_has_no_parts() {
        for body in ["", "--b", "--b\r\n\r\n", "--b--", "--b\r\nx\r\n\r\n--b-", "x--b--"] {
            let found = parts(body.as_bytes(), b"b").map(|(parts, last)| (parts.len(), last));
            assert_eq!(found, (body == "--b--").then_some((0, 0)), "{body:?}");
        }
    }
}
