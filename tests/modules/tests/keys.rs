//! Keys in bodies that come in pieces, against the built module: wherever a body is cut, the same is decided.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_host::{Host, Process, Request};
use portcullis_modules::{observed, wasm};

const CONFIGURATION: &str = r#"{
    "consumers": [{"username": "ada", "keys": ["ada-0123456789abcdef"]}],
    "key_in_body": true
}"#;

const JSON: &str = r#"{"a":"\"}","apikey":"ada-0123456789abcdef","b":[1]}"#;
const FORM: &str = "a=%zz&api%6Bey=ada-0123456789abcdef&b";
const MULTIPART: &str =
    "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nada-0123456789abcdef\r\n--b--";

/// A type, a body with a key, and what is left of it.
const BODIES: [(&str, &str, &str); 3] = [
    ("application/json", JSON, r#"{"a":"\"}","b":[1]}"#),
    ("application/x-www-form-urlencoded", FORM, "a=%zz&b"),
    ("multipart/form-data; boundary=b", MULTIPART, "--b--"),
];

fn host() -> Host {
    let builder = Host::load(wasm("key-auth")).process(&Process::new()).configure(CONFIGURATION);
    builder.start().expect("a good configuration")
}

#[test]
fn a_body_that_comes_in_pieces_is_one_body() {
    let mut host = host();
    for (content_type, body, rest) in BODIES {
        for place in 0..=body.len() {
            for trailers in [false, true] {
                let (first, second) = body.split_at(place);
                let mut request = Request::post("/")
                    .header("content-type", content_type)
                    .header("content-length", body.len().to_string())
                    .body(first)
                    .body("")
                    .body(second);
                if trailers {
                    request = request.trailer("x-consumer-username", "root").trailer("x-end", "1");
                }
                let exchange = host.send(request);
                for (name, state) in &exchange.filter_state {
                    let state = String::from_utf8_lossy(state);
                    assert!(!state.contains("0123456789"), "{name:?} holds the key: {state}");
                }
                let seen = observed(&exchange);
                let upstream = seen.upstream.unwrap_or_else(|| panic!("{body} cut at {place}"));
                assert_eq!(String::from_utf8_lossy(&upstream.body), rest, "{body} cut at {place}");
                let field = |name: &str| {
                    let found = upstream.headers.iter().find(|(known, _)| known == name);
                    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                };
                assert_eq!(field("content-length"), Some(rest.len().to_string()));
                assert_eq!(field("x-consumer-username").as_deref(), Some("ada"));
                assert_eq!(upstream.trailers.len(), usize::from(trailers));
            }
        }
    }
}

#[test]
fn a_body_that_is_cut_off_lets_nobody_in() {
    let mut host = host();
    for (content_type, body, _) in BODIES {
        for length in 0..body.len() {
            let request =
                Request::post("/").header("content-type", content_type).body(&body[..length]);
            let seen = observed(&host.send(request));
            // A form has no end of its own: without its last argument it is another form.
            let whole = content_type.contains("urlencoded") && body[..length].contains("abcdef");
            assert_eq!(seen.status, Some(if whole { 200 } else { 401 }), "{}", &body[..length]);
        }
    }
}
