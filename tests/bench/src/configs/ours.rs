//! What our modules are configured with.

use serde_json::{Value, json};

use super::{CLIENT, CLIENT_SAN, JWKS_PATH, PROVIDER, REFRESH, consumer};
use crate::answers::{REMOVED, SHOWN_BY};
use crate::credentials::{AUDIENCE, ISSUER, KEY_HEADER, ORIGIN, api_keys, jwks};

/// With keys of the configuration.
pub(super) fn jwt_auth() -> Value {
    jwt_auth_with(&json!({"jwks": jwks()}))
}

/// With keys of the provider.
pub(super) fn jwt_auth_remote() -> Value {
    let keys = format!("{ISSUER}{JWKS_PATH}");
    jwt_auth_with(&json!({"jwks_uri": keys, "cluster": PROVIDER, "refresh": REFRESH}))
}

fn jwt_auth_with(source: &Value) -> Value {
    json!({
        "issuers": [{
            "issuer": ISSUER, "audiences": [AUDIENCE], "algorithms": ["RS256"],
            "keys": [source],
        }],
        "headers": {
            "X-User-ID": "$(jwt.sub)", "X-User-Email": "$(jwt.email)", "X-User-Roles": "$(jwt.roles)",
        },
    })
}

/// Without headers of claims.
pub(super) fn jwt_auth_bare() -> Value {
    let mut configuration = jwt_auth();
    configuration["headers"] = json!({});
    configuration
}

/// Four headers of claims.
pub(super) fn transformer() -> Value {
    json!({"add": {"headers": [
        "X-Subject:$(jwt.sub)", "X-Email:$(jwt.email)", "X-Roles:$(jwt.roles)", "X-Issuer:$(jwt.iss)",
    ]}})
}

/// The key stands in a header, as api_key_auth is told.
pub(super) fn key_auth() -> Value {
    json!({"key_names": [KEY_HEADER], "key_in_query": false})
}

/// Those whose keys they are.
pub(super) fn consumers() -> Value {
    let consumers = api_keys()
        .enumerate()
        .map(|(number, key)| json!({"username": consumer(number), "keys": [key]}));
    consumers.collect()
}

/// One consumer, known by its certificate, in the group that may.
pub(super) fn certificates() -> Value {
    json!({
        "consumers": [
            {"username": CLIENT, "groups": ["staff"], "certificates": [{"san": CLIENT_SAN}]},
        ],
        "mtls-auth": {"verified_by_envoy": true},
        "acl": {"allow": ["staff"]},
    })
}

/// Two origins, and credentials.
pub(super) fn cors() -> Value {
    json!({"origins": [ORIGIN, "https://admin.example.com"], "credentials": true})
}

/// Those of an API. Of a connection without TLS one of the six is taken out, which costs as much.
pub(super) fn security_headers() -> Value {
    json!({"security_headers": "api"})
}

/// Those of the server, which are masked by default.
pub(super) fn mask_errors() -> Value {
    json!({"mask_errors": {}})
}

/// Of a list of orders.
pub(super) fn rewrite_json() -> Value {
    let (name, value) = SHOWN_BY;
    let added = format!("{name}:{value}");
    json!({"remove": {"json": REMOVED}, "add": {"json": [added]}})
}

/// One megabyte.
pub(super) fn sizes() -> Value {
    json!({"allowed_payload_size": 1, "size_unit": "megabytes"})
}
