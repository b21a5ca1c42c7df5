//! Descriptions become the tokens that they say.

use super::*;

fn spec(text: &str) -> Spec {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parts(text: &str, now: u64) -> (Value, Value, Vec<u8>) {
    let token = mint(&spec(text), now);
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    let (header, claims) = (json(), json());
    (header, claims, parts.next().unwrap())
}

#[test]
fn a_description_makes_header_claims_and_times() {
    let (header, claims, signature) = parts(
        r#"
        alg = "ES256"
        kid = "k1"
        header = { typ = "at+jwt", x = 1 }
        claims = { sub = "ada", roles = ["a", "b"], deep = { n = 1.5 } }
        exp = "+60"
        nbf = "-5"
        iat = 7.25
        "#,
        1_000,
    );
    assert_eq!(header, json!({"alg": "ES256", "kid": "k1", "typ": "at+jwt", "x": 1}));
    assert_eq!(
        claims,
        json!({"sub": "ada", "roles": ["a", "b"], "deep": {"n": 1.5}, "exp": 1060, "nbf": 995, "iat": 7.25})
    );
    assert_eq!(signature.len(), 64);
}

#[test]
fn a_token_expires_unless_it_says_otherwise() {
    let exp = |text: &str| parts(text, 1_000).1.get("exp").cloned();
    for (text, expected) in [
        ("alg = 'HS256'", Some(json!(1300))),
        ("alg = 'HS256'\nexp = 'absent'", None),
        ("alg = 'HS256'\nexp = 5", Some(json!(5))),
        ("alg = 'HS256'\nexp = '+0'", Some(json!(1000))),
        ("alg = 'HS256'\nexp = '+0.5'", Some(json!(1000.5))),
        ("alg = 'HS256'\nclaims = { exp = 'soon' }", Some(json!("soon"))),
    ] {
        assert_eq!(exp(text), expected, "{text}");
    }
}

#[test]
fn the_same_description_makes_the_same_token() {
    for algorithm in ["HS256", "RS256", "PS256", "ES256", "ES512", "EdDSA"] {
        let spec = Spec { alg: Some(algorithm.into()), ..Spec::default() };
        assert_eq!(mint(&spec, 1), mint(&spec, 1), "{algorithm}");
        assert_ne!(mint(&spec, 1), mint(&spec, 2), "{algorithm}");
    }
}

#[test]
fn texts_stand_in_the_token_as_they_are() {
    assert_eq!(mint(&spec("raw = 'a.b'"), 1), "a.b");
    let token = mint(&spec("header-text = '{'\npayload-text = ''\nsignature = '+'"), 1);
    assert_eq!(token, "ew..+");
}

#[test]
fn unknown_words_are_errors() {
    for text in ["algo = 'HS256'", "tamper = 'somehow'", "exp = []", "exp = true"] {
        assert!(toml::from_str::<Spec>(text).is_err(), "{text}");
    }
}
