//! Requests that mean harm: one table for every engine. After each of them a good request gets 200, and no VM is lost.
//!
//! Nothing here may be answered with 5xx or kill a VM; where a control that authenticates must say a certain thing,
//! the table says so.

use serde_json::json;

use crate::Field;
use crate::prepared::Sent;
use crate::tokens::{Spec, mint};

mod check;
mod configurations;
mod messages;
mod tokens;

pub use check::wrong;
pub use configurations::configuration;

/// What must come of an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Any status below 500.
    Any,
    /// 200 everywhere.
    Passed,
    /// Refused with this message by modules that authenticate; any status below 500 by others.
    Message(&'static str),
    /// Any status below 500, and no origin may read the answer, where origins are looked at.
    Unreadable,
}

/// One request of the table.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The request; its label says what it tries.
    pub request: Sent,
    /// What must come of it.
    pub outcome: Outcome,
}

/// A header whose value the modules set and nobody else may.
pub const IDENTITY_HEADER: &str = "x-user-id";

/// What a client writes into it.
pub const FORGED: &str = "mallory";

/// The key of the good request.
const KEY: &str = "ada-0123456789abcdef";

/// What trusted proxies say of certificates, as every client here is one.
const XFCC: &str = "x-forwarded-client-cert";

/// What the proxy of the good request says.
const FORWARDED: &str =
    "Hash=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;Subject=\"CN=ada\"";

/// The issuer of the good token.
const ISSUER: &str = "https://idp.test";

/// Every header that a module reads under [`configuration`], and what stands before a hostile value in it.
const READ: [(&str, &str); 23] = [
    ("authorization", ""),
    ("authorization", "Bearer "),
    ("x-token", "Bearer "),
    ("x-api-key", ""),
    ("cookie", ""),
    ("cookie", "session="),
    ("x-forwarded-for", ""),
    ("x-client", ""),
    ("x-request-id", ""),
    ("content-type", ""),
    ("content-type", "application/grpc"),
    ("content-type", "multipart/form-data; boundary="),
    ("origin", ""),
    ("access-control-request-method", ""),
    ("access-control-request-headers", ""),
    ("content-encoding", ""),
    ("content-encoding", "gzip"),
    (XFCC, ""),
    (XFCC, "Hash=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;Subject=\""),
    ("x_forwarded_client_cert", ""),
    ("host", ""),
    (IDENTITY_HEADER, ""),
    ("x_user_id", ""),
];

/// True for modules that say who may read an answer.
#[must_use]
pub fn tells_origins(module: &str) -> bool {
    matches!(module, "cors" | "gateway")
}

/// True for modules that must refuse what has no good token.
#[must_use]
pub fn authenticates(module: &str) -> bool {
    matches!(module, "jwt-auth" | "gateway")
}

fn token(now: u64) -> String {
    let spec = Spec {
        alg: Some("HS256".into()),
        claims: json!({"iss": ISSUER, "sub": "ada", "roles": ["a", "b"]})
            .as_object()
            .cloned()
            .unwrap_or_default(),
        ..Spec::default()
    };
    mint(&spec, now)
}

/// The request that must get 200 after every attack; `now` in seconds since the epoch.
#[must_use]
pub fn good(now: u64) -> Sent {
    let headers = vec![
        field("authorization", format!("Bearer {}", token(now))),
        field("x-forwarded-for", "203.0.113.7"),
        field("x-client", "one"),
        field("x-api-key", KEY),
        field(XFCC, FORWARDED),
    ];
    let identity = json!({"control": "key-auth", "anonymous": false, "consumer": {"username": "ada", "groups": ["dev"]}});
    // For modules that are told by an earlier one who is calling.
    let filter_state = [("portcullis.identity".to_owned(), identity.to_string())].into();
    Sent { label: "a good request".to_owned(), headers, filter_state, ..Sent::default() }
}

fn field(name: &str, value: impl Into<Vec<u8>>) -> Field {
    (name.to_owned(), value.into())
}

/// All attacks; tokens are made at `now`, seconds since the epoch.
#[must_use]
pub fn attacks(now: u64) -> Vec<Attack> {
    let mut table = Table { good: good(now), attacks: Vec::new() };
    table.values();
    table.duplicates();
    table.sizes();
    table.targets();
    table.shapes();
    table.bodies();
    table.origins();
    table.compressed();
    for (what, text) in tokens::all(now) {
        table.token(&what, &text);
    }
    table.attacks
}

fn many_members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|number| format!("\"k{number}\":{number}")).collect();
    format!("{{{}}}", members.join(","))
}

struct Table {
    good: Sent,
    attacks: Vec<Attack>,
}

impl Table {
    /// The good request, changed.
    fn push(&mut self, label: impl Into<String>, outcome: Outcome, change: impl FnOnce(&mut Sent)) {
        let mut request = self.good.clone();
        request.label = label.into();
        change(&mut request);
        self.attacks.push(Attack { request, outcome });
    }

    fn token(&mut self, what: &str, token: &[u8]) {
        self.push(what, Outcome::Any, |request| {
            request.headers[0].1 = [b"Bearer ", token].concat();
            // Its claims are written into a body, too.
            request.method = "POST".to_owned();
            request.headers.push(field("content-type", "application/json"));
            request.body = Some(b"{}".to_vec());
        });
    }

    /// Bytes that are no text, control bytes and nothing at all, in every header that is read.
    fn values(&mut self) {
        let values: [(&str, Vec<u8>); 14] = [
            ("0xff", b"\xff".to_vec()),
            ("a cut UTF-8 sequence", b"a\xc3".to_vec()),
            ("a surrogate in UTF-8", b"\xed\xa0\x80".to_vec()),
            ("overlong UTF-8", b"\xc0\xaf".to_vec()),
            ("1,000 bytes of 0x80", vec![0x80; 1_000]),
            ("nothing", Vec::new()),
            ("a blank", b" ".to_vec()),
            ("a tab", b"\ta\tb".to_vec()),
            ("a control byte", b"a\x01b".to_vec()),
            ("a vertical tab", b"a\x0bb".to_vec()),
            ("DEL", b"a\x7fb".to_vec()),
            ("commas", vec![b','; 1_000]),
            ("quotes and braces", br#""{}[]\"'$(jwt.sub)%s%n;=,"#.to_vec()),
            ("numbers past every bound", b"99999999999999999999999999999999".to_vec()),
        ];
        for (name, before) in READ {
            for (what, value) in &values {
                let value = [before.as_bytes(), value].concat();
                self.push(format!("{what} in {name} behind {before:?}"), Outcome::Any, |request| {
                    if name == "host" {
                        request.host = value;
                        return;
                    }
                    if name == "origin" || name.starts_with("access-control-") {
                        request.method = "OPTIONS".to_owned();
                        request.headers.push(field("origin", "https://a.test"));
                    }
                    request.headers.retain(|(known, _)| known != name);
                    request.headers.push((name.to_owned(), value));
                });
            }
        }
    }

    fn duplicates(&mut self) {
        for (name, _) in READ {
            if name == "host" {
                continue;
            }
            for count in [2, 100] {
                self.push(format!("{count} times {name}"), Outcome::Any, |request| {
                    for number in 0..count {
                        request.headers.push(field(name, format!("value {number}")));
                    }
                });
            }
            self.push(format!("{name} empty beside a full one"), Outcome::Any, |request| {
                request.headers.push(field(name, "full"));
                request.headers.push(field(name, ""));
            });
        }
        let outcome = Outcome::Message("Multiple tokens provided");
        self.push("two different tokens", outcome, |request| {
            request.headers.push(field("x-token", "Bearer a.b.c"));
        });
    }

    /// Past Envoy's own limits, which the Envoy under test has raised.
    fn sizes(&mut self) {
        for length in [8_191, 8_192, 8_193, 100_000] {
            let outcome =
                if length > 8_192 { Outcome::Message("Bad token; too long") } else { Outcome::Any };
            self.push(format!("a token of {length} bytes"), outcome, |request| {
                request.headers[0].1 = [b"Bearer ".to_vec(), vec![b'a'; length]].concat();
            });
        }
        for (name, _) in READ {
            if name == "host" || name == "authorization" {
                continue;
            }
            self.push(format!("100 kB in {name}"), Outcome::Any, |request| {
                request.headers.push(field(name, vec![b'x'; 100_000]));
            });
        }
        for (what, element) in [
            ("elements", format!("{FORWARDED},")),
            ("names", format!("{FORWARDED};URI=a:b;")),
            ("quotes", format!("{FORWARDED};Subject=\"")),
            ("backslashes", format!("{FORWARDED}\\\\\\\\\\\\")),
        ] {
            self.push(format!("90 kB of {what} in {XFCC}"), Outcome::Any, |request| {
                request.headers.push(field(XFCC, element.repeat(90_000 / element.len())));
            });
        }
        self.push("100 kB of the host", Outcome::Any, |request| request.host = vec![b'h'; 100_000]);
        self.push("1,000 cookies", Outcome::Any, |request| {
            let cookies: Vec<String> =
                (0..1_000).map(|number| format!("session={number}.b.c")).collect();
            request.headers.push(field("cookie", cookies.join("; ")));
        });
        // Passes, and without the forged header among them: so the module has seen all.
        self.push("1,000 headers, a forged one among them", Outcome::Passed, |request| {
            for number in 0..1_000 {
                request.headers.push(field(&format!("x-filler-{number}"), "v"));
                if number == 990 {
                    request.headers.push(field(IDENTITY_HEADER, FORGED));
                }
            }
        });
        self.push("1,000 addresses", Outcome::Any, |request| {
            request.headers[1].1 = "10.0.0.1, ".repeat(1_000).into_bytes();
        });
    }

    fn targets(&mut self) {
        let long = format!("/{}", "a".repeat(60_000));
        let parameters = format!("/?{}", "jwt=a.b.c&".repeat(1_000));
        let segments = format!("/users/{}", "../".repeat(5_000));
        for (what, target) in [
            ("bytes that are no text", &b"/\xff\xfe"[..]),
            ("an escaped NUL", b"/a%00b"),
            ("escapes that are cut", b"/%"),
            ("escapes that are none", b"/%zz%4"),
            ("escaped slashes", b"/users%2f..%2f..%5cadmin"),
            ("a token that is no text", b"/?jwt=%ff%fe"),
            ("an empty token", b"/?jwt="),
            ("a token without equals", b"/?jwt"),
            ("a question mark in the question", b"/??&&==&jwt&jwt=&=jwt"),
            ("an absolute target", b"http://other.test/users/1"),
            ("a fragment", b"/users/1#x"),
            ("two slashes", b"//users//1"),
            ("dots", b"/../../.%2e/./"),
            ("60 kB", long.as_bytes()),
            ("1,000 tokens", parameters.as_bytes()),
            ("5,000 dot segments", segments.as_bytes()),
        ] {
            self.push(format!("a path of {what}"), Outcome::Any, |request| {
                request.path = target.to_vec();
            });
            self.push(format!("a path of {what} on a route"), Outcome::Any, |request| {
                request.path = target.to_vec();
                request.host = b"A.WILD.test.:80".to_vec();
            });
        }
    }

    /// Bodies that are not what their type says, or more than it should be; all come with good credentials.
    fn bodies(&mut self) {
        const FORM: &str = "application/x-www-form-urlencoded";
        const JSON: &str = "application/json";
        const PARTS: &str = "multipart/form-data; boundary=b";
        let part = "--b\r\nContent-Disposition: form-data; name=x-api-key\r\n\r\nk\r\n";
        for (what, content_type, body) in [
            ("arguments", FORM, "x-api-key=k&".repeat(40_000)),
            ("separators", FORM, "&=".repeat(200_000)),
            ("broken escapes", FORM, "x-api-key=%z%&%=%".repeat(20_000)),
            ("members", JSON, format!("{{{}}}", vec![r#""x-api-key":"k""#; 30_000].join(","))),
            ("depth", JSON, "[{\"a\":".repeat(70_000)),
            ("closed depth", JSON, format!("{}{}", "[".repeat(200_000), "]".repeat(200_000))),
            ("escapes", JSON, format!(r#"{{"{}":1}}"#, r"\ud800\u0000".repeat(30_000))),
            ("a half object", JSON, r#"{"x-api-key":"k""#.to_owned()),
            ("no text at all", JSON, String::new()),
            ("parts", PARTS, format!("{}--b--", part.repeat(7_000))),
            ("boundaries", PARTS, "--b\r\n".repeat(80_000)),
            ("half boundaries", PARTS, "\r\n--".repeat(100_000)),
            ("a part without end", PARTS, part.repeat(7_000)),
            ("a string of 900 kB", JSON, format!(r#"{{"a":"{}","k":1}}"#, "x".repeat(900_000))),
            ("60,000 members", JSON, many_members(60_000)),
            (
                "10,000 lists in a member",
                JSON,
                format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000)),
            ),
            ("a name twice", JSON, r#"{"k":1,"\u006b":2,"a":[{"b":1,"b":2}]}"#.to_owned()),
            ("a list where an object is meant", JSON, r#"[{"k":1},{"x-api-key":2}]"#.to_owned()),
            ("text behind it", JSON, r#"{"k":1}{"k":2}"#.to_owned()),
            (
                "letters of another script",
                "application/json; charset=utf-16",
                r#"{"k":1}"#.to_owned(),
            ),
            ("boundaries of another line end", PARTS, format!("{part}--b\n\n--b\n--b--")),
            ("more than is held", JSON, format!(r#"{{"a":"{}"}}"#, "x".repeat(600_000))),
        ] {
            self.push(format!("a body of {what}"), Outcome::Any, |request| {
                request.method = "POST".to_owned();
                request.headers.push(field("content-type", content_type));
                request.body = Some(body.into_bytes());
            });
        }
    }

    /// Methods, bodies, trailers, and streams that end when they end.
    fn shapes(&mut self) {
        self.push("OPTIONS *", Outcome::Any, |request| {
            request.method = "OPTIONS".to_owned();
            request.path = b"*".to_vec();
        });
        self.push("CONNECT", Outcome::Any, |request| {
            request.method = "CONNECT".to_owned();
            request.host = b"gateway.test:80".to_vec();
        });
        for method in ["HEAD", "TRACE", "PROPFIND", "get", "A-B", "DELETE"] {
            self.push(format!("the method {method}"), Outcome::Any, |request| {
                request.method = method.to_owned();
            });
        }
        for protocol in ["websocket", "h2c", "nonsense"] {
            self.push(format!("an upgrade to {protocol}"), Outcome::Any, |request| {
                request.headers.push(field("connection", "Upgrade"));
                request.headers.push(field("upgrade", protocol));
            });
        }
        for length in [0, 1, 1_000_000] {
            self.push(format!("a body of {length} bytes"), Outcome::Passed, |request| {
                request.method = "POST".to_owned();
                request.body = Some(vec![b'b'; length]);
            });
            self.push(
                format!("a body of {length} bytes with trailers"),
                Outcome::Passed,
                |request| {
                    request.method = "POST".to_owned();
                    request.body = Some(vec![b'b'; length]);
                    request.trailers =
                        vec![field(IDENTITY_HEADER, FORGED), field("x-end", b"\xff".to_vec())];
                },
            );
        }
        self.push("a refused body with trailers", Outcome::Message("Unauthorized"), |request| {
            request.method = "POST".to_owned();
            request.headers.remove(0);
            request.body = Some(vec![b'b'; 100_000]);
            request.trailers = vec![field("authorization", "Bearer a.b.c")];
        });
        self.push("a gRPC stream", Outcome::Any, |request| {
            request.method = "POST".to_owned();
            request.headers.push(field("content-type", "application/grpc"));
            request.headers.push(field("te", "trailers"));
            request.body = Some(b"\0\0\0\0\x01a".to_vec());
        });
    }
}
