//! Folds the tokens of a value to a few: what is an expression stays one however long it gets.

use super::token::{Fingerprint, MAX_TEXT, MAX_TOKENS, Token};
use super::tokenizer::Tokenizer;
use super::words::lookup;

/// What a value is made of.
pub(super) struct Folded {
    tokens: [Token; MAX_TOKENS],
    length: usize,
    /// Tokens before folding, as far as they were read.
    pub(super) read: usize,
    /// True where MySQL would read the value otherwise.
    pub(super) differs_in_mysql: bool,
}

impl Folded {
    pub(super) fn tokens(&self) -> &[Token] {
        self.tokens.get(..self.length).unwrap_or_default()
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.tokens())
    }
}

/// The tokens in work: five, one more to tell what the fifth is, and one to write.
const ROOM: usize = MAX_TOKENS + 2;

struct Fold<'v> {
    tokens: [Token; ROOM],
    /// Tokens that are there.
    length: usize,
    /// Tokens that are done with.
    left: usize,
    tokenizer: Tokenizer<'v>,
    more: bool,
    /// A comment that nothing has followed yet.
    comment: Option<Token>,
    /// Something was seen that is not read further.
    evil: bool,
}

/// What became of a look at the next two or three tokens.
enum Step {
    /// Something was folded: look again.
    Again,
    /// Nothing to fold.
    None,
}

/// Words that are functions before a parenthesis, and columns without one.
const FUNCTIONS: &[&str] = &[
    "USER_ID",
    "USER_NAME",
    "DATABASE",
    "PASSWORD",
    "USER",
    "CURRENT_USER",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

pub(super) fn fold(tokenizer: Tokenizer<'_>) -> Folded {
    let mut fold = Fold {
        tokens: [Token::default(); ROOM],
        length: 0,
        left: 0,
        tokenizer,
        more: true,
        comment: None,
        evil: false,
    };
    let is_empty = !fold.skip_prologue();
    if !is_empty {
        fold.run();
    }
    let Fold { tokens, mut length, tokenizer, comment, evil, .. } = fold;
    let mut kept = [Token::default(); MAX_TOKENS];
    kept.iter_mut().zip(tokens).take(length).for_each(|(kept, token)| *kept = token);
    if let Some(comment) = comment
        && !is_empty
        && let Some(place) = kept.get_mut(length)
    {
        *place = comment;
        length += 1;
    }
    length = length.min(MAX_TOKENS);
    // A backtick that ends the value begins a comment to PHP.
    if let (true, Some(last)) =
        (length > 2, length.checked_sub(1).and_then(|last| kept.get_mut(last)))
        && last.kind == b'n'
        && last.open == b'`'
        && last.text().is_empty()
        && last.close == 0
    {
        last.kind = b'c';
    }
    if evil || kept.iter().take(length).any(|token| token.kind == b'X') {
        kept = [Token::default(); MAX_TOKENS];
        kept[0] = Token::new(b'X', b"X");
        length = 1;
    }
    Folded {
        tokens: kept,
        length,
        read: tokenizer.tokens,
        differs_in_mysql: tokenizer.differs_in_mysql,
    }
}

impl Fold<'_> {
    /// Passes over comments, parentheses, types and signs at the beginning; false where there is nothing else.
    fn skip_prologue(&mut self) -> bool {
        while let Some(token) = self.tokenizer.next() {
            if !matches!(token.kind, b'c' | b'(' | b't') && !token.is_unary() {
                self.tokens[0] = token;
                self.length = 1;
                return true;
            }
        }
        false
    }

    fn run(&mut self) {
        loop {
            self.fold_five();
            if !self.more || self.left >= MAX_TOKENS {
                return;
            }
            if !self.read_up_to(2) {
                self.left = self.length;
                continue;
            }
            if let Step::Again = self.fold_two() {
                continue;
            }
            if !self.read_up_to(3) {
                self.left = self.length;
                continue;
            }
            if let Step::Again = self.fold_three() {
                continue;
            }
            self.left += 1;
        }
    }

    fn token(&self, at: usize) -> Token {
        self.tokens.get(at).copied().unwrap_or_default()
    }

    fn kind(&self, at: usize) -> u8 {
        self.tokens.get(at).map_or(0, |token| token.kind)
    }

    fn change(&mut self, at: usize, kind: u8) {
        if let Some(token) = self.tokens.get_mut(at) {
            token.kind = kind;
        }
    }

    /// The token takes the place of the one before it.
    fn remove_before(&mut self, at: usize) {
        let token = self.token(at);
        if let Some(place) = at.checked_sub(1).and_then(|at| self.tokens.get_mut(at)) {
            *place = token;
        }
    }

    /// Reads until so many tokens are there that are not done with; false where there are none left to read.
    fn read_up_to(&mut self, wanted: usize) -> bool {
        while self.more && self.length <= MAX_TOKENS && self.length - self.left < wanted {
            match self.tokenizer.next() {
                Some(token) if token.kind == b'c' => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    if let Some(place) = self.tokens.get_mut(self.length) {
                        *place = token;
                    }
                    self.length += 1;
                }
                None => self.more = false,
            }
        }
        self.length - self.left >= wanted
    }

    /// Five tokens that say no more than the first one.
    fn fold_five(&mut self) {
        if self.length < MAX_TOKENS {
            return;
        }
        let kinds = [0, 1, 2, 3, 4].map(|at| self.kind(at));
        let is_folded = matches!(
            &kinds,
            [b'1', b'o' | b',', b'(', b'1', b')']
                | [b'n', b'o', b'(', b'n' | b'1', b')']
                | [b'1', b')', b',', b'(', b'1']
                | [b'n', b')', b'o', b'(', b'n']
        );
        if is_folded {
            self.left = 0;
            if self.length > MAX_TOKENS {
                self.tokens[1] = self.token(MAX_TOKENS);
                self.length = 2;
            } else {
                self.length = 1;
            }
        }
    }

    /// Drops so many of the last tokens, and begins anew.
    fn drop_and_restart(&mut self, tokens: usize) -> Step {
        self.length = self.length.saturating_sub(tokens);
        self.left = 0;
        Step::Again
    }

    /// Drops the last token, and goes one back.
    fn drop_and_back(&mut self) -> Step {
        self.length -= 1;
        self.left = self.left.saturating_sub(1);
        Step::Again
    }

    fn fold_two(&mut self) -> Step {
        let left = self.left;
        let (first, second) = (self.token(left), self.token(left + 1));
        match (first.kind, second.kind) {
            (b's', b's') | (b';', b';') => {
                self.length -= 1;
                return Step::Again;
            }
            (b'o' | b'&', kind) if kind == b't' || second.is_unary() => {
                return self.drop_and_restart(1);
            }
            (b'(', _) if second.is_unary() => return self.drop_and_back(),
            _ => {}
        }
        if self.merge_words(&first, &second) {
            return self.drop_and_back();
        }
        match (first.kind, second.kind) {
            // `IF` is a function, and a statement to Transact-SQL.
            (b';', b'f')
                if second.text().get(..2).is_some_and(|text| text.eq_ignore_ascii_case(b"IF")) =>
            {
                self.change(left + 1, b'T');
                Step::Again
            }
            (b'n' | b'v', b'(') if FUNCTIONS.iter().any(|name| first.is(name)) => {
                self.change(left, b'f');
                Step::Again
            }
            (b'k', second) if first.is("IN") || first.is("NOT IN") => {
                self.change(left, if second == b'(' { b'o' } else { b'n' });
                Step::Again
            }
            (b'o', second) if first.is("LIKE") || first.is("NOT LIKE") => {
                if second == b'(' {
                    self.change(left, b'f');
                }
                Step::None
            }
            (b't', b'n' | b'1' | b't' | b'(' | b'f' | b'v' | b's') => {
                self.remove_before(left + 1);
                self.drop_and_restart(1)
            }
            (b'A', b'n') => {
                // There are too many names of collations to know: all have an underscore.
                if second.text().contains(&b'_') {
                    self.change(left + 1, b't');
                    self.left = 0;
                }
                Step::None
            }
            (b'\\', _) if second.is_arithmetic() => {
                self.change(left, b'1');
                self.left = 0;
                Step::Again
            }
            (b'\\', _) => {
                self.remove_before(left + 1);
                self.drop_and_restart(1)
            }
            (b'(', b'(') | (b')', b')') => self.drop_and_restart(1),
            // MySQL's ``{``.``.id}``: too rare to be read.
            (b'{', b'n') if second.text().is_empty() => {
                (self.evil, self.more) = (true, false);
                Step::Again
            }
            (b'{', b'n') => self.drop_and_restart(2),
            (_, b'}') => self.drop_and_restart(1),
            _ => Step::None,
        }
    }

    /// Two tokens that are one word of SQL become it.
    fn merge_words(&mut self, first: &Token, second: &Token) -> bool {
        let is_word = |kind| matches!(kind, b'k' | b'n' | b'o' | b'U' | b'f' | b'E' | b'T' | b't');
        if !is_word(first.kind) || !(is_word(second.kind) || second.kind == b'&') {
            return false;
        }
        let mut joined = [b' '; MAX_TEXT];
        let (a, b) = (first.text(), second.text());
        let length = a.len() + 1 + b.len();
        let Some(text) = joined.get_mut(..length) else { return false };
        text.iter_mut().zip(a).for_each(|(place, byte)| *place = *byte);
        text.iter_mut().skip(a.len() + 1).zip(b).for_each(|(place, byte)| *place = *byte);
        let kind = lookup(text);
        if let (true, Some(token)) = (kind != 0, self.tokens.get_mut(self.left)) {
            token.becomes(kind, text);
        }
        kind != 0
    }

    fn fold_three(&mut self) -> Step {
        let left = self.left;
        let (first, second, third) = (self.token(left), self.token(left + 1), self.token(left + 2));
        match (first.kind, second.kind, third.kind) {
            (b'1', b'o', b'1') => self.drop_and_restart(2),
            (b'o', second, b'o') if second != b'(' => self.drop_and_restart(2),
            (b'&', _, b'&') => self.drop_and_restart(2),
            (b'v', b'o', b'v' | b'1' | b'n') => self.drop_and_restart(2),
            (b'n' | b'1', b'o', b'1' | b'n') => self.drop_and_restart(2),
            (b'n' | b'1' | b'v' | b's', b'o', b't') if second.text() == b"::" => {
                self.drop_and_restart(2)
            }
            (b'n' | b'1' | b's' | b'v', b',', b'1' | b'n' | b's' | b'v') => {
                self.drop_and_restart(2)
            }
            (b'E' | b'B' | b',', _, b'(') if second.is_unary() => {
                self.remove_before(left + 2);
                self.drop_and_restart(1)
            }
            (b'k' | b'E' | b'B', _, b'1' | b'n' | b'v' | b's' | b'f') if second.is_unary() => {
                self.remove_before(left + 2);
                self.drop_and_restart(1)
            }
            // `, -1` is `, 1`; and one more back, as `1, -1` is `1`.
            (b',', _, b'1' | b'n' | b'v' | b's') if second.is_unary() => {
                self.remove_before(left + 2);
                self.drop_and_restart(3)
            }
            (b',', _, b'f') if second.is_unary() => {
                self.remove_before(left + 2);
                self.drop_and_restart(1)
            }
            (b'n', b'.', b'n') => self.drop_and_restart(2),
            (b'E', b'.', b'n') => {
                self.remove_before(left + 2);
                self.drop_and_restart(1)
            }
            (b'f', b'(', third) if third != b')' => {
                // `USER()` has no arguments: with one it is no function.
                if first.is("USER") {
                    self.change(left, b'n');
                }
                Step::None
            }
            _ => Step::None,
        }
    }
}
