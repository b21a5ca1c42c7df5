//! Keys that are taken, and the sentence for each that is not.

use serde_json::{Map, Value, json};

use super::*;
use crate::base64url;

const RSA: &str = include_str!("../../../../tests/cases/keys/rsa2048.json");
const P256: &str = include_str!("../../../../tests/cases/keys/p256.json");
const P521: &str = include_str!("../../../../tests/cases/keys/p521.json");
const ED25519: &str = include_str!("../../../../tests/cases/keys/ed25519.json");
const RSA_PEM: &str = include_str!("../../../../tests/cases/keys/rsa2048.pem");
const RSA_PKCS1_PEM: &str = include_str!("../../../../tests/cases/keys/rsa2048.pkcs1.pem");

/// A test key without its private members, changed by the members of `with`; null takes one away.
fn jwk_with(key: &str, with: Value) -> Map<String, Value> {
    let mut jwk: Map<String, Value> = serde_json::from_str(key).unwrap();
    for private in ["d", "p", "q"] {
        jwk.remove(private);
    }
    for (name, value) in with.as_object().unwrap() {
        jwk.insert(name.clone(), value.clone());
    }
    jwk.retain(|_, value| !value.is_null());
    jwk
}

fn fault_of(jwk: &Map<String, Value>) -> String {
    jwk::parse(jwk).map_or_else(|fault| fault.to_string(), |_| String::new())
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn member(key: &str, name: &str) -> Vec<u8> {
    let jwk = jwk_with(key, json!({}));
    base64url::decode(jwk[name].as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn jwks_are_taken_with_what_they_say_of_themselves() {
    let key = jwk::parse(&jwk_with(
        RSA,
        json!({"kid": "k1", "alg": "PS256", "use": "sig", "key_ops": ["verify", "sign"], "x5c": ["!"]}),
    ))
    .unwrap();
    assert_eq!(key.kid(), Some("k1"));
    assert_eq!(key.algorithm(), Some(Algorithm::Ps256));
    assert!(key.fits(Algorithm::Ps256));
    assert!(!key.fits(Algorithm::Rs256), "its own alg is the only one");
    assert!(!key.is_secret());
    assert_eq!(
        format!("{key:?}"),
        r#"Key { kind: "RSA", kid: Some("k1"), algorithm: Some(Ps256), .. }"#
    );
    // A sign byte in front, as Java's BigInteger writes it, changes nothing.
    let padded = encode(&[&[0], &member(RSA, "n")[..]].concat());
    let same = jwk::parse(&jwk_with(RSA, json!({"n": padded}))).unwrap();
    assert_eq!(same.id(), key.id());
}

#[test]
fn a_key_fits_its_own_kind_and_nothing_else() {
    for (key, names) in [
        (RSA, &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        (P256, &["ES256"]),
        (P521, &["ES512"]),
        (ED25519, &["EdDSA"]),
    ] {
        let key = jwk::parse(&jwk_with(key, json!({}))).unwrap();
        for algorithm in Algorithm::ALL {
            assert_eq!(
                key.fits(algorithm),
                names.contains(&algorithm.name()),
                "{key:?} {algorithm}"
            );
        }
    }
    for (bytes, fitting) in [(32, 1), (47, 1), (48, 2), (63, 2), (64, 3), (200, 3)] {
        let key = secret::parse(&"s".repeat(bytes), false).unwrap();
        let fits: Vec<_> = Algorithm::ALL.into_iter().filter(|name| key.fits(*name)).collect();
        assert_eq!(fits, Algorithm::ALL[..fitting], "{bytes}");
        assert!(key.is_secret());
    }
    let short = secret::parse(&"s".repeat(32), false).unwrap().only_for(Algorithm::Hs512);
    assert_eq!(
        short.unwrap_err().to_string(),
        "a secret of 32 bytes is too weak; use at least 64 random ones (`openssl rand -base64 64` with \
         `secret_is_base64: true`)"
    );
}

#[test]
fn jwks_that_may_not_be_used_are_refused_with_their_sentence() {
    let wrong_kind = "the key can't verify ES256; give a key of the kind, curve and `alg` that it takes, or another \
                      algorithm";
    let x = member(P256, "x");
    let mut off_curve = member(P256, "y");
    off_curve[31] ^= 1;
    let mut even = member(RSA, "n");
    even[255] ^= 1;
    for (jwk, sentence) in [
        (json!({"kty": null}), "`kty` is missing or of the wrong type"),
        (json!({"kty": 1}), "`kty` is missing or of the wrong type"),
        (json!({"kid": 1}), "`kid` is missing or of the wrong type"),
        (json!({"n": null}), "`n` is missing or of the wrong type"),
        (json!({"e": "+"}), "`e` is not base64url of the length that RFC 7518 asks for"),
        (
            json!({"use": "enc"}),
            "`use` is `enc`, but only `sig` verifies signatures; leave this key out",
        ),
        (
            json!({"use": "SIG"}),
            "`use` is `SIG`, but only `sig` verifies signatures; leave this key out",
        ),
        (json!({"key_ops": ["sign"]}), "`key_ops` lacks `verify`; add it or leave this key out"),
        (json!({"key_ops": "verify"}), "`key_ops` is missing or of the wrong type"),
        (json!({"alg": "ES256"}), wrong_kind),
        (
            json!({"alg": "RSA-OAEP\n"}),
            "`alg` is `RSA-OAEP?`, which is not supported; use RSA, EC with P-256, P-384 or P-521, OKP with Ed25519, \
             or oct",
        ),
        (
            json!({"n": encode(&member(RSA, "n")[..255])}),
            "an RSA key of 2040 bits is too weak; use at least 2048",
        ),
        (
            json!({"n": encode(&[0x7f].repeat(256))}),
            "an RSA key of 2047 bits is too weak; use at least 2048",
        ),
        (json!({"n": ""}), "an RSA key of 0 bits is too weak; use at least 2048"),
        (
            json!({"n": encode(&[0xff].repeat(1025))}),
            "an RSA key of 8200 bits is too slow for every request; use at most 8192",
        ),
        (json!({"n": encode(&even)}), "the RSA modulus is even, so this is no RSA key"),
        (json!({"e": "AQ"}), "the RSA exponent is even, below 3 or longer than 33 bits; use 65537"),
        (
            json!({"e": encode(&[1, 0, 0])}),
            "the RSA exponent is even, below 3 or longer than 33 bits; use 65537",
        ),
        (
            json!({"e": encode(&[2, 0, 0, 0, 1])}),
            "the RSA exponent is even, below 3 or longer than 33 bits; use 65537",
        ),
        (
            json!({"e": encode(&[1, 0, 0, 0, 0, 0, 0, 0, 1])}),
            "the RSA exponent is even, below 3 or longer than 33 bits; use 65537",
        ),
        (
            json!({"d": ""}),
            "a private key; a gateway needs only the public one (`openssl pkey -in key.pem -pubout`), and this one \
             should count as disclosed",
        ),
    ] {
        assert_eq!(fault_of(&jwk_with(RSA, jwk.clone())), sentence, "{jwk}");
    }
    for (jwk, sentence) in [
        (
            json!({"x": encode(&x[1..])}),
            "`x` is not base64url of the length that RFC 7518 asks for",
        ),
        (
            json!({"y": encode(&off_curve)}),
            "the point is not a usable public key on P-256; export the key again",
        ),
        (
            json!({"crv": "secp256k1"}),
            "`crv` is `secp256k1`, which is not supported; use RSA, EC with P-256, P-384 or P-521, OKP with Ed25519, \
             or oct",
        ),
        (json!({"crv": "P-384"}), "`x` is not base64url of the length that RFC 7518 asks for"),
    ] {
        assert_eq!(fault_of(&jwk_with(P256, jwk.clone())), sentence, "{jwk}");
    }
    assert_eq!(
        fault_of(&jwk_with(ED25519, json!({"x": encode(&[0; 32])}))),
        "the point is not a usable public key on Ed25519; export the key again"
    );
    assert_eq!(
        fault_of(json!({"kty": "oct", "k": encode(&[7; 31])}).as_object().unwrap()),
        "a secret of 31 bytes is too weak; use at least 32 random ones (`openssl rand -base64 32` with \
         `secret_is_base64: true`)"
    );
    assert!(jwk::parse(json!({"kty": "oct", "k": encode(&[7; 32])}).as_object().unwrap()).is_ok());
}

#[test]
fn a_private_key_is_refused_in_every_form() {
    for key in [RSA, P256, ED25519] {
        let jwk: Map<String, Value> = serde_json::from_str(key).unwrap();
        assert_eq!(jwk::parse(&jwk), Err(KeyFault::Private));
    }
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let pem = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert_eq!(pem::parse(&pem), Err(KeyFault::Private));
    }
}

#[test]
fn a_set_gives_its_good_keys_and_the_faults_of_the_others() {
    let set = json!({"keys": [
        jwk_with(RSA, json!({"kid": "a"})),
        jwk_with(RSA, json!({"use": "enc"})),
        jwk_with(P256, json!({"kid": "b"})),
        jwk_with(P256, json!({"x": "AA"})),
        "text",
        {"kty": "AKP"},
    ]});
    let found = jwk::parse_set(&set).unwrap();
    assert_eq!(found.keys.iter().map(Key::kid).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    let faults: Vec<_> =
        found.faults.iter().map(|(index, fault)| (*index, fault.is_foreign())).collect();
    assert_eq!(faults, [(1, true), (3, false), (4, false), (5, true)]);
    for wrong in [json!([]), json!({}), json!({"keys": {}}), json!(null)] {
        assert_eq!(jwk::parse_set(&wrong).unwrap_err(), KeyFault::SetForm, "{wrong}");
    }
    let many = json!({"keys": vec![json!({}); jwk::MAX_KEYS + 1]});
    assert_eq!(
        jwk::parse_set(&many).unwrap_err().to_string(),
        "65 keys in one set; use at most 64"
    );
}

#[test]
fn pems_are_taken_however_they_are_folded() {
    let jwk = jwk::parse(&jwk_with(RSA, json!({}))).unwrap();
    for text in [
        RSA_PEM.to_owned(),
        RSA_PEM.replace('\n', "\r\n"),
        RSA_PEM.replace('\n', " "),
        RSA_PEM.replace('\n', "\\n"),
        format!("\n\n  {RSA_PEM}\n"),
        RSA_PKCS1_PEM.to_owned(),
    ] {
        assert_eq!(pem::parse(&text).unwrap().id(), jwk.id(), "{text}");
    }
    let body = RSA_PEM.lines().nth(1).unwrap();
    for (text, fault) in [
        (String::new(), KeyFault::PemForm),
        (body.to_owned(), KeyFault::PemForm),
        (format!("{RSA_PEM}{RSA_PEM}"), KeyFault::PemForm),
        (format!("subject=x\n{RSA_PEM}"), KeyFault::PemForm),
        (RSA_PEM.replace("END PUBLIC", "END RSA PUBLIC"), KeyFault::PemForm),
        (RSA_PEM.replace("-----END", "----END"), KeyFault::PemForm),
        (RSA_PEM.replace(body, ""), KeyFault::PemContent),
        (RSA_PEM.replace("PUBLIC", "RSA PUBLIC"), KeyFault::PemContent),
        (RSA_PKCS1_PEM.replace("RSA ", ""), KeyFault::PemContent),
        (format!("{RSA_PEM}{}", "\n".repeat(pem::MAX_PEM_BYTES)), KeyFault::PemForm),
        (
            RSA_PEM.replace("PUBLIC KEY", "CERTIFICATE"),
            KeyFault::PemLabel { label: "CERTIFICATE".to_owned() },
        ),
    ] {
        assert_eq!(pem::parse(&text), Err(fault), "{text}");
    }
}

#[test]
fn secrets_are_text_or_base64() {
    let bytes = [0xfb; 32];
    let plain = Key::secret(bytes.to_vec()).unwrap();
    for text in ["+/v7".repeat(11), "-_v7".repeat(11)] {
        assert!(secret::parse(&text, true).is_ok(), "{text}");
    }
    let url = encode(&bytes);
    assert_eq!(secret::parse(&url, true).unwrap().id(), plain.id());
    assert_eq!(secret::parse(&format!(" {url}=\n"), true).unwrap().id(), plain.id());
    assert_ne!(secret::parse(&url, false).unwrap().id(), plain.id());
    assert_eq!(secret::parse("not base64!", true), Err(KeyFault::SecretNotBase64));
    assert!(matches!(
        secret::parse("c2hvcnQ=", true),
        Err(KeyFault::SecretTooShort { bytes: 5, .. })
    ));
    assert!(secret::parse("", false).is_err());
}

#[test]
fn candidates_are_chosen_by_name_and_kind() {
    let keys: Vec<Key> = [
        (RSA, json!({"kid": "a"})),
        (RSA, json!({})),
        (P256, json!({"kid": "a"})),
        (RSA, json!({"kid": "b", "alg": "RS512"})),
    ]
    .into_iter()
    .map(|(key, with)| jwk::parse(&jwk_with(key, with)).unwrap())
    .collect();
    let chosen = |algorithm, kid| -> Vec<usize> {
        let found: Vec<&Key> = candidates(&keys, algorithm, kid).collect();
        (0..keys.len()).filter(|n| found.iter().any(|key| std::ptr::eq(*key, &keys[*n]))).collect()
    };
    assert_eq!(chosen(Algorithm::Rs256, Some("a")), [0, 1]);
    assert_eq!(chosen(Algorithm::Rs256, Some("b")), [1]);
    assert_eq!(chosen(Algorithm::Rs512, Some("b")), [1, 3]);
    assert_eq!(chosen(Algorithm::Rs256, None), [0, 1]);
    assert_eq!(chosen(Algorithm::Es256, Some("b")), [] as [usize; 0]);
    assert_eq!(chosen(Algorithm::Hs256, None), [] as [usize; 0]);
}

#[test]
fn no_token_is_tried_against_more_keys_than_a_few_and_those_of_its_name_come_first() {
    let key = |with| jwk::parse(&jwk_with(RSA, with)).unwrap();
    let (named, nameless) = (key(json!({"kid": "a"})), key(json!({})));
    for others in [MAX_CANDIDATES - 1, MAX_CANDIDATES, MAX_CANDIDATES + 1] {
        let mut keys = vec![nameless.clone(); others];
        keys.push(named.clone());
        let found = |kid| candidates(&keys, Algorithm::Rs256, kid).collect::<Vec<_>>();
        assert_eq!(found(Some("a")).len(), MAX_CANDIDATES, "{others}");
        assert_eq!(found(Some("a"))[0].kid(), Some("a"), "{others}");
        assert_eq!(found(Some("b")).len(), others.min(MAX_CANDIDATES));
        assert_eq!(found(None).len(), MAX_CANDIDATES);
    }
    let same = vec![named; MAX_CANDIDATES + 1];
    assert_eq!(candidates(&same, Algorithm::Rs256, Some("a")).count(), MAX_CANDIDATES);
}

#[test]
fn nothing_shown_has_key_material_in_it() {
    let text = "correct horse battery staple and more of it";
    let key = secret::parse(text, false).unwrap();
    let shown = format!("{key:?} {:?}", key.id());
    assert_eq!(shown, r#"Key { kind: "secret", kid: None, algorithm: None, .. } KeyId(..)"#);
}

#[test]
fn any_bytes_are_a_key_or_a_fault() {
    use base64::Engine;
    let body: String = RSA_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    let jwk = serde_json::to_vec(&jwk_with(P256, json!({}))).unwrap();
    for seed in [RSA_PEM.as_bytes(), &der, &jwk] {
        fuzz_key(seed);
        for place in (0..seed.len()).step_by(11) {
            fuzz_key(&seed[..place]);
            for change in [1, 0x80] {
                let mut changed = seed.to_vec();
                changed[place] ^= change;
                fuzz_key(&changed);
            }
        }
    }
}
