//! Lines as they are meant: joined where a backslash ends one, without comments.

/// Bytes of one directive, at most: the longest of the Core Rule Set has 13 kB.
pub(super) const MAX_LINE: usize = 256 << 10;

/// Directives with the number of their first line; `Err` where one is longer than may be.
pub(super) fn logical(text: &[u8]) -> Vec<(u32, Result<Vec<u8>, ()>)> {
    let mut lines = Vec::new();
    let mut open: Option<(u32, Vec<u8>)> = None;
    for (number, line) in (1_u32..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if open.is_none() && matches!(line.trim_ascii_start().first(), None | Some(b'#')) {
            continue;
        }
        let (first, mut joined) = open.take().unwrap_or((number, Vec::new()));
        let (part, goes_on) = match line.strip_suffix(b"\\") {
            Some(part) => (part, true),
            None => (line, false),
        };
        // One byte more than may be is enough to say so.
        let room = (MAX_LINE + 1).saturating_sub(joined.len());
        joined.extend_from_slice(part.get(..room).unwrap_or(part));
        if goes_on {
            open = Some((first, joined));
        } else {
            lines.push((first, bounded(joined)));
        }
    }
    lines.extend(open.map(|(first, joined)| (first, bounded(joined))));
    lines
}

fn bounded(line: Vec<u8>) -> Result<Vec<u8>, ()> {
    if line.len() > MAX_LINE { Err(()) } else { Ok(line) }
}
