//! `x-forwarded-client-cert` as Envoy writes it: elements behind commas, one a proxy; fields behind semicolons, in one
//! order; values in quotes or not.
//!
//! Each proxy adds its element at the end, so the last one is that of the proxy that we know, about its own client; what
//! stands before it, that client may have written. Envoy quotes nothing but the subject, so a certificate's own names may
//! hold commas and semicolons: what they could be taken for is bounded by the order of fields, see [`last`].

use portcullis_control::certificate::Fingerprint;

/// Bytes of the header, all its lines together, at most: somewhat above what Envoy takes of all headers by default.
pub const MAX_XFCC_BYTES: usize = 64 * 1_024;

/// Names of one element, at most: a certificate of a public authority has 100.
pub const MAX_NAMES: usize = 256;

/// What one proxy says of its client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'h> {
    /// `Hash`.
    pub fingerprint: Fingerprint,
    /// `Subject`, RFC 2253 text; empty without.
    pub subject: &'h [u8],
    /// Each `URI`.
    pub uris: Vec<&'h [u8]>,
    /// Each `DNS`.
    pub dns: Vec<&'h [u8]>,
}

/// It is not what Envoy writes: whoever made it, nothing in it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The fields in Envoy's order; those that may stand several times, and what else may follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    By,
    Hash,
    Cert,
    Chain,
    Subject,
    Uri,
    Dns,
}

const FIELDS: [(&str, Field); 7] = [
    ("By", Field::By),
    ("Hash", Field::Hash),
    ("Cert", Field::Cert),
    ("Chain", Field::Chain),
    ("Subject", Field::Subject),
    ("URI", Field::Uri),
    ("DNS", Field::Dns),
];

impl Field {
    const fn repeats(self) -> bool {
        matches!(self, Field::By | Field::Uri | Field::Dns)
    }
}

/// The last element of all lines together; `None` if there is none.
///
/// # Errors
/// [`Malformed`] if anything is, also in the elements before it: fields stand in Envoy's order, none but `By`, `URI` and
/// `DNS` twice, and nothing else behind a `URI` or `DNS`, so that a name with a semicolon gives its owner no other subject
/// or fingerprint. `Hash` is always there.
pub fn last<'h>(lines: impl Iterator<Item = &'h [u8]>) -> Result<Option<Element<'h>>, Malformed> {
    let mut total = 0_usize;
    let mut found = None;
    for line in lines {
        total = total.saturating_add(line.len());
        if total > MAX_XFCC_BYTES {
            return Err(Malformed);
        }
        let mut rest = line.trim_ascii();
        while !rest.is_empty() {
            let (element, after) = element(rest).ok_or(Malformed)?;
            found = Some(element);
            rest = match after {
                Some(after) if after.trim_ascii().is_empty() => return Err(Malformed),
                Some(after) => after.trim_ascii_start(),
                None => break,
            };
        }
    }
    Ok(found)
}

/// One element, and what stands behind its comma.
fn element(text: &[u8]) -> Option<(Element<'_>, Option<&[u8]>)> {
    let mut fingerprint = None;
    let (mut subject, mut uris, mut dns) = (&b""[..], Vec::new(), Vec::new());
    let mut before: Option<Field> = None;
    let mut rest = text;
    loop {
        let Pair { key, value, end } = pair(rest)?;
        let known = FIELDS.iter().find(|(name, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        match known.map(|(_, field)| *field) {
            Some(field) => {
                let repeated = before == Some(field) && field.repeats();
                if before.is_some_and(|before| field <= before) && !repeated {
                    return None;
                }
                before = Some(field);
                match field {
                    Field::Hash => fingerprint = Some(Fingerprint::parse(value.plain()?)?),
                    Field::Subject => subject = value.text,
                    Field::Uri => uris.push(value.plain()?),
                    Field::Dns => dns.push(value.plain()?),
                    Field::By | Field::Cert | Field::Chain => {}
                }
            }
            // A field of a later Envoy; behind a name it may be a piece of that.
            None if before >= Some(Field::Uri) => return None,
            None => {}
        }
        if uris.len().saturating_add(dns.len()) > MAX_NAMES {
            return None;
        }
        let after = match end {
            End::Field(after) => {
                rest = after;
                continue;
            }
            End::Element(after) => Some(after),
            End::All => None,
        };
        return Some((Element { fingerprint: fingerprint?, subject, uris, dns }, after));
    }
}

/// One `key=value`.
struct Pair<'h> {
    key: &'h [u8],
    value: Value<'h>,
    end: End<'h>,
}

struct Value<'h> {
    /// Within its quotes.
    text: &'h [u8],
    quoted: bool,
}

impl<'h> Value<'h> {
    /// A value that is the same however it was written: in quotes, nothing is escaped in it.
    fn plain(&self) -> Option<&'h [u8]> {
        (!self.quoted || !self.text.contains(&b'\\')).then_some(self.text)
    }
}

/// What ends a value, and what is behind that.
enum End<'h> {
    Field(&'h [u8]),
    Element(&'h [u8]),
    All,
}

fn pair(text: &[u8]) -> Option<Pair<'_>> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    let (key, rest) = (text.get(..at)?, text.get(at.checked_add(1)?..)?);
    if key.is_empty() || !key.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (value, rest) = match rest.strip_prefix(b"\"") {
        Some(rest) => {
            let end = closing_quote(rest)?;
            let value = Value { text: rest.get(..end)?, quoted: true };
            (value, rest.get(end.checked_add(1)?..)?)
        }
        None => {
            let end =
                rest.iter().position(|byte| matches!(byte, b';' | b',')).unwrap_or(rest.len());
            let (value, rest) = rest.split_at_checked(end)?;
            // A quote belongs at the beginning of a value, and nowhere else.
            if value.contains(&b'"') {
                return None;
            }
            (Value { text: value, quoted: false }, rest)
        }
    };
    let end = match rest.split_first() {
        None => End::All,
        Some((b';', after)) => End::Field(after),
        Some((b',', after)) => End::Element(after),
        // Behind a closing quote the value is over.
        Some(_) => return None,
    };
    Some(Pair { key, value, end })
}

/// Where the value ends whose opening quote has been read: at the first quote without a backslash before it.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

/// For fuzzing: whatever a client sends ahead, a proxy's element behind it is read as it was written, or nothing is.
#[doc(hidden)]
pub fn fuzz_xfcc(data: &[u8]) {
    let hash = "a1".repeat(32);
    let own =
        format!("Hash={hash};Subject=\"CN=ada\\, x,O=\\\"\";URI=spiffe://prod/ada;DNS=ada.example");
    let expected = Element {
        fingerprint: match Fingerprint::parse(hash.as_bytes()) {
            Some(fingerprint) => fingerprint,
            None => return,
        },
        subject: b"CN=ada\\, x,O=\\\"",
        uris: vec![b"spiffe://prod/ada"],
        dns: vec![b"ada.example"],
    };
    let joined = [data, b",", own.as_bytes()].concat();
    let line = || std::iter::once(joined.as_slice());
    if data.trim_ascii().is_empty() {
        return;
    }
    if let Ok(found) = last(line()) {
        assert_eq!(found.as_ref(), Some(&expected), "what stands ahead changes the last element");
        assert!(last(std::iter::once(data)).is_ok(), "half of it is malformed, the whole is not");
    }
    let lines = [data, own.as_bytes()];
    if let Ok(found) = last(lines.into_iter()) {
        assert_eq!(found.as_ref(), Some(&expected), "another line changes the last element");
    }
}

#[cfg(test)]
mod tests;
