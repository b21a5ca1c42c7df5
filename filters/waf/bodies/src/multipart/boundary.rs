//! The boundary that a content type names.

use super::disposition::is_blank;

/// A boundary, and how it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Boundary<'c> {
    /// Empty if there is none.
    pub(super) value: &'c [u8],
    pub(super) is_quoted: bool,
    pub(super) has_whitespace: bool,
    pub(super) is_without_semicolon: bool,
    pub(super) fault: Option<&'static str>,
}

const PARAMETER: &[u8] = b"boundary";

impl<'c> Boundary<'c> {
    pub(super) fn read(content_type: &'c [u8]) -> Self {
        let mut places = content_type
            .windows(PARAMETER.len())
            .enumerate()
            .filter(|(_, text)| text.eq_ignore_ascii_case(PARAMETER))
            .filter(|(place, _)| is_parameter(content_type, *place));
        let Some((place, _)) = places.next() else {
            return Boundary { fault: Some("Boundary not found in C-T"), ..Boundary::default() };
        };
        // Two readers would choose differently.
        let is_ambiguous = places.next().is_some();
        let (before, found) = content_type.split_at_checked(place).unwrap_or_default();
        let mut boundary = Boundary {
            is_without_semicolon: !before.contains(&b';'),
            fault: is_ambiguous.then_some("Multiple boundary parameters in C-T"),
            ..Boundary::default()
        };
        let is_separate = match before.trim_ascii_end().last() {
            Some(last) => *last == b';' || boundary.is_without_semicolon,
            None => false,
        };
        let text = found.get(PARAMETER.len()..).unwrap_or_default();
        let (behind, is_spaced) = trimmed(text);
        boundary.has_whitespace |= is_spaced;
        let Some(text) = behind.strip_prefix(b"=").filter(|_| is_separate) else {
            boundary.fault.get_or_insert("Invalid boundary in C-T (malformed)");
            return boundary;
        };
        let (text, is_spaced) = trimmed(text);
        boundary.has_whitespace |= is_spaced;
        let behind;
        match text.strip_prefix(b"\"") {
            Some(quoted) => {
                boundary.is_quoted = true;
                let mut parts = quoted.splitn(2, |byte| *byte == b'"');
                boundary.value = parts.next().unwrap_or_default();
                let end = parts.next();
                if end.is_none() {
                    boundary.fault.get_or_insert("Invalid boundary in C-T (quote)");
                }
                behind = end.unwrap_or_default().trim_ascii_start();
            }
            None => {
                let value = text.split(|byte| *byte == b';').next().unwrap_or_default();
                behind = text.get(value.len()..).unwrap_or_default();
                boundary.value = value.trim_ascii_end();
                boundary.has_whitespace |= boundary.value.len() < value.len();
                if value.contains(&b'"') {
                    boundary.fault.get_or_insert("Invalid boundary in C-T (quote)");
                }
            }
        }
        if !behind.is_empty() && !behind.starts_with(b";") {
            boundary.fault.get_or_insert("Invalid boundary in C-T (malformed)");
        }
        if boundary.value.is_empty() {
            boundary.fault.get_or_insert("Invalid boundary in C-T (empty)");
        }
        if !boundary.value.iter().all(|byte| is_allowed(*byte)) {
            boundary.fault.get_or_insert("Invalid boundary in C-T (characters)");
        }
        boundary
    }
}

/// True where a reader may see a parameter: something assigns to the word, or it begins one. Else it is a part of a value,
/// as in the boundaries of half of all browsers (`----WebKitFormBoundary…`).
fn is_parameter(content_type: &[u8], place: usize) -> bool {
    let (before, found) = content_type.split_at_checked(place).unwrap_or_default();
    let (behind, _) = trimmed(found.get(PARAMETER.len()..).unwrap_or_default());
    let begins = before.last().is_none_or(|byte| matches!(byte, b';' | b',') || is_blank(*byte));
    begins || behind.starts_with(b"=")
}

fn trimmed(text: &[u8]) -> (&[u8], bool) {
    let count = text.iter().take_while(|byte| is_blank(**byte)).count();
    (text.get(count..).unwrap_or_default(), count > 0)
}

/// RFC 2046 §5.1.1.
const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'\''
                | b'('
                | b')'
                | b'+'
                | b'_'
                | b','
                | b'-'
                | b'.'
                | b'/'
                | b':'
                | b'='
                | b'?'
                | b' '
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_found_however_it_is_written() {
        const FORM: &str = "multipart/form-data";
        let plain = |value| Boundary { value, ..Boundary::default() };
        let bad = |value, fault| Boundary { value, fault: Some(fault), ..Boundary::default() };
        for (rest, expected) in [
            ("; boundary=x", plain(&b"x"[..])),
            (";BOUNDARY=x-'()+_,-./:=?", plain(b"x-'()+_,-./:=?")),
            ("; charset=utf-8; boundary=x", plain(b"x")),
            ("; boundary=x; charset=utf-8", plain(b"x")),
            ("; boundary=\"x y\"", Boundary { is_quoted: true, ..plain(b"x y") }),
            ("; boundary=\"x\" ; a=b", Boundary { is_quoted: true, ..plain(b"x") }),
            ("; boundary =x", Boundary { has_whitespace: true, ..plain(b"x") }),
            ("; boundary= x", Boundary { has_whitespace: true, ..plain(b"x") }),
            ("; boundary=x ", Boundary { has_whitespace: true, ..plain(b"x") }),
            (" boundary=x", Boundary { is_without_semicolon: true, ..plain(b"x") }),
            ("; boundary=x; boundary=y", bad(b"x", "Multiple boundary parameters in C-T")),
            ("; boundary=boundary", plain(b"boundary")),
            ("; boundary=----WebKitFormBoundaryA1", plain(b"----WebKitFormBoundaryA1")),
            ("; boundary=x; Boundary =y", bad(b"x", "Multiple boundary parameters in C-T")),
            ("; boundary=boundary=x", bad(b"boundary=x", "Multiple boundary parameters in C-T")),
            ("; boundary=x; boundary*0=y", bad(b"x", "Multiple boundary parameters in C-T")),
            ("; boundary*0=y", bad(b"", "Invalid boundary in C-T (malformed)")),
            ("", bad(b"", "Boundary not found in C-T")),
            ("; boundary", bad(b"", "Invalid boundary in C-T (malformed)")),
            ("; xboundary=x", bad(b"", "Invalid boundary in C-T (malformed)")),
            ("; boundaryx=x", bad(b"", "Invalid boundary in C-T (malformed)")),
            ("; boundary=", bad(b"", "Invalid boundary in C-T (empty)")),
            ("; boundary=x\"", bad(b"x\"", "Invalid boundary in C-T (quote)")),
            ("; boundary=x<y", bad(b"x<y", "Invalid boundary in C-T (characters)")),
            (
                "; boundary=\"x",
                Boundary { is_quoted: true, ..bad(b"x", "Invalid boundary in C-T (quote)") },
            ),
            (
                "; boundary=\"x\"y",
                Boundary { is_quoted: true, ..bad(b"x", "Invalid boundary in C-T (malformed)") },
            ),
        ] {
            let content_type = format!("{FORM}{rest}");
            assert_eq!(Boundary::read(content_type.as_bytes()), expected, "{content_type}");
        }
    }
}
