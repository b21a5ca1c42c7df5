//! Envoy's own filters, configured to do the same work as ours.

use serde_json::{Value, json};

use super::{CLIENT_SAN, CONSUMER_HEADER, JWKS_PATH, LIMIT, PROVIDER, REFRESH, consumer};
use crate::credentials::{AUDIENCE, ISSUER, KEY_HEADER, ORIGIN, api_keys, jwks};

/// With the keys of the provider.
pub(super) fn jwt_authn_remote() -> Value {
    let mut filter = jwt_authn(None);
    let provider = &mut filter["typed_config"]["providers"]["idp"];
    provider["remote_jwks"] = json!({
        "http_uri": {"uri": format!("{ISSUER}{JWKS_PATH}"), "cluster": PROVIDER, "timeout": "5s"},
        "cache_duration": format!("{REFRESH}s"),
        "async_fetch": {},
    });
    provider.as_object_mut().expect("fields").remove("local_jwks");
    filter
}

/// With keys of the configuration.
pub(super) fn jwt_authn(cache: Option<Value>) -> Value {
    let mut provider = json!({
        "issuer": ISSUER, "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": jwks().to_string()},
        "forward": true,
        "claim_to_headers": [
            {"header_name": "x-user-id", "claim_name": "sub"},
            {"header_name": "x-user-email", "claim_name": "email"},
            {"header_name": "x-user-roles", "claim_name": "roles"},
        ],
    });
    if let Some(cache) = cache {
        provider["jwt_cache_config"] = cache;
    }
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"idp": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "idp"}}],
        },
    })
}

/// One bucket for all clients: Envoy's filter counts by address only where descriptors say so.
pub(super) fn local_ratelimit(headers: bool) -> Value {
    let always = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    let headers = if headers { "DRAFT_VERSION_03" } else { "OFF" };
    json!({
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "limit",
            "token_bucket": {"max_tokens": LIMIT, "tokens_per_fill": LIMIT, "fill_interval": "60s"},
            "filter_enabled": always, "filter_enforced": always,
            "enable_x_ratelimit_headers": headers,
        },
    })
}

/// It tells the upstream who is calling and hides the key, as ours does.
pub(super) fn api_key_auth() -> Value {
    let credentials: Vec<Value> = api_keys()
        .enumerate()
        .map(|(number, key)| json!({"key": key, "client": consumer(number)}))
        .collect();
    json!({
        "name": "envoy.filters.http.api_key_auth",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
            "credentials": credentials,
            "key_sources": [{"header": KEY_HEADER}],
            "forwarding": {"header": CONSUMER_HEADER, "hide_credentials": true},
        },
    })
}

/// It tells the upstream nothing.
pub(super) fn rbac() -> Value {
    let name = json!({"exact": CLIENT_SAN});
    json!({
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {
                "action": "ALLOW",
                "policies": {
                    "staff": {
                        "permissions": [{"any": true}],
                        "principals": [{"authenticated": {"principal_name": name}}],
                    },
                },
            },
        },
    })
}

/// Its policy stands at the routes.
pub(super) fn cors() -> Value {
    json!({
        "name": "envoy.filters.http.cors",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors"},
    })
}

/// The policy: two origins, and credentials.
pub(super) fn cors_policy() -> Value {
    let exact = |origin: &str| json!({"exact": origin});
    json!({"envoy.filters.http.cors": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [exact(ORIGIN), exact("https://admin.example.com")],
        "allow_credentials": true,
    }})
}

/// One megabyte, held.
pub(super) fn buffer() -> Value {
    json!({
        "name": "envoy.filters.http.buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
            "max_request_bytes": 1_048_576,
        },
    })
}

/// The security headers of an API, where they are missing.
pub(super) fn header_mutation() -> Value {
    let headers = [
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ];
    let added = headers.map(|(key, value)| {
        json!({"append": {"header": {"key": key, "value": value}, "append_action": "ADD_IF_ABSENT"}})
    });
    json!({
        "name": "envoy.filters.http.header_mutation",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": {"response_mutations": added},
        },
    })
}
