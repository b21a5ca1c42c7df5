//! Parts of `multipart/form-data` (RFC 7578), found without building them.

use std::ops::Range;

use portcullis_control::media_type::parameter;

use super::{Found, cut};

/// The parts with names of ours. A body whose last boundary is missing has none.
pub(super) fn find(body: &[u8], boundary: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
    let mut found = Found::default();
    let mut cuts = Vec::new();
    for part in parts(body, boundary).unwrap_or_default() {
        let content = body.get(part.content.clone()).unwrap_or_default();
        let Some((_, value)) = named(content).filter(|(name, _)| is_ours(name)) else {
            continue;
        };
        found.keys.push(value.to_vec());
        cuts.push(part.whole);
    }
    if !cuts.is_empty() {
        found.rest = Some(cut(body, &cuts));
    }
    found
}

/// Places in a body.
struct Part {
    /// From its boundary to the next one.
    whole: Range<usize>,
    /// Its headers, the empty line and its value.
    content: Range<usize>,
}

fn parts(body: &[u8], boundary: &[u8]) -> Option<Vec<Part>> {
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
            return Some(parts);
        }
        let padding = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let content = behind.saturating_add(padding);
        if body.get(content..content.saturating_add(2)) != Some(b"\r\n") {
            return None;
        }
        // A part may be empty, so its line end may be that of the next boundary.
        let end = position(body, content, &delimiter)?;
        let next = end.saturating_add(2);
        parts.push(Part { whole: start..next, content: content.saturating_add(2)..end });
        start = next;
    }
}

fn position(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted)?.checked_add(from)
}

/// The name and the value of a part: none without exactly one disposition, and none for a file.
fn named(content: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let empty = position(content, 0, b"\r\n\r\n")?;
    let (head, value) = content.split_at_checked(empty)?;
    let mut dispositions = lines(head).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, field) = line.split_at_checked(colon)?;
        name.trim_ascii().eq_ignore_ascii_case(b"content-disposition").then_some(field)
    });
    let field = dispositions.next()?;
    let name = parameter(field, b"name")?;
    let plain = dispositions.next().is_none() && parameter(field, b"filename").is_none();
    plain.then_some((name, value.get(4..)?))
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts_of(body: &str) -> (Vec<String>, Option<String>) {
        let found = find(body.as_bytes(), b"b", |name| name == b"k");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (found.keys.into_iter().map(text).collect(), found.rest.map(text))
    }

    const OTHER: &str = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    const KEY: &str = "--b\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\nx\r\n";

    #[test]
    fn parts_are_cut_out_whole() {
        for (body, keys, rest) in [
            (format!("{KEY}--b--\r\n"), vec!["x"], "--b--\r\n".to_owned()),
            (format!("{OTHER}{KEY}{OTHER}--b--"), vec!["x"], format!("{OTHER}{OTHER}--b--")),
            (
                format!("preamble\r\n{KEY}{KEY}{OTHER}--b--\r\nend"),
                vec!["x", "x"],
                format!("preamble\r\n{OTHER}--b--\r\nend"),
            ),
            (
                format!("{}--b--", KEY.replace("--b\r", "--b \t\r").replace("\"k\"", "k")),
                vec!["x"],
                "--b--".to_owned(),
            ),
            (
                format!("{}--b--", KEY.replace('x', "x\r\n\r\n--c\r\n")),
                vec!["x\r\n\r\n--c\r\n"],
                "--b--".to_owned(),
            ),
        ] {
            let (found, left) = parts_of(&body);
            assert_eq!(
                (found, left),
                (keys.into_iter().map(str::to_owned).collect(), Some(rest)),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_field_of_a_form_is_no_key() {
        for body in [
            KEY.to_owned(),
            format!("{KEY}--b-"),
            format!("{KEY}--c--"),
            format!("{}--b--", KEY.replace("name=\"k\"", "name=\"k\"; filename=\"f\"")),
            format!("{}--b--", KEY.replace("name=\"k\"", "name=\"k\"; name=\"a\"")),
            format!("{}--b--", KEY.replace("name=\"k\"", "name=\"k")),
            format!("{}--b--", KEY.replace("Content-D", "X-D")),
            format!("{}--b--", KEY.replace("\r\n\r\n", "\r\n")),
            format!(
                "{}--b--",
                KEY.replace("\r\n\r\n", "\r\nContent-Disposition: form-data; name=a\r\n\r\n")
            ),
            format!("x{KEY}--b--"),
            format!("{OTHER}--b--{KEY}"),
            "--b--".to_owned(),
            String::new(),
        ] {
            assert_eq!(parts_of(&body), (Vec::new(), None), "{body}");
        }
    }
}
