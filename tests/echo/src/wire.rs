//! Reading and writing HTTP/1.1 messages (RFC 9112), for the upstream here and for test clients.

use std::io::{self, BufRead, Read, Write};

use crate::Headers;

/// Most bytes of a start line with its header fields. Envoy allows 8 MiB of headers at most, and a
/// test of the limits must see all of them.
pub const MAX_HEAD_BYTES: u64 = 16 << 20;

/// Most body bytes that are kept; more are read, counted and dropped.
pub const MAX_KEPT_BODY_BYTES: usize = 64 << 20;

/// A start line and the header fields behind it.
#[derive(Clone, Debug)]
pub struct Head {
    /// The request line or status line without its line end.
    pub start: Vec<u8>,
    /// The header fields.
    pub headers: Headers,
}

/// How the end of a body is found (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks, then trailers.
    Chunked,
    /// All there is until the peer closes; responses only.
    UntilClose,
}

/// A body, whole or as far as it came.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Its bytes, at most [`MAX_KEPT_BODY_BYTES`] of them.
    pub bytes: Vec<u8>,
    /// How many bytes there were, kept or not.
    pub length: u64,
    /// The trailer fields; there are none without chunks.
    pub trailers: Headers,
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn line(from: &mut impl BufRead, left: &mut u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = from.take(*left).read_until(b'\n', &mut line)?;
    *left -= read as u64;
    if read == 0 && *left > 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(if *left == 0 {
            malformed("a head of more than MAX_HEAD_BYTES")
        } else {
            io::ErrorKind::UnexpectedEof.into()
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

fn fields(from: &mut impl BufRead, left: &mut u64) -> io::Result<Headers> {
    let mut headers = Headers::new();
    loop {
        let line = line(from, left)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let colon = colon.ok_or_else(|| malformed("a header field without a colon"))?;
        headers.push(&line[..colon], line[colon + 1..].trim_ascii());
    }
}

/// Reads a start line and its header fields; `None` where the peer closed before the first byte.
///
/// # Errors
/// The stream's own, `UnexpectedEof` within the head, `InvalidData` for what is no HTTP/1.1 head.
pub fn read_head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut left = MAX_HEAD_BYTES;
    match line(from, &mut left)? {
        None => Ok(None),
        Some(start) => Ok(Some(Head { start, headers: fields(from, &mut left)? })),
    }
}

/// The framing that the header fields announce, where the message has a body at all.
///
/// # Errors
/// `InvalidData` for a `content-length` that is no number.
pub fn framing(headers: &Headers, without: Framing) -> io::Result<Framing> {
    if headers.lists("transfer-encoding", "chunked") {
        return Ok(Framing::Chunked);
    }
    match headers.text("content-length") {
        None => Ok(without),
        Some(length) => length
            .parse()
            .map(Framing::Length)
            .map_err(|_| malformed(&format!("content-length: {length}"))),
    }
}

fn take(from: &mut impl BufRead, length: u64, body: &mut Body) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let now = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let room = MAX_KEPT_BODY_BYTES.saturating_sub(body.bytes.len());
        body.bytes.extend_from_slice(&buffer[..now.min(room)]);
        body.length += now as u64;
        left -= now as u64;
        from.consume(now);
    }
    Ok(())
}

/// Reads a body into `body`, which holds what came even where it ends in an error.
///
/// # Errors
/// The stream's own, `UnexpectedEof` before the announced end, `InvalidData` for a bad chunk.
pub fn read_body(from: &mut impl BufRead, framing: Framing, body: &mut Body) -> io::Result<()> {
    match framing {
        Framing::Empty => Ok(()),
        Framing::Length(length) => take(from, length, body),
        Framing::UntilClose => match take(from, u64::MAX, body) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            other => other,
        },
        Framing::Chunked => loop {
            let mut left = MAX_HEAD_BYTES;
            let size = line(from, &mut left)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let size =
                std::str::from_utf8(size).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let size = size.ok_or_else(|| malformed("a chunk without a size"))?;
            if size == 0 {
                body.trailers = fields(from, &mut left)?;
                return Ok(());
            }
            take(from, size, body)?;
            let mut end = [0; 2];
            from.read_exact(&mut end)?;
            if &end != b"\r\n" {
                return Err(malformed("a chunk longer than its size"));
            }
        },
    }
}

/// Appends header fields and the empty line behind them.
pub fn put_fields(to: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers.iter() {
        to.extend_from_slice(name);
        to.extend_from_slice(b": ");
        to.extend_from_slice(value);
        to.extend_from_slice(b"\r\n");
    }
    to.extend_from_slice(b"\r\n");
}

/// Appends one chunk; nothing for an empty one, which would end the body.
pub fn put_chunk(to: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        to.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        to.extend_from_slice(bytes);
        to.extend_from_slice(b"\r\n");
    }
}

/// Appends the last chunk with trailers.
pub fn put_last_chunk(to: &mut Vec<u8>, trailers: &Headers) {
    to.extend_from_slice(b"0\r\n");
    put_fields(to, trailers);
}

/// Sends every byte back until the peer stops sending.
///
/// # Errors
/// The streams' own.
pub fn send_back(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        let now = buffer.len();
        if now == 0 {
            return Ok(());
        }
        to.write_all(buffer)?;
        to.flush()?;
        from.consume(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Framing, framing, read_body, read_head};

    fn body(framing: Framing, mut bytes: &[u8]) -> (Body, std::io::Result<()>) {
        let mut body = Body::default();
        let ended = read_body(&mut bytes, framing, &mut body);
        (body, ended)
    }

    #[test]
    fn a_head_keeps_bytes_order_and_duplicates() {
        let mut bytes = &b"GET /a HTTP/1.1\r\nX: \xff\r\nhost:h\r\nx:\r\n\r\nrest"[..];
        let head = read_head(&mut bytes).unwrap().unwrap();
        assert_eq!(head.start, b"GET /a HTTP/1.1");
        assert_eq!(head.headers.all("x"), [&b"\xff"[..], b""]);
        assert_eq!(head.headers.len(), 3);
        assert_eq!(bytes, b"rest");
    }

    #[test]
    fn a_head_that_stops_short_is_an_error_and_none_is_none() {
        assert!(read_head(&mut &b"GET / HTTP/1.1\r\nho"[..]).is_err());
        assert!(read_head(&mut &b""[..]).unwrap().is_none());
    }

    #[test]
    fn chunks_are_joined_and_trailers_kept() {
        let (body, ended) =
            body(Framing::Chunked, b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nx-t: 1\r\n\r\n");
        ended.unwrap();
        assert_eq!(body.bytes, b"abcde");
        assert_eq!(body.trailers.text("x-t").as_deref(), Some("1"));
    }

    #[test]
    fn a_body_that_stops_short_keeps_what_came() {
        let (body, ended) = body(Framing::Length(9), b"abc");
        assert!(ended.is_err());
        assert_eq!((body.bytes.as_slice(), body.length), (&b"abc"[..], 3));
    }

    #[test]
    fn chunks_win_over_a_length_and_a_bad_length_is_refused() {
        let both = [("content-length", "3"), ("Transfer-Encoding", "chunked")];
        assert_eq!(framing(&both.into_iter().collect(), Framing::Empty).unwrap(), Framing::Chunked);
        let bad = [("content-length", "x")].into_iter().collect();
        assert!(framing(&bad, Framing::Empty).is_err());
    }
}
