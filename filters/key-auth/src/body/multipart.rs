//! Parts of `multipart/form-data` with names of ours.

use portcullis_control::multipart::parts;

use super::{Found, cut};

/// The parts with names of ours, but for files. A body whose last boundary is missing has none.
pub(super) fn find(body: &[u8], boundary: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
    let mut found = Found::default();
    let mut cuts = Vec::new();
    let (parts, _) = parts(body, boundary).unwrap_or_default();
    for part in parts.into_iter().filter(|part| !part.is_file && is_ours(&part.name)) {
        found.keys.push(body.get(part.value).unwrap_or_default().to_vec());
        cuts.push(part.whole);
    }
    if !cuts.is_empty() {
        found.rest = Some(cut(body, &cuts));
    }
    found
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
