//! A server with a thread per connection that hands each request to a handler.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::wire::{self, Body, Framing};
use crate::{Answer, Request};

/// How a request ended that was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its sender went away within the body.
    InBody,
    /// Its sender went away before or while the answer was written.
    BeforeAnswer,
}

/// Decides what becomes of requests. Called from several threads at once, and may block.
pub trait Handler: Send + Sync + 'static {
    /// The answer to a whole request.
    fn answer(&self, request: &Request) -> Answer;

    /// Sees a request's head before its body is read. An answer given here is sent at once, and
    /// the connection is closed.
    fn started(&self, _head: &Request) -> Option<Answer> {
        None
    }

    /// Sees each request that was answered, after the answer was written.
    fn answered(&self, _request: &Request) {}

    /// Sees each request that ended without an answer.
    fn aborted(&self, _request: &Request, _how: Ended) {}
}

impl<F, A> Handler for F
where
    F: Fn(&Request) -> A + Send + Sync + 'static,
    A: Into<Answer>,
{
    fn answer(&self, request: &Request) -> Answer {
        self(request).into()
    }
}

/// A running server; stops, with all its connections, when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    open: Mutex<HashMap<u64, TcpStream>>,
}

impl Shared {
    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Listens on `address`, such as `127.0.0.1:0` for any free port.
    ///
    /// # Errors
    /// Those of binding the address.
    pub fn start(address: &str, handler: impl Handler) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, &Arc::new(handler))
        });
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.open().len()
    }

    /// Closes every open connection and goes on listening.
    pub fn drop_connections(&self) {
        for stream in self.shared.open().values() {
            // One that is closed already needs no closing.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, which then sees the flag.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        self.drop_connections();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, handler: &Arc<impl Handler>) {
    for (id, stream) in (0u64..).zip(listener.incoming()) {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(kept) = stream.try_clone() else { continue };
        shared.open().insert(id, kept);
        let (shared, handler) = (Arc::clone(shared), Arc::clone(handler));
        thread::spawn(move || {
            // A connection that breaks is the peer's affair; the handler has heard of it.
            let _ = serve(&stream, &*handler);
            let _ = stream.shutdown(Shutdown::Both);
            shared.open().remove(&id);
        });
    }
}

fn serve(stream: &TcpStream, handler: &impl Handler) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = wire::read_head(&mut reader)? {
        let without = Framing::Empty;
        let framing = wire::framing(&head.headers, without)?;
        let Some(mut request) = Request::from_head(head) else { return Ok(()) };
        if let Some(answer) = handler.started(&request) {
            write_answer(stream, &mut reader, &request, answer)?;
            handler.answered(&request);
            return Ok(());
        }
        if request.headers.text("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
            (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Body::default();
        let ended = wire::read_body(&mut reader, framing, &mut body);
        (request.body, request.body_length) = (body.bytes, body.length);
        request.trailers = body.trailers;
        if let Err(error) = ended {
            handler.aborted(&request, Ended::InBody);
            return Err(error);
        }
        let answer = handler.answer(&request);
        let last = !matches!(answer, Answer::Response(_) | Answer::Stream(..))
            || request.headers.lists("connection", "close");
        if reader.buffer().is_empty() && is_gone(stream) {
            handler.aborted(&request, Ended::BeforeAnswer);
            return Ok(());
        }
        if let Err(error) = write_answer(stream, &mut reader, &request, answer) {
            handler.aborted(&request, Ended::BeforeAnswer);
            return Err(error);
        }
        handler.answered(&request);
        if last {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the peer has closed the connection, seen without waiting.
fn is_gone(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let seen = stream.peek(&mut [0]);
    let restored = stream.set_nonblocking(false);
    restored.is_err()
        || match seen {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
}

fn write_answer(
    mut stream: &TcpStream,
    reader: &mut BufReader<&TcpStream>,
    request: &Request,
    answer: Answer,
) -> io::Result<()> {
    match answer {
        Answer::Response(response) => stream.write_all(&response.bytes(&request.method)),
        Answer::Stream(response, _) if response.ends_with_head(&request.method) => {
            stream.write_all(&response.head_bytes(true))
        }
        Answer::Stream(response, chunks) => {
            let mut out = response.head_bytes(true);
            wire::put_chunk(&mut out, &response.body);
            stream.write_all(&out)?;
            for chunk in chunks {
                out.clear();
                wire::put_chunk(&mut out, &chunk);
                stream.write_all(&out)?;
            }
            out.clear();
            wire::put_last_chunk(&mut out, &response.trailers);
            stream.write_all(&out)
        }
        Answer::Tunnel(response) => {
            let mut response = response;
            response.body.clear();
            // Behind a CONNECT's 200 begins the tunnel, so no framing may stand there.
            let head = if request.method == "CONNECT" {
                b"HTTP/1.1 200 OK\r\n\r\n".to_vec()
            } else {
                response.head_bytes(false)
            };
            stream.write_all(&head)?;
            wire::send_back(reader, &mut stream)
        }
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Hangup => Ok(()),
    }
}
