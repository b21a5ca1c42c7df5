//! What an answer says of itself, whoever gives it: the controls, the router, Envoy before any filter, the upstream.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

#[path = "../tls/gateway.rs"]
mod gateway;
mod hostile;
mod local;
mod page;

use portcullis_e2e::{EnvoyFile, Upstream, Wasm};

/// The shipped file with these filters in the place of its own.
fn shipped_with(upstream: &Upstream, filters: &[Wasm]) -> EnvoyFile {
    let filters: String =
        filters.iter().map(|module| format!("          - {}\n", module.filter())).collect();
    let (first, behind) =
        ("          - name: portcullis\n", "          - name: envoy.filters.http.router\n");
    gateway::file(upstream).replace_between(first, behind, &filters)
}

/// What the set `api` of response-transformer adds over TLS, and Envoys to what they answer themselves.
const SECURITY: [(&str, &str); 6] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// What no answer of the gateway has.
const TELLING: [&str; 5] = [
    "server",
    "via",
    "x-powered-by",
    "x-envoy-upstream-service-time",
    "x-envoy-decorator-operation",
];
