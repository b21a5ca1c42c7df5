//! Signatures by OpenSSL, Wycheproof's attacks on verifiers, and the seam to the host.

use std::cell::RefCell;

use portcullis_control::headers::HeaderMap;
use portcullis_control::store::SharedData;
use portcullis_control::surroundings::Unavailable;
use serde_json::Value;
use wycheproof::{HashFunction, TestResult};

use super::*;
use crate::base64url::decode;
use crate::key::{jwk, pem, secret};

/// Surroundings that answer nothing but the question for a signature, and keep what they were asked.
struct Host {
    answer: Result<bool, Unavailable>,
    asked: RefCell<Vec<Asked>>,
}

struct Asked {
    hash: Hash,
    public_key: Vec<u8>,
    signature: Vec<u8>,
    message: Vec<u8>,
}

impl Host {
    fn answering(answer: Result<bool, Unavailable>) -> Self {
        Host { answer, asked: RefCell::default() }
    }
}

impl Surroundings for Host {
    fn now(&self) -> u64 {
        panic!("a signature is not a matter of time")
    }

    fn random(&self) -> u64 {
        panic!("verification needs no randomness")
    }

    fn shared(&self) -> &dyn SharedData {
        panic!("verification shares nothing")
    }

    fn verify_signature(&self, check: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        let asked = Asked {
            hash: check.hash,
            public_key: check.public_key.to_vec(),
            signature: check.signature.to_vec(),
            message: check.message.to_vec(),
        };
        self.asked.borrow_mut().push(asked);
        self.answer
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

fn alone(key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    verify(key, algorithm, message, signature, &Host::answering(Err(Unavailable)))
}

struct Vector {
    algorithm: Algorithm,
    jwk: Key,
    pem: Key,
    signature: Vec<u8>,
}

/// What OpenSSL signed: every asymmetric algorithm, RSA with 2,048, 2,049, 4,096 and 8,192 bits, exponents 3, 65537 and
/// 2^32 + 1.
fn by_openssl() -> (Vec<u8>, Vec<Vector>) {
    let file: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap().iter().map(|vector| Vector {
        algorithm: Algorithm::parse(vector["algorithm"].as_str().unwrap()).unwrap(),
        jwk: jwk::parse(vector["key"].as_object().unwrap()).unwrap(),
        pem: pem::parse(vector["pem"].as_str().unwrap()).unwrap(),
        signature: decode(vector["signature"].as_str().unwrap().as_bytes()).unwrap(),
    });
    (file["message"].as_str().unwrap().as_bytes().to_vec(), vectors.collect())
}

#[test]
fn verifies_what_openssl_signed_and_nothing_near_it() {
    let (message, vectors) = by_openssl();
    assert_eq!(vectors.len(), 28);
    for Vector { algorithm, jwk, pem, signature } in vectors {
        assert_eq!(jwk.id(), pem.id(), "{algorithm}");
        assert!(alone(&jwk, algorithm, &message, &signature), "{algorithm} {jwk:?}");
        let mut near = vec![
            Vec::new(),
            signature[1..].to_vec(),
            signature[..signature.len() - 1].to_vec(),
            [&signature[..], &[0]].concat(),
            [&[0], &signature[..]].concat(),
            vec![0; signature.len()],
            vec![0xff; signature.len()],
        ];
        for place in [0, signature.len() / 2, signature.len() - 1] {
            let mut flipped = signature.clone();
            flipped[place] ^= 1;
            near.push(flipped);
        }
        for signature in near {
            assert!(!alone(&jwk, algorithm, &message, &signature), "{algorithm} {signature:?}");
        }
        assert!(!alone(&jwk, algorithm, &message[1..], &signature), "{algorithm}");
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(!alone(&jwk, other, &message, &signature), "{algorithm} taken as {other}");
        }
    }
}

#[test]
fn the_host_is_asked_in_its_own_encoding_and_believed() {
    let (message, vectors) = by_openssl();
    for Vector { algorithm, jwk, signature, .. } in vectors {
        let asks_the_host = matches!(algorithm.family(), Family::RsaPkcs1(_) | Family::Ecdsa(_));
        for answer in [true, false] {
            let host = Host::answering(Ok(answer));
            let verified = verify(&jwk, algorithm, &message, &signature, &host);
            assert_eq!(verified, answer || !asks_the_host, "{algorithm}");
            let asked = host.asked.borrow();
            assert_eq!(asked.len(), usize::from(asks_the_host), "{algorithm}");
            for asked in asked.iter() {
                // A SEQUENCE: SubjectPublicKeyInfo.
                assert_eq!(asked.public_key[0], 0x30);
                assert_eq!(asked.message, message);
                match algorithm.family() {
                    Family::Ecdsa(curve) => {
                        assert_eq!(asked.signature[0], 0x30, "DER, not the raw pair");
                        assert_eq!(asked.hash, curve.hash());
                    }
                    Family::RsaPkcs1(hash) => {
                        assert_eq!(asked.signature, signature);
                        assert_eq!(asked.hash, hash);
                    }
                    other => panic!("no host knows {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_host_that_says_yes_to_everything_is_never_asked_about_what_does_not_fit() {
    let (message, vectors) = by_openssl();
    let host = Host::answering(Ok(true));
    for Vector { algorithm, jwk, signature, .. } in vectors {
        for other in Algorithm::ALL {
            // RS and PS share their keys: what the host is asked there is a question about this key.
            let same_kind = jwk.fits(other);
            if !same_kind {
                assert!(!verify(&jwk, other, &message, &signature, &host), "{algorithm} {other}");
            }
        }
        if matches!(algorithm.family(), Family::RsaPkcs1(_) | Family::Ecdsa(_)) {
            for wrong in [&signature[1..], &[], &vec![0; signature.len() + 1]] {
                assert!(!verify(&jwk, algorithm, &message, wrong, &host), "{algorithm}");
            }
        }
        if matches!(algorithm.family(), Family::Ecdsa(_)) {
            let zero = vec![0; signature.len()];
            assert!(!verify(&jwk, algorithm, &message, &zero, &host), "CVE-2022-21449");
        }
    }
}

#[test]
fn an_rsa_key_as_a_secret_signs_nothing() {
    let (message, vectors) = by_openssl();
    let public = &vectors[0].pem;
    let file: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let text = file["vectors"][0]["pem"].as_str().unwrap();
    let as_secret = secret::parse(text, false).unwrap();
    let mac = {
        use ::hmac::{Hmac, KeyInit, Mac};
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(text.as_bytes()).unwrap();
        mac.chain_update(&message).finalize().into_bytes()
    };
    assert!(alone(&as_secret, Algorithm::Hs256, &message, &mac), "the attack itself");
    assert!(!alone(public, Algorithm::Hs256, &message, &mac));
    assert!(!alone(public, Algorithm::Rs256, &message, &mac));
}

fn algorithm_of(hash: HashFunction, prefix: &str) -> Option<Algorithm> {
    let bits = match hash {
        HashFunction::Sha2_256 => "256",
        HashFunction::Sha2_384 => "384",
        HashFunction::Sha2_512 => "512",
        _ => return None,
    };
    Algorithm::parse(&format!("{prefix}{bits}"))
}

#[test]
fn wycheproof_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut seen = 0;
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa2048Sha384,
        TestName::Rsa2048Sha512,
        TestName::Rsa3072Sha256,
        TestName::Rsa3072Sha384,
        TestName::Rsa4096Sha512,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = algorithm_of(group.hash, "RS").unwrap();
            let key = pem::parse(&group.pem).unwrap();
            for test in group.tests {
                // What Wycheproof calls acceptable is a DigestInfo without its NULL, which we refuse.
                let expected = test.result == TestResult::Valid;
                assert_eq!(
                    alone(&key, algorithm, &test.msg, &test.sig),
                    expected,
                    "{name:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 1_000, "{seen}");
}

#[test]
fn wycheproof_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut seen = 0;
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = algorithm_of(group.hash, "PS").unwrap();
            let Family::RsaPss(hash) = algorithm.family() else { panic!("{algorithm}") };
            // RFC 7518 §3.5: MGF1 with the same hash, a salt as long as the hash; other signatures are not PS*.
            let ours = group.mgf_hash == Some(group.hash)
                && group.salt_size == crate::algorithm::hash_bytes(hash);
            let key = jwk::parse(&rsa_jwk(&group.asn_key)).unwrap();
            // Where the parameters are others, a signature that its set calls wrong may be a right one of ours.
            let told =
                |test: &wycheproof::rsa_pss_verify::Test| ours || test.result == TestResult::Valid;
            for test in group.tests.into_iter().filter(told) {
                let expected = ours && test.result == TestResult::Valid;
                assert_eq!(
                    alone(&key, algorithm, &test.msg, &test.sig),
                    expected,
                    "{name:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

/// Wycheproof's keys for PSS carry that in their SubjectPublicKeyInfo, which no JWS does.
fn rsa_jwk(der: &[u8]) -> serde_json::Map<String, Value> {
    use base64::Engine;
    let mut outer = crate::der::Reader::new(der);
    let mut numbers = outer.sequence().unwrap();
    let mut member = || {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(numbers.positive_integer().unwrap())
    };
    let (n, e) = (member(), member());
    serde_json::json!({"kty": "RSA", "n": n, "e": e}).as_object().unwrap().clone()
}

#[test]
fn wycheproof_ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut seen = 0;
    for (name, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256),
        (TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384),
        (TestName::EcdsaSecp521r1Sha512P1363, Algorithm::Es512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = pem::parse(&group.pem).unwrap();
            for test in group.tests {
                assert_eq!(
                    alone(&key, algorithm, &test.msg, &test.sig),
                    test.result == TestResult::Valid,
                    "{name:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn wycheproof_eddsa() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut seen = 0;
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = pem::parse(&group.pem).unwrap();
        for test in group.tests {
            assert_eq!(
                alone(&key, Algorithm::EdDsa, &test.msg, &test.sig),
                test.result == TestResult::Valid,
                "{}: {}",
                test.tc_id,
                test.comment
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn wycheproof_hmac() {
    use wycheproof::mac::{TestName, TestSet};
    let mut seen = 0;
    for (name, algorithm) in [
        (TestName::HmacSha256, Algorithm::Hs256),
        (TestName::HmacSha384, Algorithm::Hs384),
        (TestName::HmacSha512, Algorithm::Hs512),
    ] {
        let Family::Hmac(hash) = algorithm.family() else { panic!("{algorithm}") };
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // Keys shorter than the hash are no keys here, and tags are never cut.
                let whole = group.tag_size / 8 == crate::algorithm::hash_bytes(hash);
                assert_eq!(
                    hmac::verify(hash, &test.key, &test.msg, &test.tag),
                    whole && test.result == TestResult::Valid,
                    "{name:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn ed25519_keys_of_small_order_or_two_spellings_are_none() {
    // RFC 8032 §5.1: points whose order divides 8, and encodings of y past the prime (Chalkias et al. 2020, table 1).
    for hex in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap() as u8;
        let pairs = hex.as_bytes().chunks(2);
        let bytes: Vec<u8> = pairs.map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect();
        assert!(eddsa::strict_key(&bytes).is_none(), "{hex}");
    }
    assert!(eddsa::strict_key(&[9; 31]).is_none());
    assert!(eddsa::strict_key(&[9; 33]).is_none());
}
