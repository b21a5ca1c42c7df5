//! What tables can't say: bodies in every way of coming, hostile ones in full size, and what is counted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::engine::Observed;
use portcullis_cases::native::Native;
use portcullis_cases::prepared::Sent;
use portcullis_cases::registry;
use portcullis_request_transformer::RequestTransformer;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b0";

struct Gate {
    native: Native,
}

impl Gate {
    fn new(configuration: &Value) -> Self {
        Gate { native: Native::started(registry::of::<RequestTransformer>(), configuration) }
    }

    fn send(&mut self, content_type: &str, body: &[u8]) -> Observed {
        self.send_parts(content_type, body, Vec::new())
    }

    fn send_parts(&mut self, content_type: &str, body: &[u8], parts: Vec<usize>) -> Observed {
        let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
        let (method, body) = ("POST".to_owned(), Some(body.to_vec()));
        self.native.send(&Sent { method, headers, body, parts, ..Sent::default() })
    }

    fn counts(&mut self, names: &[&str]) -> Vec<u64> {
        let count =
            |name: &&str| self.native.count(&format!("portcullis.request-transformer.{name}"));
        names.iter().map(count).collect()
    }
}

/// The body that the upstream got, whose length is what it was told.
fn body(observed: Observed) -> Vec<u8> {
    assert_eq!(observed.status, Some(200));
    let upstream = observed.upstream.unwrap();
    for (name, value) in &upstream.headers {
        if name == "content-length" {
            assert_eq!(String::from_utf8_lossy(value), upstream.body.len().to_string());
        }
    }
    upstream.body
}

fn samples() -> [(&'static str, &'static [u8], &'static [u8]); 3] {
    [
        (
            JSON,
            br#"{"k":1,"a":{"b":1.50},"\u006b":"}","c":[ ]}"#,
            br#"{"a":{"b":1.50},"c":[ ],"n":"v&\""}"#,
        ),
        (FORM, b"k=1&a=%zz&&%6B=2", b"a=%zz&&n=v%26%22"),
        (
            MULTIPART,
            b"--b0\r\nContent-Disposition: form-data; name=k\r\n\r\n1\r\n--b0--\r\n",
            b"--b0\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv&\"\r\n--b0--\r\n",
        ),
    ]
}

fn configuration() -> Value {
    json!({"remove": {"body": ["k"]}, "add": {"body": ["n: v&\""]}})
}

#[test]
fn a_body_is_the_same_in_whatever_parts_it_comes() {
    let mut gate = Gate::new(&configuration());
    for (content_type, sent, expected) in samples() {
        assert_eq!(body(gate.send(content_type, sent)), expected);
        for place in 1..sent.len() {
            let parts = vec![place, sent.len() - place];
            assert_eq!(body(gate.send_parts(content_type, sent, parts)), expected, "{place}");
        }
        assert_eq!(body(gate.send_parts(content_type, sent, vec![1; sent.len()])), expected);
    }
}

#[test]
fn a_body_that_is_cut_off_never_passes_as_it_is() {
    let mut gate = Gate::new(&configuration());
    for (content_type, sent, _) in samples().into_iter().filter(|(kind, ..)| *kind != FORM) {
        // The last line's end of a form is none of its parts.
        let whole = sent.len() - if content_type == MULTIPART { 2 } else { 0 };
        for place in 1..whole {
            let observed = gate.send(content_type, &sent[..place]);
            assert_eq!(observed.status, Some(400), "{content_type} {place}");
            assert!(observed.upstream.is_none());
        }
    }
}

#[test]
fn hostile_bodies_are_changed_or_refused_and_the_next_good_one_passes() {
    let mut configuration = configuration();
    configuration["max_body_bytes"] = json!(16 * 1_024 * 1_024);
    let mut gate = Gate::new(&configuration);
    let string = format!(r#"{{"a":"{}","k":1}}"#, "x\\n".repeat(10_000_000 / 3));
    let members: Vec<String> =
        (0..100_000).map(|number| format!("\"m{number}\":{number}")).collect();
    let members = format!("{{{},\"k\":1}}", members.join(","));
    let nested =
        |depth: usize| format!(r#"{{"k":1,"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    // The member that is added is one of them.
    let many = |count: usize| format!("{{{}\"k\":1}}", "\"k\":1,".repeat(count));
    for (content_type, text, status) in [
        (JSON, string, 200),
        (JSON, members, 200),
        (JSON, many(131_070), 200),
        (JSON, many(131_071), 400),
        (JSON, nested(127), 200),
        (JSON, nested(128), 400),
        (JSON, nested(10_000), 400),
        (FORM, vec!["k=1"; 100_000].join("&"), 200),
        (FORM, "&".repeat(131_072), 400),
        (MULTIPART, "--b0\r\n".repeat(100_000), 400),
        (MULTIPART, "-".repeat(1_000_000), 400),
        (JSON, "x".repeat(16 * 1_024 * 1_024 + 1), 413),
    ] {
        let observed = gate.send(content_type, text.as_bytes());
        let shown = &text[..text.len().min(40)];
        assert_eq!(observed.status, Some(status), "{content_type} {shown}");
        if status == 200 {
            body(observed);
        }
        for (content_type, sent, expected) in samples() {
            assert_eq!(body(gate.send(content_type, sent)), expected);
        }
    }
}

#[test]
fn what_happens_is_counted() {
    let mut gate = Gate::new(&json!({
        "remove": {"body": ["k"]},
        "add": {"headers": ["x-a: $(query.a)"], "body": ["n: $(headers.x-raw)"]},
    }));
    gate.native.send(&Sent { path: b"/?a=%0a".to_vec(), ..Sent::default() });
    gate.send(JSON, b"");
    gate.send("text/plain", b"k=1");
    gate.send(JSON, b"{");
    let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    let headers = vec![field("content-type", JSON.as_bytes()), field("x-raw", b"\xff")];
    let (method, bytes) = ("POST".to_owned(), Some(b"{}".to_vec()));
    let sent = Sent { method, headers, body: bytes, ..Sent::default() };
    assert_eq!(body(gate.native.send(&sent)), b"{}");
    let names = [
        "no_body",
        "dropped_value",
        "other_content_type_passed",
        "refused.malformed_body",
        "allowed",
    ];
    assert_eq!(gate.counts(&names), [2, 2, 1, 1, 4]);
}
