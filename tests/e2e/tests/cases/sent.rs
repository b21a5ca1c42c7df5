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
    if !sent.parts.is_empty() {
        request = request.chunks(sent.in_parts());
    } else if let Some(body) = &sent.body {
        request = request.body(body);
    }
    for (name, value) in &sent.trailers {
        request = request.trailer(name, value);
    }
    request
}

/// Why a request reaches no filter as it is written, where it does not.
#[allow(
    dead_code,
    reason = "only cases leave requests out; hostile ones are sent whatever comes of them"
)]
pub(crate) fn left_out(sent: &Sent) -> Option<&'static str> {
    let repeated = |name: &str| sent.headers.iter().filter(|(known, _)| known == name).count() > 1;
    if sent.headers.iter().any(|(name, _)| name == "upgrade") {
        Some("an upgrade ends as a tunnel")
    } else if sent.method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Some("Envoy's codec refuses a method in lower case")
    } else if sent.path.contains(&b'#') {
        Some("Envoy refuses a fragment in a target")
    } else if sent.method != "CONNECT" && !sent.path.starts_with(b"/") {
        Some("Envoy answers a target without a slash, such as that of OPTIONS *, with 404 itself")
    } else if repeated("authorization") {
        Some("Envoy joins a repeated authorization by commas before a filter sees it")
    } else {
        None
    }
}
