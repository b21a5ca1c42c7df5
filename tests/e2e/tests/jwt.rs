//! Authentication in a real Envoy: keys from outside, identities between modules, tokens that leave the request.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{Envoy, EnvoyConfig, Reply, Request, Traffic, Upstream, Wasm};
use serde_json::{Value, json};

const ISSUER: &str = "https://idp.example.com";

fn token(algorithm: &str, claims: Value) -> String {
    token_of(algorithm, None, claims)
}

fn token_of(algorithm: &str, key: Option<&str>, claims: Value) -> String {
    let spec = Spec {
        alg: Some(algorithm.to_owned()),
        key: key.map(str::to_owned),
        claims: claims.as_object().cloned().unwrap(),
        ..Spec::default()
    };
    mint(&spec, SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

fn user(subject: &str) -> Value {
    json!({
        "iss": ISSUER, "sub": subject, "email": format!("{subject}@example.com"), "roles": ["user", "admin"],
        "aud": "orders-api",
    })
}

fn issuers(algorithms: &[&str], keys: Value) -> Value {
    json!([{"issuer": ISSUER, "audiences": ["orders-api"], "algorithms": algorithms, "keys": keys}])
}

/// jwt-auth with public keys of three kinds and the headers that the documentation shows.
fn jwt(more: Value) -> Wasm {
    let keys = json!([{"jwks": {"keys": [keys::jwk("rsa2048"), keys::jwk("p256"), keys::jwk("ed25519")]}}]);
    let mut config = json!({
        "issuers": issuers(&["RS256", "ES256", "EdDSA"], keys),
        "headers": {"X-User-ID": "$(jwt.sub)", "X-User-Email": "$(jwt.email)", "X-User-Roles": "$(jwt.roles)"},
    });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    Wasm::new("jwt-auth").config(config)
}

fn limiting(config: Value) -> Wasm {
    Wasm::new("rate-limiting").config(config)
}

/// What the upstream got of a header, as the echo tells it.
fn saw(reply: &Reply, name: &str) -> Value {
    reply.json()["headers"][name].clone()
}

#[test]
fn a_hundred_users_are_told_to_the_upstream_whichever_worker_they_meet() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).concurrency(2).wasm(&jwt(json!({}))));
    let algorithms = ["RS256", "ES256", "EdDSA"];
    for number in 0..100 {
        let name = format!("user-{number}");
        let token = token(algorithms[number % 3], user(&name));
        for _ in 0..5 {
            let reply =
                envoy.send(&Request::get("/v1/orders").bearer(&token).header("x-user-id", "root"));
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(saw(&reply, "x-user-id"), name.as_str());
            assert_eq!(saw(&reply, "x-user-email"), format!("{name}@example.com"));
            assert_eq!(saw(&reply, "x-user-roles"), "user,admin");
            assert_eq!(saw(&reply, "authorization"), format!("Bearer {token}"));
        }
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let forged =
            envoy.send(&Request::get("/").bearer(&format!("{signed}.{}", &signature[4..])));
        assert_eq!(forged.status, 401);
        let challenge = forged.header("www-authenticate");
        assert_eq!(challenge.as_deref(), Some("Bearer error=\"invalid_token\""));
    }
    let counted = |name: &str, at_least: u64| {
        let name = format!("wasmcustom.portcullis.jwt-auth.{name}");
        envoy.wait_for_stat(&name, |count| count >= at_least)
    };
    assert_eq!(counted("allowed", 500), 500);
    // Each worker verifies a token twice, as a token is kept from its second use on.
    assert!(counted("cache_hit", 100) <= 300);
    assert_eq!(counted("refused.invalid_signature", 100), 100);
}

#[test]
fn an_identity_reaches_a_later_module_and_no_client_can_bring_one() {
    let upstream = Upstream::echo();
    let limit = limiting(json!({"year": 2, "limit_by": "credential", "fallback": "deny"}));
    let open = json!({"routes": [{"match": {"path": {"prefix": "/open"}}, "mode": "off"}]});
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&jwt(open)).wasm(&limit));
    let get = |subject: &str, jti: &str| {
        let mut claims = user(subject);
        claims["jti"] = jti.into();
        envoy.send(&Request::get("/").bearer(&token("ES256", claims)))
    };
    // Tokens of one subject count together, those of another apart.
    assert_eq!(
        [get("ada", "1").status, get("ada", "2").status, get("ada", "3").status],
        [200, 200, 429]
    );
    let other = get("bob", "1");
    assert_eq!((other.status, other.header("ratelimit-remaining").as_deref()), (200, Some("1")));
    assert_eq!(saw(&other, "x-user-id"), "bob", "the later module leaves the header alone");
    // Nobody is known where nobody was asked, whatever a client claims.
    let claims = json!({"control": "jwt-auth", "anonymous": false, "credential": "x"}).to_string();
    let forged =
        ["portcullis.identity", "wasm.portcullis.identity", "x-portcullis-identity", "x-user-id"];
    let request =
        forged.iter().fold(Request::get("/open"), |request, name| request.header(name, &claims));
    let refused = envoy.send(&request.bearer(&token("ES256", user("bob"))));
    assert_eq!(
        (refused.status, refused.json()["message"].as_str()),
        (403, Some("Client cannot be identified"))
    );
    assert_eq!(envoy.send(&Request::get("/").header("x-user-id", "bob")).status, 401);
    let line = envoy.wait_for_access(|line| {
        line["decision"].as_str().is_some_and(|text| text.contains("no_identifier"))
    });
    assert!(line["decision"].as_str().unwrap().contains("rate-limiting"), "{line}");
}

#[test]
fn a_consumer_reaches_a_later_module() {
    let upstream = Upstream::echo();
    let auth = Wasm::new("jwt-auth").config(
        json!({"consumers": [{"username": "ada", "custom_id": "42", "jwt": [
            {"key": "one", "secret": keys::secret("secret64")},
            {"key": "two", "algorithm": "RS256", "rsa_public_key": keys::pem("rsa2048")},
        ]}]}),
    );
    let limit = limiting(json!({"limits": [
        {"year": 3, "limit_by": "consumer", "fallback": "deny"},
        {"year": 2, "limit_by": "credential", "fallback": "deny"},
    ]}));
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&auth).wasm(&limit));
    let one = token("HS256", json!({"iss": "one"}));
    let two = token("RS256", json!({"iss": "two"}));
    let statuses = [&one, &one, &one, &two, &two]
        .map(|token| envoy.send(&Request::get("/").bearer(token)).status);
    assert_eq!(statuses, [200, 200, 429, 200, 429], "two of a credential, three of a consumer");
    let seen = &upstream.requests()[0].headers;
    assert_eq!(seen.text("x-consumer-username").as_deref(), Some("ada"));
    assert_eq!(seen.text("x-consumer-custom-id").as_deref(), Some("42"));
    assert_eq!(seen.text("x-credential-identifier").as_deref(), Some("one"));
}

/// A second jwt-auth behind the first: it would say another e-mail address, and has no word for the user's id.
fn second(more: Value) -> Wasm {
    let headers = json!({"X-User-ID": "$(jwt.nothing)", "X-User-Email": "mail of $(jwt.sub)"});
    let mut config = json!({"headers": headers});
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    jwt(config).name("second")
}

/// The headers that say who is calling, behind these modules, where a client sent its own.
fn told(upstream: &Upstream, modules: &[&Wasm]) -> [Value; 4] {
    let config = EnvoyConfig::new(upstream).raw_paths();
    let envoy = Envoy::start(modules.iter().fold(config, |config, module| config.wasm(module)));
    let request = Request::get("/")
        .bearer(&token("RS256", user("ada")))
        .header("x-user-id", "root")
        .header("X_User_Id", "root")
        .header("x-consumer-username", "root");
    let reply = envoy.send(&request);
    assert_eq!(reply.status, 200, "{}", reply.text());
    ["x-user-id", "x-user-email", "x_user_id", "x-consumer-username"].map(|name| saw(&reply, name))
}

#[test]
fn headers_that_one_module_set_survive_the_next_that_removes_a_clients() {
    let upstream = Upstream::echo();
    // With `anonymous` the first that succeeds counts, and this one leaves all as it is.
    let second = second(json!({"anonymous": "guest", "consumers": [{"username": "guest"}]}));
    let seen = told(&upstream, &[&jwt(json!({})), &second]);
    assert_eq!(seen, ["ada".into(), "ada@example.com".into(), Value::Null, Value::Null]);
    // On its own the next one removes it, so it was the first one's word that kept it.
    assert_eq!(told(&upstream, &[&second])[0], Value::Null);
}

#[test]
fn headers_of_one_module_go_where_the_next_says_who_is_calling() {
    let upstream = Upstream::echo();
    let seen = told(&upstream, &[&jwt(json!({})), &second(json!({}))]);
    assert_eq!(seen, [Value::Null, "mail of ada".into(), Value::Null, Value::Null]);
}

#[test]
fn keys_come_from_the_environment_of_the_vm_and_of_envoy() {
    let upstream = Upstream::echo();
    let keys = json!([{"pem": {"env": "IDP_PEM"}}, {"secret": {"env": "IDP_SECRET"}}, {"jwks": {"env": "IDP_JWKS"}}]);
    let module = Wasm::new("jwt-auth")
        .config(json!({"issuers": issuers(&["RS256", "HS256", "ES256"], keys)}))
        .env("IDP_PEM", keys::pem("rsa2048"))
        .host_env("IDP_SECRET")
        .host_env("IDP_JWKS");
    let set = json!({"keys": [keys::jwk("p256")]}).to_string();
    let secret = keys::secret("secret64");
    let config = EnvoyConfig::new(&upstream).env("IDP_SECRET", &secret).env("IDP_JWKS", &set);
    let envoy = Envoy::start(config.wasm(&module));
    for algorithm in ["RS256", "HS256", "ES256"] {
        let good = envoy.send(&Request::get("/").bearer(&token(algorithm, user("ada"))));
        assert_eq!(good.status, 200, "{algorithm}: {}", good.text());
    }
    for line in envoy.log_lines() {
        assert!(!line.contains(&secret[..16]), "a secret in the log: {line}");
    }
    // What is missing is named, and Envoy doesn't start with it.
    let failure = Envoy::try_start(EnvoyConfig::new(&upstream).env("IDP_JWKS", &set).wasm(&module));
    let failure = failure.expect_err("a configuration without its secret");
    assert!(failure.says("expected the environment variable `IDP_SECRET` to be set"));
}

#[test]
fn a_hidden_token_leaves_the_request_wherever_it_stood() {
    let upstream = Upstream::echo();
    let places =
        json!({"hide_credentials": true, "uri_param_names": ["jwt"], "cookie_names": ["session"]});
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&jwt(places)));
    let token = token("RS256", user("ada"));
    let path = format!("/a%20b?x=%2F1&jwt={token}&y=a+b&&z");
    let reply = envoy.send(
        &Request::get(path).bearer(&token).header("cookie", format!("a=1; session={token}; b=2")),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.only_request();
    assert_eq!(seen.target, "/a%20b?x=%2F1&y=a+b&&z");
    assert_eq!(saw(&reply, "authorization"), Value::Null);
    assert_eq!(saw(&reply, "cookie"), "a=1; b=2");
    assert_eq!(saw(&reply, "x-user-id"), "ada");
    assert!(!format!("{seen:?}").contains(&token[..24]), "{seen:?}");
    // Over HTTP/2 a cookie may come in pieces; Envoy puts them together.
    upstream.take_requests();
    let mut http2 = envoy.connect_http2();
    let request =
        Request::get("/").header("cookie", "a=1").header("cookie", format!("session={token}"));
    assert_eq!(http2.send(&request).unwrap().status, 200);
    assert_eq!(upstream.only_request().headers.text("cookie").as_deref(), Some("a=1"));
}

#[test]
fn a_token_that_stands_twice_is_one_and_two_are_refused_however_envoy_hands_them_on() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(
        EnvoyConfig::new(&upstream)
            .wasm(&jwt(json!({"header_names": ["authorization", "x-token"]}))),
    );
    let (ada, bob) = (token("RS256", user("ada")), token("RS256", user("bob")));
    let mut http2 = envoy.connect_http2();
    for name in ["authorization", "x-token"] {
        let twice = |one: &str, other: &str| {
            let header = |token: &str| format!("Bearer {token}");
            Request::get("/").header(name, header(one)).header(name, header(other))
        };
        for (request, status, message) in [
            (twice(&ada, &ada), 200, None),
            (twice(&ada, &bob), 401, Some("Multiple tokens provided")),
            (twice(&ada, "x"), 401, Some("Multiple tokens provided")),
        ] {
            for reply in [envoy.send(&request), http2.send(&request).unwrap()] {
                let found = (reply.status, reply.json()["message"].as_str().map(str::to_owned));
                assert_eq!(found, (status, message.map(str::to_owned)), "{name}: {}", reply.text());
            }
        }
    }
}

#[test]
fn new_keys_count_from_a_reload_on_and_no_request_is_lost_to_it() {
    let upstream = Upstream::echo();
    let base = EnvoyConfig::new(&upstream).concurrency(2).reloadable();
    let with = |names: &[&str]| {
        let keys: Vec<Value> = names.iter().map(|name| keys::jwk(name)).collect();
        let issuers = issuers(&["RS256"], json!([{"jwks": {"keys": keys}}]));
        base.clone().wasm(&Wasm::new("jwt-auth").config(json!({"issuers": issuers})))
    };
    let envoy = Envoy::start(with(&["rsa2048"]));
    let old = Request::get("/").bearer(&token("RS256", user("ada")));
    let new = Request::get("/").bearer(&token_of("RS256", Some("rsa2048-other"), user("ada")));
    assert_eq!([envoy.send(&old).status, envoy.send(&new).status], [200, 401]);
    let sent = old.clone();
    let traffic = Traffic::start(envoy.address(), 4, move |_, _| sent.clone());
    traffic.wait_for(100);
    envoy.reload(with(&["rsa2048", "rsa2048-other"])).unwrap();
    traffic.wait_for(100);
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
    assert_eq!([envoy.send(&old).status, envoy.send(&new).status], [200, 200]);
    // The old key goes: what was verified with it, and is in the old VM's cache, is worth nothing now.
    envoy.reload(with(&["rsa2048-other"])).unwrap();
    assert_eq!([envoy.send(&old).status, envoy.send(&new).status], [401, 200]);
}
