//! The Envoy of the tests: the connection manager's defaults, HTTP/1.0 allowed, the module, and the backend behind.

use std::net::SocketAddr;

use portcullis_e2e::{Answer, EnvoyConfig, Response, Seen, Upstream, Wasm};
use serde_json::{Value, json};

use super::MARK_RULE;
use crate::{Request, albedo as backend, setup};

/// The module under test and its configuration.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The module's name: `waf-crs` is `dist/waf-crs.wasm`.
    pub module: String,
    /// What the plugin is given.
    pub configuration: Value,
}

impl Default for Setting {
    fn default() -> Self {
        let directives = format!("{}{MARK_RULE}", setup::DIRECTIVES);
        Self {
            module: "waf-crs".to_owned(),
            // The rule set's own defaults where ours are other ones, and gRPC as the tests send it: as any request.
            configuration: json!({
                "ruleset": "crs",
                "log_data": "full",
                "log_lines": 1_000_000,
                "on_stream": "pass",
                "allowed_methods": ["GET", "HEAD", "POST", "OPTIONS"],
                "allowed_content_types": [
                    "application/x-www-form-urlencoded",
                    "multipart/form-data",
                    "text/xml",
                    "application/xml",
                    "application/soap+xml",
                    "application/json",
                ],
                "directives_before": directives,
            }),
        }
    }
}

impl Setting {
    /// For the tests of our own rules, which refuse what they are about.
    #[must_use]
    pub fn own() -> Self {
        Self {
            module: "waf".to_owned(),
            configuration: json!({
                "ruleset": "base",
                "log_data": "full",
                "log_lines": 1_000_000,
                "directives_before": format!("{}{MARK_RULE}", setup::OWN_DIRECTIVES),
            }),
        }
    }
}

/// The backend of the tests as a server.
#[must_use]
pub fn albedo() -> Upstream {
    Upstream::with(answer)
}

/// The same at a given address, for a server that is configured already.
#[must_use]
pub fn albedo_at(address: SocketAddr) -> Upstream {
    Upstream::again_at(address, answer)
}

fn answer(seen: &Seen) -> Answer {
    let request = Request {
        method: seen.method.clone().into_bytes(),
        uri: seen.target.clone().into_bytes(),
        body: seen.body.clone(),
        ..Request::default()
    };
    let told = backend::answer(&request);
    let mut response = Response::new(told.status).body(told.body);
    for (name, value) in told.headers {
        response = response.header(name, value);
    }
    Answer::from(response)
}

/// Envoy in front of the backend, with the module if there is one.
#[must_use]
pub fn config(upstream: &Upstream, setting: Option<&Setting>) -> EnvoyConfig {
    let config = EnvoyConfig::new(upstream)
        .raw_paths()
        .use_remote_address(false)
        .hcm(|manager| manager["http_protocol_options"] = json!({"accept_http_10": true}));
    match setting {
        Some(Setting { module, configuration }) => {
            config.wasm(&Wasm::new(module).config(configuration.clone()))
        }
        None => config,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sent, send};

    #[test]
    fn the_backend_answers_over_a_socket() {
        let server = super::albedo();
        let body = r#"{"status": 418, "headers": {"a": "b"}, "body": "tea"}"#;
        let request =
            format!("POST /reflect HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let want = Sent::Answered { status: 418, body: b"tea".to_vec() };
        assert_eq!(send(server.address(), request.as_bytes()), want);
    }
}
