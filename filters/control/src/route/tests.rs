//! Which requests a route takes.

use std::rc::Rc;

use super::RouteMatch;
use crate::config::Reader;
use crate::exchange::Exchange;
use crate::headers::HeaderMap;
use crate::json::parse;
use crate::program::Settings;
use crate::surroundings::stub::Stub;

fn exchange(method: &str, authority: &str, path: &str) -> Exchange {
    let mut headers = HeaderMap::default();
    for (name, value) in
        [(":method", method), (":authority", authority), (":path", path), ("x-tier", "gold")]
    {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    let properties = vec![("xds.route_name".to_owned(), b"premium".to_vec())];
    let request = Stub { headers, properties, ..Stub::default() };
    Exchange::new(Rc::new(request), Rc::new(Settings::default()))
}

fn read(json: &str) -> Result<RouteMatch, String> {
    let value = parse(json.as_bytes()).unwrap();
    let environment = |_: &str| None;
    let reader = Reader::new(&environment);
    let found = RouteMatch::read(&reader.root(&value));
    reader.finish(found).map(|(found, _)| found).map_err(|faults| faults.to_string())
}

#[test]
fn a_route_takes_what_every_condition_allows() {
    let cases = [
        (r#"{"path":{"prefix":"/v1"}}"#, "GET", "a", "/v1", true),
        (r#"{"path":{"prefix":"/v1"}}"#, "GET", "a", "/v1/x?y", true),
        (r#"{"path":{"prefix":"/v1/"}}"#, "GET", "a", "/v1", true),
        (r#"{"path":{"prefix":"/v1"}}"#, "GET", "a", "/v10", false),
        (r#"{"path":{"prefix":"/v1"}}"#, "GET", "a", "/x/../v1", true),
        (r#"{"path":{"prefix":"/v1"}}"#, "GET", "a", "/%761//z", true),
        (r#"{"path":{"prefix":"/"}}"#, "GET", "a", "/anything", true),
        (r#"{"path":{"exact":"/v1"}}"#, "GET", "a", "/v1?x", true),
        (r#"{"path":{"exact":"/v1"}}"#, "GET", "a", "/v1/", false),
        (r#"{"path":{"template":"/users/{id}"}}"#, "GET", "a", "/users/7", true),
        (r#"{"path":{"template":"/users/{id}"}}"#, "GET", "a", "/users/", false),
        (r#"{"path":{"template":"/users/{id}"}}"#, "GET", "a", "/users/7/x", false),
        (r#"{"path":{"regex":"/v[0-9]+|/w"}}"#, "GET", "a", "/v12", true),
        (r#"{"path":{"regex":"/v[0-9]+|/w"}}"#, "GET", "a", "/w/x", false),
        (r#"{"hosts":["api.example.com"]}"#, "GET", "API.example.com.:8080", "/", true),
        (r#"{"hosts":["api.example.com"]}"#, "GET", "api.example.com.evil", "/", false),
        (r#"{"hosts":["*.example.com"]}"#, "GET", "a.b.example.com", "/", true),
        (r#"{"hosts":["*.example.com"]}"#, "GET", "example.com", "/", false),
        (r#"{"hosts":["[2001:db8::1]"]}"#, "GET", "[2001:db8::1]:443", "/", true),
        (r#"{"methods":["GET","HEAD"]}"#, "HEAD", "a", "/", true),
        (r#"{"methods":["GET"]}"#, "get", "a", "/", false),
        (r#"{"headers":{"X-Tier":"gold"}}"#, "GET", "a", "/", true),
        (r#"{"headers":{"x-tier":"silver"}}"#, "GET", "a", "/", false),
        (r#"{"route_names":["x","premium"]}"#, "GET", "a", "/", true),
        (r#"{"route_names":["x"],"methods":["GET"]}"#, "GET", "a", "/", false),
    ];
    for (json, method, authority, path, expected) in cases {
        let found =
            read(json).unwrap().matches(&exchange(method, authority, path), &mut Vec::new());
        assert_eq!(found, expected, "{json} {method} {authority}{path}");
    }
}

#[test]
fn a_template_gives_names_to_segments() {
    let mut captures = Vec::new();
    let route = read(r#"{"path":{"template":"/users/{id}/orders/{order}"}}"#).unwrap();
    assert!(route.matches(&exchange("GET", "a", "/users/7/orders/8"), &mut captures));
    assert_eq!(captures, [("id".to_owned(), b"7".to_vec()), ("order".to_owned(), b"8".to_vec())]);
}

#[test]
fn a_match_that_could_never_match_is_refused() {
    for json in [
        "{}",
        r#"{"path":{}}"#,
        r#"{"path":{"exact":"/a","prefix":"/b"}}"#,
        r#"{"path":{"exact":"a"}}"#,
        r#"{"path":{"exact":"/a//b"}}"#,
        r#"{"path":{"prefix":"/a/../b"}}"#,
        r#"{"path":{"prefix":"/a%2Fb"}}"#,
        r#"{"path":{"template":"/{}"}}"#,
        r#"{"path":{"template":"/{a}/{a}"}}"#,
        r#"{"path":{"template":"users/{id}"}}"#,
        r#"{"path":{"regex":"("}}"#,
        r#"{"path":{"regex":"(?=a)"}}"#,
        r#"{"hosts":[]}"#,
        r#"{"hosts":["*"]}"#,
        r#"{"hosts":["a.*.com"]}"#,
        r#"{"methods":["get"]}"#,
        r#"{"headers":{"a b":"x"}}"#,
        r#"{"route":["x"]}"#,
    ] {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn the_scope_does_not_depend_on_how_a_match_is_written() {
    let one = read(r#"{"hosts":["a","b"],"path":{"prefix":"/v1"}}"#).unwrap();
    let other = read(r#"{"path":{"prefix":"/v1"},"hosts":["b","a"]}"#).unwrap();
    assert_eq!(one.scope(), other.scope());
}
