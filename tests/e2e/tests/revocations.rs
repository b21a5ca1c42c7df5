//! Lists of revoked tokens that are fetched, in a real Envoy: what it takes to lock somebody out, and what an endpoint that
//! is away changes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{Envoy, EnvoyConfig, Request, Response, Traffic, Upstream, Wasm, eventually};
use serde_json::{Value, json};

fn token(jti: &str) -> String {
    let claims = json!({"iss": "https://idp.example.com", "sub": "ada", "jti": jti});
    let claims = claims.as_object().cloned().unwrap();
    let spec = Spec { alg: Some("HS256".to_owned()), claims, ..Spec::default() };
    mint(&spec, SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// An endpoint with a list, which a test changes.
fn endpoint() -> (Arc<Mutex<Response>>, Upstream) {
    let answer = Arc::new(Mutex::new(list(&json!({"jti": []}))));
    let own = Arc::clone(&answer);
    (answer, Upstream::with(move |_| own.lock().unwrap().clone()))
}

fn list(document: &Value) -> Response {
    Response::new(200).body(document.to_string().as_bytes())
}

fn config(upstream: &Upstream, lists: &Upstream, realm: &str) -> EnvoyConfig {
    let issuer = json!({
        "issuer": "https://idp.example.com",
        "algorithms": ["HS256"],
        "keys": [{"secret": keys::secret("secret64")}],
    });
    let feed = json!({"cluster": "lists", "host": "lists.example.com", "path": "/v1/revoked", "refresh": 10});
    let jwt = json!({"realm": realm, "issuers": [issuer], "revoked": {"feed": feed}});
    let config = EnvoyConfig::new(upstream).upstream("lists", lists).concurrency(4);
    config.reloadable().wasm(&Wasm::new("jwt-auth").config(jwt))
}

fn status(envoy: &Envoy, token: &str) -> u16 {
    envoy.send(&Request::get("/").bearer(token)).status
}

/// Each goes to any of four workers: that one of them sees none of so many is less than one in ten million.
const CONNECTIONS: usize = 64;

#[test]
fn who_is_put_on_the_list_is_out_on_every_worker_and_stays_so_while_the_endpoint_is_away() {
    let (answer, lists) = endpoint();
    let upstream = Upstream::echo();
    let envoy = Envoy::start(config(&upstream, &lists, "one"));
    let (good, stolen) = (token("good"), token("stolen"));
    for _ in 0..16 {
        assert_eq!(status(&envoy, &stolen), 200);
    }
    assert_eq!(lists.requests().len(), 1, "one fetch for four workers");
    let seen = lists.requests().remove(0);
    assert_eq!(
        (seen.headers.text("host").as_deref(), seen.target.as_str()),
        (Some("lists.example.com"), "/v1/revoked")
    );
    let sent = Request::get("/").bearer(&good);
    let traffic = Traffic::start(envoy.address(), 2, move |_, _| sent.clone());
    *answer.lock().unwrap() = list(&json!({"jti": ["stolen"]}));
    eventually("every worker to know", || {
        (0..CONNECTIONS).all(|_| status(&envoy, &stolen) == 401).then_some(())
    });
    let refused = envoy.send(&Request::get("/").bearer(&stolen));
    assert_eq!(refused.json()["message"], "token revoked");
    *answer.lock().unwrap() = Response::new(500).body(b"{\"jti\":[]}".as_slice());
    eventually("a failed fetch", || {
        let failed = envoy.stat("wasmcustom.portcullis.jwt-auth.revocations_failed");
        (failed.unwrap_or(0) > 0).then_some(())
    });
    envoy.wait_for_log("status 500, but 200 is needed; the old ones go on serving");
    assert_eq!(status(&envoy, &stolen), 401);
    // A new configuration has what was fetched under the old one.
    envoy.reload(config(&upstream, &lists, "two")).unwrap();
    assert_eq!(status(&envoy, &good), 200);
    assert_eq!(status(&envoy, &stolen), 401);
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
}
