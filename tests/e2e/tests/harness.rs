//! The harness itself, on an Envoy without a wasm module: what it reports is what happened.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use portcullis_e2e::{
    Answer, Ended, Envoy, EnvoyConfig, EnvoyFile, Error, Request, Response, Seen, Tally, Traffic,
    Upstream, envoy_version, eventually, many_clients, repository,
};
use serde_json::json;

/// An HTTP filter of Envoy's own that adds a response header, to tell configurations apart.
fn tag(value: &str) -> serde_json::Value {
    json!({
        "name": "tag",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": {"response_mutations": [{"append": {
                "header": {"key": "x-configuration", "value": value},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }}]},
        },
    })
}

#[test]
fn a_request_reaches_the_upstream_and_its_answer_the_client() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let request = Request::post("/a?b=c", "body").header("x-a", b"\xe9").header("X-A", "2");
    let reply = envoy.send(&request);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type").as_deref(), Some("application/json"));
    let seen = upstream.only_request();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/a?b=c"));
    assert_eq!(seen.headers.all("x-a"), [&b"\xe9"[..], b"2"]);
    assert_eq!(seen.body, b"body");
    assert_eq!(reply.json()["headers"]["x-a"], json!(["\u{e9}", "2"]));
    assert_eq!(reply.json()["body"], "body");
    assert_eq!(envoy.ended(), None);
}

#[test]
fn trailers_pass_in_http1_both_ways() {
    let upstream =
        Upstream::with(|_| Response::new(200).body("answer").trailer("x-answered", "yes"));
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let reply = envoy.send(&Request::new("POST", "/").chunks(["one", "two"]).trailer("x-t", "1"));
    assert_eq!(reply.text(), "answer");
    assert_eq!(reply.trailers.text("x-answered").as_deref(), Some("yes"));
    let seen = upstream.only_request();
    assert_eq!(seen.body, b"onetwo");
    assert_eq!(seen.trailers.text("x-t").as_deref(), Some("1"));
}

#[test]
fn trailers_pass_in_http2_both_ways() {
    let upstream = Upstream::http2(|_: &_| Response::new(200).body("answer").trailer("x-a", "yes"));
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let mut connection = envoy.connect_http2();
    let request = Request::new("POST", "/two").chunks(["one", "two"]).trailer("x-t", "1");
    let reply = connection.send(&request).unwrap();
    assert_eq!((reply.status, reply.text().as_str()), (200, "answer"));
    assert_eq!(reply.trailers.text("x-a").as_deref(), Some("yes"));
    let seen = upstream.only_request();
    assert_eq!((seen.target.as_str(), seen.body.as_slice()), ("/two", &b"onetwo"[..]));
    assert_eq!(seen.trailers.text("x-t").as_deref(), Some("1"));
    assert_eq!(seen.headers.text("host").as_deref(), Some("portcullis.test"));
}

#[test]
fn http2_streams_of_one_connection_are_answered_each() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let requests: Vec<_> = (0..20).map(|number| Request::get(format!("/{number}"))).collect();
    let replies = envoy.connect_http2().send_all(&requests);
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.unwrap().json()["path"], format!("/{number}"));
    }
    let mut large = envoy.connect_http2();
    let reply = large.send(&Request::post("/", vec![b'x'; 5_000_000])).unwrap();
    assert_eq!(reply.json()["body_bytes"], 5_000_000);
}

#[test]
fn stats_count_what_was_sent() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    assert_eq!(envoy.stat("http.ingress.downstream_rq_2xx"), Some(0));
    assert_eq!(envoy.stat("no.such.stat"), None);
    envoy.get("/");
    envoy.get("/");
    assert_eq!(envoy.wait_for_stat("http.ingress.downstream_rq_2xx", |count| count >= 2), 2);
    let stats = envoy.stats("http.ingress.");
    assert_eq!(stats["http.ingress.downstream_rq_total"], 2);
    assert!(stats.keys().all(|name| name.starts_with("http.ingress.")));
}

#[test]
fn a_refused_configuration_is_a_value_with_envoys_words() {
    let upstream = Upstream::echo();
    let config =
        EnvoyConfig::new(&upstream).hcm(|manager| manager["no_such_field"] = json!("anything"));
    let failure = Envoy::try_start(config.clone()).unwrap_err();
    assert!(failure.says("no_such_field"), "{failure}");
    let failure = Envoy::try_start(config.reloadable()).unwrap_err();
    assert!(failure.says("no_such_field"), "{failure}");
}

#[test]
fn access_log_lines_tell_of_each_request() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).route_to("named", "/named", "upstream"));
    envoy.get("/one");
    envoy.send(&Request::new("DELETE", "/named/two"));
    let line = envoy.wait_for_access(|line| line["path"] == "/named/two");
    assert_eq!(line["method"], "DELETE");
    assert_eq!(line["status"], 200);
    assert_eq!(line["route"], "named");
    assert_eq!(line["decision"], json!(null));
    assert_eq!(envoy.wait_for_access_lines(2).len(), 2);
}

#[test]
fn a_websocket_carries_bytes_both_ways() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).upgrade("websocket"));
    let mut tunnel = envoy.connect().tunnel(&Request::websocket("/socket")).unwrap();
    assert_eq!(tunnel.reply.header("upgrade").as_deref(), Some("websocket"));
    tunnel.write(b"ping").unwrap();
    assert_eq!(tunnel.read(4).unwrap(), b"ping");
    let refused = Envoy::start(EnvoyConfig::new(&upstream));
    let reply = refused.connect().tunnel(&Request::websocket("/socket")).unwrap_err();
    assert_eq!(reply.status, 403);
}

#[test]
fn a_connect_tunnel_reaches_the_upstream() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).connect());
    let tunnel = envoy.connect().tunnel(&Request::connect("example.com:443")).unwrap();
    let reply = tunnel.into_connection().send(&Request::get("/inside")).unwrap();
    assert_eq!(reply.json()["path"], "/inside");
}

#[test]
fn memory_and_cpu_time_are_those_of_envoy() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    assert!(envoy.resident_bytes() > 10 << 20, "{}", envoy.resident_bytes());
    let before = envoy.cpu_time();
    let burn = Duration::from_millis(50);
    let mut connection = envoy.connect();
    while envoy.cpu_time().total() < before.total() + burn {
        assert_eq!(connection.send(&Request::get("/")).unwrap().status, 200);
    }
    assert!(envoy.cpu_time().user > Duration::ZERO);
}

#[test]
fn a_reload_under_traffic_loses_no_request() {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream).concurrency(2).reloadable();
    let envoy = Envoy::start(config.clone().filter(tag("old")));
    assert_eq!(envoy.get("/").header("x-configuration").as_deref(), Some("old"));
    let traffic = Traffic::start(envoy.address(), 4, |client, index| {
        Request::get(format!("/{client}/{index}"))
    });
    for name in ["one", "two", "three"] {
        traffic.wait_for(50);
        envoy.reload(config.clone().filter(tag(name))).unwrap();
        assert_eq!(envoy.get("/").header("x-configuration").as_deref(), Some(name));
    }
    envoy.wait_for_stat("listener_manager.total_filter_chains_draining", |count| count == 0);
    traffic.wait_for(50);
    let tally = traffic.stop();
    assert_eq!(tally.errors, Vec::<String>::new());
    assert_eq!(tally.of(200), tally.answers(), "{tally:?}");
    assert_eq!(upstream.requests().len(), tally.answers() + 4);
}

#[test]
fn a_refused_reload_leaves_the_old_configuration() {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream).reloadable();
    let envoy = Envoy::start(config.clone().filter(tag("old")));
    let bad = config.clone().filter(json!({"name": "no.such.filter"}));
    let rejected = envoy.reload(bad).unwrap_err();
    assert!(rejected.details.contains("no.such.filter"), "{rejected}");
    assert_eq!(envoy.get("/").header("x-configuration").as_deref(), Some("old"));
    envoy.reload(config.filter(tag("new"))).unwrap();
    assert_eq!(envoy.get("/").header("x-configuration").as_deref(), Some("new"));
}

#[test]
fn many_clients_are_counted_by_status() {
    let upstream =
        Upstream::with(|request| Response::new(if request.target == "/1" { 503 } else { 204 }));
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let tally = many_clients(envoy.address(), 8, 10, |_, index| Request::get(format!("/{index}")));
    let statuses = [(204, 72), (503, 8)].into();
    assert_eq!(tally, Tally { statuses, errors: Vec::new(), repeated: 0 });
}

#[test]
fn a_held_answer_comes_when_the_test_lets_it() {
    let (upstream, gate) = Upstream::gated();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let mut connection = envoy.connect();
    connection.write(&Request::get("/held").bytes()).unwrap();
    assert_eq!(upstream.wait_for_requests(1)[0].target, "/held");
    assert_eq!(envoy.stat("http.ingress.downstream_rq_active"), Some(1));
    gate.open();
    assert_eq!(connection.read_reply("GET").unwrap().status, 200);
}

#[test]
fn a_client_that_leaves_shows_at_the_upstream_as_aborted() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let mut connection = envoy.connect();
    connection.write(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nabc").unwrap();
    upstream.wait_for_started(1);
    drop(connection);
    let aborted = upstream.wait_for_aborted(1);
    assert_eq!(aborted[0].1, Ended::InBody);
    assert!(upstream.requests().is_empty());
}

#[test]
fn an_upstream_may_answer_garbage_hang_up_or_cut_its_answer() {
    let upstream = Upstream::with(|request| match request.target.as_str() {
        "/garbage" => Answer::Raw(b"\0\0 no HTTP\r\n\r\n".to_vec()),
        "/cut" => Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_vec()),
        _ => Answer::Hangup,
    });
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    assert_eq!(envoy.get("/garbage").status, 502);
    assert_eq!(envoy.get("/").status, 503);
    match envoy.try_send(&Request::get("/cut")) {
        Err(Error::Truncated(reply, _)) => assert_eq!((reply.status, reply.body.len()), (200, 3)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn raised_limits_let_large_heads_pass_and_defaults_refuse_them() {
    let upstream = Upstream::echo();
    let large = Request::get("/").header("x-large", vec![b'x'; 100_000]);
    let many = (0..1_000).fold(Request::get("/"), |r, i| r.header(format!("x-{i}"), "v"));
    let raised = Envoy::start(EnvoyConfig::new(&upstream).raised_limits());
    assert_eq!(raised.send(&large).status, 200);
    assert_eq!(upstream.take_requests()[0].headers.all("x-large")[0].len(), 100_000);
    assert_eq!(raised.send(&many).status, 200);
    assert!(upstream.only_request().headers.len() >= 1_000);
    let default = Envoy::start(EnvoyConfig::new(&upstream));
    assert_eq!(default.send(&large).status, 431);
    assert_eq!(default.send(&many).status, 431);
}

#[test]
fn clients_come_from_the_addresses_that_the_test_says() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let reply = envoy.connect_from("127.0.0.7").send(&Request::get("/")).unwrap();
    assert_eq!(reply.json()["headers"]["x-forwarded-for"], "127.0.0.7");
}

#[test]
fn raw_bytes_go_out_as_they_are() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    assert_eq!(envoy.connect().raw(b"GET /%2f HTTP/1.1\r\nhost: h\r\n\r\n").unwrap().status, 400);
    assert_eq!(envoy.connect().raw(b"no request at all\r\n\r\n").unwrap().status, 400);
    let mut connection = envoy.connect();
    let expect =
        b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nhi";
    let reply = connection.raw(expect).unwrap();
    assert_eq!((reply.status, reply.interim[0].0), (200, 100));
    assert!(connection.is_reusable());
}

#[test]
fn log_levels_change_while_it_runs() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).log_level("warning"));
    assert!(envoy.log_lines().iter().all(|line| !line.contains("[debug]")));
    envoy.set_logger_level("http", "debug");
    envoy.get("/seen-in-the-log");
    assert!(envoy.wait_for_log("/seen-in-the-log").contains("/seen-in-the-log"));
}

#[test]
fn a_change_of_the_listener_itself_keeps_its_port() {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream).reloadable();
    let envoy = Envoy::start(config.clone());
    let traffic = Traffic::start(envoy.address(), 2, |_, _| Request::get("/"));
    traffic.wait_for(20);
    let changed = config
        .listener(|listener| listener["per_connection_buffer_limit_bytes"] = json!(65_536))
        .filter(tag("new"));
    envoy.reload(changed).unwrap();
    assert_eq!(envoy.get("/").header("x-configuration").as_deref(), Some("new"));
    envoy.wait_for_stat("listener_manager.total_listeners_draining", |count| count == 0);
    let tally = traffic.stop();
    assert_eq!(tally.errors, Vec::<String>::new());
    assert_eq!(tally.of(200), tally.answers(), "{tally:?}");
}

#[test]
fn a_file_of_the_repository_starts_on_free_ports() {
    let envoy = Envoy::start(EnvoyFile::new("envoy/echo.yaml").port(8081, 0));
    assert_eq!(envoy.get("/a").json()["path"], "/a");
    assert_eq!(envoy.address(), envoy.address_of("echo"));
}

#[test]
fn a_port_that_a_file_does_not_have_cannot_be_replaced() {
    let replaced = std::panic::catch_unwind(|| EnvoyFile::new("envoy/echo.yaml").port(1, 0));
    let message = *replaced.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("`port_value: 1` is not in"), "{message}");
}

#[test]
fn an_answer_streams_as_the_test_feeds_it() {
    let (chunks, source) = channel::<Vec<u8>>();
    let source = Mutex::new(Some(source));
    let upstream = Upstream::with(move |_| {
        let source = source.lock().unwrap().take().expect("one request");
        Answer::Stream(Response::new(200).body("first,"), source)
    });
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let mut connection = envoy.connect();
    connection.write(&Request::get("/").bytes()).unwrap();
    upstream.wait_for_requests(1);
    chunks.send(b"second".to_vec()).unwrap();
    drop(chunks);
    assert_eq!(connection.read_reply("GET").unwrap().text(), "first,second");
}

#[test]
fn an_http2_upstream_may_reset_or_answer_with_trailers_alone() {
    let upstream = Upstream::http2(|request: &Seen| match request.target.as_str() {
        "/reset" => Answer::Hangup,
        _ => Response::new(200).header("grpc-status", "16").into(),
    });
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let mut connection = envoy.connect_http2();
    let call = Request::post("/service/method", "").header("content-type", "application/grpc");
    let reply = connection.send(&call).unwrap();
    assert_eq!(reply.header("grpc-status").as_deref(), Some("16"));
    assert_eq!(connection.send(&Request::get("/reset")).unwrap().status, 503);
    assert!(!connection.is_closed());
}

#[test]
fn the_version_is_that_of_the_running_envoy() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let info = envoy.admin("GET", "/server_info").json();
    let running = info["version"].as_str().unwrap().to_owned();
    assert_eq!(running.split('/').nth(1), Some(envoy_version().to_string().as_str()));
}

/// Set in the process that `an_envoy_ends_even_where_its_test_aborts` starts.
const ABORTS: &str = "PORTCULLIS_E2E_ABORTS";

#[test]
fn an_envoy_ends_even_where_its_test_aborts() {
    if std::env::var_os(ABORTS).is_some() {
        let upstream = Upstream::echo();
        let envoy = Envoy::start(EnvoyConfig::new(&upstream));
        println!("\nenvoy={}\nfolder={}", envoy.id(), envoy.directory().display());
        std::process::abort();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_envoy_ends_even_where_its_test_aborts", "--nocapture"])
        .env(ABORTS, "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let tells = |what| said.lines().find_map(|line| line.strip_prefix(what)).expect(what);
    let (id, folder) = (tells("envoy="), tells("folder="));
    // Ended, or at most a name that its new parent has not asked about yet.
    eventually("the orphaned Envoy to end", || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        (status.is_empty() || status.contains("State:\tZ")).then_some(())
    });
    eventually("its folder to go", || (!std::path::Path::new(folder).exists()).then_some(()));
}

#[test]
fn an_envoy_ends_with_its_value() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream));
    let (id, folder) = (envoy.id(), envoy.admin_address());
    assert!(std::path::Path::new(&format!("/proc/{id}")).exists());
    drop(envoy);
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    assert!(std::net::TcpStream::connect(folder).is_err());
    assert!(repository().join("Cargo.toml").is_file());
}
