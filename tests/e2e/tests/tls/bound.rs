//! Tokens that are bound to a client certificate (RFC 8705 section 3), behind real handshakes.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::rustls::version::{TLS12, TLS13};
use portcullis_e2e::{Envoy, EnvoyConfig, Request, Tls, TlsClient, Upstream, Wasm, certificates};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::mtls::fields;

const UNBOUND: &str = "not bound to this certificate";

fn jwt() -> Value {
    json!({
        "certificate_bound": true,
        "issuers": [{
            "issuer": "https://idp.example.com",
            "algorithms": ["ES256"],
            "keys": [{"jwks": {"keys": [keys::jwk("p256")]}}],
        }],
        "headers": {"X-User-ID": "$(jwt.sub)"},
    })
}

/// A request with a token that the owner of this certificate was given; of nobody's, if there is none.
fn bound_to(certificate: Option<&str>) -> Request {
    let mut claims = json!({"iss": "https://idp.example.com", "sub": "ada"});
    if let Some(name) = certificate {
        let digest = Sha256::digest(certificates().client(name).certificate());
        claims["cnf"] = json!({"x5t#S256": BASE64_URL_SAFE_NO_PAD.encode(digest)});
    }
    let spec = Spec {
        alg: Some("ES256".to_owned()),
        claims: claims.as_object().cloned().unwrap(),
        ..Spec::default()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Request::get("/").bearer(&mint(&spec, now))
}

/// The status of the answer and, where it is a refusal, its message.
fn send(envoy: &Envoy, client: &TlsClient, token_of: Option<&str>) -> (u16, String) {
    let reply = client.send(envoy.address(), &bound_to(token_of)).unwrap();
    (reply.status, reply.json()["message"].as_str().unwrap_or_default().to_owned())
}

fn passes() -> (u16, String) {
    (200, String::new())
}

fn refused() -> (u16, String) {
    (401, UNBOUND.to_owned())
}

#[test]
fn a_stolen_token_is_worth_nothing_without_the_key_of_its_certificate() {
    let mtls = fields(json!({"skip_consumer_lookup": true}));
    let alone = Wasm::new("jwt-auth").config(jwt());
    let beside = Wasm::new("gateway").config(json!({"mtls-auth": mtls, "jwt-auth": jwt()}));
    for module in [alone, beside] {
        let upstream = Upstream::echo();
        let envoy = Envoy::start(EnvoyConfig::new(&upstream).tls(&Tls::new()).wasm(&module));
        for version in [&TLS12, &TLS13] {
            let showing = |name: &str| TlsClient::showing(name).version(version);
            // Another certificate of the same authority, and one that differs from ada's in its names alone.
            for name in ["bob", "wrong-san"] {
                assert_eq!(send(&envoy, &showing(name), Some("ada")), refused(), "{name}");
            }
            assert_eq!(send(&envoy, &showing("ada"), Some("bob")), refused());
            assert_eq!(send(&envoy, &showing("ada"), None), refused());
            assert_eq!(upstream.started(), 0);
            assert_eq!(send(&envoy, &showing("ada"), Some("ada")), passes());
            assert_eq!(send(&envoy, &showing("by-middle"), Some("by-middle")), passes());
            upstream.take_requests();
        }
    }
}

#[test]
fn a_bound_token_needs_a_connection_with_a_certificate() {
    let upstream = Upstream::echo();
    let module = Wasm::new("jwt-auth").config(jwt());
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).tls(&Tls::new()).wasm(&module));
    assert_eq!(send(&envoy, &TlsClient::new(), Some("ada")), refused());
    let plain = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module));
    let reply = plain.send(&bound_to(Some("ada")));
    assert_eq!((reply.status, reply.json()["message"].as_str()), (401, Some(UNBOUND)));
    assert_eq!(upstream.started(), 0);
}

#[test]
fn a_token_binds_to_a_self_signed_certificate_where_envoy_takes_any() {
    let upstream = Upstream::echo();
    let module = Wasm::new("jwt-auth").config(jwt());
    let tls = Tls::new().accept_untrusted();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).tls(&tls).wasm(&module));
    let own = TlsClient::showing("self-signed");
    assert_eq!(send(&envoy, &own, Some("self-signed")), passes());
    // One of the same names, by whoever made it up.
    assert_eq!(send(&envoy, &own, Some("ada")), refused());
}
