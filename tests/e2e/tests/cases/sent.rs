//! A case's request as the client sends it over HTTP/1.1, byte for byte.

use portcullis_cases::prepared::Sent;
use portcullis_e2e::Request;

/// The request; a CONNECT asks for its host.
pub(crate) fn request(sent: &Sent) -> Request {
    let target = if sent.method == "CONNECT" { &sent.host } else { &sent.path };
    let mut request = Request::new(&sent.method, target).without_host().header("host", &sent.host);
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    if let Some(body) = &sent.body {
        request = request.body(body);
    }
    for (name, value) in &sent.trailers {
        request = request.trailer(name, value);
    }
    request
}
