//! Callouts: what is refused at once, what a test answers, and with what.

use portcullis_host::{Answer, CallKind, Host, Request, Response, pairs};

use crate::guest::{Guest, NONE, OUT};
use crate::lines;

fn map(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> =
        entries.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
    pairs::encode(&entries)
}

const WHOLE: [(&str, &str); 3] = [(":method", "POST"), (":path", "/check"), ("host", "auth.test")];

/// A guest that calls a cluster for each request, holds it, and goes on when it has an answer.
fn asking(cluster: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut g = Guest::new();
    let (cluster, headers, body) = (g.text(cluster), g.text(map(headers)), g.text("question"));
    let (status, detail) = (g.text(":status"), g.text("x-detail"));
    let call = g.status(&format!(
        "$http_call {cluster} {headers} {body} {NONE} (i32.const 250) (i32.const 24)"
    ));
    let answered = format!(
        "(call $num (local.get $1)) (call $num (local.get $2)) (call $num (local.get $3))
         (drop (call $get_header (i32.const 6) {status} {OUT})) (call $show)
         (drop (call $get_buffer (i32.const 4) (i32.const 0) (local.get $3) {OUT})) (call $show)
         (drop (call $get_status (i32.const 28) {OUT})) (call $show)
         (drop (call $effective (i32.const 2)))
         (drop (call $set_header (i32.const 0) {detail} {detail}))
         (drop (call $continue (i32.const 0)))"
    );
    g.on("proxy_on_request_headers", format!("{call} (i32.const 4)"))
        .on("proxy_on_http_call_response", answered)
        .build()
}

#[test]
fn a_call_goes_out_whole_and_its_answer_lets_the_request_go_on() {
    let mut host = Host::of(&asking("auth", &WHOLE)).cluster("auth").start().unwrap();
    let held = host.send(Request::get("/"));
    assert!(held.paused && held.upstream.is_none());
    let worker = host.worker(0);
    let calls = worker.calls();
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((call.cluster.as_str(), call.timeout, &call.kind), ("auth", 250, &CallKind::Http));
    assert_eq!(call.headers.text(":authority").unwrap(), "auth.test");
    assert_eq!(call.headers.text("content-length").unwrap(), "8");
    assert_eq!(call.body, b"question");
    worker.answer_call(call.token, Answer::Response(Response::new(200).body("yes")));
    let exchange = worker.exchange(held.stream);
    assert_eq!(exchange.status(), 200);
    assert!(exchange.upstream().headers.has("x-detail"), "held headers can still change");
    assert!(worker.calls().is_empty());
    assert_eq!(lines(&host), ["0", "4", "2", "3", "200", "yes", ""]);
}

#[test]
fn failures_have_the_hosts_own_form() {
    let table = [
        (Answer::Unreachable, "3", "503"),
        (Answer::Timeout, "3", "504"),
        (Answer::Failure("reset".to_owned()), "0", ""),
    ];
    for (answer, headers, status) in table {
        let mut host = Host::of(&asking("auth", &WHOLE)).cluster("auth").start().unwrap();
        let held = host.send(Request::get("/"));
        let token = host.worker(0).calls()[0].token;
        host.worker(0).answer_call(token, answer);
        let lines = lines(&host);
        assert_eq!((lines[2].as_str(), lines[4].as_str()), (headers, status));
        assert_eq!(host.worker(0).exchange(held.stream).status(), 200);
    }
}

#[test]
fn calls_that_envoy_refuses_at_once() {
    let table = [
        ("unknown", &WHOLE[..], "2"),
        ("auth", &WHOLE[..2], "2"),
        ("auth", &[], "2"),
        ("empty", &WHOLE[..], "10"),
        ("auth", &WHOLE[..], "0"),
    ];
    for (cluster, headers, status) in table {
        let wasm = asking(cluster, headers);
        let mut host = Host::of(&wasm).cluster("auth").empty_cluster("empty").start().unwrap();
        host.send(Request::get("/"));
        assert_eq!(lines(&host), [status], "{cluster} {headers:?}");
        assert_eq!(host.worker(0).calls().len(), usize::from(status == "0"));
    }
}

#[test]
fn an_answer_for_a_client_that_left_is_still_delivered_to_the_root() {
    let mut host = Host::of(&asking("auth", &WHOLE)).cluster("auth").start().unwrap();
    let held = host.send(Request::get("/"));
    host.worker(0).stream(held.stream).abandon();
    let token = host.worker(0).calls()[0].token;
    host.worker(0).answer_call(token, Answer::Response(Response::new(200)));
    assert!(host.worker(0).trapped().is_none());
    assert!(host.worker(0).exchange(held.stream).upstream.is_none());
}

/// A guest that makes one gRPC call while it is configured.
fn grpc(service: &[u8]) -> Vec<u8> {
    let mut g = Guest::new();
    let (service, name, method) = (g.text(service), g.text("pkg.Service"), g.text("Method"));
    let message = g.text("message");
    let call = g.status(&format!(
        "$grpc_call {service} {name} {method} {NONE} {message} (i32.const 9) (i32.const 24)"
    ));
    let receive = format!(
        "(drop (call $get_buffer (i32.const 5) (i32.const 0) (local.get $2) {OUT})) (call $show)"
    );
    let close = format!(
        "(call $num (local.get $2)) (drop (call $get_status (i32.const 28) {OUT})) (call $show)"
    );
    g.on("proxy_on_configure", format!("{call} (i32.const 1)"))
        .on("proxy_on_grpc_receive", receive)
        .on("proxy_on_grpc_close", close)
        .build()
}

#[test]
fn a_grpc_call_to_a_serialised_service_goes_out_and_is_answered() {
    for (answer, said) in [
        (Answer::Message(b"pong".to_vec()), vec!["0", "pong"]),
        (Answer::Status(7, "no".to_owned()), vec!["0", "7", "no"]),
        (Answer::Timeout, vec!["0", "4", "Deadline Exceeded"]),
    ] {
        let mut host = Host::of(&grpc(b"\x0a\x06\x0a\x04auth")).cluster("auth").start().unwrap();
        let call = host.worker(0).calls()[0].clone();
        let kind = CallKind::Grpc { service: "pkg.Service".into(), method: "Method".into() };
        assert_eq!(
            (call.cluster.as_str(), &call.kind, &call.body[..]),
            ("auth", &kind, &b"message"[..])
        );
        host.worker(0).answer_call(call.token, answer);
        assert_eq!(lines(&host), said);
    }
}

#[test]
fn a_grpc_cluster_name_that_parses_as_a_message_is_reported_as_the_abort_it_is() {
    let mut host = Host::of(&grpc(b"users")).cluster("users").start().unwrap();
    let violations = host.take_violations();
    assert!(violations[0].contains("aborts"), "{violations:?}");
}

#[test]
fn an_unknown_grpc_cluster_is_a_parse_failure() {
    let host = Host::of(&grpc(b"ratelimit")).start().unwrap();
    assert_eq!(lines(&host), ["4"]);
    let host = Host::of(&grpc(b"\x0a\x06\x0a\x04nope")).start().unwrap();
    assert_eq!(lines(&host), ["10"], "a service that names it is an internal failure");
}
