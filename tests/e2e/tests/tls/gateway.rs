//! `envoy/envoy.yaml` itself on free ports, with a key of the tests in the place of the demo's.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{Envoy, EnvoyFile, Request, Upstream, certificates, wasm};
use serde_json::json;

/// The whole gateway, in front of an echo.
pub(crate) struct Gateway {
    pub(crate) envoy: Envoy,
    pub(crate) upstream: Upstream,
}

/// The shipped file, with what differs from one machine to another replaced.
pub(crate) fn file(upstream: &Upstream) -> EnvoyFile {
    let dist = wasm("gateway").parent().unwrap().display().to_string();
    // The file names them in `.demo/`.
    let _made = certificates();
    EnvoyFile::new("envoy/envoy.yaml")
        .port(8080, 0)
        .port(8443, 0)
        .port(8081, upstream.address().port())
        .replace("filename: dist", &format!("filename: {dist}"))
        .env("PORTCULLIS_DEMO_JWKS", &json!({"keys": [keys::jwk("p256")]}).to_string())
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let upstream = Upstream::echo();
        let envoy = Envoy::start(file(&upstream));
        Self { envoy, upstream }
    }

    pub(crate) fn plain(&self) -> SocketAddr {
        self.envoy.address_of("gateway")
    }

    pub(crate) fn tls(&self) -> SocketAddr {
        self.envoy.address_of("gateway-tls")
    }
}

/// A GET that jwt-auth lets through.
pub(crate) fn get(path: &str) -> Request {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"iss": "https://idp.example.com", "aud": "orders-api", "sub": "ada"});
    let spec = Spec {
        alg: Some("ES256".to_owned()),
        claims: claims.as_object().cloned().unwrap(),
        ..Spec::default()
    };
    Request::get(path).bearer(&mint(&spec, now))
}
