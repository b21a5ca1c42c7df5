//! Tokens by their syntax alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn token(header: &str, payload: &str, signature: &str) -> String {
    format!("{}.{}.{signature}", part(header), part(payload))
}

const HEADER: &str = r#"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#;
const CLAIMS: &str = r#"{"sub":"ada"}"#;

fn fault(text: &str) -> Option<TokenFault> {
    Token::parse(text.as_bytes(), DEFAULT_MAX_TOKEN_BYTES).err()
}

#[test]
fn takes_a_token_apart() {
    let text = token(HEADER, CLAIMS, "AQID");
    let token = Token::parse(text.as_bytes(), DEFAULT_MAX_TOKEN_BYTES).unwrap();
    assert_eq!(token.algorithm, Algorithm::Rs256);
    assert_eq!(token.kid(), Some("k1"));
    assert_eq!(token.claims["sub"], "ada");
    assert_eq!(token.header["typ"], "at+jwt");
    assert_eq!(*token.signature, [1, 2, 3]);
    assert_eq!(token.compact(), text.as_bytes());
    assert_eq!(token.signing_input(), text.rsplit_once('.').unwrap().0.as_bytes());
    assert_eq!(format!("{token:?}"), "Token { algorithm: Rs256, .. }");
}

#[test]
fn names_the_first_fault_in_kongs_order() {
    use TokenFault::{Algorithm as Alg, Claims, Critical, Json, KeyId, Signature};
    let good = token(HEADER, CLAIMS, "AQID");
    let with_header = |header: &str| token(header, CLAIMS, "AQID");
    let with_claims = |claims: &str| token(HEADER, claims, "AQID");
    let nested = format!("{}{}", r#"{"a":"#.repeat(40), "1".to_owned() + &"}".repeat(40));
    for (text, expected) in [
        (good.clone(), None),
        (token(HEADER, CLAIMS, ""), None),
        (token(HEADER, CLAIMS, "AQI="), None),
        (token(HEADER, "{}", "AQID"), None),
        // Parts.
        (String::new(), Some(Json)),
        (".".into(), Some(Json)),
        ("..".into(), Some(Json)),
        ("...".into(), Some(Json)),
        ("a".into(), Some(Json)),
        (part(HEADER), Some(Json)),
        (format!("{}.{}", part(HEADER), part(CLAIMS)), Some(Json)),
        (format!("{good}.AQID"), Some(Signature)),
        (format!("{good}."), Some(Signature)),
        (format!("{good}.AQID.AQID"), Some(Signature)),
        (format!(".{good}"), Some(Json)),
        // Something behind it, before it, inside it.
        (format!("{good} x"), Some(Json)),
        (format!("{good} "), Some(Json)),
        (format!(" {good}"), Some(Json)),
        (format!("{good}, Bearer {good}"), Some(Json)),
        (format!("{good}\t"), Some(Json)),
        (format!("{good}\0"), Some(Json)),
        (format!("{good}é"), Some(Json)),
        (format!("\"{good}\""), Some(Json)),
        (good.replace('.', ","), Some(Json)),
        // Base64url, and only that.
        (token(HEADER, CLAIMS, "AQ+D"), Some(Signature)),
        (token(HEADER, CLAIMS, "AQ/D"), Some(Signature)),
        (token(HEADER, CLAIMS, "AQIDA"), Some(Signature)),
        (token(HEADER, CLAIMS, "AQJ"), Some(Signature)),
        (token(HEADER, CLAIMS, "AQI=="), Some(Signature)),
        (token(HEADER, CLAIMS, "===="), Some(Signature)),
        (format!("e+J9.{}.AQID", part(CLAIMS)), Some(Json)),
        (format!("{}==.{}.AQID", part(HEADER), part(CLAIMS)), Some(Json)),
        (format!("{}=.{}.AQID", part(HEADER), part(CLAIMS)), None),
        // Header.
        (with_header("null"), Some(Json)),
        (with_header("[]"), Some(Json)),
        (with_header("1"), Some(Json)),
        (with_header("\"RS256\""), Some(Json)),
        (with_header("{"), Some(Json)),
        (with_header(r#"{"alg":"RS256"} {}"#), Some(Json)),
        (with_header(r#"{"alg":"RS256","alg":"none"}"#), Some(Json)),
        (with_header(r#"{"alg":"RS256","\u0061lg":"none"}"#), Some(Json)),
        (with_header("{}"), Some(Alg)),
        (with_header(r#"{"alg":null}"#), Some(Alg)),
        (with_header(r#"{"alg":["RS256"]}"#), Some(Alg)),
        (with_header(r#"{"alg":"none"}"#), Some(Alg)),
        (with_header(r#"{"alg":"nOnE"}"#), Some(Alg)),
        (with_header(r#"{"alg":""}"#), Some(Alg)),
        (with_header(r#"{"alg":"rs256"}"#), Some(Alg)),
        (with_header(r#"{"ALG":"RS256"}"#), Some(Alg)),
        (with_header(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#), Some(Alg)),
        (with_header(r#"{"alg":"RS256","kid":1}"#), Some(KeyId)),
        (with_header(r#"{"alg":"RS256","kid":null}"#), Some(KeyId)),
        (with_header(r#"{"alg":"RS256","crit":["exp"]}"#), Some(Critical)),
        (with_header(r#"{"alg":"RS256","crit":[]}"#), Some(Critical)),
        (with_header(r#"{"alg":"RS256","crit":null}"#), Some(Critical)),
        (with_header(r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#), Some(Critical)),
        (with_header(r#"{"alg":"RS256","jwk":{},"jku":"https://x/","x5c":[]}"#), None),
        // Claims.
        (with_claims("null"), Some(Claims)),
        (with_claims("false"), Some(Claims)),
        (with_claims("[]"), Some(Claims)),
        (with_claims("0"), Some(Claims)),
        (with_claims("\"{}\""), Some(Claims)),
        (with_claims(""), Some(Json)),
        (with_claims("{\"a\":1,\"a\":1}"), Some(Json)),
        (with_claims("{\"a\":{\"b\":1,\"b\":1}}"), Some(Json)),
        (with_claims(&nested), Some(Json)),
        (with_claims("{\"a\":1e999}"), Some(Json)),
        // The order, where there are several.
        (token(r#"{"alg":"none","crit":[]}"#, "null", "+"), Some(Alg)),
        (token(r#"{"alg":"none"}"#, "{", "+"), Some(Json)),
        (token(r#"{"alg":"RS256","crit":[]}"#, "null", "+"), Some(Claims)),
        (token(r#"{"alg":"RS256","crit":[]}"#, "{}", "+"), Some(Signature)),
    ] {
        assert_eq!(fault(&text), expected, "{text}");
    }
    let not_utf8 = format!("{}.{}.", part(HEADER), URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}"));
    assert_eq!(fault(&not_utf8), Some(Json));
}

#[test]
fn a_token_is_as_long_as_the_bound_and_no_longer() {
    let padded = |bytes: usize| {
        let empty = token(HEADER, CLAIMS, "").len();
        let text = token(HEADER, CLAIMS, &"A".repeat(bytes - empty));
        assert_eq!(text.len(), bytes);
        text
    };
    // A length of one more than a multiple of four is no base64, so the bounds are tried on either side of it.
    let faults: Vec<_> = (DEFAULT_MAX_TOKEN_BYTES - 3..DEFAULT_MAX_TOKEN_BYTES + 4)
        .map(|n| fault(&padded(n)))
        .collect();
    assert!(faults[..4].contains(&None), "{faults:?}");
    assert!(faults[..4].iter().all(|fault| *fault != Some(TokenFault::TooLong)), "{faults:?}");
    assert!(faults[4..].iter().all(|fault| *fault == Some(TokenFault::TooLong)), "{faults:?}");
}

#[test]
fn any_bytes_are_a_token_or_a_fault() {
    let good = token(HEADER, CLAIMS, "AQI=");
    for end in 0..=good.len() {
        fuzz_token(&good.as_bytes()[..end]);
        for byte in [0, b'.', b'=', b'-', b'A', 0xff] {
            let mut changed = good.clone().into_bytes();
            if let Some(place) = changed.get_mut(end) {
                *place = byte;
            }
            fuzz_token(&changed);
        }
    }
}
