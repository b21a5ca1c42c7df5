//! One line of a rule, as the WAF writes it: fields `[name "value"]` behind whatever Envoy puts in front.

/// What stands before the fields.
const BEGINNING: &str = "portcullis: waf: [";

/// A rule that matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: u32,
    pub(crate) msg: String,
    pub(crate) severity: String,
    pub(crate) tags: Vec<String>,
    /// What made it match; `None` for a name that is no text.
    pub(crate) targets: Vec<Option<String>>,
    pub(crate) uri: Vec<u8>,
    pub(crate) unique_id: String,
}

/// Reads a line; `None` where it is another.
pub(crate) fn read(text: &str) -> Option<Line> {
    let start = text.find(BEGINNING)? + BEGINNING.len() - 1;
    let mut rest = &text.as_bytes()[start..];
    let mut line = Line::default();
    while let Some((name, value, after)) = field(rest) {
        let text = || String::from_utf8_lossy(&value).into_owned();
        match name {
            "id" => line.id = text().parse().ok()?,
            "msg" => line.msg = text(),
            "severity" => line.severity = text(),
            "tag" => line.tags.push(text()),
            "target" => line.targets.push(String::from_utf8(value).ok()),
            "uri" => line.uri = value,
            "unique_id" => line.unique_id = text(),
            _ => {}
        }
        rest = after;
    }
    (line.id != 0 && !line.unique_id.is_empty()).then_some(line)
}

/// The first field: its name, its value without escapes, and what is behind it.
fn field(text: &[u8]) -> Option<(&str, Vec<u8>, &[u8])> {
    let text = text.strip_prefix(b" ").unwrap_or(text).strip_prefix(b"[")?;
    let end = text.iter().position(|byte| *byte == b' ')?;
    let name = std::str::from_utf8(&text[..end]).ok()?;
    let mut rest = text[end + 1..].strip_prefix(b"\"")?;
    let mut value = Vec::new();
    loop {
        match rest {
            [b'"', b']', after @ ..] => return Some((name, value, after)),
            [b'\\', b'x', high, low, after @ ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                value.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_a_client_put_into_it() {
        let text = r#"[2026-01-01][warning][wasm] wasm log waf: portcullis: waf: [file "a.conf"] [line "3"] [id "942100"] [msg "a \"b\"] [id \"1\"]"] [severity "CRITICAL"] [tag "x"] [tag "y"] [target "ARGS:a\\b\x0a"] [target "ARGS:\xff"] [uri "/a\x20b"] [unique_id "0f"]"#;
        let line = read(text).unwrap();
        assert_eq!((line.id, line.msg.as_str()), (942_100, r#"a "b"] [id "1"]"#));
        assert_eq!(line.tags, ["x", "y"]);
        assert_eq!(line.targets, [Some("ARGS:a\\b\n".to_owned()), None]);
        assert_eq!((line.uri.as_slice(), line.unique_id.as_str()), (&b"/a b"[..], "0f"));
        for other in ["", "portcullis: waf: ", "portcullis: waf: [id \"1\"", r#"[id "1"]"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
