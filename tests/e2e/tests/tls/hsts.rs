//! `strict-transport-security` (RFC 6797): on every answer over TLS, whoever gives it, and on none
//! without TLS.

use portcullis_e2e::{
    Connection, Envoy, Http2, Reply, Request, Response, Seen, TlsClient, Upstream,
};

use crate::gateway::{Gateway, file, get};

const HSTS: &str = "max-age=31536000; includeSubDomains";

/// What is asked, and the status that says who answers.
fn asked() -> [(Request, u16); 5] {
    [
        (get("/v1/orders"), 200),
        // A control, with a route and without.
        (Request::get("/v1/orders"), 401),
        (Request::get("/nowhere"), 401),
        // The router.
        (get("/nowhere"), 404),
        // The connection manager, before any filter.
        (get("/v1/a%2fb"), 400),
    ]
}

fn hsts(reply: &Reply) -> Option<String> {
    reply.header("strict-transport-security")
}

#[test]
fn every_answer_over_tls_has_it_once() {
    let gateway = Gateway::start();
    let client = TlsClient::new();
    let mut http2 = client.connect_http2(gateway.tls()).unwrap();
    for (request, status) in asked() {
        for reply in [client.send(gateway.tls(), &request), http2.send(&request)] {
            let reply = reply.unwrap();
            assert_eq!(
                (reply.status, hsts(&reply).as_deref()),
                (status, Some(HSTS)),
                "{request:?}"
            );
        }
    }
    let broken = client.connect(gateway.tls()).unwrap().raw(b"GET\r\n\r\n").unwrap();
    assert_eq!((broken.status, hsts(&broken).as_deref()), (400, Some(HSTS)));
}

#[test]
fn it_takes_the_place_of_a_weaker_one_of_the_upstream() {
    let weaker = |_: &Seen| Response::new(200).header("strict-transport-security", "max-age=0");
    let upstream = Upstream::with(weaker);
    let envoy = Envoy::start(file(&upstream));
    let reply = TlsClient::new().send(envoy.address_of("gateway-tls"), &get("/v1/orders")).unwrap();
    assert_eq!((reply.status, hsts(&reply).as_deref()), (200, Some(HSTS)));
}

#[test]
fn no_answer_without_tls_has_it() {
    let gateway = Gateway::start();
    for (request, status) in asked() {
        // Whatever a client says of how it came.
        let request = request.header("x-forwarded-proto", "https");
        let reply = Connection::open(gateway.plain()).unwrap().send(&request).unwrap();
        assert_eq!((reply.status, hsts(&reply)), (status, None), "{request:?}");
    }
    let mut http2 = Http2::open(gateway.plain()).unwrap();
    assert_eq!(hsts(&http2.send(&get("/v1/orders")).unwrap()), None);
}
