//! Many clients at once, counted by what they got.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use crate::client::connection::Connection;
use crate::client::reply::{Error, Reply};
use crate::client::request::Request;
use crate::poll::eventually;

/// What a number of requests got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests without a whole answer: why. Those are lost.
    pub errors: Vec<String>,
    /// Requests repeated on a new connection, because the kept one had ended before a byte of an
    /// answer came: what every HTTP/1.1 client has to expect (RFC 9112 §9.3.1).
    pub repeated: usize,
}

impl Tally {
    /// How many answers of this status there were.
    #[must_use]
    pub fn of(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// How many answers there were in all.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.statuses.values().sum()
    }

    fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.errors.extend(other.errors);
        self.repeated += other.repeated;
    }
}

/// A client that keeps its connection where it may.
#[derive(Debug)]
struct Client {
    address: SocketAddr,
    kept: Option<Connection>,
    tally: Tally,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        Self { address, kept: None, tally: Tally::default() }
    }

    fn exchange(&mut self, request: &Request) -> Result<Reply, Error> {
        if let Some(mut connection) = self.kept.take() {
            match connection.send(request) {
                Err(Error::NoReply(error)) if !is_late(&error) => self.tally.repeated += 1,
                other => return self.keep(connection, other),
            }
        }
        let mut connection = Connection::open(self.address).map_err(Error::NoReply)?;
        let reply = connection.send(request);
        self.keep(connection, reply)
    }

    fn keep(
        &mut self,
        connection: Connection,
        reply: Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        self.kept = Some(connection).filter(|kept| reply.is_ok() && kept.is_reusable());
        reply
    }

    fn send(&mut self, request: &Request) {
        match self.exchange(request) {
            Ok(reply) => *self.tally.statuses.entry(reply.status).or_default() += 1,
            Err(error) => self.tally.errors.push(error.to_string()),
        }
    }
}

/// Whether the connection still stood, and no answer came: what must not pass for a closed one.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// So many clients at once, each with a connection of its own, each sending so many requests one
/// after the other; all begin together. `request` is given the client's and the request's number.
///
/// # Panics
/// When a client's thread does.
pub fn many_clients(
    address: SocketAddr,
    clients: usize,
    requests_each: usize,
    request: impl Fn(usize, usize) -> Request + Sync,
) -> Tally {
    let together = Barrier::new(clients);
    let mut sum = Tally::default();
    thread::scope(|scope| {
        let running: Vec<_> = (0..clients)
            .map(|number| {
                let (together, request) = (&together, &request);
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    client.kept = Connection::open(address).ok();
                    together.wait();
                    for index in 0..requests_each {
                        client.send(&request(number, index));
                    }
                    client.tally
                })
            })
            .collect();
        for client in running {
            sum.add(client.join().expect("a client that ends"));
        }
    });
    sum
}

/// Clients that send without pause until stopped, while the test does something to Envoy.
#[derive(Debug)]
pub struct Traffic {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Tally>>,
}

impl Traffic {
    /// Starts so many clients. `request` is given the client's and the request's number.
    pub fn start(
        address: SocketAddr,
        clients: usize,
        request: impl Fn(usize, usize) -> Request + Send + Sync + 'static,
    ) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let request = Arc::new(request);
        let clients = (0..clients)
            .map(|number| {
                let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                let request = Arc::clone(&request);
                thread::spawn(move || {
                    let mut client = Client::new(address);
                    for index in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        client.send(&request(number, index));
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    client.tally
                })
            })
            .collect();
        Self { stop, done, clients }
    }

    /// Waits until so many more requests are done than are now.
    ///
    /// # Panics
    /// When they never are.
    pub fn wait_for(&self, more: usize) {
        let wanted = self.done.load(Ordering::Relaxed) + more;
        eventually(&format!("{more} more requests"), || {
            (self.done.load(Ordering::Relaxed) >= wanted).then_some(())
        });
    }

    /// Lets every client finish its request, and sums up.
    ///
    /// # Panics
    /// When a client's thread did.
    #[must_use]
    pub fn stop(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Tally::default();
        for client in self.clients.drain(..) {
            sum.add(client.join().expect("a client that ends"));
        }
        sum
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            let _ = client.join();
        }
    }
}
