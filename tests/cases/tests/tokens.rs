//! Every token that is minted is verified, and every tampered one is not, by the code that ships.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::tokens::{Spec, Tamper, keys, mint};
use portcullis_control::headers::HeaderMap;
use portcullis_control::store::SharedData;
use portcullis_control::surroundings::{SignatureCheck, Surroundings, Unavailable};
use portcullis_jwt_auth::algorithm::{Algorithm, Family};
use portcullis_jwt_auth::key::{Key, jwk, pem, secret};
use portcullis_jwt_auth::signature::verify;
use portcullis_jwt_auth::token::{DEFAULT_MAX_TOKEN_BYTES, Token, TokenFault};

/// A host without `verify_signature`.
struct Bare;

impl Surroundings for Bare {
    fn now(&self) -> u64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn shared(&self) -> &dyn SharedData {
        panic!("verification shares nothing")
    }

    fn verify_signature(&self, _: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    fn property(&self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn request_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn request_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
}

fn key_names(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm {
        Algorithm::Hs256 => &["secret32", "secret48", "secret64", "secret64-other"],
        Algorithm::Hs384 => &["secret48", "secret64"],
        Algorithm::Hs512 => &["secret64"],
        Algorithm::Es256 => &["p256", "p256-other"],
        Algorithm::Es384 => &["p384"],
        Algorithm::Es512 => &["p521"],
        Algorithm::EdDsa => &["ed25519", "ed25519-other"],
        Algorithm::Rs256 | Algorithm::Ps256 => &["rsa2048", "rsa2048-other", "rsa2049", "rsa4096"],
        _ => &["rsa2048", "rsa2049"],
    }
}

fn key(name: &str) -> Key {
    let by_jwk = jwk::parse(keys::jwk(name).as_object().unwrap()).unwrap();
    let other_form = if name.starts_with("secret") {
        secret::parse(&keys::secret(name), false)
    } else {
        pem::parse(keys::pem(name))
    };
    assert_eq!(by_jwk.id(), other_form.unwrap().id(), "{name}");
    by_jwk
}

fn is_good(text: &str, key: &Key) -> Result<bool, TokenFault> {
    let token = Token::parse(text.as_bytes(), DEFAULT_MAX_TOKEN_BYTES)?;
    Ok(verify(key, token.algorithm, token.signing_input(), &token.signature, &Bare))
}

fn spec(algorithm: Algorithm, name: &str) -> Spec {
    Spec { alg: Some(algorithm.name().into()), key: Some(name.into()), ..Spec::default() }
}

#[test]
fn every_algorithm_is_minted_and_verified_with_every_key() {
    for algorithm in Algorithm::ALL {
        for name in key_names(algorithm) {
            let text = mint(&spec(algorithm, name), 1_000);
            assert_eq!(is_good(&text, &key(name)), Ok(true), "{algorithm} {name}");
            for other in keys::names().chain(["secret64", "secret48"]) {
                if other != *name && other != "rsa1024" {
                    let verified = is_good(&text, &key(other));
                    assert_eq!(verified, Ok(false), "{algorithm} by {name} under {other}");
                }
            }
        }
    }
}

#[test]
fn tampered_tokens_are_not_verified() {
    for algorithm in Algorithm::ALL {
        let name = key_names(algorithm)[0];
        for (tamper, outcome) in [
            (Tamper::FlipSignature, Ok(false)),
            (Tamper::CutSignature, Ok(false)),
            (Tamper::LengthenSignature, Ok(false)),
            (Tamper::EmptySignature, Ok(false)),
            (Tamper::ZeroSignature, Ok(false)),
            (Tamper::NoSignature, Err(TokenFault::Json)),
            (Tamper::FourthPart, Err(TokenFault::Signature)),
            (Tamper::HeaderOnly, Err(TokenFault::Json)),
            (Tamper::Claims, Ok(false)),
            (Tamper::AlgNone, Err(TokenFault::Algorithm)),
            (Tamper::PadSignature, Ok(true)),
        ] {
            let text = mint(&Spec { tamper: Some(tamper), ..spec(algorithm, name) }, 1_000);
            assert_eq!(is_good(&text, &key(name)), outcome, "{algorithm} {tamper:?}");
        }
        let bits =
            mint(&Spec { tamper: Some(Tamper::TrailingBits), ..spec(algorithm, name) }, 1_000);
        assert_ne!(is_good(&bits, &key(name)), Ok(true), "{algorithm}");
        if matches!(algorithm.family(), Family::Ecdsa(_)) {
            let der =
                mint(&Spec { tamper: Some(Tamper::DerSignature), ..spec(algorithm, name) }, 1_000);
            assert_eq!(is_good(&der, &key(name)), Ok(false), "{algorithm}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let confused =
        Spec { alg: Some("HS256".into()), key: Some("pem:rsa2048".into()), ..Spec::default() };
    assert_eq!(is_good(&mint(&confused, 1_000), &key("rsa2048")), Ok(false));
    let renamed =
        Spec { alg: Some("RS256".into()), sign_as: Some("PS256".into()), ..Spec::default() };
    assert_eq!(is_good(&mint(&renamed, 1_000), &key("rsa2048")), Ok(false));
}

#[test]
fn weak_and_private_test_keys_are_refused() {
    assert!(jwk::parse(keys::jwk("rsa1024").as_object().unwrap()).is_err());
    assert!(pem::parse(keys::pem("rsa1024")).is_err());
    assert!(secret::parse(&keys::secret("secret31"), false).is_err());
    for name in keys::names() {
        assert!(jwk::parse(&keys::private_jwk(name)).is_err(), "{name}");
    }
}
