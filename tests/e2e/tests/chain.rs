//! Separate modules in one chain of a real Envoy: who is calling travels in filter state, and is one identity, whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{Envoy, EnvoyConfig, Reply, Request, Upstream, Wasm};
use serde_json::{Value, json};

const ISSUER: &str = "https://idp.example.com";

const KEY: &str = "bob-0123456789abcdef";

fn token() -> String {
    let claims = json!({"iss": ISSUER, "sub": "ada", "groups": ["token-group"], "scope": "read"});
    let spec = Spec {
        alg: Some("RS256".to_owned()),
        claims: claims.as_object().cloned().unwrap(),
        ..Spec::default()
    };
    mint(&spec, SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// jwt-auth, key-auth and acl as three filters. `anonymous` is what both auth modules have beside their own.
fn chain(anonymous: &Value) -> (Envoy, Upstream) {
    let consumers = json!([
        {"username": "bob", "groups": ["dev"], "keys": [KEY]},
        {"username": "guest", "groups": ["guests"]},
    ]);
    let with = |mut configuration: Value| {
        configuration["consumers"] = consumers.clone();
        configuration.as_object_mut().unwrap().extend(anonymous.as_object().cloned().unwrap());
        configuration
    };
    let issuers = json!([{
        "issuer": ISSUER, "algorithms": ["RS256"], "keys": [{"jwks": {"keys": [keys::jwk("rsa2048")]}}],
    }]);
    let jwt = with(json!({
        "issuers": issuers,
        "headers": {"X-User-ID": "$(jwt.sub)", "X-User-Groups": "$(jwt.groups)"},
        "hide_credentials": true,
    }));
    let acl = json!({"allow": ["dev"], "routes": [
        {"match": {"path": {"prefix": "/token"}}, "config": {"allow": ["token-group"], "scopes": ["read"]}},
        {"match": {"path": {"prefix": "/mixed"}}, "config": {"allow": ["dev"], "scopes": ["read"]}},
        {"match": {"path": {"prefix": "/guests"}}, "config": {"allow": ["guests"]}},
    ]});
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream)
        .raw_paths()
        .wasm(&Wasm::new("jwt-auth").config(jwt))
        .wasm(&Wasm::new("key-auth").config(with(json!({}))))
        .wasm(&Wasm::new("acl").config(acl));
    (Envoy::start(config), upstream)
}

/// Headers by which the upstream knows a caller.
fn caller(reply: &Reply) -> Vec<(String, String)> {
    let headers = reply.json()["headers"].clone();
    let names = [
        "x-user-id",
        "x-user-groups",
        "x_user_id",
        "x-consumer-username",
        "x-consumer-groups",
        "x-authenticated-groups",
        "x-anonymous-consumer",
        "authorization",
        "apikey",
    ];
    let found = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), headers[name].as_str()?.to_owned())));
    found.collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The decision record of the newest request to a path.
fn decision(envoy: &Envoy, path: &str) -> Value {
    let line = envoy.wait_for_access(|line| line["path"] == path);
    serde_json::from_str(line["decision"].as_str().unwrap_or("[]")).unwrap()
}

fn get(path: &str) -> Request {
    let mut request = Request::get(path);
    for name in [
        "x-user-id",
        "X_User_ID",
        "x-consumer-username",
        "x-consumer-groups",
        "x-authenticated-groups",
    ] {
        request = request.header(name, "root");
    }
    request
}

#[test]
fn all_modules_must_let_a_request_pass_and_the_last_identity_counts_whole() {
    let (envoy, upstream) = chain(&json!({}));
    let both = envoy.send(&get("/?both").bearer(&token()).header("apikey", KEY));
    assert_eq!(both.status, 200, "{}", both.text());
    assert_eq!(
        caller(&both),
        pairs(&[("x-consumer-username", "bob"), ("x-consumer-groups", "dev")])
    );
    let record = decision(&envoy, "/?both");
    let words =
        ["control", "reason", "earlier", "earlier_subject"].map(|name| record[0][name].as_str());
    assert_eq!(words, ["key-auth", "identity_replaced", "jwt-auth", "ada"].map(Some));
    upstream.take_requests();
    for (path, key, status, message) in [
        ("/", false, 401, "No API key found in request"),
        ("/token", true, 403, "You cannot consume this service"),
        ("/mixed", true, 403, "You cannot consume this service"),
    ] {
        let mut request = get(path).bearer(&token());
        if key {
            request = request.header("apikey", KEY);
        }
        let refused = envoy.send(&request);
        assert_eq!(
            (refused.status, refused.json()["message"].as_str()),
            (status, Some(message)),
            "{path}"
        );
    }
    assert_eq!(envoy.send(&get("/").header("apikey", KEY)).status, 401, "the token is missing");
    assert_eq!(upstream.started(), 0);
}

#[test]
fn with_anonymous_the_first_module_that_succeeds_counts() {
    let (envoy, _upstream) = chain(&json!({"anonymous": "guest"}));
    let token_first = envoy.send(&get("/token").bearer(&token()).header("apikey", KEY));
    assert_eq!(
        caller(&token_first),
        pairs(&[
            ("x-user-id", "ada"),
            ("x-user-groups", "token-group"),
            ("x-authenticated-groups", "token-group")
        ])
    );
    assert_eq!(envoy.send(&get("/").bearer(&token()).header("apikey", KEY)).status, 403);
    let by_key = envoy.send(&get("/").bearer("forged").header("apikey", KEY));
    assert_eq!(
        caller(&by_key),
        pairs(&[("x-consumer-username", "bob"), ("x-consumer-groups", "dev")])
    );
    let guest = envoy.send(&get("/guests").bearer("forged").header("apikey", "bad"));
    assert_eq!(
        caller(&guest),
        pairs(&[
            ("x-consumer-username", "guest"),
            ("x-consumer-groups", "guests"),
            ("x-anonymous-consumer", "true")
        ])
    );
    let record = decision(&envoy, "/guests");
    let because: Vec<_> =
        record.as_array().unwrap().iter().map(|note| note["because"].as_str()).collect();
    assert_eq!(because, [Some("bad_json"), Some("unknown_key")]);
    assert_eq!(envoy.send(&get("/")).status, 401, "a guest may not, and may come back as somebody");
}
