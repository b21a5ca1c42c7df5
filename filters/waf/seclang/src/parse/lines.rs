//! Lines as they are meant: joined where a backslash ends one, without comments.

/// Bytes of one directive, at most: the longest of the Core Rule Set has 13 kB.
pub(super) const MAX_LINE: usize = 256 << 10;

/// The directives of a text, each with the number of its first line.
pub(super) struct Lines<'t> {
    rest: Option<&'t [u8]>,
    number: u32,
}

/// A directive, or that it is longer than may be.
pub(super) type Line = Result<Vec<u8>, TooLong>;

/// Longer than [`MAX_LINE`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t [u8]) -> Self {
        // An editor's mark of UTF-8 is no part of the first directive.
        Lines { rest: Some(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)), number: 0 }
    }

    /// The next line as it is written.
    fn written(&mut self) -> Option<&'t [u8]> {
        let rest = self.rest?;
        self.number = self.number.saturating_add(1);
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        self.rest = behind.strip_prefix(b"\n");
        Some(line)
    }
}

impl Iterator for Lines<'_> {
    type Item = (u32, Line);

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = self.written()?;
        // A backslash goes on neither behind a comment nor behind an empty line: what follows would vanish unseen.
        while matches!(line.trim_ascii_start().first(), None | Some(b'#')) {
            line = self.written()?;
        }
        let first = self.number;
        let mut joined = Vec::new();
        loop {
            let end = line.strip_suffix(b"\r").unwrap_or(line);
            let part = end.strip_suffix(b"\\");
            let text = part.unwrap_or(end);
            // One byte more than may be is enough to say so.
            let room = (MAX_LINE + 1).saturating_sub(joined.len());
            joined.extend_from_slice(text.get(..room).unwrap_or(text));
            let Some(next) = part.and_then(|_| self.written()) else { break };
            line = next;
        }
        Some((first, if joined.len() > MAX_LINE { Err(TooLong) } else { Ok(joined) }))
    }
}
