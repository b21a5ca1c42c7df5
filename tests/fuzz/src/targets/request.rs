//! Whole requests through the gateway: nobody reaches the upstream without a token, nobody brings an identity along,
//! and nothing is answered with an error of ours.

use std::cell::OnceCell;
use std::path::Path as FilePath;

use portcullis_cases::Field;
use portcullis_cases::load;
use portcullis_cases::native::{Native, World};
use portcullis_cases::prepared::Prepared;
use portcullis_control::headers::{FieldName, same_name_for_a_backend};
use portcullis_control::path::Path;
use portcullis_gateway::NAME;
use portcullis_runtime::module::Definition;
use serde_json::Value;

use super::world::{bytes, fields};

/// `/open` asks for no token, `/shadow` only writes down what it would do; both remove what clients claim to be. For
/// `/any` a key will do as well.
const CASE: &str = r#"
[[case]]
name = "the_gateway_that_is_fuzzed"
module = "gateway"
[case.config]
consumers = [{ username = "ada", custom_id = "42", groups = ["staff"], keys = ["ada-0123456789abcdef"] }]
[case.config.key-auth]
mode = "off"
key_in_body = true
[case.config.jwt-auth]
cookie_names = ["session"]
uri_param_names = ["jwt"]
issuers = [{ issuer = "https://idp.example.com", algorithms = ["HS256"], keys = [{ secret = "0123456789abcdef0123456789abcdef" }] }]
headers = { X-User-ID = "$(jwt.sub)", X-User-Roles = "$(jwt.roles)" }
[case.config.rate-limiting]
minute = 1000
limit_by = "credential"
[[case.config.routes]]
match = { path = { prefix = "/open" } }
jwt-auth = { mode = "off" }
[[case.config.routes]]
match = { path = { prefix = "/shadow" } }
jwt-auth = { mode = "shadow" }
[[case.config.routes]]
match = { path = { prefix = "/any" } }
key-auth = { mode = "enforce" }
auth = { any_of = ["key-auth", "jwt-auth"] }
[[case.request]]
expect = { status = 401 }
"#;

/// The one who has a token among the seeds, and a key.
const SUBJECT: &[u8] = b"ada";

/// Headers of whoever has a key.
const CONSUMER: [&str; 2] = ["x-consumer-username", "x-consumer-custom-id"];

/// Headers that the gateway alone writes.
const IDENTITY: [&str; 8] = [
    "x-user-id",
    "x-user-roles",
    "x-consumer-id",
    "x-consumer-custom-id",
    "x-consumer-username",
    "x-consumer-groups",
    "x-credential-identifier",
    "x-anonymous-consumer",
];

thread_local! {
    static PREPARED: OnceCell<Prepared> = const { OnceCell::new() };
}

fn prepared() -> Prepared {
    let file = FilePath::new("tests/fuzz/src/targets/request.rs");
    let prepare = || {
        let cases = load::read(CASE, file, NAME).expect("a table");
        cases[0].prepare().expect("a case")
    };
    PREPARED.with(|prepared| prepared.get_or_init(prepare).clone())
}

/// The fields that pass Envoy's codecs: names are tokens, and pseudo-headers are not for clients to repeat.
fn named(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<Field> {
    let name = |name: Vec<u8>| {
        let name = FieldName::parse(std::str::from_utf8(&name).ok()?)?;
        Some(name.as_str().to_owned())
    };
    fields.into_iter().filter_map(|(field, value)| Some((name(field)?, value))).collect()
}

/// `{method, authority, path, headers, trailers, body}`.
pub(super) fn run(data: &[u8]) -> u64 {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return 0 };
    let Prepared { start, configuration, mut requests, .. } = prepared();
    let mut sent = requests.remove(0);
    if let Some(method) = input["method"].as_str() {
        method.clone_into(&mut sent.method);
    }
    for (field, target) in [("authority", &mut sent.host), ("path", &mut sent.path)] {
        if let Some(text) = input[field].as_str() {
            text.as_bytes().clone_into(target);
        }
    }
    sent.headers = named(fields(&input["headers"]));
    sent.trailers = named(fields(&input["trailers"]));
    sent.body = input["body"].is_string().then(|| bytes(&input["body"]));

    let world = World::default();
    world.set_now(start);
    let mut gateway =
        Native::new(&world, Definition { name: NAME, load: portcullis_gateway::load });
    assert!(gateway.configure(&configuration, &|_| None), "{:?}", world.log());
    let observed = gateway.send(&sent);

    let status = observed.status.expect("every request is answered");
    assert!(status < 500, "answered {status}: {:?}", world.log());
    let Some(upstream) = &observed.upstream else {
        // A gRPC client gets 200, and in `grpc-status` what the refusal is.
        let grpc = observed.headers.iter().find(|(name, _)| name == "grpc-status");
        let refused = match grpc {
            Some((_, code)) => matches!(code.as_slice(), b"3" | b"7" | b"8" | b"16"),
            None => matches!(status, 400 | 401 | 403 | 413 | 429),
        };
        assert!(refused, "answered {status}, {grpc:?}");
        return super::shown((status, observed.body.split(|byte| *byte == b'"').nth(3)));
    };
    let path = Path::parse(&sent.path);
    // CONNECT has no path, so no route takes it.
    let below = |prefix: &str| {
        let rest = path.normalised().strip_prefix(prefix.as_bytes());
        sent.method != "CONNECT"
            && rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    };
    let open = below("/open") || below("/shadow");
    let of = |identity: &'static str| {
        let fields = upstream.headers.iter().chain(&upstream.trailers);
        fields
            .filter(move |(name, _)| same_name_for_a_backend(name.as_bytes(), identity.as_bytes()))
    };
    // Of two ways in one counts, and nothing of the other one is told.
    let by_key = below("/any") && of(CONSUMER[0]).next().is_some();
    for identity in IDENTITY {
        let found: Vec<&Field> = of(identity).collect();
        let said = if by_key { CONSUMER.contains(&identity) } else { identity == "x-user-id" };
        let expected = if said && !open { 1 } else { 0 };
        let written = !open && matches!(identity, "x-credential-identifier");
        assert!(found.len() <= expected.max(usize::from(written)), "{identity}: {found:?}");
        assert!(written || found.len() == expected, "{identity}: {found:?}");
        assert!(identity != "x-user-id" || found.iter().all(|(_, value)| value == SUBJECT));
    }
    super::shown((status, open, by_key, sent.headers.len().min(4)))
}
