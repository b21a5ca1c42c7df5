//! Names and values of fields that may be written into a message.

use std::fmt;
use std::rc::Rc;

use crate::bytes::has_none_of;

/// A field name in lower case, as Envoy keeps them. Pseudo-headers (`:path`) count as names here.
#[derive(Clone, Debug)]
pub struct FieldName(Text<Rc<str>, &'static str>);

/// Text of our own source, or of a configuration or request: then a copy shares it, as edits are copied per request.
#[derive(Clone, Debug)]
enum Text<S, C> {
    Shared(S),
    Constant(C),
}

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for FieldName {}

impl FieldName {
    /// A name written in our own source, already in lower case.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        FieldName(Text::Constant(name))
    }

    /// A name from a configuration, put into lower case; `None` if it is no token (RFC 9110 §5.6.2).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let token = !name.is_empty() && name.bytes().all(is_token_byte);
        token.then(|| FieldName(Text::Shared(name.to_ascii_lowercase().into())))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Shared(name) => name,
            Text::Constant(name) => name,
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
/// A value that may be written into a message: no byte below 0x20 but the tab, no 0x7F, so it can never end a line.
#[derive(Clone, Debug)]
pub struct FieldValue(Bytes);

/// As [`Text`], with room for a number: several are made for each response.
#[derive(Clone, Debug)]
enum Bytes {
    Text(Text<Rc<[u8]>, &'static [u8]>),
    /// The digits stand at the end.
    Number {
        digits: [u8; MAX_DIGITS],
        start: usize,
    },
}

/// Digits of `u64::MAX`.
const MAX_DIGITS: usize = 20;

impl PartialEq for FieldValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for FieldValue {}

impl FieldValue {
    /// A value written in our own source.
    #[must_use]
    pub const fn from_static(value: &'static str) -> Self {
        FieldValue(Bytes::Text(Text::Constant(value.as_bytes())))
    }

    /// A number in decimal text.
    #[must_use]
    pub fn from_number(value: u64) -> Self {
        let (mut digits, mut start, mut rest) = ([0; MAX_DIGITS], MAX_DIGITS, value);
        for digit in digits.iter_mut().rev() {
            *digit = u8::try_from(rest % 10).unwrap_or_default() + b'0';
            start -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        FieldValue(Bytes::Number { digits, start })
    }

    /// Any bytes; `None` where one of them could end the line or the field.
    #[must_use]
    pub fn new(value: impl AsRef<[u8]>) -> Option<Self> {
        let value = value.as_ref();
        let plain = has_none_of(value, [0x7f; 2])
            || value.iter().all(|byte| (*byte >= 0x20 && *byte != 0x7f) || *byte == b'\t');
        plain.then(|| FieldValue(Bytes::Text(Text::Shared(value.into()))))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Text(Text::Shared(value)) => value,
            Bytes::Text(Text::Constant(value)) => value,
            Bytes::Number { digits, start } => digits.get(*start..).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits() {
        let tens = (0..20).map(|power| 10_u64.pow(power));
        for number in tens.flat_map(|ten| [ten - 1, ten, ten + 1]).chain([u64::MAX, 4_711]) {
            let value = FieldValue::from_number(number);
            assert_eq!(value.as_bytes(), number.to_string().as_bytes());
            assert_eq!(Some(value), FieldValue::new(number.to_string()));
        }
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        for bad in ["a\r\nb: c", "\n", "\0", "\x7f", "\x1b"] {
            assert_eq!(FieldValue::new(bad), None, "{bad:?}");
        }
        assert!(FieldValue::new("tab\tand \u{e9}").is_some());
    }
}
