//! The WAF where only a real Envoy can tell: rules that are pushed under load, streams that are closed or are no HTTP any
//! more, an upstream that does not come to its end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use portcullis_e2e::{
    Answer, Envoy, EnvoyConfig, PATIENCE, Request, Response, Traffic, Upstream, Wasm,
};
use serde_json::{Value, json};

fn waf(upstream: &Upstream, configuration: Value) -> EnvoyConfig {
    EnvoyConfig::new(upstream).wasm(&Wasm::new("waf").config(configuration))
}

#[track_caller]
fn still_serves(envoy: &Envoy) {
    assert_eq!(envoy.get("/").status, 200);
    assert!(!envoy.log_lines().iter().any(|line| line.contains("Wasm VM failed")));
    assert_eq!(envoy.ended(), None);
}

/// How many rules are pushed; every second of them is wrong.
const PUSHES: u16 = 10;

/// What the rules of a push answer to what they are about.
fn status(version: u16) -> u16 {
    430 + version
}

/// Rules that refuse the argument that is named as they are, and no other.
fn rules(upstream: &Upstream, version: u16) -> EnvoyConfig {
    let status = status(version);
    let wrong =
        if version % 2 == 1 { "\nSecRule ARGS \"@rx (\" \"id:2,phase:1,deny\"" } else { "" };
    let directives =
        format!("SecRule ARGS:v \"@streq {version}\" \"id:1,phase:2,deny,status:{status}\"{wrong}");
    waf(upstream, json!({"ruleset": "base", "directives": directives})).reloadable()
}

fn asked(number: usize) -> Request {
    let version = number % usize::from(PUSHES + 1);
    match number % 2 {
        0 => Request::get(format!("/?v={version}")),
        _ => Request::post("/", format!("v={version}"))
            .header("content-type", "application/x-www-form-urlencoded"),
    }
}

#[test]
fn rules_are_pushed_under_load_and_no_request_is_lost() {
    let upstream = Upstream::with(|_| Response::new(200));
    let envoy = Envoy::start(rules(&upstream, 0));
    let all = Traffic::start(envoy.address(), 3, |client, index| asked(client + index));
    let mut current = 0;
    for version in 1..=PUSHES {
        let traffic = Traffic::start(envoy.address(), 2, |client, index| asked(client + index));
        traffic.wait_for(30);
        let pushed = envoy.reload(rules(&upstream, version));
        traffic.wait_for(30);
        let tally = traffic.stop();
        assert_eq!(tally.errors, [""; 0], "push {version}");
        let is_wrong = version % 2 == 1;
        let explained = [200, status(current), if is_wrong { 200 } else { status(version) }];
        assert!(tally.statuses.keys().all(|status| explained.contains(status)), "{tally:?}");
        assert!(tally.of(200) > 0 && tally.answers() >= 60, "{tally:?}");
        assert_eq!(pushed.is_err(), is_wrong, "{pushed:?}");
        if is_wrong {
            envoy.wait_for_log("directives: line 2 (rule 2): expected the end of a group");
        } else {
            assert_eq!(envoy.get(format!("/?v={current}")).status, 200);
            current = version;
        }
        // On a new connection the rules in force are those of the last push that was right.
        assert_eq!(envoy.get(format!("/?v={current}")).status, status(current));
    }
    let tally = all.stop();
    assert_eq!(tally.errors, [""; 0]);
    let right: Vec<u16> = (0..=PUSHES).step_by(2).map(status).chain([200]).collect();
    assert!(tally.statuses.keys().all(|status| right.contains(status)), "{tally:?}");
    assert!(tally.answers() >= usize::from(PUSHES) * 30, "{tally:?}");
    assert_eq!((envoy.get("/").status, envoy.ended()), (200, None));
}

const DROPS: &str = r#"
SecRule ARGS_GET:a "@streq x" "id:1,phase:1,drop"
SecRule ARGS_POST:a "@streq x" "id:2,phase:2,drop"
SecRule RESPONSE_HEADERS:x-leak "@streq 1" "id:3,phase:3,drop"
SecRule RESPONSE_BODY "@contains secret" "id:4,phase:4,drop"
"#;

#[test]
fn what_is_dropped_gets_no_answer_and_takes_nothing_else_down() {
    let answer = |path: &str| match path {
        "/leak" => Response::new(200).header("x-leak", "1").body("x"),
        "/secret" => Response::new(200).header("content-type", "text/plain").body("a secret"),
        _ => Response::new(200).body("good"),
    };
    for upstream in [
        Upstream::with(move |request| answer(&request.target)),
        Upstream::http2(move |request: &portcullis_e2e::Seen| answer(&request.target)),
    ] {
        let configuration = json!({"ruleset": "none", "response_body": true, "directives": DROPS});
        let envoy = Envoy::start(waf(&upstream, configuration));
        let form =
            |request: Request| request.header("content-type", "application/x-www-form-urlencoded");
        let dropped = [
            Request::get("/?a=x"),
            Request::post("/?a=x", "b"),
            form(Request::post("/", "a=x")),
            form(Request::new("POST", "/").chunks(["a=", "x"])),
            form(Request::new("POST", "/").chunks(["a=", "x"]).trailer("x-t", "1")),
            Request::get("/leak"),
            Request::get("/secret"),
        ];
        let mut http2 = envoy.connect_http2();
        for request in &dropped {
            let error = envoy.try_send(request).expect_err("no answer");
            assert!(error.is_end(), "{request:?}: {error}");
            // Of this connection one stream is reset, and the others go on.
            let mut together = http2.send_all(&[request.clone(), Request::get("/")]);
            let (other, first) = (together.pop().unwrap(), together.pop().unwrap());
            let error = first.expect_err("no answer");
            assert!(error.is_end(), "{request:?}: {error}");
            assert_eq!(other.unwrap().status, 200);
            assert!(!http2.is_closed());
            still_serves(&envoy);
        }
        let refused = |reason: &str| {
            let name = format!("wasmcustom.portcullis.waf.refused.{reason}");
            envoy.wait_for_stat(&name, |_| true)
        };
        assert_eq!((refused("rule"), refused("response_rule")), (10, 4));
    }
}

#[test]
fn a_response_that_does_not_end_is_judged_by_its_beginning() {
    let open: Arc<Mutex<Vec<Sender<Vec<u8>>>>> = Arc::default();
    let kept = Arc::clone(&open);
    let upstream = Upstream::with(move |request| {
        if request.target == "/" {
            return Response::new(200).into();
        }
        let (sender, rest) = channel();
        sender.send(request.target.trim_start_matches('/').as_bytes().to_vec()).unwrap();
        kept.lock().unwrap().push(sender);
        Answer::Stream(Response::new(200).header("content-type", "text/html"), rest)
    });
    let configuration = json!({
        "ruleset": "none", "response_body": true, "response_hold_timeout": 1,
        "directives": r#"SecRule RESPONSE_BODY "@contains secret" "id:1,phase:4,deny""#,
    });
    let envoy = Envoy::start(waf(&upstream, configuration));
    // The upstream does not end before the client has its answer.
    assert_eq!(envoy.get("/secret").status, 403);
    let mut socket = TcpStream::connect(envoy.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut got = Vec::new();
    let has = |got: &[u8], word: &[u8]| got.windows(word.len()).any(|part| part == word);
    while !has(&got, b"slow") {
        let mut part = [0; 1024];
        let size = socket.read(&mut part).expect("the beginning, as the upstream goes on");
        assert_ne!(size, 0, "{}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&part[..size]);
    }
    let last = open.lock().unwrap().pop().unwrap();
    last.send(b" secret".to_vec()).unwrap();
    drop(last);
    socket.read_to_end(&mut got).unwrap();
    // What comes behind the beginning passes unread.
    let whole = got.starts_with(b"HTTP/1.1 200") && has(&got, b" secret");
    assert!(whole, "{}", String::from_utf8_lossy(&got));
    let late =
        envoy.wait_for_stat("wasmcustom.portcullis.waf.response_timeout", |count| count >= 2);
    assert_eq!(late, 2);
    still_serves(&envoy);
}

#[test]
fn of_a_body_that_does_not_end_nothing_reaches_the_upstream() {
    let upstream = Upstream::with(|_| Response::new(200));
    let config = waf(&upstream, json!({"ruleset": "base"}));
    // No route's timeout counts while a body is held.
    let envoy = Envoy::start(config.hcm(|hcm| hcm["request_timeout"] = json!("1s")));
    let mut socket = TcpStream::connect(envoy.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\na=b";
    socket.write_all(head.as_bytes()).unwrap();
    let mut got = [0; 12];
    socket.read_exact(&mut got).expect("an answer although the body has no end");
    assert_eq!(&got, b"HTTP/1.1 408");
    still_serves(&envoy);
    let seen: Vec<_> = upstream.requests().into_iter().map(|request| request.target).collect();
    assert_eq!((seen, upstream.aborted().len()), (vec!["/".to_owned()], 0));
}

#[test]
fn each_request_has_an_id_that_nobody_can_guess() {
    let upstream = Upstream::with(|_| Response::new(200));
    let rule = r#"SecAction "id:1,phase:1,pass,log,msg:'seen'""#;
    let envoy = Envoy::start(waf(&upstream, json!({"ruleset": "none", "directives": rule})));
    for _ in 0..8 {
        // Nothing that a client says makes it.
        let request =
            Request::get("/").header("x-request-id", "same").header("x-unique-id", "same");
        assert_eq!(envoy.send(&request).status, 200);
    }
    let lines = envoy.log_lines();
    let ids = lines.iter().filter_map(|line| line.split("[unique_id \"").nth(1));
    let ids: BTreeSet<&str> = ids.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), 8, "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn an_upgrade_passes_is_counted_and_carries_what_nobody_looks_at() {
    let upstream = Upstream::echo();
    let config = waf(&upstream, json!({"ruleset": "base"})).upgrade("websocket");
    let envoy = Envoy::start(config);
    let mut tunnel = envoy.connect().tunnel(&Request::websocket("/")).expect("a tunnel");
    let attack = b"<script>alert(1)</script>";
    tunnel.write(attack).unwrap();
    assert_eq!(tunnel.read(attack.len()).unwrap(), attack);
    let refused = envoy.connect().tunnel(&Request::websocket("/?q=<script>alert(1)</script>"));
    assert_eq!(refused.err().map(|reply| reply.status), Some(403));
    envoy.wait_for_stat("wasmcustom.portcullis.waf.uninspected.upgrade", |count| count == 1);
    still_serves(&envoy);
}

#[test]
fn connect_passes_where_its_method_may_and_is_never_held() {
    let upstream = Upstream::echo();
    for (methods, status) in [(json!(["GET", "CONNECT"]), None), (json!(["GET"]), Some(403))] {
        let configuration = json!({"ruleset": "base", "allowed_methods": methods});
        let envoy = Envoy::start(waf(&upstream, configuration).connect());
        let tunnel = envoy.connect().tunnel(&Request::connect("gateway.test:443"));
        assert_eq!(tunnel.err().map(|reply| reply.status), status);
        still_serves(&envoy);
    }
}
