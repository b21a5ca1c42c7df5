//! The server on a real socket: what a client sees, and what the handler hears.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Sender, channel};

use portcullis_echo::{Answer, Echo, Ended, Handler, Request, Response, Server};

fn talk(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn two_requests_share_a_connection() {
    let server = Server::start("127.0.0.1:0", Echo).unwrap();
    let answer = talk(
        &server,
        b"POST /one HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi\
          GET /two HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(answer.contains(r#""path":"/one","headers":{"host":"h","content-length":"2"}"#));
    assert!(answer.contains(r#""body_bytes":2,"body":"hi""#));
    assert!(answer.contains(r#""path":"/two""#));
}

struct Streams;

impl Handler for Streams {
    fn answer(&self, _: &Request) -> Answer {
        let (sender, rest) = channel();
        sender.send(b"chunk".to_vec()).unwrap();
        Answer::Stream(Response::new(200), rest)
    }
}

#[test]
fn nothing_follows_the_head_that_a_head_request_asks_for() {
    let server = Server::start("127.0.0.1:0", Streams).unwrap();
    let requests = ["HEAD", "GET"].map(|method| {
        let close = if method == "GET" { "connection: close\r\n" } else { "" };
        format!("{method} / HTTP/1.1\r\nhost: h\r\n{close}\r\n")
    });
    let answer = talk(&server, requests.concat().as_bytes());
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(answer, format!("{head}{head}5\r\nchunk\r\n0\r\n\r\n"));
}

#[test]
fn an_upgrade_sends_bytes_back() {
    let server = Server::start("127.0.0.1:0", Echo).unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(request).unwrap();
    stream.write_all(b"ping").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nping"), "{answer}");
}

struct Tells(Sender<(Ended, Vec<u8>)>);

impl Handler for Tells {
    fn answer(&self, _: &Request) -> Answer {
        Response::new(204).into()
    }
    fn aborted(&self, request: &Request, how: Ended) {
        self.0.send((how, request.body.clone())).unwrap();
    }
}

#[test]
fn a_client_that_leaves_within_its_body_is_reported_with_what_it_sent() {
    let (sender, told) = channel();
    let server = Server::start("127.0.0.1:0", Tells(sender)).unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc").unwrap();
    drop(stream);
    assert_eq!(told.recv().unwrap(), (Ended::InBody, b"abc".to_vec()));
}

#[test]
fn a_dropped_server_refuses_new_connections() {
    let server = Server::start("127.0.0.1:0", Echo).unwrap();
    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}
