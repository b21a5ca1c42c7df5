//! Requests that are changed, on the way through a real Envoy: methods and routes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_e2e::{Envoy, EnvoyConfig, Request, Upstream, Wasm};
use serde_json::{Value, json};

fn transforming(upstream: &Upstream, config: Value) -> EnvoyConfig {
    EnvoyConfig::new(upstream).wasm(&Wasm::new("request-transformer").config(config))
}

#[test]
fn the_upstream_gets_the_method_of_the_configuration() {
    let upstream = Upstream::echo();
    // Who asks for headers alone is the exception: the body of another answer would follow them.
    for (method, sent, arrives) in
        [("PUT", "POST", "PUT"), ("POST", "GET", "POST"), ("GET", "HEAD", "HEAD")]
    {
        let envoy = Envoy::start(transforming(&upstream, json!({"http_method": method})));
        let before = upstream.requests().len();
        // Twice on one connection: nothing of an answer is left there.
        let mut connection = envoy.connect();
        for _ in 0..2 {
            let reply = connection.send(&Request::new(sent, "/a?b")).unwrap();
            assert_eq!(reply.status, 200, "{sent} as {method}");
        }
        let seen = upstream.requests();
        assert!(
            seen[before..].iter().all(|request| request.method == arrives),
            "{sent} as {method}"
        );
        assert_eq!(seen.len(), before + 2);
    }
}

#[test]
fn another_path_gets_another_route_where_that_is_allowed() {
    let (first, second) = (Upstream::echo(), Upstream::echo());
    let config = json!({
        "reroute": "allowed",
        "replace": {"uri": "/inside/$(headers.x-name)"},
        "add": {"querystring": ["by: gateway"]},
    });
    let envoy = Envoy::start(
        transforming(&first, config)
            .upstream("inside", &second)
            .route_to("inside", "/inside", "inside"),
    );
    let seen = envoy.send(&Request::get("/outside?a=%41").header("x-name", "../a")).json();
    assert_eq!(seen["path"], "/inside/..%2Fa?a=%41&by=gateway");
    assert_eq!((first.requests().len(), second.requests().len()), (0, 1));
}
