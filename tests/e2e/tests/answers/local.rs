//! What Envoy answers itself, before any filter has seen the request: the product's JSON and security headers, by
//! `local_reply_config`.

use portcullis_e2e::{Connection, Reply, Request, TlsClient};

use crate::gateway::{Gateway, get};
use crate::{SECURITY, TELLING};

/// What is wrong, how it is sent, and what is said of it.
pub(crate) fn broken() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    let raw = |head: &str| format!("{head}\r\n\r\n").into_bytes();
    let large = format!("GET /v1/a HTTP/1.1\r\nhost: a\r\nx-large: {}", "a".repeat(70_000));
    let many: String = (0..200).map(|number| format!("\r\nx-{number}: 1")).collect();
    vec![
        ("an escaped slash", raw("GET /v1/a%2fb HTTP/1.1\r\nhost: a"), 400, "Bad request"),
        ("an underscore", raw("GET /v1/a HTTP/1.1\r\nhost: a\r\nx_user: 1"), 400, "Bad request"),
        ("no host", raw("GET /v1/a HTTP/1.1\r\nx-a: 1"), 400, "Bad request"),
        (
            "two framings",
            b"POST /v1/a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_vec(),
            400,
            "Bad request",
        ),
        ("garbage", raw("\u{1}\u{2}\u{3} nothing that is HTTP"), 400, "Bad request"),
        ("HTTP/1.0", raw("GET /v1/a HTTP/1.0\r\nhost: a"), 426, "Upgrade required"),
        ("an asterisk", raw("OPTIONS * HTTP/1.1\r\nhost: a"), 404, "Not found"),
        ("a large header", raw(&large), 431, "Request header fields too large"),
        (
            "many headers",
            raw(&format!("GET /v1/a HTTP/1.1\r\nhost: a{many}")),
            431,
            "Request header fields too large",
        ),
    ]
}

/// The answer is ours in form, whoever gave it.
fn is_like_ours(reply: &Reply, over_tls: bool, what: &str) {
    assert_eq!(reply.header("content-type").as_deref(), Some("application/json"), "{what}");
    for (name, value) in SECURITY {
        let expected = (over_tls || name != "strict-transport-security").then_some(value);
        assert_eq!(reply.header(name).as_deref(), expected, "{what}: {name}");
    }
    for name in TELLING {
        assert_eq!(reply.header(name), None, "{what}: {name}");
    }
    let body = reply.json();
    let known = |name: &String| matches!(name.as_str(), "message" | "request_id");
    assert!(body.as_object().unwrap().keys().all(known), "{what}: {body}");
}

#[test]
fn what_is_no_http_gets_our_json_and_the_security_headers() {
    let gateway = Gateway::start();
    for (what, bytes, status, message) in broken() {
        let plain = Connection::open(gateway.plain()).unwrap().raw(&bytes).unwrap();
        let tls = TlsClient::new().connect(gateway.tls()).unwrap().raw(&bytes).unwrap();
        for (reply, over_tls) in [(plain, false), (tls, true)] {
            assert_eq!(reply.status, status, "{what}: {}", reply.text());
            assert_eq!(reply.json()["message"], message, "{what}");
            is_like_ours(&reply, over_tls, what);
        }
    }
    assert!(gateway.upstream.requests().is_empty());
}

#[test]
fn an_id_that_is_no_text_breaks_no_json() {
    let gateway = Gateway::start();
    let long = "i".repeat(2_000);
    for id in [&b"\"},{\"a\":\""[..], b"\xff\xfe", b"\\", b"</script>", long.as_bytes()] {
        let head =
            [b"GET /v1/a%2fb HTTP/1.1\r\nhost: a\r\nx-request-id: ", id, b"\r\n\r\n"].concat();
        let reply = Connection::open(gateway.plain()).unwrap().raw(&head).unwrap();
        assert_eq!(reply.status, 400, "{id:?}");
        is_like_ours(&reply, false, "an id");
        let said = reply.json()["request_id"].as_str().map_or(0, str::len);
        assert!(said <= 512, "{said} bytes of an id");
    }
}

#[test]
fn what_the_router_answers_has_the_requests_id() {
    let gateway = Gateway::start();
    let reply = Connection::open(gateway.plain()).unwrap().send(&get("/nowhere")).unwrap();
    assert_eq!((reply.status, reply.json()["message"].as_str()), (404, Some("Not found")));
    assert_eq!(reply.json()["request_id"].as_str().map(str::len), Some(36));
    is_like_ours(&reply, false, "no route");
}

#[test]
fn our_own_refusals_are_left_alone() {
    let gateway = Gateway::start();
    let reply =
        Connection::open(gateway.plain()).unwrap().send(&Request::get("/v1/orders")).unwrap();
    assert_eq!((reply.status, reply.json()["message"].as_str()), (401, Some("Unauthorized")));
    assert!(reply.header("www-authenticate").is_some_and(|way| way.contains("Bearer")));
    is_like_ours(&reply, false, "a refusal");
}

#[test]
fn grpc_answers_are_left_alone() {
    let gateway = Gateway::start();
    let mut http2 = portcullis_e2e::Http2::open(gateway.plain()).unwrap();
    let grpc = |request: Request| request.header("content-type", "application/grpc+proto");
    for (request, code) in [(Request::post("/v1/orders", "x"), "16"), (get("/nowhere"), "12")] {
        let reply = http2.send(&grpc(request)).unwrap();
        let text = |name: &str| reply.header(name).or_else(|| reply.trailers.text(name));
        assert_eq!((reply.status, text("grpc-status").as_deref()), (200, Some(code)), "{reply:?}");
        let said = text("grpc-message").unwrap_or_default();
        let ours = said.contains("request_id");
        assert_eq!(ours, code == "16", "the router's answer is its own: {said}");
        assert_eq!(text("content-type").as_deref(), Some("application/grpc"));
    }
}
