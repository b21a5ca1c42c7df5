//! The configurations under which every module is attacked: each looks into as much of a request as it can.

use serde_json::{Value, json};

use super::{IDENTITY_HEADER, ISSUER, KEY};
use crate::tokens::keys;

/// The configuration under which a module is attacked: it reads all that it can.
///
/// # Panics
/// When the module is unknown.
#[must_use]
pub fn configuration(module: &str) -> Value {
    let jwt = json!({
        "header_names": ["authorization", "x-token"],
        "cookie_names": ["session"],
        "uri_param_names": ["jwt"],
        "run_on_preflight": false,
        "issuers": [{
            "issuer": ISSUER,
            "algorithms": ["HS256", "RS256", "ES256"],
            "keys": [
                {"secret": keys::secret("secret64")},
                {"jwks": {"keys": [keys::jwk("rsa2048"), keys::jwk("p256")]}},
            ],
        }],
        "headers": {IDENTITY_HEADER: "$(jwt.sub)", "x-user-roles": "$(jwt.roles)", "x-user-all": "$(jwt.deep.a)"},
        "leeway": 5,
        "maximum_expiration": 0,
    });
    let limits = json!([
        {"year": 1_000_000_000, "limit_by": "ip", "name": "ip"},
        {"year": 1_000_000_000, "limit_by": "header", "header_name": "x-client", "name": "header"},
        {"year": 1_000_000_000, "limit_by": "path", "path": "/a", "name": "path"},
    ]);
    let consumers =
        json!([{"username": "ada", "custom_id": "42", "groups": ["dev"], "keys": [KEY]}]);
    let key = json!({"key_names": ["x-api-key"], "key_in_body": true, "run_on_preflight": false});
    let certificate = json!({
        "source": "xfcc",
        "trusted": ["127.0.0.0/8", "203.0.113.0/24"],
        "verified_by_envoy": true,
        "run_on_preflight": false,
    });
    let client_ip = json!({"x_forwarded_for": {"trusted_hops": 1}});
    let cors = json!({
        "origins": ["https://app.example.com", "https://other.example.com", r"https://[^/]+\.example\.org"],
        "credentials": true,
        "private_network": true,
        "exposed_headers": ["x-exposed"],
    });
    // A megabyte passes, and nothing else is too small for a good request.
    let sizes = json!({
        "allowed_payload_size": 2,
        "allowed_headers": 5_000,
        "allowed_header_bytes": 10_000_000,
        "allowed_url_length": 50_000,
        "allowed_query_parameters": 500,
        "allowed_path_segments": 500,
        "allowed_multipart_parts": 100,
        "allowed_decompressed_size": 4,
        "response": {"allowed_payload_size": 2},
    });
    // It looks into every body that it can, and writes what clients send wherever it may.
    let transformer = json!({
        "reroute": "allowed",
        "remove": {"headers": ["x-filler-1"], "querystring": ["jwt"], "body": ["x-api-key", "a[*].b", "a.b.c"]},
        "rename": {"headers": ["x-filler-2:x-renamed"], "body": ["k:renamed"]},
        "replace": {"body": ["b: $(headers.x-client)"]},
        "add": {
            "headers": ["x-copy: $(headers.x-client) $(headers.cookie) $(request.id)", "x-address: $(client.ip)", "x-claims: $(jwt.sub) $(jwt.roles)"],
            "querystring": ["c: $(headers.x-client)", "q: $(query.jwt)", "s: $(jwt.sub)", "r: $(jwt.roles)"],
            "body": ["c: $(headers.x-client)", "sub: $(jwt.sub)"],
        },
        "append": {"headers": ["x-list: $(headers.origin)"], "body": ["d: $(query.jwt)"]},
        "max_body_bytes": 16_777_216,
    });
    let answers = json!({
        "security_headers": "api",
        "hide": "all",
        "add": {"headers": ["x-for: $(jwt.sub) $(jwt.roles)", "x-to: $(headers.x-client)"]},
        "mask_errors": {"status": ["500-599"], "log_original": 2_048},
    });
    // As large as the largest body that is sent, so that rules see all of it.
    let waf = json!({
        "ruleset": "base",
        "on_stream": "pass",
        "request_body_limit": 2_097_152,
        "request_body_no_files_limit": 2_097_152,
        "response_body": true,
        "log_lines": 0,
        "audit": {"parts": "ABFHIZ", "sample": 1},
        "preview": {"inbound_anomaly_threshold": 1},
    });
    let matches =
        json!({"hosts": ["other.test", "*.wild.test"], "path": {"template": "/users/{id}"}});
    match module {
        "jwt-auth" => with_route(jwt, &client_ip, &matches),
        "acl" => json!({
            "deny": ["banned"],
            "client_ip": client_ip,
            "routes": [{"match": matches, "config": {"allow": ["dev"]}}],
        }),
        "cors" => with_route(cors, &client_ip, &matches),
        "request-size-limiting" => with_route(sizes, &client_ip, &matches),
        "request-transformer" => {
            let mut configuration = with_route(transformer, &client_ip, &matches);
            let route = &mut configuration["routes"][0]["config"];
            route["replace"]["uri"] = "/u/$(path.id)/$(headers.x-client)".into();
            configuration["add"]["headers"] = json!([format!("{IDENTITY_HEADER}: $(jwt.sub)")]);
            configuration
        }
        "response-transformer" => with_route(answers, &client_ip, &matches),
        "key-auth" => {
            let mut configuration = with_route(key, &client_ip, &matches);
            configuration["consumers"] = consumers;
            configuration
        }
        "mtls-auth" => {
            let mut configuration = with_route(certificate, &client_ip, &matches);
            configuration["consumers"] = consumers;
            configuration
        }
        "rate-limiting" => json!({
            "limits": limits,
            "client_ip": client_ip,
            "routes": [{"match": matches, "config": {"year": 1_000_000_000, "limit_by": "ip"}}],
        }),
        // Every rule of ours, and bodies and responses that are held.
        "waf" => with_route(waf, &client_ip, &matches),
        "gateway" => json!({
            "client_ip": client_ip,
            "consumers": consumers,
            "cors": cors,
            "request-size-limiting": sizes,
            "mtls-auth": certificate,
            "jwt-auth": jwt,
            "key-auth": key,
            "acl": {"deny": ["banned"], "consumers": ["ada"]},
            "rate-limiting": limits,
            "waf": waf,
            "request-transformer": transformer,
            "response-transformer": answers,
            "routes": [{"match": matches, "rate-limiting": {"year": 1_000_000_000, "limit_by": "credential"}}],
        }),
        other => panic!("no configuration to attack {other} under"),
    }
}

/// A configuration that is that of a route too.
fn with_route(base: Value, client_ip: &Value, matches: &Value) -> Value {
    let mut configuration = base.clone();
    configuration["client_ip"] = client_ip.clone();
    configuration["routes"] = json!([{"match": matches, "config": base}]);
    configuration
}
