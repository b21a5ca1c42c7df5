//! HTTP/2 without TLS ("prior knowledge"), blocking.

use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use portcullis_echo::Headers;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::reply::{Error, Reply};
use super::request::Request;
use crate::poll::PATIENCE;

/// A client's HTTP/2 connection. Header fields pass the library's checks: names in lower case,
/// values without control bytes.
#[derive(Debug)]
pub struct Http2 {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
    scheme: &'static str,
}

impl Http2 {
    /// Connects without TLS; with it, see [`crate::TlsClient::connect_http2`].
    ///
    /// # Errors
    /// Those of connecting and of the handshake.
    pub fn open(address: SocketAddr) -> Result<Self, Error> {
        Self::over(address, "http", async |stream| Ok(stream))
    }

    /// Connects, and speaks HTTP/2 over what `secure` makes of the stream.
    pub(crate) fn over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        address: SocketAddr,
        scheme: &'static str,
        secure: impl AsyncFnOnce(TcpStream) -> std::io::Result<S>,
    ) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::NoReply)?;
        let (sender, connection) = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.map_err(Error::NoReply)?;
            stream.set_nodelay(true).map_err(Error::NoReply)?;
            let stream = secure(stream).await.map_err(Error::NoReply)?;
            let mut builder = h2::client::Builder::new();
            builder.max_header_list_size(16 << 20);
            let (sender, connection) = builder.handshake(stream).await.map_err(Error::Http2)?;
            Ok((sender, tokio::spawn(connection)))
        })?;
        Ok(Self { runtime, sender, connection, scheme })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(&mut self, request: &Request) -> Result<Reply, Error> {
        let mut replies = self.send_all(std::slice::from_ref(request));
        replies.pop().expect("one answer for one request")
    }

    /// Sends all requests at once, as streams of this connection; answers in the same order.
    pub fn send_all(&mut self, requests: &[Request]) -> Vec<Result<Reply, Error>> {
        let (sender, scheme) = (&self.sender, self.scheme);
        self.runtime.block_on(async {
            let running: Vec<_> = requests
                .iter()
                .map(|request| tokio::spawn(exchange(sender.clone(), scheme, request.clone())))
                .collect();
            let mut replies = Vec::new();
            for reply in running {
                replies.push(reply.await.expect("an exchange does not panic"));
            }
            replies
        })
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.connection.is_finished()
    }
}

fn late() -> Error {
    Error::NoReply(std::io::ErrorKind::TimedOut.into())
}

async fn exchange(
    sender: SendRequest<Bytes>,
    scheme: &'static str,
    request: Request,
) -> Result<Reply, Error> {
    timeout(PATIENCE, async {
        let mut sender = sender.ready().await.map_err(Error::Http2)?;
        let empty = request.body.is_none() && request.trailers.is_empty();
        let (response, stream) =
            sender.send_request(head(&request, scheme), empty).map_err(Error::Http2)?;
        // Both at once: an answer may come before the body is sent.
        let sending = tokio::spawn(async move {
            if !empty {
                // A refused upload ends in a reset, and the answer tells why.
                let _ = send_body(stream, &request).await;
            }
        });
        let reply = receive(response).await;
        sending.abort();
        reply
    })
    .await
    .unwrap_or_else(|_| Err(late()))
}

/// The request's head as the library's value.
///
/// # Panics
/// When it cannot be said in HTTP/2 through the library: the test is wrong.
fn head(request: &Request, scheme: &str) -> http::Request<()> {
    let target = String::from_utf8(request.target.clone()).expect("a path in UTF-8");
    let mut uri = Uri::builder();
    if request.method == "CONNECT" {
        uri = uri.authority(target);
    } else {
        let authority = request.host.clone().unwrap_or_default();
        uri = uri.scheme(scheme).authority(authority).path_and_query(target);
    }
    let mut head = http::Request::builder()
        .method(Method::from_bytes(request.method.as_bytes()).expect("a method"))
        .uri(uri.build().expect("a URI"))
        .version(http::Version::HTTP_2);
    for (name, value) in request.headers.iter() {
        head = head.header(name, value);
    }
    if let Some(length) = request.content_length() {
        head = head.header("content-length", length);
    }
    head.body(()).expect("header fields that HTTP/2 allows")
}

async fn send_body(mut stream: SendStream<Bytes>, request: &Request) -> Result<(), h2::Error> {
    for chunk in request.body.iter().flatten() {
        write(&mut stream, Bytes::from(chunk.clone())).await?;
    }
    finish(&mut stream, &request.trailers)
}

/// Sends data as fast as the peer's window allows.
pub(crate) async fn write(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        match poll_fn(|context| stream.poll_capacity(context)).await {
            Some(capacity) => {
                let now = data.split_to(capacity?.min(data.len()));
                stream.send_data(now, false)?;
            }
            None => return Err(h2::Reason::CANCEL.into()),
        }
    }
    Ok(())
}

/// Ends a stream, with trailers where there are some.
pub(crate) fn finish(stream: &mut SendStream<Bytes>, trailers: &Headers) -> Result<(), h2::Error> {
    if trailers.is_empty() {
        stream.send_data(Bytes::new(), true)
    } else {
        stream.send_trailers(map(trailers))
    }
}

/// The library's header map with the same fields.
///
/// # Panics
/// When a field is none that HTTP/2 allows: the test is wrong.
pub(crate) fn map(headers: &Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        let name = HeaderName::from_bytes(name).expect("a header name");
        map.append(name, HeaderValue::from_bytes(value).expect("a header value"));
    }
    map
}

/// Our list of fields from the library's map.
pub(crate) fn list(map: &HeaderMap) -> Headers {
    map.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Reads a body and its trailers into `bytes`, which holds what came before an error.
pub(crate) async fn read(
    stream: &mut RecvStream,
    bytes: &mut Vec<u8>,
) -> Result<Headers, h2::Error> {
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(stream.trailers().await?.as_ref().map(list).unwrap_or_default())
}

async fn receive(response: ResponseFuture) -> Result<Reply, Error> {
    let (head, mut stream) = response.await.map_err(Error::Http2)?.into_parts();
    let mut reply =
        Reply { status: head.status.as_u16(), headers: list(&head.headers), ..Reply::default() };
    match read(&mut stream, &mut reply.body).await {
        Ok(trailers) => Ok(Reply { trailers, ..reply }),
        Err(error) => Err(Error::Truncated(Box::new(reply), std::io::Error::other(error))),
    }
}
