//! The client: HTTP/1.1 byte by byte, HTTP/2 through a library, both over TLS too.

pub(crate) mod connection;
pub(crate) mod http2;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod tls;
