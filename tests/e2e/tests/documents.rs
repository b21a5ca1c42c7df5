//! Every YAML of the documentation and of `envoy/` in a real Envoy, which parses it itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_e2e::{
    Configuration, Envoy, EnvoyFile, Launch, Request, TlsClient, Upstream, certificates,
    repository, wasm,
};
use portcullis_tidy::markdown::{YamlBlock, all_yaml_blocks};
use portcullis_tidy::repository::Repository;
use serde_json::{Value, json};

/// A bootstrap as text around an example.
struct Example {
    text: String,
    launch: Launch,
}

impl Configuration for Example {
    fn bootstrap(&self, _directory: &Path) -> (String, &'static str) {
        (self.text.clone(), "yaml")
    }
    fn reloadable_listener(&self) -> Option<Value> {
        None
    }
    fn launch(&self) -> &Launch {
        &self.launch
    }
}

/// The module that an example configures: that of its folder, or the gateway.
fn module_of(block: &YamlBlock) -> String {
    let folder = block.file.strip_prefix("filters/").and_then(|path| path.split_once('/'));
    folder.map_or("gateway", |(folder, _)| folder).to_owned()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{:by$}{line}", "");
        all
    })
}

/// What `{env: NAME}` of an example stands for.
fn environment(text: &str) -> Vec<(String, String)> {
    let names = text.split("env:").skip(1).map(|rest| {
        let rest = rest.trim_start();
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
    });
    names
        .map(|name| {
            let value = match name.as_str() {
                _ if name.contains("PEM") => keys::pem("rsa2048").to_owned(),
                // Each another: a key belongs to one consumer.
                _ if name.ends_with("_KEY") => format!("{name}-0123456789abcdef"),
                _ if name.contains("SECRET") => {
                    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".to_owned()
                }
                _ => json!({"keys": [keys::jwk("rsa2048"), keys::jwk("p256")]}).to_string(),
            };
            (name, value)
        })
        .collect()
}

/// A token as the demo's issuer writes one, by the key of `PORTCULLIS_DEMO_JWKS`.
fn demo_token() -> String {
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "orders-api",
        "sub": "ada", "email": "ada@example.com", "roles": ["reader", "writer"],
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let spec = Spec {
        alg: Some("ES256".into()),
        claims: claims.as_object().cloned().unwrap(),
        ..Spec::default()
    };
    mint(&spec, now)
}

/// Where systems keep the roots that they trust; the documentation names the first.
const ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

fn roots() -> &'static str {
    ROOTS.into_iter().find(|path| Path::new(path).exists()).unwrap_or_else(|| {
        panic!("none of {ROOTS:?} is there: install the system's root certificates (on Debian: ca-certificates)")
    })
}

/// An Envoy around a block: its `http_filters`, its `clusters`, or a plugin's configuration.
fn around(block: &YamlBlock) -> Example {
    let dist = wasm("gateway").parent().unwrap().display().to_string();
    let text = block.text.replace(ROOTS[0], roots());
    let clusters = text.starts_with("clusters:").then(|| indented(&text, 2));
    let filters = if clusters.is_some() {
        String::new()
    } else if block.text.starts_with("http_filters:") {
        block
            .text
            .strip_prefix("http_filters:")
            .unwrap()
            .replace("filename: dist/", &format!("filename: {dist}/"))
    } else {
        let variables = environment(&block.text);
        let variables: serde_json::Map<String, Value> =
            variables.into_iter().map(|(name, value)| (name, value.into())).collect();
        format!(
            "\n- name: example\n  typed_config:\n    \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      name: example\n      allow_on_headers_stop_iteration: true\n      vm_config:\n        vm_id: portcullis\n        runtime: envoy.wasm.runtime.v8\n        code: {{local: {{filename: {dist}/{}.wasm}}}}\n        environment_variables: {{key_values: {}}}\n      configuration:\n        \"@type\": type.googleapis.com/google.protobuf.Struct\n        value:\n{}",
            module_of(block),
            Value::Object(variables),
            indented(&block.text, 10),
        )
    };
    let text = format!(
        r#"admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}}}
static_resources:
  listeners:
  - name: ingress
    address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          use_remote_address: true
          route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, direct_response: {{status: 200}}}}]}}]}}
          http_filters:{}
          - {{name: router, typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}
"#,
        indented(&filters, 10).trim_end().replacen("          \n", "\n", 1)
    );
    let text = text + &clusters.unwrap_or_default();
    let mut launch = Launch::default();
    for (name, value) in environment(&block.text) {
        launch = launch.env(&name, &value);
    }
    Example { text, launch }
}

#[test]
fn every_yaml_block_of_the_documentation_runs() {
    let blocks = all_yaml_blocks(Repository::open());
    assert!(blocks.len() >= 4, "the documentation has examples");
    for block in blocks {
        let place = format!("{}:{}", block.file, block.line);
        let envoy =
            Envoy::try_start(around(&block)).unwrap_or_else(|failure| panic!("{place}: {failure}"));
        let status = envoy.get("/").status;
        assert!(matches!(status, 200 | 401), "{place} answered {status}");
    }
}

#[test]
fn every_example_decides_on_requests() {
    let examples = repository().join("envoy/examples");
    let dist = wasm("gateway").parent().unwrap().display().to_string();
    // Examples with TLS name them in `.demo/`.
    let _made = certificates();
    for entry in std::fs::read_dir(examples).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let upstream = Upstream::echo();
        let mut file = EnvoyFile::new(format!("envoy/examples/{name}"));
        for (variable, value) in environment(
            &std::fs::read_to_string(repository().join("envoy/examples").join(&name)).unwrap(),
        ) {
            file = file.env(&variable, &value);
        }
        let tls = name == "mtls-auth.yaml";
        let file = file
            .port(if tls { 8443 } else { 8080 }, 0)
            .port(8081, upstream.address().port())
            .replace("filename: dist", &format!("filename: {dist}"));
        let envoy = Envoy::start(file);
        let reply = if tls {
            let send =
                |client: TlsClient| client.send(envoy.address(), &Request::get("/")).unwrap();
            assert_eq!(send(TlsClient::showing("ada")).status, 200, "{name}");
            send(TlsClient::new())
        } else {
            envoy.get("/")
        };
        match name.as_str() {
            "acl.yaml" | "jwt-auth.yaml" | "key-auth.yaml" | "mtls-auth.yaml" => {
                assert_eq!(reply.status, 401, "{name}")
            }
            "request-size-limiting.yaml" => {
                let large = envoy.send(&Request::post("/", vec![b'a'; 1_048_577]));
                assert_eq!((reply.status, large.status), (200, 413), "{name}");
                let uploaded = envoy.send(&Request::post("/uploads", vec![b'a'; 1_048_577]));
                assert_eq!(uploaded.status, 200, "{name}");
            }
            "request-transformer.yaml" => {
                let sent =
                    Request::post("/v1/orders?a=%41", br#"{"amount": 1.50, "is_admin": true}"#)
                        .header("authorization", format!("Bearer {}", demo_token()))
                        .header("content-type", "application/json")
                        .header("x-debug", "1")
                        .header("x-user-id", "root");
                let seen = envoy.send(&sent).json();
                for (header, value) in [
                    ("x-debug", json!(null)),
                    ("x-user-id", json!("ada")),
                    ("x-user-email", json!("ada@example.com")),
                    ("x-user-roles", json!("reader,writer")),
                    ("x-gateway", json!("portcullis")),
                ] {
                    assert_eq!(seen["headers"][header], value, "{name}: {header}");
                }
                assert_eq!(reply.status, 401, "{name}");
                assert_eq!(seen["path"], "/internal/orders?a=%41", "{name}");
                assert_eq!(seen["body"], r#"{"amount": 1.50}"#, "{name}");
            }
            "waf.yaml" => {
                let attack = "1'+or+1%3D1--";
                let status = |path: &str| envoy.get(format!("{path}={attack}")).status;
                assert_eq!((reply.status, status("/?id")), (200, 403), "{name}");
                assert_eq!(status("/comments?text"), 403, "{name}: it is no POST");
                let form = Request::post("/comments", format!("text={attack}").into_bytes())
                    .header("content-type", "application/x-www-form-urlencoded");
                assert_eq!(envoy.send(&form).status, 200, "{name}");
            }
            "cors.yaml" => {
                let preflight = Request::new("OPTIONS", "/")
                    .header("origin", "https://app.example.com")
                    .header("access-control-request-method", "PATCH");
                let answer = envoy.send(&preflight);
                let allowed = answer.header("access-control-allow-methods");
                assert_eq!(allowed.as_deref(), Some("GET,POST,PUT,PATCH,DELETE"), "{name}");
                let told = reply.header("access-control-allow-origin");
                assert_eq!(told.as_deref(), Some("https://app.example.com"), "{name}");
            }
            "response-transformer.yaml" => {
                let policy = reply.header("content-security-policy");
                assert_eq!(policy.as_deref(), Some("default-src 'none'"), "{name}");
                let later = envoy.get("/v2/orders");
                assert_eq!(later.header("cache-control").as_deref(), Some("no-store"), "{name}");
                let told = later.header("x-envoy-upstream-service-time");
                assert_eq!((reply.status, later.status, told), (200, 200, None), "{name}");
            }
            "rate-limiting.yaml" => {
                assert_eq!(
                    (reply.status, reply.header("ratelimit-limit").as_deref()),
                    (200, Some("10")),
                    "{name}"
                );
            }
            other => panic!("say what {other} answers to a request without credentials"),
        }
    }
}
