//! An upstream that speaks HTTP/2 without TLS, with the handlers of the HTTP/1.1 one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use portcullis_echo::{Answer, Ended, Handler, Headers, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::client::http2::{finish, list, map, read, write};

/// A running server with a thread of its own; stops when dropped.
#[derive(Debug)]
pub(crate) struct Http2Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Http2Server {
    pub(crate) fn start(handler: impl Handler) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let handler = Arc::new(handler);
            runtime.block_on(async {
                tokio::spawn(accept(listener, handler));
                // Also ends when the sender is dropped.
                let _ = stopped.await;
            });
            // A handler may be blocked for ever; it must not keep this thread.
            runtime.shutdown_background();
        });
        Ok(Self { address, stop: Some(stop) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

async fn accept(listener: std::net::TcpListener, handler: Arc<impl Handler>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, Arc::clone(&handler)));
    }
}

async fn serve(stream: TcpStream, handler: Arc<impl Handler>) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    builder.max_header_list_size(16 << 20);
    let mut connection = builder.handshake(stream).await?;
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        tokio::spawn(exchange(request, respond, Arc::clone(&handler)));
    }
    Ok(())
}

async fn exchange<H: Handler>(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    handler: Arc<H>,
) -> Result<(), h2::Error> {
    let (head, mut stream) = request.into_parts();
    let mut headers = Headers::new();
    if let Some(authority) = head.uri.authority() {
        // One name for it in both versions, so that a test need not know which it was.
        headers.push("host", authority.as_str());
    }
    for (name, value) in list(&head.headers).iter() {
        headers.push(name, value);
    }
    let target = head.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    let method = head.method.to_string();
    let mut request = Request { method, target, headers, ..Request::default() };
    if let Some(answer) = handler.started(&request) {
        return send(&mut respond, answer).await;
    }
    let mut body = Vec::new();
    let ended = read(&mut stream, &mut body).await;
    request.body_length = body.len() as u64;
    request.body = body;
    match ended {
        Ok(trailers) => request.trailers = trailers,
        Err(error) => {
            handler.aborted(&request, Ended::InBody);
            return Err(error);
        }
    }
    let seen = request.clone();
    let asked = Arc::clone(&handler);
    // A handler may block until its test lets it go on, or until the stream's end makes it moot.
    let answer = tokio::task::spawn_blocking(move || asked.answer(&seen)).await;
    let answer = answer.unwrap_or(Answer::Hangup);
    match send(&mut respond, answer).await {
        Ok(()) => handler.answered(&request),
        Err(_) => handler.aborted(&request, Ended::BeforeAnswer),
    }
    Ok(())
}

async fn send(respond: &mut SendResponse<Bytes>, answer: Answer) -> Result<(), h2::Error> {
    let (response, chunks) = match answer {
        Answer::Response(response) => (response, None),
        Answer::Stream(response, chunks) => (response, Some(chunks)),
        Answer::Tunnel(_) | Answer::Raw(_) | Answer::Hangup => {
            respond.send_reset(Reason::CANCEL);
            return Ok(());
        }
    };
    let Response { status, headers, body, trailers } = response;
    let mut head = http::Response::new(());
    *head.status_mut() = http::StatusCode::from_u16(status).expect("a status of three digits");
    *head.headers_mut() = map(&headers);
    let ends = body.is_empty() && trailers.is_empty() && chunks.is_none();
    let mut stream = respond.send_response(head, ends)?;
    if ends {
        return Ok(());
    }
    write(&mut stream, body.into()).await?;
    if let Some(mut chunks) = chunks {
        // The channel blocks; a thread of the runtime's pool waits on it, one chunk at a time.
        loop {
            let next = tokio::task::spawn_blocking(move || (chunks.recv(), chunks)).await;
            let Ok((Ok(chunk), rest)) = next else { break };
            chunks = rest;
            write(&mut stream, chunk.into()).await?;
        }
    }
    finish(&mut stream, &trailers)
}
