//! Claims against rules, at the edges of clocks and numbers.

use serde_json::{Map, Value};

use super::*;

fn object(text: &str) -> Map<String, Value> {
    match portcullis_control::json::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{text}: {other:?}"),
    }
}

/// `exp: token expired; aud: not accepted`, or an empty text.
fn faults(claims: &str, rules: &ClaimRules, audiences: &[&str], now: u64) -> String {
    let audiences: Vec<String> = audiences.iter().map(|own| (*own).to_owned()).collect();
    let faults = judge(&object(claims), rules, &audiences, now);
    let line = |fault: &ClaimFault| format!("{}: {}", fault.claim, fault.fault.message());
    faults.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn rules() -> ClaimRules {
    ClaimRules { exp_required: true, ..ClaimRules::default() }
}

/// The last second of the year 9999.
const YEAR_9999: u64 = 253_402_300_799;

#[test]
fn times_are_judged_at_their_second() {
    for (claims, now, expected) in [
        (r#"{"exp":1001}"#, 1000, ""),
        (r#"{"exp":1000}"#, 1000, "exp: token expired"),
        (r#"{"exp":1000.5}"#, 1000, ""),
        (r#"{"exp":1000.0}"#, 1000, "exp: token expired"),
        (r#"{"exp":999.999}"#, 1000, "exp: token expired"),
        (r#"{"exp":1001,"nbf":1000}"#, 1000, ""),
        (r#"{"exp":1001,"nbf":1001}"#, 1000, "nbf: token not valid yet"),
        (r#"{"exp":1001,"nbf":1000.001}"#, 1000, "nbf: token not valid yet"),
        (r#"{"exp":1001,"iat":1000}"#, 1000, ""),
        (r#"{"exp":1001,"iat":1000.5}"#, 1000, "iat: issued in the future"),
        ("{}", 1000, "exp: must be a number"),
        (r#"{"exp":null}"#, 1000, "exp: must be a number"),
        (r#"{"exp":"1001"}"#, 1000, "exp: must be a number"),
        (r#"{"exp":true}"#, 1000, "exp: must be a number"),
        (r#"{"exp":[1001]}"#, 1000, "exp: must be a number"),
        (r#"{"exp":1001,"nbf":"1"}"#, 1000, "nbf: must be a number"),
        (r#"{"exp":1001,"nbf":null}"#, 1000, "nbf: must be a number"),
        (r#"{"exp":1001,"iat":{}}"#, 1000, "iat: must be a number"),
        (r#"{"exp":-1}"#, 0, "exp: token expired"),
        (r#"{"exp":0}"#, 0, "exp: token expired"),
        (r#"{"exp":0.1,"nbf":0,"iat":-5}"#, 0, ""),
        (r#"{"exp":253402300800}"#, YEAR_9999, ""),
        (r#"{"exp":253402300799}"#, YEAR_9999, "exp: token expired"),
        (
            r#"{"exp":1,"nbf":3000,"iat":3000}"#,
            1000,
            "exp: token expired; nbf: token not valid yet; iat: issued in the future",
        ),
    ] {
        assert_eq!(faults(claims, &rules(), &[], now), expected, "{claims} at {now}");
    }
}

#[test]
fn numbers_at_the_ends_of_their_types_wrap_nowhere() {
    let strict = ClaimRules { leeway: u32::MAX, maximum_expiration: u32::MAX, ..rules() };
    for number in [
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e18",
        "1e40",
        "1.7976931348623157e308",
    ] {
        for now in [0, 1000, YEAR_9999, YEAR_9999 * 1_000] {
            let exp = format!(r#"{{"exp":{number}}}"#);
            assert_eq!(faults(&exp, &rules(), &[], now), "", "{exp} {now}");
            assert_eq!(
                faults(&exp, &strict, &[], now),
                "exp: exceeds maximum allowed expiration",
                "{exp} {now}"
            );
            let nbf = format!(r#"{{"exp":1e300,"nbf":{number}}}"#);
            assert_eq!(faults(&nbf, &rules(), &[], now), "nbf: token not valid yet", "{nbf}");
        }
    }
    for number in ["-9223372036854775808", "-9223372036854775809", "-1e40", "-1.7e308", "-0.0"] {
        for now in [0, YEAR_9999, u64::MAX] {
            let exp = format!(r#"{{"exp":{number}}}"#);
            assert_eq!(faults(&exp, &rules(), &[], now), "exp: token expired", "{exp} {now}");
            let nbf = format!(r#"{{"exp":1e300,"nbf":{number},"iat":{number}}}"#);
            assert_eq!(faults(&nbf, &rules(), &[], now), "", "{nbf} {now}");
        }
    }
    assert_eq!(faults(r#"{"exp":5e-324}"#, &rules(), &[], 0), "");
}

#[test]
fn leeway_is_given_to_every_time() {
    let rules = ClaimRules { leeway: 10, maximum_expiration: 100, ..rules() };
    for (claims, expected) in [
        (r#"{"exp":991}"#, ""),
        (r#"{"exp":990}"#, "exp: token expired"),
        (r#"{"exp":1100,"nbf":1010,"iat":1010}"#, ""),
        (
            r#"{"exp":1100,"nbf":1011,"iat":1011}"#,
            "nbf: token not valid yet; iat: issued in the future",
        ),
        (r#"{"exp":1110}"#, ""),
        (r#"{"exp":1111}"#, "exp: exceeds maximum allowed expiration"),
    ] {
        assert_eq!(faults(claims, &rules, &[], 1000), expected, "{claims}");
    }
    // Less time has passed than the leeway.
    assert_eq!(faults(r#"{"exp":0}"#, &rules, &[], 5), "");
}

#[test]
fn required_and_bounded_times_must_be_there() {
    let nbf = ClaimRules { nbf_required: true, ..ClaimRules::default() };
    assert_eq!(faults("{}", &nbf, &[], 1000), "nbf: must be a number");
    assert_eq!(faults(r#"{"nbf":1}"#, &nbf, &[], 1000), "");
    let bounded = ClaimRules { maximum_expiration: 100, ..ClaimRules::default() };
    assert_eq!(faults("{}", &bounded, &[], 1000), "exp: exceeds maximum allowed expiration");
    assert_eq!(faults(r#"{"exp":1100}"#, &bounded, &[], 1000), "");
    assert_eq!(
        faults(r#"{"exp":1100.1}"#, &bounded, &[], 1000),
        "exp: exceeds maximum allowed expiration"
    );
    assert_eq!(faults(r#"{"exp":"x"}"#, &bounded, &[], 1000), "exp: must be a number");
    assert_eq!(faults("{}", &ClaimRules::default(), &[], 1000), "");
    // Verified whenever it is there, required or not.
    assert_eq!(faults(r#"{"exp":1}"#, &ClaimRules::default(), &[], 9), "exp: token expired");
}

#[test]
fn the_audience_is_one_of_ours() {
    for (claims, fits) in [
        (r#"{"aud":"orders"}"#, true),
        (r#"{"aud":["x","orders"]}"#, true),
        (r#"{"aud":[1,{"a":2},"billing"]}"#, true),
        (r#"{"aud":"Orders"}"#, false),
        (r#"{"aud":"orders "}"#, false),
        (r#"{"aud":"order"}"#, false),
        (r#"{"aud":[]}"#, false),
        (r#"{"aud":""}"#, false),
        (r#"{"aud":null}"#, false),
        (r#"{"aud":{"orders":true}}"#, false),
        (r#"{"aud":[["orders"]]}"#, false),
        ("{}", false),
    ] {
        let expected = if fits { "" } else { "aud: not accepted" };
        let rules = ClaimRules::default();
        assert_eq!(faults(claims, &rules, &["orders", "billing"], 1), expected, "{claims}");
        assert_eq!(faults(claims, &rules, &[], 1), "", "{claims}: unchecked");
    }
}

#[test]
fn required_claims_are_there_and_equal_or_one_of_a_list() {
    let required = |path: &str, accepted: &str| ClaimRules {
        required: vec![RequiredClaim {
            path: ClaimPath::parse(path).unwrap(),
            accepted: object(&format!(r#"{{"v":{accepted}}}"#))["v"].as_array().unwrap().clone(),
        }],
        ..ClaimRules::default()
    };
    for (path, accepted, claims, fits) in [
        ("email_verified", "[true]", r#"{"email_verified":true}"#, true),
        ("email_verified", "[true]", r#"{"email_verified":"true"}"#, false),
        ("email_verified", "[true]", r#"{"email_verified":1}"#, false),
        ("email_verified", "[true]", r#"{"email_verified":null}"#, false),
        ("email_verified", "[true]", "{}", false),
        ("tier", r#"["gold","silver"]"#, r#"{"tier":"silver"}"#, true),
        ("tier", r#"["gold","silver"]"#, r#"{"tier":"bronze"}"#, false),
        ("tier", r#"["gold","silver"]"#, r#"{"tier":["gold","silver"]}"#, false),
        ("amr", r#"[["pwd","otp"]]"#, r#"{"amr":["pwd","otp"]}"#, true),
        ("amr", r#"[["pwd","otp"]]"#, r#"{"amr":["otp","pwd"]}"#, false),
        ("level", "[2]", r#"{"level":2.0}"#, true),
        ("level", "[2.0]", r#"{"level":2}"#, true),
        ("level", "[2]", r#"{"level":2.5}"#, false),
        ("level", "[9007199254740993]", r#"{"level":9007199254740992}"#, false),
        ("realm.tier", "[1]", r#"{"realm":{"tier":1}}"#, true),
        ("realm.tier", "[1]", r#"{"realm.tier":1}"#, true),
        ("o", r#"[{"a":1}]"#, r#"{"o":{"a":1.0}}"#, true),
        ("o", r#"[{"a":1}]"#, r#"{"o":{"a":1,"b":2}}"#, false),
    ] {
        let expected = if fits { String::new() } else { format!("{path}: not as required") };
        assert_eq!(faults(claims, &required(path, accepted), &[], 1), expected, "{path} {claims}");
    }
}

#[test]
fn a_whole_name_comes_before_the_walk_into_objects() {
    for (path, claims, found) in [
        ("sub", r#"{"sub":1}"#, Some("1")),
        ("a.b", r#"{"a":{"b":1},"a.b":2}"#, Some("2")),
        ("a.b", r#"{"a":{"b":1}}"#, Some("1")),
        ("https://app/roles", r#"{"https://app/roles":1}"#, Some("1")),
        ("https://app.example/roles", r#"{"https://app.example/roles":1}"#, Some("1")),
        ("https://app.example/x.roles", r#"{"https://app.example/x":{"roles":1}}"#, Some("1")),
        ("access.my.client.roles", r#"{"access":{"my.client":{"roles":1}}}"#, Some("1")),
        ("a.b.c", r#"{"a.b":{"d":1},"a":{"b":{"c":2}}}"#, Some("2")),
        ("a.0", r#"{"a":[1]}"#, None),
        ("a.b", r#"{"a":"b"}"#, None),
        ("a.", r#"{"a":{"":1}}"#, Some("1")),
        (".", r#"{"":{"":1}}"#, Some("1")),
        ("b", r#"{"a":{"b":1}}"#, None),
    ] {
        let path = ClaimPath::parse(path).unwrap();
        let value = path.find(&object(claims)).map(ToString::to_string);
        assert_eq!(value.as_deref(), found, "{path:?} {claims}");
    }
    assert_eq!(ClaimPath::parse(""), None);
    assert!(ClaimPath::parse(&["a"; MAX_PATH_NAMES].join(".")).is_some());
    assert!(ClaimPath::parse(&["a"; MAX_PATH_NAMES + 1].join(".")).is_none());
}
