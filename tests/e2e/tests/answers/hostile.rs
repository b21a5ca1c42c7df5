//! Answers that mean harm, or are just broken: what is to stay inside stays inside, and the next good answer passes.

use std::sync::mpsc;

use portcullis_e2e::{Answer, Connection, Envoy, Error, Reply, Request, Response, Upstream, Wasm};
use serde_json::json;

use crate::shipped_with;

/// What must not come out: the value of a member that goes, and a word of each error.
const INSIDE: &str = "S3CRET";

/// Bytes of an answer that are looked at, and half of what this Envoy holds.
const MAX: usize = 2_000_000;

fn json_of(members: &str) -> Vec<u8> {
    format!("{{\"a\":1,\"secret\":\"{INSIDE}\"{members}}}").into_bytes()
}

fn raw(head: &str, body: &[u8]) -> Answer {
    Answer::Raw([format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat())
}

/// In pieces of one byte.
fn split(response: Response, body: &[u8]) -> Answer {
    let (sender, receiver) = mpsc::channel();
    for byte in body {
        sender.send(vec![*byte]).unwrap();
    }
    Answer::Stream(response, receiver)
}

/// What is wrong with an answer, and how it is made.
type Attack = (&'static str, fn() -> Answer);

fn attacks() -> Vec<Attack> {
    vec![
        ("a string of 10 MB", || {
            let long = "x".repeat(10_000_000);
            Response::new(200).json(json_of(&format!(",\"b\":\"{long}\""))).into()
        }),
        ("a string that just fits", || {
            let long = "x".repeat(1_900_000);
            Response::new(200).json(json_of(&format!(",\"b\":\"{long}\""))).into()
        }),
        ("100,000 members", || {
            let members: String = (0..100_000).map(|number| format!(",\"{number}\":1")).collect();
            Response::new(200).json(json_of(&members)).into()
        }),
        ("100,000 times the same member", || {
            let members = format!(",\"secret\":\"{INSIDE}\"").repeat(100_000);
            Response::new(200).json(json_of(&members)).into()
        }),
        ("10,000 lists inside each other", || {
            let deep = format!(",\"b\":{}{}", "[".repeat(10_000), "]".repeat(10_000));
            Response::new(200).json(json_of(&deep)).into()
        }),
        ("100,000 lists that never end", || {
            Response::new(200).json([json_of("").as_slice(), &vec![b'['; 100_000]].concat()).into()
        }),
        ("split at every byte", || {
            split(Response::new(200).header("content-type", "application/json"), &json_of(""))
        }),
        ("an error, split at every byte", || split(Response::new(500), INSIDE.as_bytes())),
        ("cut off in a string", || {
            let half = format!("{{\"a\":1,\"secret\":\"{INSIDE}");
            Response::new(200).json(half).into()
        }),
        ("no JSON", || Response::new(200).json(format!("secret={INSIDE}")).into()),
        ("UTF-16", || {
            let wide: Vec<u8> = json_of("").into_iter().flat_map(|byte| [byte, 0]).collect();
            let answer =
                Response::new(200).header("content-type", "application/json; charset=utf-16");
            answer.body([b"\xff\xfe".as_slice(), &wide].concat()).into()
        }),
        ("bytes that are no text", || {
            Response::new(200).json([json_of("").as_slice(), b"\xff"].concat()).into()
        }),
        ("a mark in front", || {
            Response::new(200).json([b"\xef\xbb\xbf".as_slice(), &json_of("")].concat()).into()
        }),
        ("a member that stands twice", || {
            Response::new(200).json(json_of(&format!(",\"secret\":\"{INSIDE}\""))).into()
        }),
        ("a name with an escape", || {
            Response::new(200).json(json_of(&format!(",\"sec\\u0072et\":\"{INSIDE}\""))).into()
        }),
        ("two lengths", || {
            let body = json_of("");
            let head = format!(
                "200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\ncontent-length: 5",
                body.len()
            );
            raw(&head, &body)
        }),
        ("a length that is too long, and an early end", || {
            raw("200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000", &json_of(""))
        }),
        ("an error with an early end", || {
            raw("500 Internal Server Error\r\ncontent-length: 1000", INSIDE.as_bytes())
        }),
        ("trailers", || {
            let answer = Response::new(200).json(json_of("")).trailer("x-checksum", "1");
            answer.trailer("content-digest", "sha-256=:AAAA:").into()
        }),
        ("an error with trailers", || {
            Response::new(503).body(INSIDE).trailer("x-error", "1").into()
        }),
        ("gzip that nobody asked for", || {
            let answer = Response::new(200).header("content-encoding", "gzip");
            answer.json(json_of("")).into()
        }),
        ("an error of 3 MB", || Response::new(500).body(INSIDE.repeat(500_000)).into()),
        ("two types", || {
            let answer = Response::new(200).header("content-type", "text/plain");
            answer.header("content-type", "application/json").body(json_of("")).into()
        }),
        ("nothing at all", || Answer::Hangup),
        ("no HTTP", || Answer::Raw(INSIDE.as_bytes().to_vec())),
    ]
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).replace('\0', "")
}

#[test]
fn what_stays_inside_stays_inside_whatever_an_upstream_sends() {
    let table = attacks();
    let upstream = Upstream::with(move |request| {
        let number =
            request.target.rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
        match number.and_then(|number| attacks().get(number).map(|(_, answer)| answer())) {
            Some(answer) => answer,
            None => Response::new(200).json(json_of("")).into(),
        }
    });
    let transformer = json!({
        "remove": {"json": ["secret"]},
        "mask_errors": {"log_original": 2_048},
        "security_headers": "api",
        "hide": "all",
        "on_limit": "refuse",
        "max_body_bytes": MAX,
    });
    for (what, module) in [
        ("alone", Wasm::new("response-transformer").config(transformer.clone())),
        ("in gateway", Wasm::new("gateway").config(json!({"response-transformer": transformer}))),
    ] {
        let held = format!("per_connection_buffer_limit_bytes: {}", 2 * MAX);
        let file = shipped_with(&upstream, &[module])
            .replace("per_connection_buffer_limit_bytes: 1048576", &held);
        let envoy = Envoy::start(file);
        let send = |path: &str| {
            let mut connection = Connection::open(envoy.address_of("gateway")).unwrap();
            connection.send(&Request::get(path))
        };
        for (number, (attack, _)) in table.iter().enumerate() {
            let replies = match send(&format!("/v1/{number}")) {
                Ok(reply) => vec![reply],
                Err(Error::Truncated(reply, _)) => vec![*reply],
                Err(_) => Vec::new(),
            };
            for reply in replies {
                assert!(!text(&reply).contains(INSIDE), "{what}, {attack}: {} {}", reply.status, {
                    let shown: String = text(&reply).chars().take(200).collect();
                    shown
                });
                let length = reply.header("content-length");
                let right = Some(reply.body.len().to_string());
                assert!(length.is_none() || length == right, "{what}, {attack}: {length:?}");
                let framed = reply.header("x-content-type-options");
                assert_eq!(framed.as_deref(), Some("nosniff"), "{what}, {attack}");
            }
            let good = send("/v1/good").unwrap();
            assert_eq!(
                (good.status, good.text().as_str()),
                (200, "{\"a\":1}"),
                "{what}, after {attack}"
            );
        }
        let lost = envoy.stats("wasm.").into_iter().filter(|(name, _)| name.contains("vm_reload"));
        assert_eq!(lost.map(|(_, count)| count).sum::<u64>(), 0, "{what}: no VM is lost");
    }
}
