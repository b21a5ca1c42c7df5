//! The tour that `make run` prints: 401 without a token, 200 with one, 429 past the limit, the
//! premium tier passing where the standard tier is stopped, and certificates for who administers.

use std::net::SocketAddr;

use portcullis_e2e::{Connection, Reply, Request, TlsClient, repository};

/// Whatever the clock does meanwhile: more than two windows of the standard tier's 100 a minute.
const MORE_THAN_THE_LIMIT: usize = 250;

/// Asks for `/v1/orders` without a token; `None` while nobody answers.
pub(crate) fn ask(address: SocketAddr) -> Option<Reply> {
    Connection::open(address).ok()?.send(&Request::get("/v1/orders")).ok()
}

/// Takes the tour.
///
/// # Panics
/// When it shows something else than it promises.
pub(crate) fn take(address: SocketAddr, tls: SocketAddr) {
    let refused = ask(address).expect("an answer");
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(refused.header("www-authenticate").is_some(), "{refused:?}");
    assert!(refused.json()["message"].is_string(), "{refused:?}");

    let admitted = get(address, "ada", "/v1/orders");
    assert_eq!(admitted.status, 200, "{admitted:?}");
    let seen = &admitted.json()["headers"];
    assert_eq!(seen["x-user-id"], "ada", "{seen}");
    assert_eq!(seen["x-user-email"], "ada@example.com", "{seen}");
    assert_eq!(seen["x-user-roles"], "admin,reader", "{seen}");
    assert_eq!(seen["x-consumer-username"], serde_json::Value::Null, "{seen}");

    let limited = (0..MORE_THAN_THE_LIMIT)
        .map(|_| get(address, "ada", "/v1/orders"))
        .find(|reply| reply.status != 200)
        .expect("a limit");
    assert_eq!(limited.status, 429, "{limited:?}");
    assert!(limited.header("retry-after").is_some(), "{limited:?}");

    assert_eq!(get(address, "ada", "/v1/premium/orders").status, 200);
    assert_eq!(get(address, "bob", "/v1/orders").status, 200);

    let preflight = Request::new("OPTIONS", "/v1/orders")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "PUT");
    let allowed = Connection::open(address).unwrap().send(&preflight).unwrap();
    assert_eq!(allowed.status, 200, "{allowed:?}");
    let origin = allowed.header("access-control-allow-origin");
    assert_eq!(origin.as_deref(), Some("https://app.example.com"), "{allowed:?}");
    let upload = request("bob", "/v1/orders").body(vec![b'a'; 1_048_577]);
    assert_eq!(Connection::open(address).unwrap().send(&upload).unwrap().status, 413);

    let administer = |client: TlsClient| client.send(tls, &request("bob", "/v1/admin/users"));
    let admitted = administer(TlsClient::showing("ada")).unwrap();
    assert_eq!(admitted.status, 200, "{admitted:?}");
    assert!(admitted.header("strict-transport-security").is_some(), "{admitted:?}");
    let refused = administer(TlsClient::new()).unwrap();
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(refused.json()["message"], "No required TLS certificate was sent");
    let expired = administer(TlsClient::showing("expired"));
    assert!(expired.as_ref().is_err_and(|error| error.alert().is_some()), "{expired:?}");
}

fn get(address: SocketAddr, user: &str, path: &str) -> Reply {
    Connection::open(address).unwrap().send(&request(user, path)).unwrap()
}

/// A request with the token of `user` and with identity headers that it made up.
fn request(user: &str, path: &str) -> Request {
    let file = repository().join(format!(".demo/{user}.token"));
    let token = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}: run `make demo`", file.display()));
    Request::get(path)
        .header("authorization", format!("Bearer {}", token.trim()))
        .header("x-user-roles", "root")
        .header("x-consumer-username", "root")
}
