//! Reads a value as HTML, a token at a time: what all browsers take for HTML together, old ones too.

use memchr::{memchr, memmem};

/// Where in a document the value is thought to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Between tags.
    Data,
    /// In a tag, where attributes stand.
    Tag,
    /// In the value of an attribute within these quotes.
    Quoted(u8),
}

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'v> {
    /// Text, or an end of something.
    Other,
    /// The name of a tag, a closing one's too where something follows it.
    TagName(&'v [u8]),
    AttributeName(&'v [u8]),
    AttributeValue {
        text: &'v [u8],
        is_quoted: bool,
    },
    /// Also a declaration, or what stands after `<?` and `<%`.
    Comment(&'v [u8]),
    Doctype,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Data,
    TagOpen,
    TagNameClose,
    SelfClosing,
    BeforeName,
    AfterName,
    BeforeValue,
    AfterQuoted,
    Quoted(u8),
    End,
}

/// A value on the way of being read.
pub(super) struct Html<'v> {
    value: &'v [u8],
    at: usize,
    state: State,
    is_close: bool,
}

/// A space to C, which finds the zero byte that ends its list of them.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0)
}

impl<'v> Html<'v> {
    pub(super) fn new(value: &'v [u8], context: Context) -> Self {
        let state = match context {
            Context::Data => State::Data,
            Context::Tag => State::BeforeName,
            Context::Quoted(quote) => State::Quoted(quote),
        };
        Self { value, at: 0, state, is_close: false }
    }

    fn rest(&self) -> &'v [u8] {
        self.value.get(self.at..).unwrap_or_default()
    }

    /// The bytes up to one that is not taken, or all that are left.
    fn text_to(&mut self, end: Option<usize>, skip: usize) -> &'v [u8] {
        let rest = self.rest();
        match end.and_then(|end| Some((rest.get(..end)?, end))) {
            Some((text, end)) => {
                self.at += end + skip;
                text
            }
            None => {
                self.at = self.value.len();
                self.state = State::End;
                rest
            }
        }
    }

    /// The next token, or none at the end. Every turn of the loop goes forward, or to a state that does.
    pub(super) fn next(&mut self) -> Option<Token<'v>> {
        loop {
            match self.state {
                State::End => return None,
                State::Data => return self.data(),
                State::TagOpen => {
                    if let Some(token) = self.tag_open()? {
                        return Some(token);
                    }
                }
                State::TagNameClose => {
                    self.is_close = false;
                    self.at += 1;
                    self.state = State::Data;
                    return Some(Token::Other);
                }
                State::SelfClosing => {
                    if *self.rest().first()? == b'>' {
                        self.at += 1;
                        self.state = State::Data;
                        return Some(Token::Other);
                    }
                    self.state = State::BeforeName;
                }
                State::BeforeName => match self.skip_white()? {
                    b'/' => {
                        self.at += 1;
                        self.state = State::SelfClosing;
                    }
                    b'>' => {
                        self.at += 1;
                        self.state = State::Data;
                        return Some(Token::Other);
                    }
                    _ => return Some(self.attribute_name()),
                },
                State::AfterName => match self.skip_white()? {
                    b'/' => {
                        self.at += 1;
                        self.state = State::SelfClosing;
                    }
                    b'=' => {
                        self.at += 1;
                        self.state = State::BeforeValue;
                    }
                    b'>' => self.state = State::TagNameClose,
                    _ => return Some(self.attribute_name()),
                },
                State::BeforeValue => match self.skip_white()? {
                    quote @ (b'"' | b'\'' | b'`') => self.state = State::Quoted(quote),
                    _ => return Some(self.unquoted()),
                },
                State::Quoted(quote) => {
                    // The value of a context has no quote of its own.
                    self.at += usize::from(self.at > 0);
                    self.state = State::AfterQuoted;
                    let end = memchr(quote, self.rest());
                    return Some(Token::AttributeValue {
                        text: self.text_to(end, 1),
                        is_quoted: true,
                    });
                }
                State::AfterQuoted => {
                    self.rest().first()?;
                    self.state = State::BeforeName;
                }
            }
        }
    }

    /// The first byte that is no white space, which is passed over.
    fn skip_white(&mut self) -> Option<u8> {
        let rest = self.rest();
        let white = rest.iter().position(|byte| !is_white(*byte))?;
        self.at += white;
        rest.get(white).copied()
    }

    fn data(&mut self) -> Option<Token<'v>> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        self.state = State::TagOpen;
        self.text_to(memchr(b'<', rest), 1);
        Some(Token::Other)
    }

    /// None where the end is reached, and no token where another state follows.
    fn tag_open(&mut self) -> Option<Option<Token<'v>>> {
        let byte = *self.rest().first()?;
        match byte {
            b'!' => {
                self.at += 1;
                Some(Some(self.declaration()))
            }
            b'/' => {
                self.at += 1;
                self.is_close = true;
                self.end_tag_open()
            }
            b'?' => {
                self.at += 1;
                Some(Some(self.bogus_comment()))
            }
            b'%' => {
                self.at += 1;
                self.state = State::Data;
                let end = memmem::find(self.rest(), b"%>");
                Some(Some(Token::Comment(self.text_to(end, 2))))
            }
            byte if byte.is_ascii_alphabetic() || byte == 0 => Some(Some(self.tag_name())),
            _ => {
                self.state = State::Data;
                Some(None)
            }
        }
    }

    fn end_tag_open(&mut self) -> Option<Option<Token<'v>>> {
        let byte = *self.rest().first()?;
        if byte == b'>' {
            self.state = State::Data;
            return Some(None);
        }
        if byte.is_ascii_alphabetic() {
            return Some(Some(self.tag_name()));
        }
        self.is_close = false;
        Some(Some(self.bogus_comment()))
    }

    fn tag_name(&mut self) -> Token<'v> {
        let rest = self.rest();
        let end = rest
            .iter()
            .position(|byte| *byte != 0 && (is_white(*byte) || matches!(byte, b'/' | b'>')));
        match end.and_then(|end| rest.get(end)) {
            Some(b'/') => self.state = State::SelfClosing,
            Some(b'>') if self.is_close => {
                self.is_close = false;
                self.state = State::Data;
                self.text_to(end, 1);
                return Token::Other;
            }
            Some(b'>') => {
                self.state = State::TagNameClose;
                return Token::TagName(self.text_to(end, 0));
            }
            _ => self.state = State::BeforeName,
        }
        Token::TagName(self.text_to(end, 1))
    }

    fn attribute_name(&mut self) -> Token<'v> {
        let rest = self.rest();
        let is_end = |byte: &u8| is_white(*byte) || matches!(byte, b'/' | b'=' | b'>');
        // What stands first is part of the name whatever it is.
        let end = rest.iter().skip(1).position(is_end).map(|end| end + 1);
        let skip = match end.and_then(|end| rest.get(end)) {
            Some(b'/') => {
                self.state = State::SelfClosing;
                1
            }
            Some(b'=') => {
                self.state = State::BeforeValue;
                1
            }
            Some(b'>') => {
                self.state = State::TagNameClose;
                0
            }
            _ => {
                self.state = State::AfterName;
                1
            }
        };
        Token::AttributeName(self.text_to(end, skip))
    }

    fn unquoted(&mut self) -> Token<'v> {
        let rest = self.rest();
        let end = rest.iter().position(|byte| is_white(*byte) || *byte == b'>');
        let is_tag_end = end.and_then(|end| rest.get(end)) == Some(&b'>');
        self.state = if is_tag_end { State::TagNameClose } else { State::BeforeName };
        Token::AttributeValue {
            text: self.text_to(end, usize::from(!is_tag_end)),
            is_quoted: false,
        }
    }

    fn declaration(&mut self) -> Token<'v> {
        let rest = self.rest();
        self.state = State::Data;
        if rest.get(..7).is_some_and(|text| text.eq_ignore_ascii_case(b"DOCTYPE")) {
            self.text_to(memchr(b'>', rest), 1);
            return Token::Doctype;
        }
        if let Some(inside) = rest.strip_prefix(b"[CDATA[") {
            self.at += 7;
            self.text_to(memmem::find(inside, b"]]>"), 3);
            return Token::Other;
        }
        if rest.starts_with(b"--") {
            self.at += 2;
            return self.comment();
        }
        self.bogus_comment()
    }

    fn bogus_comment(&mut self) -> Token<'v> {
        self.state = State::Data;
        let end = memchr(b'>', self.rest());
        Token::Comment(self.text_to(end, 1))
    }

    /// Ends with `-->` or `-!>`, and zero bytes behind its first hyphen.
    fn comment(&mut self) -> Token<'v> {
        let rest = self.rest();
        for at in memchr::memchr_iter(b'-', rest) {
            let behind = rest.get(at + 1..).unwrap_or_default();
            let zeros = behind.iter().take_while(|byte| **byte == 0).count();
            if let Some([b'-' | b'!', b'>', ..]) = behind.get(zeros..) {
                return Token::Comment(self.text_to(Some(at), zeros + 3));
            }
        }
        Token::Comment(self.text_to(None, 0))
    }
}
