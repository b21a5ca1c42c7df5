//! Callouts: what a guest asked a cluster, and what the test has the cluster answer.

use crate::exchange::Response;
use crate::headers::Headers;

/// How a callout goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// `proxy_http_call`.
    Http,
    /// `proxy_grpc_call`.
    Grpc {
        /// Such as `envoy.service.ratelimit.v3.RateLimitService`.
        service: String,
        /// Such as `ShouldRateLimit`.
        method: String,
    },
}

/// A callout the guest made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What the guest knows it by.
    pub token: u32,
    /// The cluster.
    pub cluster: String,
    /// HTTP or gRPC.
    pub kind: CallKind,
    /// Its headers, for gRPC the initial metadata.
    pub headers: Headers,
    /// Its body, for gRPC the message.
    pub body: Vec<u8>,
    /// Its trailers.
    pub trailers: Headers,
    /// In milliseconds; 0 is none.
    pub timeout: u32,
    pub(crate) root: u32,
    pub(crate) open: bool,
}

/// What becomes of a callout.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The cluster answers.
    Response(Response),
    /// Connection refused or reset: Envoy makes a 503 of it.
    Unreachable,
    /// Envoy makes a 504 of it.
    Timeout,
    /// The client itself failed: no headers at all, the reason in `proxy_get_status`.
    Failure(String),
    /// gRPC only: a message and status 0.
    Message(Vec<u8>),
    /// gRPC only: closed with this status and text.
    Status(u32, String),
}

/// An answer while the guest's callback can read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallReply {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Headers,
    pub(crate) message: Option<Vec<u8>>,
}

impl Answer {
    /// What the guest's HTTP callback will read, or why there is nothing.
    pub(crate) fn http(self) -> Result<CallReply, String> {
        let synthetic = |status: u32, text: &str| CallReply {
            headers: Headers::new([
                (":status", status.to_string()),
                ("content-length", text.len().to_string()),
                ("content-type", "text/plain".to_owned()),
            ]),
            body: text.as_bytes().to_vec(),
            ..CallReply::default()
        };
        Ok(match self {
            Self::Response(response) => CallReply {
                headers: {
                    let mut headers = response.headers;
                    // Envoy's router adds it; how long a test's answer takes is nothing.
                    headers.add("x-envoy-upstream-service-time", "0");
                    headers
                },
                body: response.chunks.concat(),
                trailers: response.trailers.unwrap_or_default(),
                message: None,
            },
            Self::Unreachable => synthetic(
                503,
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
            ),
            Self::Timeout => synthetic(504, "upstream request timeout"),
            Self::Failure(reason) => return Err(reason),
            Self::Message(_) | Self::Status(..) => panic!("a gRPC answer to an HTTP call"),
        })
    }
}
