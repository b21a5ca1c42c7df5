//! Clients and an upstream in one thread: little enough work that the gateway is what is waited for.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_e2e::TlsClient;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustls::{ClientConnection, StreamOwned};

/// Connections to each gateway, each with one request at a time: enough that it finds work when it looks. With few, a
/// cheap filter lets it sleep between requests, and the waking is counted as the cost of the request.
const CONNECTIONS: usize = 32;

/// The listener's place among the events; clients and accepted connections follow.
const LISTENER: u64 = 0;

/// How long nothing may happen before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The load looks and never sleeps: whoever sends to a sleeping core pays for waking it, up to tens of microseconds on a
/// virtual machine, and the slower a filter is, the more often the load would have fallen asleep.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The whole answer to a whole request.
type Answers = Box<dyn Fn(&[u8]) -> Rc<[u8]>>;

/// Clients of several gateways, and the upstream of all.
pub struct Load {
    epoll: OwnedFd,
    listener: TcpListener,
    clients: HashMap<u64, Client>,
    upstream: HashMap<u64, Served>,
    next: u64,
    answers: Answers,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
    last_seen: Vec<u8>,
}

/// The connections to one gateway.
#[derive(Clone, Debug)]
pub struct Clients(Vec<u64>);

struct Client {
    stream: Stream,
    received: Vec<u8>,
}

/// What a client speaks over.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn send(&mut self, bytes: &[u8]) {
        let sent = match self {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes),
        };
        sent.expect("a request is sent");
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

struct Served {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The length of the first whole message in these bytes; there are no other framings here.
fn whole(received: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let head = find(received, b"\r\n\r\n")?;
    let mut places = received[..head].windows(LENGTH.len());
    let length = places.position(|window| window.eq_ignore_ascii_case(LENGTH)).map_or(0, |at| {
        let digits = received[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
    });
    Some(head + 4 + length).filter(|end| received.len() >= *end)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

impl Load {
    /// Starts the upstream on a free port; `answers` has the bytes of a whole answer, with its length, to those of a request.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start(answers: impl Fn(&[u8]) -> Rc<[u8]> + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("epoll");
        let load = Load {
            epoll,
            listener,
            clients: HashMap::new(),
            upstream: HashMap::new(),
            next: LISTENER,
            answers: Box::new(answers),
            buffer: vec![0; 64 * 1024],
            events: Vec::with_capacity(64),
            last_seen: Vec::new(),
        };
        let listener = load.listener.try_clone().expect("a file descriptor");
        load.watch(&listener, LISTENER);
        load
    }

    /// Where the upstream listens.
    ///
    /// # Panics
    /// Never: it is bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound socket")
    }

    fn watch(&self, socket: &impl AsFd, id: u64) {
        epoll::add(&self.epoll, socket, EventData::new_u64(id), EventFlags::IN).expect("epoll");
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Connects to a gateway; over TLS where the clients have a certificate to show.
    ///
    /// # Panics
    /// When it can't.
    pub fn connect(&mut self, gateway: SocketAddr, tls: Option<&TlsClient>) -> Clients {
        self.connect_some(gateway, tls, CONNECTIONS)
    }

    fn connect_some(
        &mut self,
        gateway: SocketAddr,
        tls: Option<&TlsClient>,
        count: usize,
    ) -> Clients {
        let mut clients = Clients(Vec::new());
        for _ in 0..count {
            let socket = TcpStream::connect(gateway).expect("a connection to a gateway");
            let id = self.number();
            self.watch(&socket, id);
            let stream = match tls {
                Some(tls) => {
                    let stream = tls.handshake(socket).expect("a handshake");
                    prepare(stream.get_ref());
                    Stream::Tls(Box::new(stream))
                }
                None => {
                    prepare(&socket);
                    Stream::Plain(socket)
                }
            };
            self.clients.insert(id, Client { stream, received: Vec::new() });
            clients.0.push(id);
        }
        clients
    }

    /// Sends so many requests, each of which `next` writes into an empty buffer, and waits for all answers, which have to begin
    /// with `expected`.
    ///
    /// # Panics
    /// When an answer is another one, or none.
    pub fn run(
        &mut self,
        clients: &Clients,
        count: usize,
        expected: &str,
        mut next: impl FnMut(&mut Vec<u8>),
    ) {
        let mut request = Vec::new();
        let (mut sent, mut answered) = (0, 0);
        let mut ready: Vec<u64> = clients.0.clone();
        loop {
            for id in ready.drain(..).take(count - sent) {
                request.clear();
                next(&mut request);
                self.client(id).stream.send(&request);
                sent += 1;
            }
            if answered == count {
                return;
            }
            for id in self.wait() {
                let Some(answer) = self.answer(id) else { continue };
                assert!(answer.starts_with(expected), "an answer that is not {expected}: {answer}");
                answered += 1;
                ready.push(id);
            }
        }
    }

    /// Sends one request; its answer, and what the upstream saw of it (empty: nothing).
    ///
    /// # Panics
    /// When there is no answer.
    pub fn ask(&mut self, clients: &Clients, request: &[u8]) -> (String, String) {
        self.last_seen.clear();
        self.client(clients.0[0]).stream.send(request);
        loop {
            for id in self.wait() {
                if let Some(answer) = self.answer(id) {
                    return (answer, String::from_utf8_lossy(&self.last_seen).into_owned());
                }
            }
        }
    }

    /// The same over a connection of its own, which whoever refuses a request may close.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn ask_alone(&mut self, gateway: SocketAddr, request: &[u8]) -> (String, String) {
        let clients = self.connect_some(gateway, None, 1);
        let answer = self.ask(&clients, request);
        clients.0.iter().for_each(|id| drop(self.clients.remove(id)));
        answer
    }

    fn client(&mut self, id: u64) -> &mut Client {
        self.clients.get_mut(&id).expect("a client of this load")
    }

    /// Serves the upstream's side, and tells which clients have something to read.
    fn wait(&mut self) -> Vec<u64> {
        self.events.clear();
        let mut events = std::mem::take(&mut self.events);
        let started = Instant::now();
        loop {
            let spare = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.epoll, spare, Some(&LOOK)) {
                Ok(0) => assert!(started.elapsed() < PATIENCE, "no answer"),
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("epoll: {error}"),
            }
            // Where there is one core only, the gateway gets it.
            thread::yield_now();
        }
        let mut readable = Vec::new();
        for event in &events {
            match event.data.u64() {
                LISTENER => self.accept(),
                id if self.clients.contains_key(&id) => readable.push(id),
                id => self.serve(id),
            }
        }
        self.events = events;
        readable
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            prepare(&stream);
            let id = self.number();
            self.watch(&stream, id);
            self.upstream.insert(id, Served { stream, received: Vec::new() });
        }
    }

    fn serve(&mut self, id: u64) {
        let Some(served) = self.upstream.get_mut(&id) else { return };
        match served.stream.read(&mut self.buffer) {
            Ok(0) => {
                self.upstream.remove(&id);
            }
            Ok(length) => served.received.extend_from_slice(&self.buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => {
                self.upstream.remove(&id);
            }
        }
        let Some(served) = self.upstream.get_mut(&id) else { return };
        // Gateways send one at a time.
        if whole(&served.received).is_some() {
            std::mem::swap(&mut self.last_seen, &mut served.received);
            served.received.clear();
            let answer = (self.answers)(&self.last_seen);
            served.stream.write_all(&answer).expect("an answer is taken");
        }
    }

    /// The whole answer to a client's request, if it is there.
    fn answer(&mut self, id: u64) -> Option<String> {
        let client = self.clients.get_mut(&id)?;
        // TLS may have taken more from the socket than it gives at once: nothing would tell of the rest.
        let end = loop {
            match client.stream.read(&mut self.buffer) {
                Ok(0) => panic!("a connection was closed"),
                Ok(length) => client.received.extend_from_slice(&self.buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("a connection: {error}"),
            }
            if let Some(end) = whole(&client.received) {
                break end;
            }
        };
        let answer = String::from_utf8_lossy(&client.received[..end]).into_owned();
        client.received.drain(..end);
        Some(answer)
    }
}

/// Every message is small and fits the socket's buffer; none waits for another.
fn prepare(stream: &TcpStream) {
    stream.set_nodelay(true).expect("a TCP socket");
    stream.set_nonblocking(true).expect("a socket that does not block");
}
