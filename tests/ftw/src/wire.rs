//! A lenient HTTP/1 parser: whatever a test sends becomes a request that the engine can judge.
//!
//! Lenient on purpose, unlike any front end's: most of the tests are about requests that a strict one would refuse.

use crate::Request;

/// Parses one request.
#[must_use]
pub fn parse(bytes: &[u8]) -> Request {
    let (head, rest) = split_once(bytes, b"\r\n\r\n").unwrap_or((bytes, &[]));
    let mut lines = Lines(Some(head));
    let line = lines.next().unwrap_or_default();
    let (method, uri, version) = request_line(line);
    let mut request = Request { method, uri, version, ..Request::default() };
    request.headers = lines.filter_map(header).collect();
    (request.body, request.trailers) = body(&request, rest);
    request
}

/// The method up to the first space, the version after the last one, all between is the target.
fn request_line(line: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let space = |b: &u8| *b == b' ';
    let Some(first) = line.iter().position(space) else {
        return (line.to_vec(), Vec::new(), Vec::new());
    };
    let (method, rest) = (&line[..first], &line[first + 1..]);
    match rest.iter().rposition(space) {
        Some(last) => (method.to_vec(), rest[..last].to_vec(), rest[last + 1..].to_vec()),
        None => (method.to_vec(), rest.to_vec(), Vec::new()),
    }
}

/// A field without the white space around its value; a line without a colon is none.
fn header(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (name, value) = split_once(line, b":")?;
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |last| last + 1);
    Some((name.to_vec(), value[start..end].to_vec()))
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Dechunked, or cut to the length given; without either a request has no body.
fn body(request: &Request, rest: &[u8]) -> (Vec<u8>, Fields) {
    let coding = request.header("Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
    if coding.windows(7).any(|word| word == b"chunked") {
        return dechunk(rest);
    }
    let length = request.header("Content-Length").and_then(|text| std::str::from_utf8(text).ok());
    let length = length.and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    (rest[..length.min(rest.len())].to_vec(), Vec::new())
}

/// The chunks' data and the trailers; broken chunks end the body.
fn dechunk(mut rest: &[u8]) -> (Vec<u8>, Fields) {
    let mut body = Vec::new();
    while let Some((line, after)) = split_once(rest, b"\r\n") {
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&line[..digits]).unwrap_or_default();
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        if size == 0 {
            let trailers = Lines(Some(after)).filter_map(header).collect();
            return (body, trailers);
        }
        let size = size.min(after.len());
        body.extend(&after[..size]);
        rest = after[size..].strip_prefix(b"\r\n").unwrap_or(&after[size..]);
    }
    (body, Vec::new())
}

fn split_once<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

/// Lines that end with CR LF; a CR or LF alone is part of a line.
struct Lines<'b>(Option<&'b [u8]>);

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        let rest = self.0.take()?;
        match split_once(rest, b"\r\n") {
            Some((line, rest)) => {
                self.0 = Some(rest);
                Some(line)
            }
            None => Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines_are_cut_at_the_outer_spaces() {
        let rows = [
            ("GET /a HTTP/1.1", ["GET", "/a", "HTTP/1.1"]),
            ("GET /a b c HTTP/1.0", ["GET", "/a b c", "HTTP/1.0"]),
            ("GET / ", ["GET", "/", ""]),
            ("GET /", ["GET", "/", ""]),
            ("GET", ["GET", "", ""]),
            (" / HTTP/1.1", ["", "/", "HTTP/1.1"]),
            ("", ["", "", ""]),
        ];
        for (line, want) in rows {
            let got = parse(format!("{line}\r\n\r\n").as_bytes());
            let want = want.map(|part| part.as_bytes().to_vec());
            assert_eq!([got.method, got.uri, got.version], want, "{line:?}");
        }
    }

    #[test]
    fn fields_keep_order_case_and_odd_bytes() {
        let got = parse(b"GET / X\r\nB:  1 \t\r\na: x\ry\nz\r\nno colon\r\nB:\r\n: v\r\n\r\n");
        let want: [(&[u8], &[u8]); 4] =
            [(b"B", b"1"), (b"a", b"x\ry\nz"), (b"B", b""), (b"", b"v")];
        let want: Vec<_> = want.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
        assert_eq!(got.headers, want);
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let rows: [(&str, &str, &str); 12] = [
            ("Content-Length: 3", "abcdef", "abc"),
            ("content-length: 9", "abc", "abc"),
            ("Content-Length: x", "abc", ""),
            ("Content-Length: -1", "abc", ""),
            ("A: b", "abc", ""),
            ("Transfer-Encoding: chunked", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde"),
            ("Transfer-Encoding: gzip, Chunked", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 2", "1\r\na\r\n0\r\n\r\n", "a"),
            ("Transfer-Encoding: chunked", "ff\r\nabc", "abc"),
            ("Transfer-Encoding: chunked", "x\r\nabc", ""),
            ("Transfer-Encoding: chunked", "", ""),
            ("Transfer-Encoding: chunked", "ffffffffffffffffff\r\nabc", ""),
        ];
        for (header, body, want) in rows {
            let got = parse(format!("POST / HTTP/1.1\r\n{header}\r\n\r\n{body}").as_bytes());
            assert_eq!(String::from_utf8(got.body).unwrap(), want, "{header:?} {body:?}");
        }
    }

    #[test]
    fn trailers_follow_the_last_chunk() {
        let raw = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: v\r\nU: w\r\n\r\n";
        let got = parse(raw);
        let want = [(b"T".to_vec(), b"v".to_vec()), (b"U".to_vec(), b"w".to_vec())];
        assert_eq!(
            (got.body.as_slice(), got.trailers.as_slice()),
            (b"a".as_slice(), want.as_slice())
        );
    }

    #[test]
    fn any_bytes_are_some_request() {
        let whole = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n";
        for end in 0..=whole.len() {
            let _ = parse(&whole[..end]);
            let _ = parse(&whole[end..]);
        }
    }
}
