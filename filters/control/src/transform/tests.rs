//! Kong's lists: what an entry says, what is done to headers, what is refused.

use std::rc::Rc;

use super::*;
use crate::config::{Node, Reader};
use crate::exchange::Exchange;
use crate::headers::{FieldName, HeaderMap};
use crate::identity::Identity;
use crate::json::{Value, parse};
use crate::program::Settings;
use crate::surroundings::stub::Stub;
use crate::template::Values;

/// What reading gives, its faults and its warnings.
fn read<T>(json: &str, read: impl Fn(&Node<'_>) -> T) -> (T, Vec<String>, Vec<String>) {
    let value: Value = parse(json.as_bytes()).unwrap();
    let environment = |_: &str| None;
    let reader = Reader::new(&environment);
    let found = read(&reader.root(&value));
    match reader.finish(Some(())) {
        Ok(((), warnings)) => {
            (found, Vec::new(), warnings.iter().map(ToString::to_string).collect())
        }
        Err(faults) => (found, faults.list.iter().map(ToString::to_string).collect(), Vec::new()),
    }
}

fn operations(json: &str, side: Side) -> (HeaderOperations, Vec<String>, Vec<String>) {
    let (operations, faults, warnings) = read(json, |node| {
        node.section(|section| {
            let [headers] = read_lists(section, ["headers"], |_, _| {});
            Some(HeaderOperations::read(&headers, side, &["id".to_owned()]))
        })
    });
    (operations.unwrap(), faults, warnings)
}

#[test]
fn a_pair_is_split_at_its_first_colon_and_trimmed() {
    for (text, expected) in [
        ("x:1", Some(("x", "1"))),
        ("x: 1", Some(("x", "1"))),
        ("x :\t1 ", Some(("x", "1"))),
        ("h2:value:2", Some(("h2", "value:2"))),
        ("h2::value", Some(("h2", "value"))),
        ("x-url: http://a:80/", Some(("x-url", "http://a:80/"))),
        (
            "Content-Security-Policy: default-src 'none'",
            Some(("Content-Security-Policy", "default-src 'none'")),
        ),
        ("x", None),
        (":x", None),
        ("x:", None),
        ("x: :", Some(("x", ":"))),
        ("x:::", None),
        ("", None),
    ] {
        let json = Value::from(text).to_string();
        let (found, faults, _) = read(&json, |node| {
            read_pair(node).map(|(name, value)| (name.to_owned(), value.to_owned()))
        });
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            (found, faults.len()),
            (expected.clone(), usize::from(expected.is_none())),
            "{text}"
        );
    }
    for (text, expected) in [("x", Some("x")), ("x:1", Some("x")), (" x ", Some("x")), (":", None)]
    {
        let json = Value::from(text).to_string();
        let (found, ..) = read(&json, |node| read_name(node).map(str::to_owned));
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}

/// The fields but for pseudo-headers, after these operations.
fn changed(json: &str, fields: &[(&str, &str)]) -> (Vec<(String, String)>, u32) {
    let (operations, faults, _) = operations(json, Side::Request);
    assert_eq!(faults, [""; 0], "{json}");
    let mut headers = HeaderMap::default();
    for (name, value) in fields {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    let stub = Stub { headers, ..Stub::default() };
    let mut exchange = Exchange::new(Rc::new(stub), Rc::new(Settings::default()));
    let claims = serde_json::json!({"sub": "ada", "bad": "a\nb", "list": ["a", "b,c"]});
    let claims = claims.as_object().unwrap().clone();
    let identity = Identity { claims: Some(Rc::new(claims.into())), ..Identity::default() };
    exchange.set_identity(Rc::new(identity), &[]);
    let values = operations.values(&Values::of(&exchange));
    let dropped = values.dropped;
    operations.apply(&mut exchange, values);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let found = exchange.request_headers().iter().map(|(name, value)| (text(name), text(value)));
    (found.collect(), dropped)
}

#[test]
fn headers_are_changed_in_kongs_order() {
    let sent = [("a", "1"), ("b", "2"), ("a", "3"), ("host", "h")];
    for (json, expected) in [
        ("{}", "a=1 b=2 a=3 host=h"),
        (r#"{"remove":{"headers":["A:ignored","c"]}}"#, "b=2 host=h"),
        (r#"{"rename":{"headers":["A:c"]}}"#, "b=2 host=h c=1 c=3"),
        (r#"{"rename":{"headers":["A:b"]}}"#, "host=h b=1 b=3"),
        (r#"{"rename":{"headers":["a:A","x:b"]}}"#, "a=1 b=2 a=3 host=h"),
        (r#"{"rename":{"headers":["a:c","c:d"]}}"#, "b=2 host=h d=1 d=3"),
        (r#"{"replace":{"headers":["a:9","c:9"]}}"#, "b=2 host=h a=9"),
        (r#"{"add":{"headers":["a:9","c:9","c:8"]}}"#, "a=1 b=2 a=3 host=h c=9"),
        (r#"{"append":{"headers":["a:9","c:9","c:9"]}}"#, "a=1 b=2 a=3 host=h a=9 c=9 c=9"),
        (
            r#"{"append":{"headers":["c:3"]},"add":{"headers":["a:2"]},"replace":{"headers":["d:1"]},
                "rename":{"headers":["b:d"]},"remove":{"headers":["a"]}}"#,
            "host=h d=1 a=2 c=3",
        ),
        (
            r#"{"add":{"headers":["c:$(jwt.sub)","d:$(jwt.none)","e:$(jwt.none | default(\"x\"))"]}}"#,
            "a=1 b=2 a=3 host=h c=ada e=x",
        ),
        // Templates see the request as it came.
        (
            r#"{"remove":{"headers":["b"]},"add":{"headers":["c:$(headers.b)-$(headers.a)"]}}"#,
            "a=1 a=3 host=h c=2-1, 3",
        ),
        // Host is as Kong has it.
        (r#"{"replace":{"headers":["Host:x"]}}"#, "a=1 b=2 a=3 host=h"),
    ] {
        let (found, dropped) = changed(json, &sent);
        let found: Vec<String> =
            found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!((found.join(" ").as_str(), dropped), (expected, 0), "{json}");
    }
    let (found, _) = changed(r#"{"replace":{"headers":["Host:x"]}}"#, &[(":authority", "h")]);
    assert_eq!(found, [(":authority".to_owned(), "x".to_owned())]);
}

#[test]
fn hostile_values_are_dropped_and_counted() {
    let json = r#"{"add":{"headers":["x:$(jwt.bad)","y:a$(jwt.bad | default(\"z\"))","z:$(jwt.list)"]},
                   "append":{"headers":["w:$(jwt.bad)"]}}"#;
    let (found, dropped) = changed(json, &[]);
    assert_eq!((found, dropped), (vec![("z".to_owned(), "a".to_owned())], 4));
}

#[test]
fn targets_that_are_not_the_operators_to_write_are_refused() {
    let request = |json: &str| operations(json, Side::Request);
    for name in ["connection", "Content-Length", "TE", "transfer-encoding", "upgrade", "keep-alive"]
    {
        for list in [
            format!(r#"{{"remove":{{"headers":["{name}"]}}}}"#),
            format!(r#"{{"rename":{{"headers":["{name}:x"]}}}}"#),
            format!(r#"{{"rename":{{"headers":["x:{name}"]}}}}"#),
            format!(r#"{{"replace":{{"headers":["{name}:x"]}}}}"#),
            format!(r#"{{"add":{{"headers":["{name}:x"]}}}}"#),
            format!(r#"{{"append":{{"headers":["{name}:x"]}}}}"#),
        ] {
            assert_eq!(request(&list).1.len(), 1, "{list}");
            assert_eq!(operations(&list, Side::Response).1.len(), 1, "{list}");
        }
    }
    for (json, fault) in [
        (
            r#"{"add":{"headers":["x-envoy-retry-on:5xx"]}}"#,
            "by `x-envoy-retry-on` Envoy itself is steered",
        ),
        (r#"{"rename":{"headers":["x:x-envoy-a"]}}"#, "by `x-envoy-a` Envoy itself is steered"),
        (r#"{"rename":{"headers":["x:X-Consumer-Username"]}}"#, "a client chooses what is in `x`"),
        (r#"{"rename":{"headers":["x:x_client_cert-dn"]}}"#, "a client chooses what is in `x`"),
        (
            r#"{"add":{"headers":["x-consumer-id:$(headers.x)"]}}"#,
            "a client chooses what is written there",
        ),
        (
            r#"{"add":{"headers":["authorization:$(jwt.sub)"]}}"#,
            "`authorization` has its own meaning",
        ),
        (
            r#"{"add":{"headers":["X-Forwarded-For:$(client.ip)"]}}"#,
            "`x-forwarded-for` has its own meaning",
        ),
        (
            r#"{"add":{"headers":["x-user:$(consumer.username)$(headers.y)"]}}"#,
            "add.headers[0]: expected two headers, one for who is calling",
        ),
        (
            r#"{"append":{"headers":["x-user:$(path.id)/$(client.ip)"]}}"#,
            "append.headers[0]: expected two headers, one for who is calling",
        ),
        (r#"{"add":{"headers":["a b:1"]}}"#, "expected a header name, but found `a b`"),
        (r#"{"remove":{"headers":["x-*"]}}"#, "expected a header name, but found `x-*`"),
        (
            r#"{"add":{"headers":["x:$(jwt.)"]}}"#,
            "expected a template: the path of the claim is empty",
        ),
        (
            r#"{"add":{"headers":["x:$(path.user)"]}}"#,
            "`user` is no name of this route's path; use one of id",
        ),
        (r#"{"add":{"headers":[{"x":"1"}]}}"#, "expected a string, but found an object"),
        (r#"{"add":{"query":[]}}"#, "unknown field `query`, expected one of headers"),
    ] {
        let (_, faults, _) = request(json);
        assert!(faults.len() == 1 && faults[0].contains(fault), "{json}: {faults:?}");
    }
    // `:path` is split at its first colon: no name is left.
    assert_eq!(request(r#"{"add":{"headers":[":path:/x"]}}"#).1.len(), 1);
    for json in [
        r#"{"remove":{"headers":["x-envoy-upstream-service-time"]}}"#,
        r#"{"add":{"headers":["x-user:$(jwt.sub)","x:$(path.id)","authorization:Basic eA=="]}}"#,
    ] {
        assert_eq!(request(json).1, [""; 0], "{json}");
    }
    let (_, faults, warnings) = request(
        r#"{"remove":{"headers":["host"]},"add":{"headers":["Host:x"]},"append":{"headers":["host:x"]}}"#,
    );
    assert_eq!((faults.len(), warnings.len()), (0, 3));
}

#[test]
fn what_says_who_is_calling_and_what_a_client_chose_are_told_apart() {
    let json = r#"{"add":{"headers":["a:$(jwt.sub)","b:$(client.ip)","c:1","x-consumer-id:1","d:$(headers.x)"]},
                   "rename":{"headers":["f:g"]}}"#;
    let (own, _, _) = operations(json, Side::Request);
    let names = |names: Vec<FieldName>| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(own.identity_headers()), ["a", "b", "x-consumer-id"]);
    assert_eq!(names(own.client_headers()), ["g", "d"]);
    let (own, _, _) = operations(json, Side::Response);
    assert!(own.identity_headers().is_empty() && own.client_headers().is_empty());
    assert!(own.reads_request() && !own.is_empty() && !own.sets_host());
}

#[test]
fn the_number_of_operations_is_bounded() {
    let list = |count: usize| vec!["\"x\""; count].join(",");
    let json = |more| {
        format!(
            r#"{{"remove":{{"headers":[{}]}},"add":{{"headers":["x:1"]}}}}"#,
            list(MAX_OPERATIONS - 1 + more)
        )
    };
    assert_eq!(operations(&json(0), Side::Request).1, [""; 0]);
    assert_eq!(
        operations(&json(1), Side::Request).1,
        ["add.headers: expected at most 128 entries of all operations together"]
    );
}

fn json_operations(json: &str) -> (JsonOperations, Vec<String>) {
    let (operations, faults, _) = read(json, |node| {
        node.section(|section| {
            let mut types = JsonTypes::default();
            let [json] = read_lists(section, ["json"], |operation, fields| {
                types.ask(operation, fields);
            });
            let allow = section.optional("allow");
            Some(JsonOperations::read(&json, &types, allow.as_ref(), &["id".to_owned()]))
        })
    });
    (operations.unwrap_or_default(), faults)
}

#[test]
fn json_is_changed_in_kongs_order_with_its_types() {
    let body = r#"{"a":1.50,"b":false,"c":[1],"d":"x","e":{"f":"y"}}"#;
    for (json, expected) in [
        ("{}", None),
        (
            r#"{"remove":{"json":["a","e.f","none"]}}"#,
            Some(r#"{"b":false,"c":[1],"d":"x","e":{}}"#),
        ),
        (
            r#"{"rename":{"json":["a:z","e.f:g"]}}"#,
            Some(r#"{"z":1.50,"b":false,"c":[1],"d":"x","e":{"g":"y"}}"#),
        ),
        (
            r#"{"replace":{"json":["a:2.50","b:true","d:7","none:1"],"json_types":["number","boolean"]}}"#,
            Some(r#"{"a":2.50,"b":true,"c":[1],"d":"7","e":{"f":"y"}}"#),
        ),
        (r#"{"add":{"json":["b:x"]}}"#, None),
        (
            r#"{"append":{"json":["c:12345678901234567890","d:y","n:$(jwt.sub)"],"json_types":["number","string"]}}"#,
            Some(
                r#"{"a":1.50,"b":false,"c":[1,12345678901234567890],"d":["x","y"],"e":{"f":"y"},"n":["ada"]}"#,
            ),
        ),
        (
            r#"{"append":{"json":["b:2"]},"add":{"json":["b:1"]},"remove":{"json":["b"]},"allow":["b"]}"#,
            Some(r#"{"b":["1","2"]}"#),
        ),
        // Values are written as JSON, whatever is in them; what is no number is dropped.
        (
            r#"{"allow":["x","y","z"],"add":{"json":["x:$(jwt.quote)","y:$(jwt.sub)","z:$(jwt.n)"],"json_types":["string","number","number"]}}"#,
            Some(r#"{"x":"\",\"admin\":\"\n","z":7}"#),
        ),
    ] {
        let (operations, faults) = json_operations(json);
        assert_eq!(faults, [""; 0], "{json}");
        let claims = serde_json::json!({"sub": "ada", "quote": "\",\"admin\":\"\n", "n": 7});
        let values = operations.values(&Values::of_claims(claims.as_object().unwrap()));
        let text = operations.apply(body.as_bytes(), &values).unwrap();
        let text = text.map(|text| String::from_utf8(text).unwrap());
        assert_eq!(text.as_deref(), expected, "{json}");
    }
}

#[test]
fn json_operations_that_can_mean_nothing_are_refused() {
    for (json, fault) in [
        (r#"{"remove":{"json":["a[0]"]}}"#, "remove.json[0]: expected a member such as zip"),
        (
            r#"{"rename":{"json":["a.b:c.d"]}}"#,
            "rename.json[0]: expected a new name for the same place",
        ),
        (
            r#"{"add":{"json":["a:x"],"json_types":["number"]}}"#,
            "add.json[0]: expected a number, as",
        ),
        (
            r#"{"add":{"json":["a: 1e"],"json_types":["number"]}}"#,
            "add.json[0]: expected a number, as",
        ),
        (
            r#"{"add":{"json":["a:1"],"json_types":["boolean"]}}"#,
            "add.json[0]: expected true or false, as",
        ),
        (
            r#"{"add":{"json":["a:1"],"json_types":["number","number"]}}"#,
            "add.json_types: expected a type for each of the 1 entries, but found 2",
        ),
        (
            r#"{"add":{"json":["a:1"],"json_types":["object"]}}"#,
            "add.json_types[0]: expected one of string, number, boolean, but found `object`",
        ),
        (r#"{"remove":{"json":["a"],"json_types":[]}}"#, "remove: unknown field `json_types`"),
        (r#"{"allow":[]}"#, "allow: expected 1 to 1000 fields, but found 0"),
        (r#"{"add":{"json":["a:$(x)"]}}"#, "add.json[0]: expected a template: `$(x)` is not known"),
    ] {
        let (_, faults) = json_operations(json);
        assert!(faults.len() == 1 && faults[0].starts_with(fault), "{json}: {faults:?}");
    }
    assert!(json_operations("{}").0.is_empty());
    assert!(!json_operations(r#"{"allow":["a"]}"#).0.is_empty());
}
