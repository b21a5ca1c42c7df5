//! What came back, or did not.

use std::{fmt, io};

use portcullis_echo::Headers;
use rustls::AlertDescription;
use serde_json::Value;

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header fields as they came.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Headers,
    /// Interim answers that came before it, such as 100 (RFC 9110 §15.2).
    pub interim: Vec<(u16, Headers)>,
}

impl Reply {
    /// All values of a header as one text, joined with `, `, so that a duplicate shows.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.text(name)
    }

    /// The body as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none, with the answer.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) in {} {}", self.status, self.text()))
    }
}

/// Why there is no whole answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The connection ended, or time was over, before the first byte of an answer.
    NoReply(io::Error),
    /// What came is no HTTP, or its head is not whole.
    BadHead(io::Error),
    /// The answer ended before its end; what came of it.
    Truncated(Box<Reply>, io::Error),
    /// HTTP/2: the stream or connection was reset.
    Http2(h2::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReply(error) => write!(f, "no answer: {error}"),
            Self::BadHead(error) => write!(f, "no HTTP answer: {error}"),
            Self::Truncated(reply, error) => {
                let (status, length) = (reply.status, reply.body.len());
                write!(f, "an answer {status} cut off after {length} bytes of body: {error}")
            }
            Self::Http2(error) => write!(f, "{error}"),
        }
    }
}

impl Error {
    /// True where the peer closed the connection, or reset the stream, instead of answering.
    #[must_use]
    pub fn is_end(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match self {
            Self::NoReply(error) => matches!(
                error.kind(),
                UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
            ),
            Self::Http2(error) => error.is_reset(),
            Self::BadHead(_) | Self::Truncated(..) => false,
        }
    }

    /// The alert by which the peer ended TLS (RFC 8446 section 6), if that is what happened. In TLS
    /// 1.3 a client has finished its handshake before its certificate is judged, so that the alert
    /// comes in the place of the answer.
    #[must_use]
    pub fn alert(&self) -> Option<AlertDescription> {
        let (Self::NoReply(error) | Self::BadHead(error) | Self::Truncated(_, error)) = self else {
            return None;
        };
        match error.get_ref()?.downcast_ref() {
            Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
            _ => None,
        }
    }
}

impl std::error::Error for Error {}
