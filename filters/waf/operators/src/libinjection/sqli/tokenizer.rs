//! Reads a value as SQL, a token at a time: what all dialects take for SQL together.
//!
//! C searches the digits of a set as a string, and finds the zero byte that ends it: there it counts as a digit.

use libinjectionrs::sqli::sqli_data::CharType;
use memchr::{memchr, memmem};

use super::text::{closing_quote, ends_variable, ends_word, find_pair, is_white, span};
use super::token::{MAX_TEXT, Token};
use super::words::{kind_of, lookup};

/// Where in a statement the value is thought to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Plain,
    SingleQuoted,
    DoubleQuoted,
}

/// Whose comments are comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Ansi,
    MySql,
}

/// A value on the way of being read.
pub(super) struct Tokenizer<'v> {
    value: &'v [u8],
    at: usize,
    context: Context,
    dialect: Dialect,
    /// Tokens so far.
    pub(super) tokens: usize,
    /// True once something was read that MySQL reads otherwise.
    pub(super) differs_in_mysql: bool,
}

impl<'v> Tokenizer<'v> {
    pub(super) fn new(value: &'v [u8], context: Context, dialect: Dialect) -> Self {
        Self { value, at: 0, context, dialect, tokens: 0, differs_in_mysql: false }
    }

    /// The next token, or none at the end.
    pub(super) fn next(&mut self) -> Option<Token> {
        let quote = match self.context {
            Context::Plain => None,
            Context::SingleQuoted => Some(b'\''),
            Context::DoubleQuoted => Some(b'"'),
        };
        let token = match quote {
            Some(quote) if self.at == 0 && !self.value.is_empty() => self.string(0, quote, 0),
            _ => {
                let white = span(self.rest(0), |byte| matches!(kind_of(byte), CharType::White));
                self.at += white;
                let byte = *self.value.get(self.at)?;
                self.read(byte)
            }
        };
        self.tokens += 1;
        Some(token)
    }

    /// What is left from so many bytes on.
    fn rest(&self, skip: usize) -> &'v [u8] {
        self.value.get(self.at + skip..).unwrap_or_default()
    }

    fn byte(&self, skip: usize) -> Option<u8> {
        self.value.get(self.at + skip).copied()
    }

    /// A token of so many bytes, which are its text.
    fn take(&mut self, kind: u8, length: usize) -> Token {
        let rest = self.rest(0);
        let token = Token::new(kind, rest.get(..length).unwrap_or(rest));
        self.at += length;
        token
    }

    fn read(&mut self, byte: u8) -> Token {
        match kind_of(byte) {
            CharType::White | CharType::Other => self.take(b'?', 1),
            CharType::Op1 | CharType::Unary => self.take(b'o', 1),
            CharType::Bang | CharType::Op2 => self.operator(),
            CharType::LeftParens
            | CharType::RightParens
            | CharType::Comma
            | CharType::Semicolon
            | CharType::LeftBrace
            | CharType::RightBrace => self.take(byte, 1),
            CharType::String => self.string(1, byte, byte),
            CharType::Hash => self.hash(),
            CharType::Dash => self.dash(),
            CharType::Slash => self.slash(),
            CharType::Backslash if self.byte(1) == Some(b'N') => self.take(b'1', 2),
            CharType::Backslash => self.take(b'\\', 1),
            CharType::Money => self.money(),
            CharType::Number => self.number(),
            CharType::Variable => self.variable(),
            CharType::Tick => self.tick(),
            CharType::BWord => {
                let rest = self.rest(0);
                let length = memchr(b']', rest).map_or(rest.len(), |end| end + 1);
                self.take(b'n', length)
            }
            CharType::BString => self.digits_in_quotes(|byte| matches!(byte, 0 | b'0' | b'1')),
            CharType::XString => {
                self.digits_in_quotes(|byte| byte == 0 || byte.is_ascii_hexdigit())
            }
            CharType::EString => self.escaped_string(),
            CharType::NQString if self.byte(1) == Some(b'\'') && self.byte(2).is_some() => {
                self.escaped_string()
            }
            CharType::NQString => self.oracle_string(1),
            CharType::QString => self.oracle_string(0),
            CharType::UString => self.unicode_string(),
            CharType::Word => self.word(),
        }
    }

    /// A string behind so many bytes, without its quotes.
    fn string(&mut self, skip: usize, quote: u8, open: u8) -> Token {
        let text = self.rest(skip);
        match closing_quote(text, quote) {
            Some(end) => {
                self.at += skip + end + 1;
                Token::quoted(text.get(..end).unwrap_or_default(), open, quote)
            }
            None => self.unclosed(text, open),
        }
    }

    fn unclosed(&mut self, text: &[u8], open: u8) -> Token {
        self.at = self.value.len();
        Token::quoted(text, open, 0)
    }

    /// `E'…'`, `N'…'`
    fn escaped_string(&mut self) -> Token {
        if self.byte(1) != Some(b'\'') || self.byte(2).is_none() {
            return self.word();
        }
        self.string(2, b'\'', b'\'')
    }

    /// `U&'…'`
    fn unicode_string(&mut self) -> Token {
        if !self.rest(1).starts_with(b"&'") {
            return self.word();
        }
        let token = self.string(3, b'\'', b'u');
        if token.close == b'\'' { token.with_close(b'u') } else { token }
    }

    /// `q'[…]'`, `nq'[…]'`
    fn oracle_string(&mut self, skip: usize) -> Token {
        let [Some(q), Some(b'\''), Some(open)] = [0, 1, 2].map(|more| self.byte(skip + more))
        else {
            return self.word();
        };
        // A char has a sign in C: what is no ASCII is below.
        if !matches!(q, b'q' | b'Q') || !(33..=127).contains(&open) {
            return self.word();
        }
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        let text = self.rest(skip + 3);
        match find_pair(text, [close, b'\'']) {
            Some(end) => {
                self.at += skip + 3 + end + 2;
                Token::quoted(text.get(..end).unwrap_or_default(), b'q', b'q')
            }
            None => self.unclosed(text, b'q'),
        }
    }

    /// `B'01'`, `X'ff'`
    fn digits_in_quotes(&mut self, is_digit: impl Fn(u8) -> bool) -> Token {
        if self.byte(1) != Some(b'\'') {
            return self.word();
        }
        let digits = span(self.rest(2), is_digit);
        if self.byte(2 + digits) != Some(b'\'') { self.word() } else { self.take(b'1', digits + 3) }
    }

    fn operator(&mut self) -> Token {
        let rest = self.rest(0);
        if rest.starts_with(b"<=>") {
            return self.take(b'o', 3);
        }
        match rest.get(..2).map_or(0, lookup) {
            0 if rest.len() > 1 && rest.starts_with(b":") => self.take(b':', 1),
            0 => self.take(b'o', 1),
            kind => self.take(kind, 2),
        }
    }

    fn comment_to_end_of_line(&mut self) -> Token {
        let rest = self.rest(0);
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let token = self.take(b'c', length);
        self.at += usize::from(length < rest.len());
        token
    }

    fn hash(&mut self) -> Token {
        self.differs_in_mysql = true;
        match self.dialect {
            Dialect::MySql => self.comment_to_end_of_line(),
            Dialect::Ansi => self.take(b'o', 1),
        }
    }

    fn dash(&mut self) -> Token {
        if self.byte(1) != Some(b'-') {
            return self.take(b'o', 1);
        }
        if self.byte(2).is_none_or(is_white) {
            return self.comment_to_end_of_line();
        }
        self.differs_in_mysql = true;
        match self.dialect {
            Dialect::Ansi => self.comment_to_end_of_line(),
            Dialect::MySql => self.take(b'o', 1),
        }
    }

    fn slash(&mut self) -> Token {
        if self.byte(1) != Some(b'*') {
            return self.take(b'o', 1);
        }
        let inside = self.rest(2);
        let end = find_pair(inside, [b'*', b'/']);
        // PostgreSQL has comments in comments, MySQL has code in them: neither can be read for all. The star of the end
        // counts as inside, as it does in C.
        let is_nested = end.is_some_and(|end| {
            inside.get(..=end).is_some_and(|inside| find_pair(inside, [b'/', b'*']).is_some())
        });
        let kind = if is_nested || inside.starts_with(b"!") { b'X' } else { b'c' };
        self.take(kind, end.map_or(inside.len() + 2, |end| end + 4))
    }

    /// A word, or the keyword that it begins with before a dot or a backtick.
    fn word(&mut self) -> Token {
        let rest = self.rest(0);
        let length = span(rest, |byte| !ends_word(byte)).max(1);
        let text = rest.get(..length).unwrap_or(rest);
        let kept = text.get(..MAX_TEXT).unwrap_or(text);
        for at in memchr::memchr2_iter(b'.', b'`', kept) {
            let kind = kept.get(..at).map_or(0, lookup);
            if kind != 0 && kind != b'n' {
                return self.take(kind, at);
            }
        }
        match lookup(text) {
            0 => self.take(b'n', length),
            kind => self.take(kind, length),
        }
    }

    /// `` `…` ``
    fn tick(&mut self) -> Token {
        let token = self.string(1, b'`', b'`');
        token.with_kind(if lookup(token.text()) == b'f' { b'f' } else { b'n' })
    }

    /// `@name`, `@@name`, with or without quotes.
    fn variable(&mut self) -> Token {
        self.at += if self.byte(1) == Some(b'@') { 2 } else { 1 };
        match self.byte(0) {
            Some(b'`') => self.tick().with_kind(b'v'),
            Some(quote @ (b'\'' | b'"')) => self.string(1, quote, quote).with_kind(b'v'),
            _ => {
                let length = span(self.rest(0), |byte| !ends_variable(byte));
                self.take(b'v', length)
            }
        }
    }

    /// An amount of money, or PostgreSQL's strings: `$$…$$`, `$tag$…$tag$`.
    fn money(&mut self) -> Token {
        let behind = self.rest(1);
        match span(behind, |byte| byte.is_ascii_digit() || matches!(byte, 0 | b'.' | b',')) {
            0 => {}
            1 if behind.starts_with(b".") => return self.word(),
            length => return self.take(b'1', length + 1),
        }
        if let Some(text) = behind.strip_prefix(b"$") {
            return match find_pair(text, [b'$', b'$']) {
                Some(end) => {
                    self.at += end + 4;
                    Token::quoted(text.get(..end).unwrap_or_default(), b'$', b'$')
                }
                None => self.unclosed(text, b'$'),
            };
        }
        let name = span(behind, |byte| byte == 0 || byte.is_ascii_alphabetic());
        if name == 0 || behind.get(name) != Some(&b'$') {
            return self.take(b'n', 1);
        }
        let tag = name + 2;
        let text = self.rest(tag);
        // C looks for the end from the length of the tag on, wherever the tag stands: what it finds before the string
        // is taken as not found.
        let window =
            self.value.get(tag..self.value.len().saturating_sub(self.at)).unwrap_or_default();
        let start = self.at + tag;
        let end =
            self.rest(0).get(..tag).and_then(|tag| memmem::find(window, tag)).map(|at| at + tag);
        match end.filter(|end| *end >= start) {
            Some(end) => {
                self.at = end + tag;
                Token::quoted(text.get(..end - start).unwrap_or_default(), b'$', b'$')
            }
            None => self.unclosed(text, b'$'),
        }
    }

    fn number(&mut self) -> Token {
        let digits = |text: &[u8]| span(text, |byte| byte.is_ascii_digit());
        if let [b'0', base @ (b'x' | b'X' | b'b' | b'B'), rest @ ..] = self.rest(0) {
            let is_hex = base.eq_ignore_ascii_case(&b'x');
            let is_digit =
                |byte| byte == 0 || char::from(byte).is_digit(if is_hex { 16 } else { 2 });
            return match span(rest, is_digit) {
                0 => self.take(b'n', 2),
                length => self.take(b'1', length + 2),
            };
        }
        let mut length = digits(self.rest(0));
        if self.byte(length) == Some(b'.') {
            length += 1;
            length += digits(self.rest(length));
            if length == 1 {
                return self.take(b'.', 1);
            }
        }
        let mut kind = b'1';
        if matches!(self.byte(length), Some(b'e' | b'E')) {
            length += 1;
            length += usize::from(matches!(self.byte(length), Some(b'+' | b'-')));
            let exponent = digits(self.rest(length));
            length += exponent;
            if exponent == 0 {
                kind = b'n';
            }
        }
        // Oracle's float and double, and `1fUNION`.
        if matches!(self.byte(length), Some(b'd' | b'D' | b'f' | b'F'))
            && self
                .byte(length + 1)
                .is_none_or(|next| is_white(next) || matches!(next, b';' | b'u' | b'U'))
        {
            length += 1;
        }
        self.take(kind, length)
    }
}
