//! Raw bytes over a socket, and whatever answer there is.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use portcullis_echo::wire::{self, Body, Framing};

/// Longer than any held request of the tests takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A whole answer.
    Answered {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// No answer, and why.
    Failed(String),
}

/// Sends the bytes on a connection of their own.
#[must_use]
pub fn send(to: SocketAddr, bytes: &[u8]) -> Sent {
    match exchange(to, bytes) {
        Ok(sent) => sent,
        Err(error) => Sent::Failed(error.to_string()),
    }
}

fn exchange(to: SocketAddr, bytes: &[u8]) -> io::Result<Sent> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    // A server may answer and close before it has read all: the answer counts, the broken pipe does not.
    let written = stream.write_all(bytes);
    let mut reader = BufReader::new(stream);
    let head = match wire::read_head(&mut reader) {
        Ok(Some(head)) => head,
        Ok(None) => return written.map(|()| Sent::Failed("closed without an answer".to_owned())),
        Err(error) => return Err(error),
    };
    let status = head.start.split(|b| *b == b' ').nth(1).unwrap_or_default();
    let status = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok());
    let Some(status) = status else {
        return Ok(Sent::Failed(format!("no status line: {}", head.start.escape_ascii())));
    };
    let mut body = Body::default();
    if !bytes.starts_with(b"HEAD ") && !matches!(status, 100..=199 | 204 | 304) {
        let framing = wire::framing(&head.headers, Framing::UntilClose)?;
        wire::read_body(&mut reader, framing, &mut body)?;
    }
    Ok(Sent::Answered { status, body: body.bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_e2e::{Answer, Upstream};

    #[test]
    fn an_answer_is_read_however_it_ends() {
        let answers: [(&[u8], Sent); 6] = [
            (b"HTTP/1.1 403 F\r\ncontent-length: 2\r\n\r\nno", answered(403, b"no")),
            (b"HTTP/1.1 200 OK\r\n\r\nall", answered(200, b"all")),
            (b"HTTP/1.1 204 N\r\n\r\n", answered(204, b"")),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                answered(200, b"a"),
            ),
            (b"nonsense\r\n\r\n", Sent::Failed("no status line: nonsense".to_owned())),
            (b"", Sent::Failed("closed without an answer".to_owned())),
        ];
        for (bytes, want) in answers {
            let server = Upstream::with(move |_| Answer::Raw(bytes.to_vec()));
            let got = send(server.address(), b"GET / HTTP/1.1\r\n\r\n");
            assert_eq!(got, want, "{}", bytes.escape_ascii());
        }
    }

    fn answered(status: u16, body: &[u8]) -> Sent {
        Sent::Answered { status, body: body.to_vec() }
    }

    #[test]
    fn the_bytes_arrive_as_they_are() {
        let server = Upstream::with(|_| portcullis_e2e::Response::new(200));
        let bytes = b"POST /a?b=\xff HTTP/1.1\r\nx: \x01\r\ncontent-length: 3\r\n\r\n\x00\r\n";
        assert_eq!(send(server.address(), bytes), answered(200, b""));
        let seen = server.only_request();
        assert_eq!(seen.body, b"\x00\r\n");
        assert_eq!(seen.headers.all("x"), [b"\x01"]);
    }
}
