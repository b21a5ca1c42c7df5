//! The tables of words and fingerprints, made of the crate's when this is compiled.
//!
//! The crate has both in one list of strings. Every word of a value is looked up, and most are in no table: they are
//! found by their hash. A fingerprint is a number.

use libinjectionrs::sqli::sqli_data::{CharType, SQL_KEYWORDS, get_char_type};

use super::token::{Fingerprint, MAX_TEXT, MAX_TOKENS};

/// The kind of entries that are fingerprints, and what their text begins with.
const FINGERPRINT: u8 = b'F';

/// How many entries are fingerprints.
const FINGERPRINTS: usize = count();

/// Places for words: four times as many as there are, so that most lookups end at a vacant one.
const PLACES: usize = 4096;

/// A place that no word has.
const VACANT: u16 = u16::MAX;

/// A word and its kind.
type Word = (&'static [u8], u8);

static WORDS: [Word; SQL_KEYWORDS.len() - FINGERPRINTS] = words();

/// Places of words, by hash.
static PLACE: [u16; PLACES] = place();

/// The second to the fifth letter of each fingerprint, in order.
static TAILS: [u32; FINGERPRINTS] = tails();

/// Where those begin whose first letter this is.
static FIRST: [u16; 257] = first();

const fn count() -> usize {
    let (mut rest, mut count) = (SQL_KEYWORDS, 0);
    while let Some((keyword, after)) = rest.split_first() {
        count += (keyword.token_type == FINGERPRINT) as usize;
        rest = after;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "a constant: what is out of bounds does not compile")]
const fn words() -> [Word; SQL_KEYWORDS.len() - FINGERPRINTS] {
    let mut words: [Word; SQL_KEYWORDS.len() - FINGERPRINTS] =
        [(&[], 0); SQL_KEYWORDS.len() - FINGERPRINTS];
    let (mut rest, mut at) = (SQL_KEYWORDS, 0);
    while let Some((keyword, after)) = rest.split_first() {
        if keyword.token_type != FINGERPRINT {
            words[at] = (keyword.word.as_bytes(), keyword.token_type);
            at += 1;
        }
        rest = after;
    }
    words
}

#[expect(clippy::indexing_slicing, reason = "a constant: what is out of bounds does not compile")]
const fn place() -> [u16; PLACES] {
    let mut place = [VACANT; PLACES];
    let words = words();
    let mut at = 0;
    while at < words.len() {
        let mut slot = hash(words[at].0);
        while place[slot] != VACANT {
            slot = (slot + 1) % PLACES;
        }
        place[slot] = at as u16;
        at += 1;
    }
    place
}

/// Fowler, Noll and Vo's hash, folded to a place.
const fn hash(word: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = word;
    while let Some((byte, after)) = rest.split_first() {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = after;
    }
    ((hash >> 16) ^ hash) as usize % PLACES
}

#[expect(clippy::indexing_slicing, reason = "a constant: what is out of bounds does not compile")]
const fn tails() -> [u32; FINGERPRINTS] {
    let mut tails = [0; FINGERPRINTS];
    let (mut rest, mut at) = (SQL_KEYWORDS, 0);
    while let Some((keyword, after)) = rest.split_first() {
        // The zero that is before the letters, and the first of them.
        if let (FINGERPRINT, [_, _, letters @ ..]) = (keyword.token_type, keyword.word.as_bytes()) {
            tails[at] = number(letters);
            at += 1;
        }
        rest = after;
    }
    tails
}

/// Up to four letters as a number, in the order of their text.
const fn number(letters: &[u8]) -> u32 {
    let (mut number, mut left, mut rest) = (0, 4, letters);
    while let Some((letter, after)) = rest.split_first() {
        number = number << 8 | *letter as u32;
        left -= 1;
        rest = after;
    }
    // Four vacant places are no shift at all to a number of four bytes.
    if left == 4 { 0 } else { number << (8 * left) }
}

#[expect(clippy::indexing_slicing, reason = "a constant: what is out of bounds does not compile")]
const fn first() -> [u16; 257] {
    let mut first = [0; 257];
    let mut rest = SQL_KEYWORDS;
    while let Some((keyword, after)) = rest.split_first() {
        if let (FINGERPRINT, [_, letter, ..]) = (keyword.token_type, keyword.word.as_bytes()) {
            first[*letter as usize + 1] += 1;
        }
        rest = after;
    }
    let mut at = 1;
    while at < first.len() {
        first[at] += first[at - 1];
        at += 1;
    }
    first
}

/// What parses a byte at the beginning of a token.
pub(super) fn kind_of(byte: u8) -> CharType {
    get_char_type(byte)
}

/// The kind of a word or an operator, whatever its case; 0 where it is in no table.
pub(super) fn lookup(word: &[u8]) -> u8 {
    let mut upper = [0_u8; MAX_TEXT];
    let Some(upper) = upper.get_mut(..word.len()) else { return 0 };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    let mut slot = hash(upper);
    // Three quarters of the places are vacant: this ends.
    while let Some((text, kind)) = PLACE.get(slot).and_then(|at| WORDS.get(usize::from(*at))) {
        if *text == upper {
            return *kind;
        }
        slot = (slot + 1) % PLACES;
    }
    0
}

/// True where a fingerprint is one of an injection.
pub(super) fn is_known(fingerprint: &Fingerprint) -> bool {
    let mut letters = [0_u8; MAX_TOKENS];
    letters
        .iter_mut()
        .zip(fingerprint.as_bytes())
        .for_each(|(upper, letter)| *upper = letter.to_ascii_uppercase());
    let [letter, tail @ ..] = letters;
    let bound = |at: usize| FIRST.get(at).copied().map_or(0, usize::from);
    let range = bound(usize::from(letter))..bound(usize::from(letter) + 1);
    TAILS.get(range).is_some_and(|tails| tails.binary_search(&u32::from_be_bytes(tail)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::token::Token;
    use super::*;

    #[test]
    fn every_word_and_fingerprint_is_found() {
        for keyword in SQL_KEYWORDS {
            let text = keyword.word.as_bytes();
            assert!(text.len() <= MAX_TEXT, "{}", keyword.word);
            if keyword.token_type == FINGERPRINT {
                let tokens: Vec<Token> =
                    text[1..].iter().map(|letter| Token::new(*letter, b"")).collect();
                assert!(
                    tokens.len() <= MAX_TOKENS && is_known(&Fingerprint::of(&tokens)),
                    "{}",
                    keyword.word
                );
            } else {
                assert_eq!(lookup(text), keyword.token_type, "{}", keyword.word);
            }
        }
    }

    #[test]
    fn what_is_not_in_the_tables_is_not_found() {
        for fingerprint in
            ["", "n", "N", "1", "sss", "nnnnn", "&(1)X", "0X", "\x7f\x7f\x7f\x7f\x7f"]
        {
            let tokens: Vec<Token> =
                fingerprint.bytes().map(|letter| Token::new(letter, b"")).collect();
            assert!(!is_known(&Fingerprint::of(&tokens)), "{fingerprint}");
        }
        for word in ["", "selec", "selects", "\u{e9}", "0X", "\0"] {
            assert_eq!(lookup(word.as_bytes()), 0, "{word}");
        }
        assert_eq!(lookup(&[b'a'; 100]), 0);
    }

    #[test]
    fn words_are_found_in_any_case() {
        for (word, kind) in [
            ("SeLeCt", b'E'),
            ("union", b'U'),
            ("into outfile", b'k'),
            ("lock in", b'n'),
            ("||", b'&'),
        ] {
            assert_eq!(lookup(word.as_bytes()), kind, "{word}");
        }
    }
}
