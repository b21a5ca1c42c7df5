//! Parts of `multipart/form-data` (RFC 7578), found without building them.

use std::ops::Range;

use crate::media_type::{has_extended, parameter, plain_parameter};

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

/// All parts of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Those that have exactly one name.
    pub named: Vec<Part>,
    /// How many others there are.
    pub others: usize,
    /// Where the last boundary begins.
    pub end: usize,
}

/// The parts of a body; `None` if its last boundary is missing.
#[must_use]
pub fn parts(body: &[u8], boundary: &[u8]) -> Option<Parts> {
    let delimiter = [b"\r\n--", boundary].concat();
    let first = delimiter.get(2..)?;
    // The first boundary stands at the beginning, or behind a preamble that means nothing.
    let mut start = match body.starts_with(first) {
        true => 0,
        false => position(body, 0, &delimiter)?.saturating_add(2),
    };
    let mut parts = Parts::default();
    loop {
        let behind = start.saturating_add(first.len());
        let line = body.get(behind..)?;
        if line.starts_with(b"--") {
            return Some(Parts { end: start, ..parts });
        }
        let padding = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let content = behind.saturating_add(padding);
        if body.get(content..content.saturating_add(2)) != Some(b"\r\n") {
            return None;
        }
        // A part may be empty, so its line end may be that of the next boundary.
        let end = position(body, content, &delimiter)?;
        let next = end.saturating_add(2);
        match part(body, start..next, content.saturating_add(2)..end) {
            Some(part) => parts.named.push(part),
            None => parts.others = parts.others.saturating_add(1),
        }
        start = next;
    }
}

/// Where a text begins, from a place on.
fn position(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted)?.checked_add(from)
}

/// A part with exactly one disposition and one name, in one spelling (RFC 7578 §4.2 has no `name*`), as every reader sees
/// it: browsers write no backslash in a name, and nobody folds lines.
fn part(body: &[u8], whole: Range<usize>, content: Range<usize>) -> Option<Part> {
    let head = content.start;
    let empty = position(body.get(..content.end)?, head, b"\r\n\r\n")?;
    let mut found = None;
    let mut start = head;
    for line in body.get(head..empty)?.split(|byte| *byte == b'\n') {
        let next = start.saturating_add(line.len()).saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Some join a folded line to the one before, take a carriage return for the line's end, or an empty line for that
        // of the headers.
        if matches!(line.first(), None | Some(b' ' | b'\t')) || line.contains(&b'\r') {
            return None;
        }
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
    if has_extended(field, b"name") {
        return None;
    }
    Some(Part {
        whole,
        name: plain_parameter(field, b"name")?,
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
        let Parts { named: parts, others, end: last } = parts(body, b"b").unwrap();
        assert_eq!(others, 0);
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
    fn a_part_has_one_name_or_none() {
        for head in [
            "x: y",
            "content-disposition: form-data",
            "content-disposition: form-data; name=a; name*=utf-8''b",
            "content-disposition: form-data; name=a; name=b",
            "content-disposition: form-data; name=a; name*=utf-8''b; name*=utf-8''c",
            "content-disposition: form-data; name=a; name*0=b; name*1=c",
            "content-disposition: form-data; name=a; NAME*0*=utf-8''b",
            "content-disposition: form-data; name*=utf-8''b",
            "content-disposition: form-data; name=\"a\\\"b\"",
            "content-disposition: form-data; name=\"a\\b\"",
            "content-disposition: form-data; name=\"a\\\"; x=\"",
            "content-disposition: form-data; name=a; filename=\"\\\"; name=b; x=\"",
            "content-disposition: form-data;\r\n name=a",
            "content-disposition: form-data; name=a;\r\n name=b",
            "content-disposition: form-data; name=a\r\n\t; x=y",
            " content-disposition: form-data; name=a",
            "content-disposition: form-data; name=a\r\n x: y",
            "x: y\rcontent-disposition: form-data; name=b\r\ncontent-disposition: form-data; name=a",
            "x: y\n\ncontent-disposition: form-data; name=a",
            "\r\ncontent-disposition: form-data; name=a",
            "content-disposition: form-data; name=a\r\ncontent-disposition: form-data; name=a",
        ] {
            let body = format!("--b\r\n{head}\r\n\r\n1\r\n--b--");
            let found = parts(body.as_bytes(), b"b").unwrap();
            assert_eq!((found.named.len(), found.others), (0, 1), "{head}");
        }
    }

    #[test]
    fn what_browsers_and_curl_write_has_a_name() {
        for (head, name) in [
            ("content-disposition: form-data; name=\"a%22b\"", "a%22b"),
            ("content-disposition: form-data; name=a; filename*=utf-8''b", "a"),
            ("content-disposition: form-data; name=a; filename*0=b; filename*1=c", "a"),
            ("content-disposition: form-data; name=a; filename=\"C:\\\\b.txt\"", "a"),
            ("content-disposition: form-data; name=a; filename=\"b\\\"c\"\r\nX:\ty z", "a"),
            ("content-disposition: form-data; name=\"\u{e9}; [0]\"", "\u{e9}; [0]"),
        ] {
            let body = format!("--b\r\n{head}\r\n\r\n1\r\n--b--");
            let found = parts(body.as_bytes(), b"b").unwrap();
            let names: Vec<_> = found.named.iter().map(|part| part.name.clone()).collect();
            assert_eq!(names, [name.as_bytes()], "{head}");
        }
    }

    #[test]
    fn what_has_no_end_has_no_parts() {
        for body in ["", "--b", "--b\r\n\r\n", "--b--", "--b\r\nx\r\n\r\n--b-", "x--b--"] {
            let found = parts(body.as_bytes(), b"b");
            assert_eq!(found, (body == "--b--").then(Parts::default), "{body:?}");
        }
    }
}
