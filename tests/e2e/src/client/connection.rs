//! An HTTP/1.1 connection that sends any bytes and reads answers exactly.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use portcullis_echo::wire::{self, Body, Framing};
use rustls::ClientConnection;
use socket2::{Domain, Socket, Type};

use super::reply::{Error, Reply};
use super::request::Request;
use super::stream::{Stream, patient};
use crate::poll::PATIENCE;

/// A client's connection. Nothing is sent or repeated that the test did not ask for.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<Stream>,
    reusable: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Those of connecting.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::over(Stream::Plain(patient(TcpStream::connect_timeout(&address, PATIENCE)?)?)))
    }

    /// Connects from an address of this machine, such as any in 127.0.0.0/8, to be another client.
    ///
    /// # Errors
    /// Those of connecting; `AddrNotAvailable` for an address that this machine does not have.
    pub fn open_from(source: IpAddr, address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(source, 0).into())?;
        socket.connect_timeout(&address.into(), PATIENCE)?;
        Ok(Self::over(Stream::Plain(patient(socket.into())?)))
    }

    pub(crate) fn over(stream: Stream) -> Self {
        Self { reader: BufReader::new(stream), reusable: true }
    }

    /// What was agreed on in the handshake; `None` without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&ClientConnection> {
        self.reader.get_ref().tls()
    }

    /// Sends a request and reads its answer. An answer that comes before the request is sent
    /// whole, such as a refusal of a large body, counts.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(&mut self, request: &Request) -> Result<Reply, Error> {
        let sent = self.write(&request.bytes());
        self.reusable &= sent.is_ok();
        match (self.read_reply(&request.method), sent) {
            (Err(Error::NoReply(_)), Err(error)) => Err(Error::NoReply(error)),
            (other, _) => other,
        }
    }

    /// Sends these bytes and reads the answer to them.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn raw(&mut self, bytes: &[u8]) -> Result<Reply, Error> {
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
        let method = String::from_utf8_lossy(method).into_owned();
        // An Envoy that refuses may close before all is written; its answer tells.
        let sent = self.write(bytes);
        self.reusable &= sent.is_ok();
        self.read_reply(&method)
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// The stream's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Says that no more bytes will come, and still reads.
    ///
    /// # Errors
    /// The stream's own.
    pub fn finish_writing(&mut self) -> io::Result<()> {
        self.reader.get_mut().finish_writing()
    }

    /// Reads the answer to a request of this method, and interim ones before it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read_reply(&mut self, method: &str) -> Result<Reply, Error> {
        let mut interim = Vec::new();
        let (head, status) = loop {
            match self.reader.fill_buf() {
                Ok([]) => return Err(Error::NoReply(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) => return Err(Error::NoReply(error)),
            }
            let head = wire::read_head(&mut self.reader).map_err(Error::BadHead)?;
            let head = head.ok_or_else(|| Error::BadHead(io::ErrorKind::UnexpectedEof.into()))?;
            let status = status(&head.start).map_err(Error::BadHead)?;
            if !(100..200).contains(&status) || status == 101 {
                break (head, status);
            }
            interim.push((status, head.headers));
        };
        let none = method == "HEAD"
            || matches!(status, 101 | 204 | 304)
            || (method == "CONNECT" && (200..300).contains(&status));
        let framing = if none {
            Framing::Empty
        } else {
            wire::framing(&head.headers, Framing::UntilClose).map_err(Error::BadHead)?
        };
        self.reusable &= framing != Framing::UntilClose
            && !head.headers.lists("connection", "close")
            && head.start.starts_with(b"HTTP/1.1");
        let mut body = Body::default();
        let ended = wire::read_body(&mut self.reader, framing, &mut body);
        let Body { bytes, trailers, .. } = body;
        let reply = Reply { status, headers: head.headers, body: bytes, trailers, interim };
        match ended {
            Ok(()) => Ok(reply),
            Err(error) => Err(Error::Truncated(Box::new(reply), error)),
        }
    }

    /// Whether another request may be sent on it.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// Sends a request that asks for a tunnel (an upgrade, or CONNECT).
    ///
    /// # Errors
    /// The answer, where it is another one than 101 or the 2xx of a CONNECT.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub fn tunnel(mut self, request: &Request) -> Result<Tunnel, Reply> {
        let reply = self.send(request).expect("an answer to a request for a tunnel");
        let connected = request.method == "CONNECT" && (200..300).contains(&reply.status);
        if connected || reply.status == 101 {
            Ok(Tunnel { reply, connection: self })
        } else {
            Err(reply)
        }
    }

    /// All bytes until the peer closes.
    ///
    /// # Errors
    /// The stream's own.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// What a connection has become after an upgrade or CONNECT.
#[derive(Debug)]
pub struct Tunnel {
    /// The answer that opened it.
    pub reply: Reply,
    connection: Connection,
}

impl Tunnel {
    /// Sends bytes.
    ///
    /// # Errors
    /// The stream's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.write(bytes)
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// The stream's own, `UnexpectedEof` where there are fewer.
    pub fn read(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.connection.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The connection, to speak HTTP/1.1 through a CONNECT.
    #[must_use]
    pub fn into_connection(self) -> Connection {
        self.connection
    }
}

fn status(start: &[u8]) -> io::Result<u16> {
    let status = start.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| {
        let line = String::from_utf8_lossy(start).into_owned();
        io::Error::new(io::ErrorKind::InvalidData, format!("no status line: {line}"))
    })
}
