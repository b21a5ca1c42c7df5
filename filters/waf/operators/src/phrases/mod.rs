//! `@pm` and `@pmFromFile`: whether a value has one of many phrases, without regard to ASCII case.

mod rests;

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use crate::automaton::{Automaton, TooManyPhrases};
use rests::{Ending, Rests, Step, first};

/// Phrases, ready to be looked for.
#[derive(Clone, Debug)]
pub struct Phrases {
    beginnings: Automaton,
    rests: Rests,
}

impl Phrases {
    /// The table of these phrases, for [`Phrases::from_table`]; what is empty is no phrase.
    pub fn table<P: AsRef<[u8]>>(phrases: &[P]) -> Result<Vec<u8>, TooManyPhrases> {
        rests::table(phrases)
    }

    /// Phrases whose table was made before; none where the bytes are no table.
    #[must_use]
    pub fn from_table(table: impl Into<Cow<'static, [u8]>>) -> Option<Self> {
        let (beginnings, rests) = rests::parts(table.into())?;
        Some(Self { beginnings, rests })
    }

    /// Phrases whose table is made now.
    pub fn new<P: AsRef<[u8]>>(phrases: &[P]) -> Result<Self, TooManyPhrases> {
        Self::from_table(Self::table(phrases)?).ok_or(TooManyPhrases)
    }

    /// Where the phrase that ends first is, the longest of those that end there.
    #[must_use]
    pub fn find(&self, value: &[u8]) -> Option<Range<usize>> {
        // A phrase with a rest ends behind the place where its beginning is found: others may end before.
        let mut found: Option<Range<usize>> = None;
        let whole = self.beginnings.scan(value, |at, out| {
            if let Some(range) = found.take_if(|range| range.end < at) {
                return ControlFlow::Break(range);
            }
            let mut ending = Ending::new(out);
            while let Some(step) = self.rests.step(ending) {
                match step {
                    Step::Whole { length } => {
                        let range = at.saturating_sub(length)..at;
                        return ControlFlow::Break(first(found.take(), range));
                    }
                    Step::Begun { begun, rest, next } => {
                        if let Some(end) = self.rests.end(value, at, rest) {
                            let range = at.saturating_sub(begun)..end;
                            found = Some(first(found.take(), range));
                        }
                        ending = next;
                    }
                }
            }
            ControlFlow::Continue(())
        });
        whole.or(found)
    }

    /// True when the value has one of the phrases.
    #[must_use]
    pub fn is_match(&self, value: &[u8]) -> bool {
        self.find(value).is_some()
    }
}

/// The phrases of a data file: a line each without the spaces around it, none in empty lines and those after a `#`.
pub fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
}

/// A phrase of `@pm` with its bytes in hexadecimal between bars (`|41 0a|`) as bytes; none where those are no such.
#[must_use]
pub fn decode_bars(phrase: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(phrase.len());
    let mut is_hex = false;
    let mut parts = phrase.split(|byte| *byte == b'|').peekable();
    while let Some(part) = parts.next() {
        if is_hex {
            // A bar that nothing closes.
            parts.peek()?;
            for pair in part.split(u8::is_ascii_whitespace).flat_map(|digits| digits.chunks(2)) {
                let &[high, low] = pair else { return None };
                let (high, low) = (char::from(high).to_digit(16)?, char::from(low).to_digit(16)?);
                decoded.push(u8::try_from(high << 4 | low).ok()?);
            }
        } else {
            decoded.extend_from_slice(part);
        }
        is_hex = !is_hex;
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phrase_that_ends_first_is_found() {
        for (phrases, value, expected) in [
            (&["select", "union"][..], "1 UNION SELECT", Some(2..7)),
            (&["he", "she"], "ushers", Some(1..4)),
            (&["abcdef", "cd"], "abcdef", Some(2..4)),
            (&["(", ")"], "f(x)", Some(1..2)),
            (&["?>"], "<?php ?>", Some(6..8)),
            (&["?>"], "<? >", None),
            (&["abc"], "ab", None),
            (&["abc"], "", None),
            (&[""], "abc", None),
            (&[], "abc", None),
            (&["Two Words"], "two  words two words", Some(11..20)),
        ] {
            let phrases = Phrases::new(phrases).unwrap();
            assert_eq!(phrases.find(value.as_bytes()), expected, "{value}");
            assert_eq!(phrases.is_match(value.as_bytes()), expected.is_some());
        }
    }

    #[test]
    fn case_is_that_of_ascii() {
        let phrases = Phrases::new(&["\u{e9}a", "k"]).unwrap();
        assert!(phrases.is_match("\u{e9}A".as_bytes()) && phrases.is_match(b"K"));
        assert!(
            !phrases.is_match("\u{c9}a".as_bytes()) && !phrases.is_match("\u{212a}".as_bytes())
        );
    }

    #[test]
    fn a_file_has_a_phrase_a_line() {
        let file = b"# what it is\n\n  two words \r\nx#y\n\t# no\n|\nlast";
        let phrases: Vec<&[u8]> = lines(file).collect();
        assert_eq!(phrases, [&b"two words"[..], b"x#y", b"|", b"last"]);
        assert_eq!(lines(b"").count() + lines(b"\n\n#").count(), 0);
    }

    #[test]
    fn bytes_between_bars_are_hexadecimal() {
        for (phrase, expected) in [
            (&b"abc"[..], Some(&b"abc"[..])),
            (b"|41 0a|", Some(b"A\n")),
            (b"a|410A|b|00|", Some(b"aA\nb\0")),
            (b"||", Some(b"")),
            (b"", Some(b"")),
            (b"|", None),
            (b"a|41", None),
            (b"|4|", None),
            (b"|4g|", None),
            (b"|41|b|", None),
        ] {
            assert_eq!(decode_bars(phrase).as_deref(), expected, "{}", phrase.escape_ascii());
        }
    }
}
