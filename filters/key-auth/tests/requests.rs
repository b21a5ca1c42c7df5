//! What tables can't say: bounds, what is counted and written down, and what becomes of thousands of odd bodies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::engine::Observed;
use portcullis_cases::native::{Native, World};
use portcullis_cases::prepared::Sent;
use portcullis_cases::registry;
use portcullis_cases::wrong::Dice;
use portcullis_key_auth::KeyAuth;
use portcullis_key_auth::body::fuzz_body;
use serde_json::{Value, json};

/// What the code says of itself; a test that read it there would agree with any change.
const MAX_KEY_BYTES: usize = 1_024;
const MAX_BODY_BYTES: usize = 512 * 1_024;
const MAX_KEYS: usize = 10_000;

const KEY: &str = "ada-0123456789abcdef";

struct Gate {
    native: Native,
}

impl Gate {
    fn new(configuration: &Value) -> Self {
        Gate { native: Native::started(registry::of::<KeyAuth>(), configuration) }
    }

    fn send(&mut self, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Observed {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        let headers = headers.iter().map(field).collect();
        self.native.send(&Sent { method: "POST".to_owned(), headers, body, ..Sent::default() })
    }

    fn counts(&mut self, names: &[&str]) -> Vec<u64> {
        let count = |name: &&str| self.native.count(&format!("portcullis.key-auth.{name}"));
        names.iter().map(count).collect()
    }
}

fn configuration(key: &str) -> Value {
    let consumers = json!([{"username": "ada", "keys": [key]}, {"username": "guest"}]);
    json!({"consumers": consumers, "key_in_body": true})
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// A JSON body of so many bytes with the key at its end.
fn padded(length: usize) -> Vec<u8> {
    let end = format!(r#"","apikey":"{KEY}"}}"#);
    let start = r#"{"a":""#;
    format!("{start}{}{end}", "x".repeat(length - start.len() - end.len())).into_bytes()
}

#[test]
fn a_key_at_its_bound_is_good_and_one_past_it_is_not_even_looked_up() {
    let key = "k".repeat(MAX_KEY_BYTES);
    let mut gate = Gate::new(&configuration(&key));
    assert_eq!(gate.send(&[("apikey", &key)], None).status, Some(200));
    assert_eq!(gate.send(&[("apikey", &format!("{key}k"))], None).status, Some(401));
    let body = |key: &str| Some(json!({ "apikey": key }).to_string().into_bytes());
    assert_eq!(gate.send(&[JSON], body(&key)).status, Some(200));
    assert_eq!(gate.send(&[JSON], body(&format!("{key}k"))).status, Some(401));
    assert_eq!(gate.counts(&["allowed", "refused.key_too_long", "refused.unknown_key"]), [2, 2, 0]);
    let world = World::default();
    let mut native = Native::new(&world, registry::of::<KeyAuth>());
    let longer = configuration(&format!("{key}k")).to_string();
    assert!(!native.configure(longer.as_bytes(), &|_| None));
    let told = world.log().iter().any(|(_, line)| line.contains("at most 1024 bytes"));
    assert!(told, "{:?}", world.log());
}

#[test]
fn a_body_at_its_bound_is_read_and_one_past_it_is_refused_whoever_sends_it() {
    let mut gate = Gate::new(&configuration(KEY));
    let read = gate.send(&[JSON], Some(padded(MAX_BODY_BYTES)));
    assert_eq!(read.status, Some(200));
    let rest = read.upstream.unwrap().body;
    assert_eq!(rest.len(), MAX_BODY_BYTES - format!(r#","apikey":"{KEY}""#).len());
    let longer = Some(padded(MAX_BODY_BYTES + 1));
    assert_eq!(gate.send(&[JSON], longer.clone()).status, Some(413));
    assert_eq!(gate.send(&[JSON, ("apikey", KEY)], longer.clone()).status, Some(413));
    // What holds no key need not be held.
    let other = [("content-type", "application/octet-stream"), ("apikey", KEY)];
    assert_eq!(gate.send(&other, longer.clone()).status, Some(200));
    assert_eq!(gate.counts(&["refused.body_too_large"]), [2]);
    let mut guests = configuration(KEY);
    guests["anonymous"] = json!("guest");
    assert_eq!(Gate::new(&guests).send(&[JSON], longer.clone()).status, Some(413));
    let mut shadow = configuration(KEY);
    shadow["mode"] = json!("shadow");
    assert_eq!(Gate::new(&shadow).send(&[JSON], longer).status, Some(200));
}

#[test]
fn as_many_keys_as_there_may_be_are_all_good_and_one_more_is_refused() {
    let consumers = |count: usize| {
        let keys = |from: usize| -> Vec<String> {
            (from..(from + 5_000).min(count))
                .map(|number| format!("key-0123456789-{number}"))
                .collect()
        };
        let consumer =
            |number: usize| json!({"username": number.to_string(), "keys": keys(number * 5_000)});
        json!({"consumers": (0..count.div_ceil(5_000)).map(consumer).collect::<Vec<_>>()})
    };
    let mut gate = Gate::new(&consumers(MAX_KEYS));
    for number in [0, 1, 4_999, 5_000, MAX_KEYS - 1] {
        let observed = gate.send(&[("apikey", &format!("key-0123456789-{number}"))], None);
        assert_eq!(observed.status, Some(200), "{number}");
    }
    assert_eq!(gate.send(&[("apikey", "key-0123456789-10000")], None).status, Some(401));
    let world = World::default();
    let mut native = Native::new(&world, registry::of::<KeyAuth>());
    let text = consumers(MAX_KEYS + 1).to_string();
    assert!(!native.configure(text.as_bytes(), &|_| None));
    let told = world.log().iter().any(|(_, line)| {
        line.contains("consumers[2].keys[0]: expected at most 10000 keys of all consumers together")
    });
    assert!(told, "{:?}", world.log());
}

#[test]
fn what_happens_is_counted_and_nothing_written_down_holds_a_key() {
    let mut configuration = configuration(KEY);
    configuration["routes"] = json!([
        {"match": {"path": {"prefix": "/guests"}}, "config": {"anonymous": "guest"}},
    ]);
    let mut gate = Gate::new(&configuration);
    let bad = "mallory-0123456789abcdef";
    let mut written = String::new();
    for key in [KEY, bad] {
        for (path, headers, body) in [
            ("/", vec![("apikey", key)], None),
            ("/guests", vec![("apikey", key)], None),
            ("/", vec![JSON], Some(json!({ "apikey": key }).to_string())),
            ("/", vec![("apikey", KEY), ("apikey", bad)], None),
        ] {
            let field =
                |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
            let observed = gate.native.send(&Sent {
                path: path.into(),
                headers: headers.iter().map(field).collect(),
                body: body.map(String::into_bytes),
                ..Sent::default()
            });
            written.push_str(&format!("{:?}", observed.decision.map(String::from_utf8)));
            written.push_str(&String::from_utf8(observed.body).unwrap());
            for (name, value) in observed.upstream.iter().flat_map(|upstream| &upstream.headers) {
                written.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value)));
            }
        }
    }
    let counts =
        gate.counts(&["allowed", "anonymous", "refused.unknown_key", "refused.duplicate_key"]);
    assert_eq!(counts, [4, 1, 2, 2]);
    written.extend(gate.native.world().log().into_iter().map(|(_, line)| line));
    for secret in [KEY, bad, &KEY[4..], &bad[8..]] {
        assert!(!written.contains(secret), "{written}");
    }
    assert!(written.contains("unknown_key"), "{written}");
}

#[test]
fn no_body_however_odd_hides_a_key_or_changes_in_another_place() {
    const SEEDS: [&[u8]; 4] = [
        br#"{"apikey":"a\"\\","b":[{"apikey":1},"}"],"c":{"d":"\u0061"} , "\u0061pikey":"b"}"#,
        b"a=1&apikey=x&b=%zz&api%6Bey=y&apikey&&c",
        b"--b\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
        b"pre\r\n--b \r\ncontent-disposition:form-data;name=apikey\r\n\r\n\r\n--b--",
    ];
    const BYTES: &[u8] = b"\"\\{}[],: &=%+;-\r\n\0\xffab";
    let mut dice = Dice::new(11);
    for _ in 0..20_000 {
        let mut body = SEEDS[dice.below(SEEDS.len())].to_vec();
        for _ in 0..=dice.below(4) {
            let place = dice.below(body.len());
            let byte = BYTES[dice.below(BYTES.len())];
            match dice.below(5) {
                0 => body.insert(place, byte),
                1 if body.len() > 1 => drop(body.remove(place)),
                2 => body.truncate(place + 1),
                3 => body.extend_from_slice(&body.clone()[place..]),
                _ => body[place] = byte,
            }
        }
        fuzz_body(&body);
    }
}
