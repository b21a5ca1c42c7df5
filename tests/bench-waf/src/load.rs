//! Clients that send requests one after the other on connections that stay open.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use portcullis_echo::wire::{self, Body, Framing};

/// Connections at a time: the server always finds work.
const CLIENTS: usize = 8;

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("a server that listens");
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a TCP socket");
        Self(BufReader::new(stream))
    }

    /// The answer's status.
    fn send(&mut self, request: &[u8]) -> u16 {
        self.0.get_mut().write_all(request).expect("a request is sent");
        let head = wire::read_head(&mut self.0).expect("an answer").expect("an answer");
        let framing = wire::framing(&head.headers, Framing::UntilClose).expect("a framing");
        wire::read_body(&mut self.0, framing, &mut Body::default()).expect("a whole answer");
        let status = head.start.split(|b| *b == b' ').nth(1).unwrap_or_default();
        std::str::from_utf8(status).ok().and_then(|text| text.parse().ok()).expect("a status")
    }
}

/// One request's status.
pub(crate) fn one(to: SocketAddr, request: &[u8]) -> u16 {
    Client::connect(to).send(request)
}

/// Sends so many, in turn those given, and expects this status.
pub(crate) fn run(to: SocketAddr, requests: &[Vec<u8>], count: usize, wanted: u16) {
    thread::scope(|scope| {
        for first in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = Client::connect(to);
                for number in (first..count).step_by(CLIENTS) {
                    let status = client.send(&requests[number % requests.len()]);
                    assert_eq!(status, wanted, "not what is measured");
                }
            });
        }
    });
}
