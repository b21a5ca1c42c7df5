//! CORS headers on every answer that a filter sees: the upstream's, the router's, and refusals of every kind, from one
//! module and from several.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_e2e::{Envoy, EnvoyConfig, Reply, Request, Response, Upstream, Wasm};
use serde_json::{Value, json};

const PAGE: &str = "https://app.example.com";
const KEY: &str = "ada-0123456789abcdef";

fn cors() -> Value {
    json!({"origins": [PAGE, "https://b.example"], "credentials": true, "exposed_headers": ["X-Request-ID"]})
}

fn consumers() -> Value {
    json!([{"username": "ada", "keys": [KEY]}])
}

/// The same controls in one module and in several, cors first.
fn gateways() -> [(&'static str, Vec<Wasm>); 2] {
    let limit =
        json!({"year": 2, "limit_by": "header", "header_name": "x-limited", "fallback": "skip"});
    let sizes = json!({"allowed_payload_size": 10, "size_unit": "bytes", "response": {"allowed_payload_size": 100_000}});
    let gateway = Wasm::new("gateway").vm_id("one").config(json!({
        "consumers": consumers(), "cors": cors(), "request-size-limiting": sizes, "key-auth": {}, "rate-limiting": limit,
    }));
    let keys = json!({"consumers": consumers()});
    let apart = [
        ("cors", cors()),
        ("request-size-limiting", sizes),
        ("key-auth", keys),
        ("rate-limiting", limit),
    ];
    let apart = apart.map(|(name, config)| Wasm::new(name).vm_id("apart").config(config));
    [("one module", vec![gateway]), ("several modules", apart.to_vec())]
}

fn envoy(modules: &[Wasm], upstream: &Upstream) -> Envoy {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = EnvoyConfig::new(upstream)
        .cluster_at("nobody", nobody)
        .route_to("unreachable", "/unreachable", "nobody")
        .route(json!({"name": "direct", "match": {"prefix": "/direct"}, "direct_response": {"status": 418}}))
        .route(json!({"name": "elsewhere", "match": {"prefix": "/elsewhere"}, "redirect": {"path_redirect": "/"}}))
        // No route leads there: the router says 404.
        .hcm(|manager| {
            let host = &mut manager["route_config"]["virtual_hosts"][0];
            let routes = host["routes"].as_array_mut().unwrap();
            routes.last_mut().unwrap()["match"] = json!({"prefix": "/api"});
        });
    Envoy::start(modules.iter().fold(base, |config, module| config.wasm(module)))
}

fn from(path: &str, origin: &str) -> Request {
    Request::get(path).header("origin", origin).header("apikey", KEY)
}

fn readable_by(reply: &Reply) -> [Option<String>; 4] {
    let names = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
        "vary",
    ];
    names.map(|name| reply.header(name))
}

fn upstream() -> Upstream {
    Upstream::with(|request| {
        let answer = Response::new(if request.target.contains("broken") { 500 } else { 200 });
        let large = if request.target.contains("large") { 3_000_000 } else { 5 };
        answer
            .header("access-control-allow-origin", "*")
            .header("access-control-allow-credentials", "false")
            .header("vary", "accept-encoding")
            .body(vec![b'x'; large])
    })
}

#[test]
fn every_answer_that_a_filter_sees_says_who_may_read_it() {
    for (what, modules) in gateways() {
        let upstream = upstream();
        let envoy = envoy(&modules, &upstream);
        let limited = |path| from(path, PAGE).header("x-limited", "1");
        for _ in 0..2 {
            assert_eq!(envoy.send(&limited("/api")).status, 200);
        }
        let no_key = Request::get("/api").header("origin", PAGE);
        let upload = |body: Request| body.header("origin", PAGE).header("apikey", KEY);
        for (status, of_upstream, request) in [
            (200, true, from("/api", PAGE)),
            (500, true, from("/api/broken", PAGE)),
            (404, false, from("/nowhere", PAGE)),
            (503, false, from("/unreachable", PAGE)),
            (418, false, from("/direct", PAGE)),
            (301, false, from("/elsewhere", PAGE)),
            (401, false, no_key),
            (429, false, limited("/api")),
            (413, false, upload(Request::post("/api", [b'a'; 11]))),
            (413, false, upload(Request::new("POST", "/api").chunks([[b'a'; 11]]))),
            (502, false, from("/api/large", PAGE)),
        ] {
            let reply = envoy.send(&request);
            let text = |text: &str| Some(text.to_owned());
            // Envoy joins what was there and what is added.
            let vary = if of_upstream { "accept-encoding,Origin" } else { "Origin" };
            let expected = [text(PAGE), text("true"), text("X-Request-ID"), text(vary)];
            // What replaces a response keeps what the upstream said of caching.
            let mut found = readable_by(&reply);
            if status == 502 {
                found[3] = found[3].take().map(|vary| vary.replace("accept-encoding,", ""));
            }
            assert_eq!((reply.status, found), (status, expected), "{what}: {request:?}");
            let other = envoy.send(&swap_origin(&request));
            assert_eq!(other.header("access-control-allow-origin"), None, "{what}: {request:?}");
            assert_eq!(
                other.header("access-control-allow-credentials"),
                None,
                "{what}: {request:?}"
            );
            assert!(
                other.header("vary").is_some_and(|vary| vary.contains("Origin")),
                "{what}: {request:?}"
            );
        }
    }
}

/// The same request of a page that may not read.
fn swap_origin(request: &Request) -> Request {
    request.clone().replace_header("origin", "https://evil.example")
}

#[test]
fn what_envoy_answers_itself_has_no_cors_headers() {
    let upstream = upstream();
    for (what, modules) in gateways() {
        let envoy = envoy(&modules, &upstream);
        let mut connection = envoy.connect();
        let raw = format!("GET /api HTTP/1.1\r\norigin: {PAGE}\r\n\r\n");
        let reply = connection.raw(raw.as_bytes()).unwrap();
        assert_eq!(
            (reply.status, reply.header("access-control-allow-origin")),
            (400, None),
            "{what}"
        );
    }
}

#[test]
fn preflights_need_no_credentials_and_limits_before_authentication_come_before_them() {
    let upstream = upstream();
    let preflight = || {
        Request::new("OPTIONS", "/api")
            .header("origin", PAGE)
            .header("access-control-request-method", "PUT")
    };
    let limits = json!([
        {"year": 3, "limit_by": "ip", "when": "before_auth"},
        {"year": 1, "limit_by": "ip", "name": "after"},
    ]);
    let gateway = Wasm::new("gateway").config(json!({
        "consumers": consumers(), "cors": cors(), "key-auth": {}, "rate-limiting": limits,
    }));
    let envoy = envoy(&[gateway], &upstream);
    for _ in 0..2 {
        let reply = envoy.send(&preflight());
        assert_eq!((reply.status, reply.text()), (200, String::new()));
        assert_eq!(reply.header("content-length").as_deref(), Some("0"));
        assert_eq!(reply.header("access-control-allow-origin").as_deref(), Some(PAGE));
        assert_eq!(reply.header("x-ratelimit-limit-year").as_deref(), Some("3"));
    }
    // The limit behind authentication has counted none of them.
    assert_eq!(envoy.send(&from("/api", PAGE)).status, 200);
    let over = envoy.send(&preflight());
    assert_eq!(
        (over.status, over.header("access-control-allow-origin").as_deref()),
        (429, Some(PAGE))
    );
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn a_preflight_that_the_upstream_answers_still_needs_credentials() {
    let upstream = upstream();
    let mut cors = cors();
    cors["preflight_continue"] = json!(true);
    let gateway = Wasm::new("gateway").config(json!({
        "consumers": consumers(), "cors": cors, "key-auth": {"run_on_preflight": true},
    }));
    let envoy = envoy(&[gateway], &upstream);
    let preflight = Request::new("OPTIONS", "/api")
        .header("origin", PAGE)
        .header("access-control-request-method", "PUT");
    assert_eq!(envoy.send(&preflight).status, 401);
    assert!(upstream.requests().is_empty());
    let passed = envoy.send(&preflight.header("apikey", KEY));
    let expected =
        [Some("*".to_owned()), Some("false".to_owned()), None, Some("accept-encoding".to_owned())];
    assert_eq!((passed.status, readable_by(&passed)), (200, expected), "as the upstream has it");
}

#[test]
fn preflights_over_http2_are_answered_too() {
    let upstream = upstream();
    for (what, modules) in gateways() {
        let envoy = envoy(&modules, &upstream);
        let mut client = envoy.connect_http2();
        let preflight = Request::new("OPTIONS", "/api")
            .header("origin", PAGE)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "x-one,x-two");
        let reply = client.send(&preflight).unwrap();
        assert_eq!((reply.status, reply.text()), (200, String::new()), "{what}");
        assert_eq!(
            reply.header("access-control-allow-headers").as_deref(),
            Some("x-one,x-two"),
            "{what}"
        );
    }
    assert!(upstream.requests().is_empty());
}
