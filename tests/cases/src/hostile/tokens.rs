//! Tokens that mean harm: of every length, cut anywhere, signed and yet nonsense.

use serde_json::json;

use super::{ISSUER, token};
use crate::tokens::{Spec, mint};

/// Values that a claim of time may have in JSON text: around every bound of f64, i64 and u64, and what is no number.
const NUMBERS: [&str; 30] = [
    "0",
    "-0",
    "-0.0",
    "0.1e1",
    "1E+2",
    "-1",
    "1e-400",
    "5e-324",
    "1.7976931348623157e308",
    "1e309",
    "-1e308",
    "-1e309",
    "9007199254740991",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "18446744073",
    "18446744074",
    "253402300799",
    "253402300800",
    "null",
    "true",
    "\"1700000000\"",
    "[]",
    "{}",
    "[1700000000]",
];

/// Payloads as text, each signed with a good key.
fn payloads() -> Vec<(String, String)> {
    let mut payloads = Vec::new();
    for claim in ["exp", "nbf", "iat"] {
        let mut numbers: Vec<String> = NUMBERS.iter().map(|text| (*text).to_owned()).collect();
        numbers.push("9".repeat(400));
        numbers.push(format!("0.{}1", "0".repeat(400)));
        for number in numbers {
            let shown: String = number.chars().take(24).collect();
            let rest = if claim == "exp" { "" } else { r#","exp":99999999999"# };
            let text = format!(r#"{{"iss":"{ISSUER}","sub":"ada","{claim}":{number}{rest}}}"#);
            payloads.push((format!("{claim} {shown}"), text));
        }
    }
    for depth in [30, 31, 32, 33, 500, 2_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!(r#"{{"iss":"{ISSUER}","exp":99999999999,"roles":{nested}}}"#);
        payloads.push((format!("claims nested {depth} deep"), text));
        let opened = r#"{"a":"#.repeat(depth);
        payloads.push((format!("{depth} objects that never end"), opened));
    }
    let text = |rest: &str| format!(r#"{{"iss":"{ISSUER}","exp":99999999999{rest}}}"#);
    for (what, text) in [
        ("a claim twice", text(r#","sub":"ada","sub":"eve""#)),
        ("iss twice", text(r#","iss":"https://other.test""#)),
        ("exp twice", text(r#","exp":1"#)),
        ("a claim twice, once escaped", text(r#","sub":"ada","su\u0062":"eve""#)),
        ("a subject with a line end", text(r#","sub":"a\r\nx-user-id: eve""#)),
        ("a subject with NUL", text(r#","sub":"a\u0000b""#)),
        ("a subject of half a pair", text(r#","sub":"\ud800""#)),
        ("a subject of 7 kB", text(&format!(r#","sub":"{}""#, "s".repeat(7_000)))),
        ("a role with commas", text(r#","roles":["a,b","c\r\nd",1,null,{},[]]"#)),
        ("2,000 roles", text(&format!(r#","roles":[{}"r"]"#, r#""r","#.repeat(1_000)))),
        ("an issuer that is a list", r#"{"iss":["https://idp.test"],"exp":99999999999}"#.into()),
        ("an issuer that is null", r#"{"iss":null,"exp":99999999999}"#.into()),
        ("a payload that is a list", "[]".into()),
        ("a payload that is null", "null".into()),
        ("a payload that is empty", String::new()),
        ("a payload with a mark of order", format!("\u{feff}{}", text(""))),
        ("something behind the payload", format!("{}x", text(""))),
    ] {
        payloads.push((what.to_owned(), text));
    }
    payloads
}

/// Headers as text, in front of a good payload and a good signature.
fn headers() -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = [
        "",
        "null",
        "[]",
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":1}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","kid":7}"#,
        r#"{"alg":"HS256","kid":{"a":1}}"#,
        r#"{"alg":"HS256","kid":"../../../../dev/null"}"#,
        r#"{"alg":"HS256","kid":"' OR 1=1 --"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"HS256","jku":"https://evil.test/keys"}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#,
        r#"{"alg":"HS256","x5c":["AAAA"]}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"ES256"}"#,
    ]
    .iter()
    .map(|text| (format!("the header {text}"), (*text).to_owned()))
    .collect();
    let long = "k".repeat(5_000);
    headers.push(("a kid of 5,000 bytes".into(), format!(r#"{{"alg":"HS256","kid":"{long}"}}"#)));
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    headers.push(("a header 1,000 deep".into(), format!(r#"{{"alg":"HS256","x":{nested}}}"#)));
    headers
}

/// Every hostile token with what it is.
pub(super) fn all(now: u64) -> Vec<(String, Vec<u8>)> {
    let mut tokens: Vec<(String, Vec<u8>)> = Vec::new();
    for length in (0..40).chain([100, 1_000, 4_096, 8_190, 8_191, 8_192]) {
        tokens.push((format!("a token of {length} letters"), vec![b'a'; length]));
        tokens.push((format!("a token of {length} dots"), vec![b'.'; length]));
    }
    let good = token(now).into_bytes();
    for end in (0..good.len()).step_by(7).chain(good.len().saturating_sub(6)..good.len()) {
        tokens.push((format!("a good token cut at {end}"), good[..end].to_vec()));
    }
    for place in (0..good.len()).step_by(11) {
        let mut spoiled = good.clone();
        spoiled[place] = 0xff;
        tokens.push((format!("a good token with 0xff at {place}"), spoiled));
    }
    for (what, payload) in payloads() {
        let spec =
            Spec { alg: Some("HS256".into()), payload_text: Some(payload), ..Spec::default() };
        tokens.push((what, mint(&spec, now).into_bytes()));
    }
    let claims = json!({"iss": ISSUER, "sub": "ada"});
    for (what, header) in headers() {
        let spec = Spec {
            header_text: Some(header),
            sign_as: Some("HS256".into()),
            claims: claims.as_object().cloned().unwrap_or_default(),
            ..Spec::default()
        };
        tokens.push((what, mint(&spec, now).into_bytes()));
    }
    for alg in ["HS256", "HS512", "RS256", "ES256", "EdDSA", "PS256"] {
        for length in [0, 1, 63, 64, 65, 255, 256, 257, 1_024] {
            let spec = Spec {
                alg: Some(alg.into()),
                claims: claims.as_object().cloned().unwrap_or_default(),
                signature: Some("A".repeat(length)),
                ..Spec::default()
            };
            let what = format!("{alg} with a signature of {length} letters");
            tokens.push((what, mint(&spec, now).into_bytes()));
        }
    }
    tokens
}

/// Keeps the list of numbers honest: each is a different text.
#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_number_stands_twice_and_no_token_is_the_good_one() {
        let distinct: BTreeSet<_> = NUMBERS.iter().collect();
        assert_eq!(distinct.len(), NUMBERS.len());
        let good = token(1_700_000_000).into_bytes();
        assert!(all(1_700_000_000).iter().all(|(_, token)| *token != good));
        assert!(serde_json::from_str::<serde_json::Value>("1e309").is_err(), "no f64 holds it");
    }
}
