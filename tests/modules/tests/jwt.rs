//! Who verifies a signature: Envoy's BoringSSL where it can, the module itself where it can't, and nobody twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::prepared::SECOND;
use portcullis_cases::tokens::{Spec, Tamper, keys, mint};
use portcullis_host::{Fault, Host, Process, Request, Status};
use portcullis_modules::wasm;
use serde_json::{Value, json};

/// Seconds since the epoch.
const NOW: u64 = 1_700_000_000;

/// Every algorithm, and whether the host verifies its signatures.
const ALGORITHMS: [(&str, bool); 13] = [
    ("HS256", false),
    ("HS384", false),
    ("HS512", false),
    ("RS256", true),
    ("RS384", true),
    ("RS512", true),
    ("PS256", false),
    ("PS384", false),
    ("PS512", false),
    ("ES256", true),
    ("ES384", true),
    ("ES512", true),
    ("EdDSA", false),
];

fn host() -> (Host, Process) {
    let keys: Vec<Value> = ["secret64", "rsa2048", "p256", "p384", "p521", "ed25519"]
        .into_iter()
        .map(keys::jwk)
        .collect();
    let algorithms = ALGORITHMS.map(|(name, _)| name);
    let issuer = json!({"issuer": "https://idp.test", "algorithms": algorithms, "keys": [{"jwks": {"keys": keys}}]});
    let process = Process::new();
    process.set_now(NOW * SECOND);
    let builder = Host::load(wasm("jwt-auth"))
        .process(&process)
        .configure(json!({"issuers": [issuer]}).to_string());
    (builder.start().expect("a good configuration"), process)
}

fn token(algorithm: &str, tamper: Option<Tamper>) -> Request {
    let claims = json!({"iss": "https://idp.test", "sub": algorithm});
    let claims = claims.as_object().cloned().unwrap();
    let spec = Spec { alg: Some(algorithm.to_owned()), claims, tamper, ..Spec::default() };
    Request::get("/").header("authorization", format!("Bearer {}", mint(&spec, NOW)))
}

#[test]
fn the_host_verifies_what_it_can_and_is_asked_twice_for_a_token() {
    let (mut host, process) = host();
    for (algorithm, by_host) in ALGORITHMS {
        let before = process.host_calls("proxy_call_foreign_function");
        for _ in 0..3 {
            assert_eq!(host.send(token(algorithm, None)).status(), 200, "{algorithm}");
        }
        let calls = process.host_calls("proxy_call_foreign_function") - before;
        // A token is kept from its second use on.
        assert_eq!(calls, 2 * u64::from(by_host), "{algorithm}");
    }
}

#[test]
fn a_bad_signature_is_bad_whoever_verifies_it_and_never_remembered() {
    for broken in [None, Some(Status::NOT_FOUND), Some(Status::INTERNAL_FAILURE), Some(Status(99))]
    {
        let (mut host, process) = host();
        if let Some(status) = broken {
            process.inject(Fault::new("proxy_call_foreign_function", status));
        }
        for (algorithm, _) in ALGORITHMS {
            for tamper in [Tamper::FlipSignature, Tamper::ZeroSignature, Tamper::Claims] {
                for _ in 0..2 {
                    let refused = host.send(token(algorithm, Some(tamper)));
                    assert_eq!(refused.status(), 401, "{algorithm} {tamper:?} {broken:?}");
                }
            }
            assert_eq!(host.send(token(algorithm, None)).status(), 200, "{algorithm} {broken:?}");
        }
        assert_eq!(process.faults_hit() > 0, broken.is_some());
        assert_eq!(host.worker(0).reloads(), 0);
    }
}

#[test]
fn a_host_that_fails_once_is_asked_again() {
    let (mut host, process) = host();
    process.inject(Fault::new("proxy_call_foreign_function", Status::INTERNAL_FAILURE).times(1));
    for algorithm in ["RS256", "ES256", "RS512"] {
        assert_eq!(host.send(token(algorithm, None)).status(), 200, "{algorithm}");
    }
    assert_eq!(process.host_calls("proxy_call_foreign_function"), 3);
}
