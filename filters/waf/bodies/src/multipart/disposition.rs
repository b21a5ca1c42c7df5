//! `Content-Disposition: form-data; name="…"; filename="…"`, as leniently as ModSecurity reads it and more.

use crate::percent::decode;

/// What a part says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) first_name: Option<Vec<u8>>,
    /// The last of several: readers take the first or the last.
    pub(super) last_name: Option<Vec<u8>>,
    /// In all spellings.
    pub(super) filenames: Vec<Vec<u8>>,
    /// That there is one in the spelling that everybody knows, and it is not empty: what has an empty one is a field to
    /// ModSecurity and to services.
    pub(super) is_file: bool,
    has_filename: bool,
    pub(super) is_badly_quoted: bool,
    pub(super) fault: Option<&'static str>,
}

impl Disposition {
    /// Reads a field's value, beside what other fields said.
    pub(super) fn read(&mut self, value: &[u8]) {
        let form = b"form-data";
        let rest = match value.get(..form.len()) {
            Some(start) if start.eq_ignore_ascii_case(form) => value.get(form.len()..),
            _ => {
                self.invalid("Invalid Content-Disposition header (not form-data)");
                value.iter().position(|byte| *byte == b';').and_then(|place| value.get(place..))
            }
        };
        let mut rest = rest.unwrap_or_default().trim_ascii_start();
        while !rest.is_empty() {
            match rest.strip_prefix(b";") {
                Some(behind) => rest = behind.trim_ascii_start(),
                None => {
                    self.is_badly_quoted |= matches!(rest.first(), Some(b'"' | b'\''));
                    self.invalid("Invalid Content-Disposition header (no semicolon)");
                }
            }
            if rest.is_empty() {
                self.invalid("Invalid Content-Disposition header (ends with a semicolon)");
            }
            rest = self.parameter(rest).trim_ascii_start();
        }
    }

    /// Reads a parameter; what is behind it, which is always less.
    fn parameter<'v>(&mut self, text: &'v [u8]) -> &'v [u8] {
        let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
        let (name, behind) = text.split_at_checked(end).unwrap_or_default();
        let Some(value) = behind.strip_prefix(b"=") else {
            if !name.is_empty() {
                self.invalid("Invalid Content-Disposition header (no value)");
            }
            return behind;
        };
        let value = value.trim_ascii_start();
        let (value, rest) = match value.split_first() {
            Some((quote @ (b'"' | b'\''), inside)) => {
                self.is_badly_quoted |= *quote == b'\'';
                let (value, rest) = unquoted(inside, *quote);
                if rest.is_none() {
                    self.invalid("Invalid Content-Disposition header (quote)");
                }
                (value, rest.unwrap_or_default())
            }
            _ => {
                let end = value.iter().position(|byte| *byte == b';' || is_blank(*byte));
                let (value, rest) =
                    value.split_at_checked(end.unwrap_or(value.len())).unwrap_or_default();
                self.is_badly_quoted |= value.contains(&b'\'') && !name.ends_with(b"*");
                (value.to_vec(), rest)
            }
        };
        self.keep(name.trim_ascii(), value);
        rest
    }

    fn keep(&mut self, name: &[u8], value: Vec<u8>) {
        if name.eq_ignore_ascii_case(b"name") {
            if self.first_name.is_none() {
                self.first_name = Some(value);
            } else {
                self.last_name = Some(value);
                self.invalid("Duplicate Content-Disposition name");
            }
        } else if name.eq_ignore_ascii_case(b"filename") {
            if std::mem::replace(&mut self.has_filename, true) {
                self.invalid("Duplicate Content-Disposition filename");
            }
            self.is_file |= !value.is_empty();
            self.filenames.push(value);
        } else if name.eq_ignore_ascii_case(b"filename*") {
            self.filenames.push(extended(&value));
        } else {
            self.invalid("Invalid Content-Disposition header (unknown parameter)");
        }
    }

    fn invalid(&mut self, fault: &'static str) {
        self.fault.get_or_insert(fault);
    }
}

/// A text up to its quote, and what is behind that, if it has one. Only the quote and the backslash can be escaped: file
/// names of old browsers are full of others.
fn unquoted(text: &[u8], quote: u8) -> (Vec<u8>, Option<&[u8]>) {
    let (mut out, mut rest) = (Vec::new(), text);
    loop {
        rest = match rest {
            [] => return (out, None),
            [b'\\', byte, behind @ ..] if *byte == quote || *byte == b'\\' => {
                out.push(*byte);
                behind
            }
            [byte, behind @ ..] if *byte == quote => return (out, Some(behind)),
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
        };
    }
}

/// The text of `utf-8'en'a%20b` (RFC 8187); without its two quotes, all of it.
fn extended(value: &[u8]) -> Vec<u8> {
    let text = value.splitn(3, |byte| *byte == b'\'').nth(2).unwrap_or(value);
    decode(text, false).0
}

/// White space of a header.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What the name of a header is made of (RFC 9110 §5.6.2), and more: what is seen in print, but the colon.
pub(super) const fn is_token(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && byte != b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_all_that_they_are_made_of() {
        for (value, name, filenames) in [
            (r#"form-data; name="a""#, "a", ""),
            (r#"form-data;name=a"#, "a", ""),
            (r#"FORM-DATA ; NAME = "a" ; FileName = b"#, "a", "b"),
            (r#"form-data; name="te;s't=x"; filename="""#, "te;s't=x", ""),
            (r#"form-data; name="te\"st"; filename="1.j\s\p""#, r#"te"st"#, r"1.j\s\p"),
            (r#"form-data; name="a\\"; filename="b\\c""#, r"a\", r"b\c"),
            (r#"form-data; name="&lt;&uuml;""#, "&lt;&uuml;", ""),
            (r#"form-data; name=a; filename*=UTF-8''b%20%22c"#, "a", "b \"c"),
            (r#"form-data; name=a; filename="b"; filename*=utf-8'en'c"#, "a", "b|c"),
        ] {
            let mut found = Disposition::default();
            found.read(value.as_bytes());
            assert_eq!(found.fault, None, "{value}");
            let shown = |text: &Vec<u8>| String::from_utf8_lossy(text).into_owned();
            assert_eq!(found.first_name.as_ref().map(shown).as_deref(), Some(name), "{value}");
            let list: Vec<_> = found.filenames.iter().map(shown).collect();
            assert_eq!(list.join("|"), filenames, "{value}");
            assert!(!found.is_badly_quoted, "{value}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_read_over() {
        for (value, name, is_badly_quoted, fault) in [
            ("form-data; name='a'", Some("a"), true, None),
            ("form-data; name=a'b", Some("a'b"), true, None),
            ("form-data; name=a name=b", Some("a"), false, Some("no semicolon")),
            (r#"form-data; name="a"b""#, Some("a"), false, Some("no semicolon")),
            (r#"form-data; name="a"""#, Some("a"), true, Some("no semicolon")),
            (r#"form-data; name="a"#, Some("a"), false, Some("quote")),
            (r#"form-data; name="a\"#, Some(r"a\"), false, Some("quote")),
            ("form-data; name", None, false, Some("no value")),
            ("form-data; name=a;", Some("a"), false, Some("ends with a semicolon")),
            ("form-data; name=a; size=3", Some("a"), false, Some("unknown parameter")),
            ("form-data; name*=a", None, false, Some("unknown parameter")),
            ("attachment; name=a", Some("a"), false, Some("not form-data")),
            ("form-data name=a", Some("a"), false, Some("no semicolon")),
            ("form-data; name=a; name=b", Some("a"), false, Some("Duplicate")),
            ("form-data; filename=a; name=c; filename=b", Some("c"), false, Some("Duplicate")),
            (
                r#"form-data; name=c; filename=""; filename="b""#,
                Some("c"),
                false,
                Some("Duplicate"),
            ),
            ("", None, false, Some("not form-data")),
            (";;=;", None, false, Some("not form-data")),
        ] {
            let mut found = Disposition::default();
            found.read(value.as_bytes());
            assert_eq!(found.first_name.as_deref(), name.map(str::as_bytes), "{value}");
            assert_eq!(found.is_badly_quoted, is_badly_quoted, "{value}");
            let told = found.fault.unwrap_or_default();
            assert!(told.contains(fault.unwrap_or_default()), "{value}: {told}");
            assert_eq!(found.fault.is_none(), fault.is_none(), "{value}: {told}");
        }
    }
}
