//! Forms and queries: `a=1&b=2`.

use memchr::memchr;

use crate::budget::Budget;
use crate::percent::decode;
use crate::{Argument, Fault, Limits};

/// The arguments of a form or a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UrlEncoded {
    /// In their order, all of them, those of one name too.
    pub arguments: Vec<Argument>,
    /// A `%` without two digits behind it (`URLENCODED_ERROR`).
    pub invalid_encoding: bool,
    /// The first thing that was wrong; here it can only be a limit.
    pub fault: Option<Fault>,
}

/// The arguments, separated by `&` alone, `%hh` and `+` decoded once. A pair without `=` is a name with an empty value;
/// pairs that are nothing at all are left out.
#[must_use]
pub fn urlencoded(body: &[u8], limits: &Limits) -> UrlEncoded {
    let mut read = UrlEncoded::default();
    let mut budget = Budget::new(limits);
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let place = memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(place).unwrap_or_default();
        let (name, is_broken_name) = decode(name, true);
        let (value, is_broken_value) = decode(value.get(1..).unwrap_or_default(), true);
        read.invalid_encoding |= is_broken_name || is_broken_value;
        if let Err(fault) = budget.argument(&mut read.arguments, name, value) {
            read.fault = Some(fault);
            break;
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8]) -> (String, bool) {
        let read = urlencoded(text, &Limits::default());
        assert_eq!(read.fault, None);
        let pairs = read.arguments.iter().map(|argument| {
            format!("{}={}", argument.name.escape_ascii(), argument.value.escape_ascii())
        });
        (pairs.collect::<Vec<_>>().join(" | "), read.invalid_encoding)
    }

    #[test]
    fn names_and_values_are_decoded_once_and_leniently() {
        for (text, expected, is_broken) in [
            (&b""[..], "", false),
            (b"&&", "", false),
            (b"a=1&b=2&a=3", "a=1 | b=2 | a=3", false),
            (b"a", "a=", false),
            (b"=", "=", false),
            (b"=a", "=a", false),
            (b"a=b=c", "a=b=c", false),
            (b"a;b=1;c", "a;b=1;c", false),
            (b"a+b=c+d%2b%26%3d", "a b=c d+&=", false),
            (b"%61=%2541", "a=%41", false),
            (b"a=%", "a=%", true),
            (b"a=%4", "a=%4", true),
            (b"a%zz=1", "a%zz=1", true),
            (b"a=%%41", "a=%A", true),
            (b"a=%u0041", "a=%u0041", true),
            (b"a=%00\x00\xff%fF", "a=\\x00\\x00\\xff\\xff", false),
        ] {
            assert_eq!(shown(text), (expected.to_owned(), is_broken), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn one_argument_past_the_limit_is_a_fault() {
        let limits = Limits::default();
        for (count, fault) in
            [(limits.arguments, None), (limits.arguments + 1, Some(Fault::TooManyArguments))]
        {
            let read = urlencoded(&b"a=1&".repeat(count), &limits);
            assert_eq!((read.arguments.len(), read.fault), (limits.arguments, fault));
        }
        assert_eq!(urlencoded(&b"a&".repeat(100_000), &limits).arguments.len(), limits.arguments);
    }
}
