//! The page of answers in `filters/README.md`: what each kind of answer carries, seen on a real Envoy, from one module
//! and from several.

use std::collections::BTreeMap;
use std::sync::mpsc;

use portcullis_e2e::{
    Answer, Envoy, EnvoyConfig, EnvoyFile, Reply, Request, Response, TlsClient, Upstream, Wasm,
};
use serde_json::{Value, json};

use crate::local::broken;
use crate::{SECURITY, TELLING, shipped_with};

const PAGE: &str = "https://app.example.com";
const ADA: &str = "ada-0123456789abcdef";
const BOB: &str = "bob-0123456789abcdef";
const README: &str = "filters/README.md";

/// How the controls are loaded.
#[derive(Clone, Copy, Debug)]
enum Loaded {
    /// In one module, `gateway`.
    Together,
    /// In a module each, in this order.
    Apart,
}

/// The controls, in the order of a chain: those that decorate answers first, as Envoy calls no others of what a filter
/// refuses.
fn filters(loaded: Loaded) -> Vec<Wasm> {
    let consumers = json!([
        {"username": "ada", "groups": ["dev"], "keys": [ADA]},
        {"username": "bob", "groups": ["guests"], "keys": [BOB]},
    ]);
    let answers = json!({
        "security_headers": "api",
        "hide": "all",
        "mask_errors": {},
        "remove": {"json": ["secret"]},
        "add": {"headers": ["X-Request-ID: $(request.id)"]},
    });
    let cors = json!({"origins": [PAGE], "credentials": true});
    let sizes = json!({
        "allowed_payload_size": 10, "size_unit": "bytes", "response": {"allowed_payload_size": 1_000},
    });
    let limits = json!([
        {"year": 1_000_000, "limit_by": "ip", "name": "all"},
        {"year": 1, "limit_by": "header", "header_name": "x-limited", "fallback": "skip", "name": "few"},
    ]);
    let whole = [
        ("response-transformer", answers),
        ("cors", cors),
        ("request-size-limiting", sizes),
        ("key-auth", json!({})),
        ("acl", json!({"allow": ["dev"]})),
        ("rate-limiting", limits),
    ];
    match loaded {
        Loaded::Together => {
            let mut configuration: Value =
                whole.into_iter().map(|(name, config)| (name.to_owned(), config)).collect();
            configuration["consumers"] = consumers;
            vec![Wasm::new("gateway").config(configuration)]
        }
        Loaded::Apart => {
            let module = |(name, mut config): (&str, Value)| {
                match name {
                    "key-auth" => config["consumers"] = consumers.clone(),
                    "rate-limiting" => config = json!({"limits": config}),
                    _ => {}
                }
                Wasm::new(name).config(config)
            };
            whole.into_iter().map(module).collect()
        }
    }
}

/// The shipped file with these controls, and a cluster that nobody is in.
fn file(upstream: &Upstream, loaded: Loaded) -> EnvoyFile {
    let nobody = "  clusters:\n  - name: nobody\n    type: STATIC\n    load_assignment: {cluster_name: nobody}\n";
    let routes = "              - {name: nobody, match: {path_separated_prefix: /v1/nobody}, route: {cluster: nobody}}\n              \
                  - {name: slow, match: {path_separated_prefix: /v1/slow}, route: {cluster: upstream, timeout: 0.3s}}\n";
    let first = "              - {name: premium,";
    shipped_with(upstream, &filters(loaded))
        .replace(first, &format!("{routes}{first}"))
        .replace("  clusters:\n", nobody)
}

/// An upstream that tells all about itself.
fn upstream() -> Upstream {
    Upstream::with(|request| {
        let what = request.target.rsplit('/').next().unwrap_or_default();
        let status = match what {
            "missing" => 404,
            "broken" | "slow" => 500,
            _ => 200,
        };
        let answer = Response::new(status)
            .header("server", "nginx/1.2.3")
            .header("x-powered-by", "PHP/8")
            .header("via", "1.1 cache");
        let text = answer.clone().header("content-type", "text/plain");
        match what {
            "large" => text.body("a".repeat(1_001)).into(),
            "list" => answer.json("at Orders.java:42").into(),
            "early" => Answer::Raw(
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 99\r\n\r\nat Orders"
                    .to_vec(),
            ),
            "slow" => {
                let (sender, receiver) = mpsc::channel();
                // It never ends.
                std::mem::forget(sender);
                Answer::Stream(text, receiver)
            }
            _ => text.body("at Orders.java:42").into(),
        }
    })
}

/// The answers of an Envoy, by what they are.
fn answers(loaded: Loaded) -> Vec<(String, Reply)> {
    let upstream = upstream();
    let envoy = Envoy::start(file(&upstream, loaded));
    let address = envoy.address_of("gateway-tls");
    let client = TlsClient::new();
    let from = |request: Request| request.header("origin", PAGE);
    let by = |key: &str, request: Request| from(request).header("apikey", key);
    let get = |path: &str| by(ADA, Request::get(path));
    let limited = || get("/v1/a").header("x-limited", "1");
    assert_eq!(client.send(address, &limited()).unwrap().status, 200);
    let preflight =
        from(Request::new("OPTIONS", "/v1/a")).header("access-control-request-method", "PUT");
    let sent = [
        ("ours: no credentials", from(Request::get("/v1/a"))),
        ("ours: not entitled", by(BOB, Request::get("/v1/a"))),
        ("ours: too large", by(ADA, Request::post("/v1/a", "a".repeat(11)))),
        ("ours: too often", limited()),
        ("ours: a preflight", preflight),
        ("ours: a response that is too large", get("/v1/large")),
        ("ours: a response that is no JSON", get("/v1/list")),
        ("the router's: no route", get("/nowhere")),
        ("the router's: no upstream", get("/v1/nobody")),
        ("the upstream's: success", get("/v1/a")),
        ("the upstream's: not found", get("/v1/missing")),
        ("the upstream's: an error, masked", get("/v1/broken")),
        ("Envoy's own: a held response that ends too early", get("/v1/early")),
        ("Envoy's own: a held response that takes too long for its route", get("/v1/slow")),
    ];
    let sent = sent.into_iter();
    let mut answers: Vec<(String, Reply)> = sent
        .map(|(what, request)| (what.to_owned(), client.send(address, &request).unwrap()))
        .collect();
    for (what, bytes, ..) in broken() {
        let reply = client.connect(address).unwrap().raw(&bytes).unwrap();
        answers.push((format!("Envoy's own: {what}"), reply));
    }
    answers
}

/// The cells of a row.
fn cells(reply: &Reply) -> [String; 7] {
    let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let member = |name: &str| json.as_ref().is_some_and(|body| body[name].is_string());
    let body = match reply.body.as_slice() {
        b"" => "none",
        b"at Orders.java:42" => "the upstream's",
        _ if member("message") => "our JSON",
        _ => "another",
    };
    let has = |name: &str| reply.header(name).is_some();
    let cors = reply.header("access-control-allow-origin").as_deref() == Some(PAGE);
    let missing: Vec<&str> = SECURITY
        .iter()
        .filter(|(name, value)| reply.header(name).as_deref() != Some(value))
        .map(|(name, _)| *name)
        .collect();
    let security = if missing.is_empty() {
        "all six".to_owned()
    } else {
        format!("without {}", missing.join(", "))
    };
    let told: Vec<&str> = TELLING.into_iter().filter(|name| has(name)).collect();
    let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
    let id = match (member("request_id"), has("x-request-id")) {
        (true, true) => "body and header",
        (true, false) => "body",
        (false, true) => "header",
        (false, false) => "no",
    };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    [
        reply.status.to_string(),
        body.to_owned(),
        yes(cors),
        security,
        yes(has("x-ratelimit-limit-year")),
        id.to_owned(),
        told,
    ]
}

/// The table as Markdown. What differs between one module and several is said.
fn table() -> Vec<String> {
    let apart: BTreeMap<String, [String; 7]> =
        answers(Loaded::Apart).into_iter().map(|(what, reply)| (what, cells(&reply))).collect();
    let mut lines = vec![
        "| answer | status | body | CORS | security headers | rate limit | request's id | tells of servers |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (what, reply) in answers(Loaded::Together) {
        let other = &apart[&what];
        let row: Vec<String> = cells(&reply)
            .into_iter()
            .zip(other)
            .map(|(one, other)| if one == *other { one } else { format!("{one}; apart {other}") })
            .collect();
        lines.push(format!("| {what} | {} |", row.join(" | ")));
    }
    lines
}

#[test]
fn the_page_of_answers_says_what_a_real_envoy_answers() {
    let seen = table();
    let text = std::fs::read_to_string(portcullis_e2e::repository().join(README)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| *line == seen[0]);
    let written: Vec<&str> = start.map_or(Vec::new(), |start| {
        lines[start..].iter().copied().take_while(|line| line.starts_with('|')).collect()
    });
    let shown = seen.join("\n");
    assert!(written == seen, "{README} should have this table:\n{shown}");
}

#[test]
fn refusals_of_other_modules_are_not_masked_and_what_others_answer_is() {
    let upstream = upstream();
    let mask = json!({
        "mask_errors": {"status": ["400-599"], "message": "masked"},
        "remove": {"json": ["message"]},
    });
    let keys = json!({"consumers": [{"username": "ada", "keys": [ADA]}]});
    let config = EnvoyConfig::new(&upstream)
        .wasm(&Wasm::new("response-transformer").config(mask))
        .wasm(&Wasm::new("key-auth").config(keys))
        .route(json!({"name": "teapot", "match": {"prefix": "/teapot"}, "direct_response": {"status": 418, "body": {"inline_string": "v1.2.3"}}}));
    let envoy = Envoy::start(config);
    for (path, key, status, message) in [
        ("/", false, 401, "No API key found in request"),
        ("/missing", true, 404, "masked"),
        ("/teapot", true, 418, "masked"),
    ] {
        let mut request = Request::get(path);
        if key {
            request = request.header("apikey", ADA);
        }
        let reply = envoy.send(&request);
        assert_eq!((reply.status, reply.json()["message"].as_str()), (status, Some(message)));
    }
}
