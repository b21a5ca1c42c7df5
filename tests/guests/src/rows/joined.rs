//! Names for which Envoy's map has a place of their own: a second value is joined to the first.

use super::CONTINUE;
use super::headers::{change, get};
use crate::guest::Guest;
use crate::row::{Answer, Request, Row};

pub(super) fn rows() -> Vec<Row> {
    vec![joined(), of_the_request(), of_the_response()]
}

/// Names that a client may well send twice. Without `authorization`: Envoy joins it too, but the cases have the host
/// keep it apart, as one does that is built with fewer extensions.
const TWICE: [&str; 30] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "content-encoding",
    "content-type",
    "cookie",
    "etag",
    "forwarded",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "user-agent",
    "via",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
];

fn joined() -> Row {
    let mut g = Guest::new();
    let body: String = TWICE.iter().map(|name| get(&mut g, 0, name)).collect();
    let request = TWICE.iter().fold(Request::new("GET", "/"), |request, name| {
        request.header(name, "1").header(name, "2")
    });
    Row::new(
        "some names are joined where they come twice and others are not",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .send(request)
    .shows("get accept 0 '1,2'
         get accept-encoding 0 '1,2'
         get accept-language 0 '1'
         get access-control-request-headers 0 '1,2'
         get access-control-request-method 0 '1,2'
         get cache-control 0 '1,2'
         get content-encoding 0 '1,2'
         get content-type 0 '1,2'
         get cookie 0 '1'
         get etag 0 '1'
         get forwarded 0 '1'
         get grpc-timeout 0 '1,2'
         get if-match 0 '1,2'
         get if-modified-since 0 '1,2'
         get if-none-match 0 '1,2'
         get if-range 0 '1,2'
         get if-unmodified-since 0 '1,2'
         get origin 0 '1,2'
         get pragma 0 '1,2'
         get proxy-authorization 0 '1'
         get range 0 '1'
         get referer 0 '1,2'
         get user-agent 0 '1,2'
         get via 0 '1,2'
         get x-api-key 0 '1'
         get x-forwarded-for 0 '1,2'
         get x-forwarded-host 0 '1,2'
         get x-forwarded-port 0 '1,2'
         get x-real-ip 0 '1'
         get x-request-id 0 '1,2'
         upstream GET / accept=1,2 accept-encoding=1,2 accept-language=1 accept-language=2 access-control-request-headers=1,2 access-control-request-method=1,2 cache-control=1,2 content-encoding=1,2 content-type=1,2 cookie=1 cookie=2 etag=1 etag=2 forwarded=1 forwarded=2 grpc-timeout=1,2 if-match=1,2 if-modified-since=1,2 if-none-match=1,2 if-range=1,2 if-unmodified-since=1,2 origin=1,2 pragma=1,2 proxy-authorization=1 proxy-authorization=2 range=1 range=2 referer=1,2 user-agent=1,2 via=1,2 x-api-key=1 x-api-key=2 x-forwarded-for=1,2 x-forwarded-host=1,2 x-forwarded-port=1,2 x-real-ip=1 x-real-ip=2 x-request-id=1,2
         client 200 content-length=6 'answer'")
}

/// Names that an upstream may well send twice.
const ANSWERED_TWICE: [&str; 26] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "etag",
    "expires",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "link",
    "location",
    "origin",
    "pragma",
    "set-cookie",
    "vary",
    "via",
    "www-authenticate",
    "x-frame-options",
    "x-request-id",
];

fn of_the_response() -> Row {
    let mut g = Guest::new();
    let body: String = ANSWERED_TWICE.iter().map(|name| get(&mut g, 2, name)).collect();
    let answer = ANSWERED_TWICE
        .iter()
        .fold(Answer::new(200), |answer, name| answer.header(name, "1").header(name, "2"));
    Row::new(
        "names of a response that are joined where they come twice",
        &g.on("proxy_on_response_headers", body + CONTINUE),
    )
    .answered(answer)
    .get("/")
    .shows("get access-control-allow-credentials 0 '1,2'
         get access-control-allow-headers 0 '1,2'
         get access-control-allow-methods 0 '1,2'
         get access-control-allow-origin 0 '1,2'
         get access-control-expose-headers 0 '1,2'
         get access-control-max-age 0 '1,2'
         get age 0 '1,2'
         get authorization 0 '1'
         get cache-control 0 '1,2'
         get content-encoding 0 '1,2'
         get content-type 0 '1,2'
         get etag 0 '1,2'
         get expires 0 '1,2'
         get grpc-message 0 '1,2'
         get grpc-status 0 '1,2'
         get last-modified 0 '1,2'
         get link 0 '1'
         get location 0 '1,2'
         get origin 0 '1'
         get pragma 0 '1'
         get set-cookie 0 '1'
         get vary 0 '1,2'
         get via 0 '1,2'
         get www-authenticate 0 '1'
         get x-frame-options 0 '1'
         get x-request-id 0 '1,2'
         upstream GET /
         client 200 access-control-allow-credentials=1,2 access-control-allow-headers=1,2 access-control-allow-methods=1,2 access-control-allow-origin=1,2 access-control-expose-headers=1,2 access-control-max-age=1,2 age=1,2 authorization=1 authorization=2 cache-control=1,2 content-encoding=1,2 content-length=0 content-type=1,2 etag=1,2 expires=1,2 grpc-message=1,2 grpc-status=1,2 last-modified=1,2 link=1 link=2 location=1,2 origin=1 origin=2 pragma=1 pragma=2 set-cookie=1 set-cookie=2 vary=1,2 via=1,2 www-authenticate=1 www-authenticate=2 x-frame-options=1 x-frame-options=2 x-request-id=1,2")
}

/// The same names, added by the guest to those that the client sent.
fn of_the_request() -> Row {
    let mut g = Guest::new();
    let names = ["accept", "content-type", "cookie", "x-forwarded-for", "x-other"];
    let body: String = names
        .iter()
        .map(|name| change(&mut g, "add", 0, name, "2") + &get(&mut g, 0, name))
        .collect();
    let request =
        names.iter().fold(Request::new("GET", "/"), |request, name| request.header(name, "1"));
    Row::new("what is added is joined as well", &g.on("proxy_on_request_headers", body + CONTINUE))
        .send(request)
        .shows("add accept 0
         get accept 0 '1,2'
         add content-type 0
         get content-type 0 '1,2'
         add cookie 0
         get cookie 0 '1'
         add x-forwarded-for 0
         get x-forwarded-for 0 '1,2'
         add x-other 0
         get x-other 0 '1'
         upstream GET / accept=1,2 content-type=1,2 cookie=1 cookie=2 x-forwarded-for=1,2 x-other=1 x-other=2
         client 200 content-length=6 'answer'")
}
