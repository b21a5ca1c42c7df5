//! A token, and the letters of a few of them.

use std::fmt;

/// Bytes of a token's text that are kept: no word of the tables is longer, and rules look at no more.
pub(super) const MAX_TEXT: usize = 31;

/// Tokens of a fingerprint.
pub(super) const MAX_TOKENS: usize = 5;

/// A piece of SQL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Token {
    /// One of the letters of the parent module, or 0 where there is none.
    pub(super) kind: u8,
    /// The quote that a string began with, or 0.
    pub(super) open: u8,
    /// The quote that it ended with, or 0.
    pub(super) close: u8,
    length: u8,
    text: [u8; MAX_TEXT],
}

impl Token {
    pub(super) fn new(kind: u8, text: &[u8]) -> Self {
        let mut token = Token { kind, ..Token::default() };
        token.set(text);
        token
    }

    pub(super) fn quoted(text: &[u8], open: u8, close: u8) -> Self {
        Self { open, close, ..Token::new(b's', text) }
    }

    /// The same text as another kind.
    pub(super) fn with_kind(self, kind: u8) -> Self {
        Self { kind, ..self }
    }

    /// The same string with another end.
    pub(super) fn with_close(self, close: u8) -> Self {
        Self { close, ..self }
    }

    /// Another kind and text, and the quotes that were there.
    pub(super) fn becomes(&mut self, kind: u8, text: &[u8]) {
        self.kind = kind;
        self.set(text);
    }

    fn set(&mut self, text: &[u8]) {
        let text = text.get(..MAX_TEXT).unwrap_or(text);
        if let Some(place) = self.text.get_mut(..text.len()) {
            place.copy_from_slice(text);
            self.length = text.len() as u8;
        }
    }

    /// Its text, cut off where it is longer than what is kept.
    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.text().eq_ignore_ascii_case(word.as_bytes())
    }

    /// A sign or a negation, which changes nothing about what is behind it.
    pub(super) fn is_unary(&self) -> bool {
        self.kind == b'o'
            && (matches!(self.text(), b"+" | b"-" | b"!" | b"~" | b"!!") || self.is("NOT"))
    }

    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == b'o' && matches!(self.text(), b"*" | b"/" | b"-" | b"+" | b"%")
    }
}

/// The kinds of an injection's tokens, a letter each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    letters: [u8; MAX_TOKENS],
}

impl Fingerprint {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut letters = [0; MAX_TOKENS];
        letters.iter_mut().zip(tokens).for_each(|(letter, token)| *letter = token.kind);
        Self { letters }
    }

    /// Its letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let end = self.letters.iter().position(|letter| *letter == 0).unwrap_or(MAX_TOKENS);
        self.letters.get(..end).unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
