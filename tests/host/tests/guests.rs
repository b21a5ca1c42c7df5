//! The table of small guests on this host: it must show what a real Envoy shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::process::ExitCode;
use std::time::Duration;

use portcullis_guests::row::{self, Policy, Row};
use portcullis_guests::seen::{Field, Message, Seen};
use portcullis_guests::suite::{self, Engine};
use portcullis_host::{
    Answer, End, Exchange, FailurePolicy, Headers, Host, Level, Request, Response, Source, StreamId,
};

/// How far the clock goes on while a stream waits for something.
const STEP: Duration = Duration::from_millis(10);

struct Wasmtime;

impl Engine for Wasmtime {
    fn run(&self, _number: usize, row: &Row) -> Result<Vec<Seen>, String> {
        let mut host = start(row);
        let seen = row.requests.iter().map(|request| send(&mut host, row, request)).collect();
        match host.take_violations().as_slice() {
            [] => Ok(seen),
            violations => Err(format!("Envoy would not survive it: {violations:?}")),
        }
    }
}

fn start(row: &Row) -> Host {
    let policy = match row.policy {
        Policy::Reload => FailurePolicy::Reload,
        Policy::Closed => FailurePolicy::Closed,
        Policy::Open => FailurePolicy::Open,
    };
    let builder = Host::of(&row.wasm)
        .configure(row.configuration.unwrap_or_default())
        .allow_on_headers_stop_iteration(row.stop_iteration)
        .failure_policy(policy)
        .cluster(row::UPSTREAM)
        .cluster(row::CALLEE)
        .cluster(row::REFUSED)
        .empty_cluster(row::EMPTY);
    builder.canary().main_thread().start().expect("a guest that starts")
}

fn log(host: &Host) -> Vec<String> {
    let lines = host.process().log().into_iter();
    lines
        .filter(|line| line.source != Source::Host && line.level >= Level::Info)
        .map(|line| match line.level {
            Level::Info => line.text,
            other => format!("{} {}", format!("{other:?}").to_lowercase(), line.text),
        })
        .collect()
}

/// The head as Envoy's codec hands it over.
fn head(request: &row::Request) -> Headers {
    let mut headers = Headers::new([
        (":authority", row::HOST),
        (":path", request.path),
        (":method", request.method),
        (":scheme", "http"),
    ]);
    for (name, value) in &request.headers {
        headers.append(name, value);
    }
    if request.is_chunked() {
        headers.add("transfer-encoding", "chunked");
    }
    headers.add("x-forwarded-proto", "http");
    headers
}

fn response(answer: &row::Answer) -> Response {
    let mut response = Response::new(answer.status.into());
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response = match answer.trailers.is_empty() {
        true => response.header("content-length", answer.body.len().to_string()),
        false => response.header("transfer-encoding", "chunked"),
    };
    if !answer.body.is_empty() {
        response = response.body(&answer.body);
        if answer.trailers.is_empty() {
            // The codec tells the end apart.
            response = response.body("");
        }
    }
    answer.trailers.iter().fold(response, |response, (name, value)| response.trailer(name, value))
}

fn send(host: &mut Host, row: &Row, request: &row::Request) -> Seen {
    let headers = head(request);
    let sent = Request::of(headers.clone()).answered(response(&row.answer));
    let ends = request.trailers.is_empty();
    let id = host.worker(0).open(&sent);
    host.worker(0).stream(id).request_headers(&headers, request.chunks.is_empty() && ends);
    let mut chunks = request.chunks.iter().peekable();
    while let Some(chunk) = chunks.next() {
        if chunk.after > 0 {
            settle(host, id);
            assert!(log(host).len() >= chunk.after, "{:?} before a chunk", log(host));
        }
        // The codec hands over together what comes together, and tells the end apart.
        let mut bytes = chunk.bytes.clone();
        while let Some(more) = chunks.next_if(|chunk| chunk.after == 0) {
            bytes.extend(&more.bytes);
        }
        host.worker(0).stream(id).request_body(&bytes, false);
    }
    if !ends {
        host.worker(0).stream(id).request_trailers(&Headers::new(request.trailers.clone()));
    } else if !request.chunks.is_empty() {
        host.worker(0).stream(id).request_body("", true);
    }
    let mut exchange = settle(host, id);
    if let Some(lines) = request.leaves_after {
        assert!(log(host).len() >= lines, "{:?} before the client leaves", log(host));
        exchange = host.worker(0).stream(id).abandon();
    }
    let log = log(host);
    host.process().clear_log();
    Seen { log, upstream: upstream(&exchange), client: client(&exchange, request.method) }
}

/// Lets callouts be answered and time pass until nothing waits any more.
fn settle(host: &mut Host, id: StreamId) -> Exchange {
    for _ in 0..20 {
        let call = host.worker(0).calls().into_iter().next();
        if let Some(call) = call {
            let answer = match call.cluster.as_str() {
                row::REFUSED => Answer::Unreachable,
                _ => Answer::Response(response(&row::Answer::callee())),
            };
            host.worker(0).answer_call(call.token, answer);
        } else if host.worker(0).exchange(id).paused {
            host.advance(STEP);
        } else {
            break;
        }
    }
    host.worker(0).exchange(id)
}

fn fields(headers: &Headers) -> Vec<Field> {
    let name = |name: &[u8]| if name == b":authority" { b"host".to_vec() } else { name.to_vec() };
    let kept = headers
        .pairs()
        .iter()
        .filter(|(name, _)| !matches!(name.as_slice(), b":path" | b":method" | b":status"));
    kept.map(|(key, value)| (name(key), value.clone())).collect()
}

fn message(seen: &portcullis_host::Seen, start: String) -> Message {
    Message {
        start,
        headers: fields(&seen.headers),
        body: seen.body.clone(),
        trailers: seen.trailers.as_ref().map(fields).unwrap_or_default(),
        cut: seen.end != End::Complete,
    }
}

fn upstream(exchange: &Exchange) -> Option<Message> {
    let seen = exchange.upstream.as_ref().filter(|seen| seen.end == End::Complete)?;
    let text = |name: &str| seen.headers.text(name).unwrap_or_default();
    let mut message = message(seen, format!("{} {}", text(":method"), text(":path")));
    let framed = ["content-length", "transfer-encoding"].iter().any(|name| seen.headers.has(name));
    if seen.body.is_empty() && !framed && !matches!(text(":method").as_str(), "GET" | "HEAD") {
        // The codec's.
        message.headers.push((b"content-length".to_vec(), b"0".to_vec()));
    }
    Some(message)
}

fn client(exchange: &Exchange, method: &str) -> Option<Message> {
    let seen = exchange.client.as_ref()?;
    let status = seen.headers.status()?;
    let mut message = message(seen, status.to_string());
    let framed = ["content-length", "transfer-encoding"].iter().any(|name| seen.headers.has(name));
    if seen.body.is_empty() && !message.cut && !framed && status != 204 && method != "HEAD" {
        // The codec's.
        message.headers.push((b"content-length".to_vec(), b"0".to_vec()));
    }
    Some(message)
}

fn main() -> ExitCode {
    suite::run(|_| Wasmtime)
}
