//! Distinguished names as text (RFC 4514, and RFC 2253 before it): taken apart as they are escaped, never searched for
//! `CN=`, as `O=x\, CN=admin` has no common name at all.

use std::fmt::Write;

use crate::arguments::hex_byte;
use crate::config::Node;

/// Bytes of a name's text, at most: above what any tool makes, and what is longer counts as unreadable.
pub const MAX_SUBJECT_BYTES: usize = 4_096;

/// Attributes of one relative name, at most: a second one is rare already.
const MAX_ATTRIBUTES: usize = 16;

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Relative names, the most specific one first, as the text has them. Each is a set, in whatever order it was written:
    /// here it is sorted.
    relative: Vec<Vec<Attribute>>,
}

/// One type and value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    /// The keyword of a known type, else what is written, in lower case.
    name: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// What the escapes stand for.
    Text(Vec<u8>),
    /// BER in hexadecimal digits, of a type or encoding that the writer did not know.
    Encoded(String),
}

/// Types that have more than one spelling: the keyword that openssl and Envoy write, other keywords, the OID.
const TYPES: [(&str, &[&str], &str); 14] = [
    ("CN", &["commonname"], "2.5.4.3"),
    ("SN", &["surname"], "2.5.4.4"),
    ("serialNumber", &[], "2.5.4.5"),
    ("C", &["countryname"], "2.5.4.6"),
    ("L", &["localityname"], "2.5.4.7"),
    ("ST", &["s", "stateorprovincename"], "2.5.4.8"),
    ("street", &["streetaddress"], "2.5.4.9"),
    ("O", &["organizationname"], "2.5.4.10"),
    ("OU", &["organizationalunitname"], "2.5.4.11"),
    ("title", &[], "2.5.4.12"),
    ("GN", &["givenname", "g"], "2.5.4.42"),
    ("UID", &["userid"], "0.9.2342.19200300.100.1.1"),
    ("DC", &["domaincomponent"], "0.9.2342.19200300.100.1.25"),
    ("emailAddress", &["e", "email"], "1.2.840.113549.1.9.1"),
];

const COMMON_NAME: &str = "CN";

impl Subject {
    /// Takes a name apart. Spaces behind a comma or plus are nothing, as RFC 2253 §4 has it.
    ///
    /// `None` if it is not wholly a name: half of one would be another's.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_SUBJECT_BYTES {
            return None;
        }
        let mut relative = Vec::new();
        let mut current = Vec::new();
        let mut rest = text;
        while !text.is_empty() {
            let (attribute, after) = attribute(rest.trim_ascii_start())?;
            if current.len() == MAX_ATTRIBUTES {
                return None;
            }
            let place = current.iter().position(|other| *other > attribute);
            current.insert(place.unwrap_or(current.len()), attribute);
            match after.split_first() {
                None => {
                    relative.push(current);
                    break;
                }
                Some((b'+', after)) => rest = after,
                Some((_, after)) => {
                    relative.push(std::mem::take(&mut current));
                    rest = after;
                }
            }
        }
        Some(Subject { relative })
    }

    /// Reads one of a configuration, in one spelling.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<String> {
        let found = Subject::parse(node.text()?.as_bytes()).map(|subject| subject.text());
        if found.is_none() {
            node.fault(format!(
                "expected a name of at most {MAX_SUBJECT_BYTES} bytes such as `CN=ada,O=Acme`, as \
                 `openssl x509 -noout -subject -nameopt RFC2253` prints it"
            ));
        }
        found
    }

    /// The common name of the most specific relative name that has one. None where that has two, of which neither
    /// comes first, or one that is no text.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        let named = |attribute: &&Attribute| attribute.name == COMMON_NAME;
        let relative =
            self.relative.iter().find(|relative| relative.iter().any(|own| named(&own)))?;
        let mut names = relative.iter().filter(named);
        match (names.next(), names.next()) {
            (Some(Attribute { value: Value::Text(name), .. }), None) => {
                std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
            }
            _ => None,
        }
    }

    /// The name in one spelling, in visible ASCII and spaces: what equal names have alike, and others have not.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for relative in &self.relative {
            for (index, Attribute { name, value }) in relative.iter().enumerate() {
                if !text.is_empty() {
                    text.push(if index == 0 { ',' } else { '+' });
                }
                text.push_str(name);
                text.push('=');
                match value {
                    Value::Text(value) => push_escaped(&mut text, value),
                    Value::Encoded(digits) => {
                        text.push('#');
                        text.push_str(digits);
                    }
                }
            }
        }
        text
    }
}

/// One attribute, and what follows: nothing, or a text that begins with `+` or `,`.
fn attribute(text: &[u8]) -> Option<(Attribute, &[u8])> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (text.get(..at)?, text.get(at.saturating_add(1)..)?);
    let name = name_of(name)?;
    let (value, rest) = match value.strip_prefix(b"#") {
        Some(digits) => encoded(digits)?,
        None => unescaped(value)?,
    };
    Some((Attribute { name, value }, rest))
}

fn name_of(written: &[u8]) -> Option<String> {
    let written = std::str::from_utf8(written).ok()?.to_ascii_lowercase();
    let bare = written.strip_prefix("oid.").unwrap_or(&written);
    let first = bare.bytes().next()?;
    let keyword = first.is_ascii_alphabetic()
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !keyword && !bare.split('.').all(number) {
        return None;
    }
    let known = TYPES.iter().find(|(keyword, others, oid)| {
        bare.eq_ignore_ascii_case(keyword) || others.contains(&bare) || bare == *oid
    });
    Some(known.map_or(bare, |(keyword, ..)| keyword).to_owned())
}

fn encoded(text: &[u8]) -> Option<(Value, &[u8])> {
    let end = text.iter().position(|byte| matches!(byte, b',' | b'+')).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let (pairs, odd) = digits.as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() || !pairs.iter().all(|pair| hex_byte(pair).is_some()) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?.to_ascii_lowercase();
    Some((Value::Encoded(digits), rest))
}

fn unescaped(text: &[u8]) -> Option<(Value, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    // A space at the end of a value is escaped, or is none of it.
    let mut bare_space = false;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b',' | b'+' => break,
            b'\\' => {
                let (byte, after) = escape(after)?;
                value.push(byte);
                bare_space = false;
                rest = after;
                continue;
            }
            b'"' | b';' | b'<' | b'>' | 0 => return None,
            b' ' if value.is_empty() => return None,
            _ => value.push(*byte),
        }
        bare_space = *byte == b' ';
        rest = after;
    }
    (!bare_space).then_some((Value::Text(value), rest))
}

/// What stands behind a backslash.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, after) = text.split_first()?;
    if b" \"#+,;<=>\\".contains(first) {
        return Some((*first, after));
    }
    Some((hex_byte(text)?, text.get(2..)?))
}

fn push_escaped(text: &mut String, value: &[u8]) {
    let last = value.len().saturating_sub(1);
    for (index, byte) in value.iter().enumerate() {
        let special = match byte {
            b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' => true,
            b'#' => index == 0,
            b' ' => index == 0 || index == last,
            _ => false,
        };
        match byte {
            0x20..=0x7e => {
                text.extend(special.then_some('\\'));
                text.push(char::from(*byte));
            }
            _ => drop(write!(text, "\\{byte:02X}")),
        }
    }
}

/// For fuzzing: a name that is read is read the same when it is written in its one spelling.
#[doc(hidden)]
pub fn fuzz_subject(data: &[u8]) {
    let Some(subject) = Subject::parse(data) else { return };
    let text = subject.text();
    assert!(text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{text}");
    let again =
        if text.len() > MAX_SUBJECT_BYTES { return } else { Subject::parse(text.as_bytes()) };
    assert_eq!(again.as_ref().map(Subject::text), Some(text), "another spelling the second time");
    assert_eq!(again.as_ref().and_then(Subject::common_name), subject.common_name());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common_name(text: &str) -> Option<String> {
        Subject::parse(text.as_bytes()).unwrap().common_name().map(str::to_owned)
    }

    #[test]
    fn a_common_name_is_an_attribute_and_no_piece_of_text() {
        for (text, expected) in [
            ("CN=ada", Some("ada")),
            ("CN=cli\\,ent,O=Ex\\,Co", Some("cli,ent")),
            ("O=x\\, CN=admin", None),
            ("O=x\\, CN=admin,CN=a", Some("a")),
            ("O=CN=admin", None),
            ("UID=u1,emailAddress=x@y.example,O=x\\, CN=admin,CN=a", Some("a")),
            ("CN=Ada,CN=Users,DC=corp,DC=example", Some("Ada")),
            ("OU=two+CN=one,O=o", Some("one")),
            ("CN=one+CN=two,CN=three", None),
            ("CN=#0c03616461,O=o", None),
            ("CN=#0c03616461,CN=ada", None),
            ("CN=\\#admin", Some("#admin")),
            ("CN=Zo\\C3\\AB", Some("Zo\u{eb}")),
            ("CN=Zo\u{eb}", Some("Zo\u{eb}")),
            ("CN=\\ a\\ ", Some(" a ")),
            ("CN=a b", Some("a b")),
            ("CN=\\C3", None),
            ("CN=", None),
            ("cn=ada", Some("ada")),
            ("commonName=ada", Some("ada")),
            ("2.5.4.3=ada", Some("ada")),
            ("OID.2.5.4.3=ada", Some("ada")),
            ("2.5.4.33=ada", None),
            ("CNX=ada", None),
            ("CN=a=b", Some("a=b")),
            ("CN=a\\0Ab", Some("a\nb")),
            ("CN=a\\\"b\\;c\\<d\\>e\\+f\\\\", Some("a\"b;c<d>e+f\\")),
            ("CN=ada, O=Acme", Some("ada")),
            ("", None),
        ] {
            assert_eq!(common_name(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_wholly_a_name_is_none() {
        for text in [
            "ada",
            "=ada",
            "CN=ada,",
            "CN=ada+",
            ",CN=ada",
            "CN=ada,,O=x",
            "CN=a\"b",
            "CN=\"ada\"",
            "CN=a;O=x",
            "CN=a<b",
            "CN=a>b",
            "CN= ada",
            "CN=ada ",
            "CN=ada ,O=x",
            "CN=a\\",
            "CN=a\\z",
            "CN=a\\c",
            "CN=a\0",
            "C N=ada",
            "CN =ada",
            "1.=ada",
            ".1=ada",
            "1..2=a",
            "CN=#",
            "CN=#0",
            "CN=#0g",
            "CN=#0c03 ,O=x",
            "/O=x/CN=ada",
            "\u{e9}=a",
            " ",
            "-=a",
        ] {
            assert_eq!(Subject::parse(text.as_bytes()), None, "{text}");
        }
        let attributes = |count: usize| vec!["OU=a"; count].join("+");
        assert!(Subject::parse(attributes(MAX_ATTRIBUTES).as_bytes()).is_some());
        assert!(Subject::parse(attributes(MAX_ATTRIBUTES + 1).as_bytes()).is_none());
        let long = |length: usize| format!("CN={}", "a".repeat(length - 3));
        assert!(Subject::parse(long(MAX_SUBJECT_BYTES).as_bytes()).is_some());
        assert!(Subject::parse(long(MAX_SUBJECT_BYTES + 1).as_bytes()).is_none());
    }

    #[test]
    fn equal_names_have_one_spelling() {
        for (text, expected) in [
            ("CN=ada,O=Acme", "CN=ada,O=Acme"),
            ("cn=ada, 2.5.4.10=Acme", "CN=ada,O=Acme"),
            ("E=a@b.example,S=x", "emailAddress=a@b.example,ST=x"),
            ("OU=two+CN=one,O=o", "CN=one+OU=two,O=o"),
            ("CN=Zo\u{eb}", "CN=Zo\\C3\\AB"),
            ("CN=a\\2cb", "CN=a\\,b"),
            ("CN=\\20a\\20", "CN=\\ a\\ "),
            ("CN=\\#a#", "CN=\\#a#"),
            ("1.2.3=#0C0161", "1.2.3=#0c0161"),
            ("X=\\=a=", "x==a="),
            ("", ""),
        ] {
            let subject = Subject::parse(text.as_bytes()).unwrap();
            assert_eq!(subject.text(), expected, "{text}");
            fuzz_subject(text.as_bytes());
        }
        let differ = ["CN=a,O=b", "CN=b,O=a", "O=b,CN=a", "CN=a+O=b", "CN=A,O=b", "CN=a,O=b,O=b"];
        let texts: std::collections::BTreeSet<String> =
            differ.iter().map(|text| Subject::parse(text.as_bytes()).unwrap().text()).collect();
        assert_eq!(texts.len(), differ.len());
    }
}
