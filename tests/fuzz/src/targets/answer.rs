//! Answers of an upstream: whatever it sends, its errors stay inside, its server stays hidden, and what goes out is whole.

use portcullis_cases::Field;
use portcullis_cases::native::{Native, World};
use portcullis_cases::prepared::{Answer, Sent};
use portcullis_cases::registry;
use portcullis_response_transformer::ResponseTransformer;
use serde_json::{Value, json};

use super::world::{bytes, fields};

/// What stands in each original, and nowhere else.
const INSIDE: &[u8] = b"at com.example.Orders.java:4711";

/// `{config, status, headers, body, method, piece}`
pub(super) fn run(data: &[u8]) -> u64 {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return 0 };
    let code = input["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = code.unwrap_or(200).clamp(200, 599);
    let mut headers = upstream(&input["headers"]);
    let body = bytes(&input["body"]);
    let piece = input["piece"].as_u64().and_then(|piece| usize::try_from(piece).ok());
    let piece = piece.unwrap_or(usize::MAX).max(1);
    let mut seen = vec![status];
    let transformer = |config: &Value, headers: &[Field], body: Vec<u8>| {
        let world = World::default();
        let mut transformer = Native::new(&world, registry::of::<ResponseTransformer>());
        if !transformer.configure(config.to_string().as_bytes(), &|_| None) {
            return None;
        }
        let parts = body.chunks(piece).map(<[u8]>::len).collect();
        let answer = Answer { status, headers: headers.to_vec(), body, parts, ..Answer::default() };
        let method = input["method"].as_str().filter(|name| *name == "HEAD").unwrap_or("GET");
        Some(transformer.send(&Sent { method: method.to_owned(), answer, ..Sent::default() }))
    };
    if let Some(observed) = transformer(&input["config"], &headers, body.clone()) {
        is_whole(&observed.headers, &observed.body, &body);
        seen.extend(observed.status);
    }
    // What is promised whatever the rest of a configuration says.
    headers.push(("x-powered-by".to_owned(), INSIDE.to_vec()));
    let promised =
        json!({"hide": "all", "mask_errors": {"status": ["400-599"]}, "security_headers": "api"});
    if let Some(observed) = transformer(&promised, &headers, [INSIDE, &body].concat()) {
        is_whole(&observed.headers, &observed.body, &[INSIDE, &body].concat());
        let named = |name: &str| observed.headers.iter().filter(|(known, _)| known == name).count();
        assert_eq!(named("x-powered-by") + named("server"), 0);
        assert!(named("x-content-type-options") > 0);
        seen.extend(observed.status);
        let shown = observed.body.windows(INSIDE.len()).any(|part| part == INSIDE);
        let passes = status < 400 || input["method"] == "HEAD" || is_never_held(&headers);
        assert!(!shown || passes, "an error came out");
    }
    super::shown(seen)
}

/// The fields of an upstream: names are tokens, and the pseudo-header is its own.
fn upstream(value: &Value) -> Vec<Field> {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let all = fields(value).into_iter();
    let named = all.filter(|(name, _)| !name.is_empty() && name.iter().all(token));
    named.filter_map(|(name, value)| Some((String::from_utf8(name).ok()?, value))).collect()
}

/// An event stream or gRPC: held, it would never come.
fn is_never_held(headers: &[Field]) -> bool {
    headers.iter().any(|(name, value)| {
        let value = value.to_ascii_lowercase();
        let says = |text: &[u8]| value.windows(text.len()).any(|part| part == text);
        name == "content-type" && (says(b"text/event-stream") || says(b"application/grpc"))
    })
}

/// A body that was changed has the length that is told, once.
fn is_whole(headers: &[Field], body: &[u8], before: &[u8]) {
    if body == before {
        return;
    }
    let lengths: Vec<&[u8]> = headers
        .iter()
        .filter(|(name, _)| name == "content-length")
        .map(|(_, value)| value.as_slice())
        .collect();
    // A reply in the place of a response gets its length from Envoy.
    assert!(lengths.len() <= 1, "{lengths:?}");
    if let Some(length) = lengths.first() {
        assert_eq!(*length, body.len().to_string().as_bytes());
    }
}
