//! One request and its answer, where nothing else is going on.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use portcullis_echo::wire::{self, Body, Framing};

/// One request's status.
pub(crate) fn one(to: SocketAddr, request: &[u8]) -> u16 {
    let stream = TcpStream::connect(to).expect("a server that listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a TCP socket");
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(request).expect("a request is sent");
    let head = wire::read_head(&mut stream).expect("an answer").expect("an answer");
    let framing = wire::framing(&head.headers, Framing::UntilClose).expect("a framing");
    wire::read_body(&mut stream, framing, &mut Body::default()).expect("a whole answer");
    let status = head.start.split(|b| *b == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(status).ok().and_then(|text| text.parse().ok()).expect("a status")
}
