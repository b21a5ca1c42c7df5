//! `@detectSQLi` and `@detectXSS`: the verdicts of libinjection.
//!
//! Both are read here. `libinjectionrs` has the words of SQL and the fingerprints, which are used, and takes five times
//! as long as C with them, as it makes strings of everything; it misses words of more than one part, handlers of events
//! with anything behind their names, and what C makes of zero bytes. Before either, bytes tell that most values can be
//! neither.

mod sqli;
#[cfg(test)]
mod tests;
mod xss;

pub use sqli::Fingerprint;

use crate::bytes::ByteSet;

/// Without a byte of this set a value is no SQL injection: a word or a number is no more than that. It was asked of C
/// with 300,000 values, glued together of SQL's words too.
#[must_use]
pub fn sqli_needs() -> ByteSet {
    (0..=u8::MAX)
        .filter(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.'))
        .collect()
}

/// Without a byte of this set a value is no script injection: tags, comments and declarations begin with one of them,
/// and what an attribute holds with the other.
#[must_use]
pub fn xss_needs() -> ByteSet {
    [b'<', b'='].into_iter().collect()
}

/// `@detectSQLi`: the fingerprint of an SQL injection, for `TX:0`.
#[must_use]
pub fn detect_sqli(value: &[u8]) -> Option<Fingerprint> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if value.iter().all(is_plain) { None } else { sqli::detect(value) }
}

/// `@detectXSS`
#[must_use]
pub fn detect_xss(value: &[u8]) -> bool {
    memchr::memchr2(b'<', b'=', value).is_some() && xss::detect(value)
}
