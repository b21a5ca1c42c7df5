//! The module engine: cases on the built `.wasm` in the wasmtime host.

use std::collections::BTreeMap;
use std::time::Duration;

use portcullis_cases::case::Case;
use portcullis_cases::documents::Documents;
use portcullis_cases::engine::{
    Engine, LONGEST_WAIT, Message, Observed, Run, Unable, WAIT_STEP, load_lines,
};
use portcullis_cases::prepared::{self, SECOND, Sent};
use portcullis_cases::{Field, certificates, engine};
use portcullis_host::{
    Answer, End, Exchange, Fault, Headers, Host, LogLine, MINOR_VERSION, Process, Request,
    Response, Seen, Status, property,
};

/// Runs cases on the modules of [`crate::dist`].
#[derive(Debug)]
pub struct ModuleEngine;

impl Engine for ModuleEngine {
    fn name(&self) -> &'static str {
        "module"
    }

    fn run(&self, case: &Case) -> Result<Run, Unable> {
        let prepared = case.prepare().map_err(Unable::Failure)?;
        let process = Process::new();
        process.set_now(prepared.start);
        let mut builder = Host::load(crate::wasm(&case.module))
            .process(&process)
            .plugin(&case.module, &case.module)
            .configure(&prepared.configuration)
            .property(&MINOR_VERSION, property::integer(case.minor().into()));
        for (name, value) in &prepared.env {
            builder = builder.env(name, value);
        }
        for cluster in prepared.documents.clusters() {
            builder = builder.cluster(cluster);
        }
        let mut host = match builder.start() {
            Ok(host) => host,
            Err(error) if error.is_refusal() => {
                let (refused, warned) = faults(&case.module, &error.log);
                let (refused, log) = (Some(refused), text(&error.log));
                let (exchanges, metrics) = (Vec::new(), BTreeMap::new());
                return Ok(Run { prepared, refused, warned, exchanges, metrics, log });
            }
            Err(error) => return Err(Unable::Failure(error.to_string())),
        };
        let (_, warned) = faults(&case.module, &process.log());
        let mut exchanges = Vec::new();
        host.tick();
        answer(&mut host, &prepared.documents);
        let mut waited = 0;
        for sent in &prepared.requests {
            // While a request waited, time passed for those that follow too.
            let at = sent.at.saturating_add(waited);
            let moved = at / SECOND != process.now() / SECOND;
            process.set_now(at);
            if moved {
                host.tick();
                answer(&mut host, &prepared.documents);
            }
            if sent.shared_data_down {
                for call in ["proxy_get_shared_data", "proxy_set_shared_data"] {
                    process.inject(Fault::new(call, Status::INTERNAL_FAILURE));
                }
            }
            let number = i64::try_from(exchanges.len()).unwrap_or_default();
            let request = on_connection(request(sent), sent, case.minor(), number);
            let mut exchange = if sent.answer.pause > 0 {
                slowly(&mut host, &request, sent)
            } else {
                host.send(request)
            };
            // An upstream that takes its time takes it from all.
            waited += process.now().saturating_sub(at);
            let mut left = LONGEST_WAIT;
            while exchange.paused && exchange.client.is_none() && left > 0 {
                left -= WAIT_STEP;
                waited += WAIT_STEP;
                host.advance(Duration::from_nanos(WAIT_STEP));
                answer(&mut host, &prepared.documents);
                exchange = host.worker(0).exchange(exchange.stream);
            }
            if let Some(trap) = &exchange.trap {
                return Err(Unable::Failure(format!("{}: {trap}", sent.label)));
            }
            exchanges.push(observed(&exchange));
        }
        host.tick();
        let value = |name: &String| u64::try_from(process.metric(name)).unwrap_or_default();
        let metrics = case.metrics.keys().map(|name| (name.clone(), value(name))).collect();
        let log = text(&process.log());
        Ok(Run { prepared, refused: None, warned, exchanges, metrics, log })
    }
}

/// Has the upstream answer part by part, with time between them.
fn slowly(host: &mut Host, request: &Request, sent: &Sent) -> Exchange {
    let id = host.worker(0).open(request);
    host.worker(0).stream(id).answer_by_hand();
    host.worker(0).stream(id).request_headers(&head(sent), true);
    let mut headers = Headers::new([(":status", sent.answer.status.to_string())]);
    for (name, value) in &sent.answer.headers {
        headers.add(name, value);
    }
    host.worker(0).stream(id).response_headers(&headers, false);
    let parts = sent.answer.in_parts();
    let last = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            host.advance(Duration::from_nanos(sent.answer.pause));
        }
        host.worker(0).stream(id).response_body(part, index + 1 == last);
    }
    // A host that holds on gets the last part off its hands with the next tick.
    host.advance(Duration::from_secs(1));
    host.worker(0).exchange(id)
}

/// Has the clusters of a case answer every call that was made, and those that the answers lead to.
fn answer(host: &mut Host, documents: &Documents) {
    while let Some(call) = host.worker(0).calls().into_iter().next() {
        let path = call.headers.get(":path").unwrap_or_default();
        let found = documents.answer(&call.cluster, path, host.process().now());
        let answer = found.map_or(Answer::Unreachable, |found| Answer::Response(response(&found)));
        host.worker(0).answer_call(call.token, answer);
    }
}

fn response(answer: &prepared::Answer) -> Response {
    let mut response = Response::new(u32::from(answer.status));
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response = answer.in_parts().iter().fold(response, Response::body);
    let trailers = answer.trailers.iter();
    trailers.fold(response, |response, (name, value)| response.trailer(name, value))
}

fn text(log: &[LogLine]) -> Vec<String> {
    log.iter().map(|line| line.text.clone()).collect()
}

/// A request over a connection of its own, with what Envoy 1.`minor` says of that; what the case says comes last.
fn on_connection(request: Request, sent: &Sent, minor: u32, number: i64) -> Request {
    let request = request
        .property(&["connection", "id"], property::integer(number))
        .without_property(&["connection", "peer_certificate_valid"]);
    let known = certificates::properties(sent.certificate.as_ref(), minor);
    let known = known.into_iter().fold(request, |request, (path, value)| {
        let path: Vec<&str> = path.split('\0').collect();
        request.property(&path, value)
    });
    with_properties(known, sent)
}

fn with_properties(request: Request, sent: &Sent) -> Request {
    sent.properties.iter().fold(request, |request, (path, value)| {
        let path: Vec<&str> = path.split('.').collect();
        request.property(&path, value)
    })
}

/// What the module said of its configuration.
fn faults(module: &str, log: &[LogLine]) -> (Vec<String>, Vec<String>) {
    load_lines(module, log.iter().map(|line| line.text.as_str()))
}

fn head(sent: &Sent) -> Headers {
    let mut headers = Headers::default();
    headers.add(":authority", &sent.host);
    if sent.method != "CONNECT" {
        headers.add(":path", &sent.path);
        headers.add(":scheme", "http");
    }
    headers.add(":method", &sent.method);
    for (name, value) in &sent.headers {
        headers.add(name, value);
    }
    headers
}

/// A case's request as the host takes it.
#[must_use]
pub fn request(sent: &Sent) -> Request {
    let mut request = Request::of(head(sent)).from_address(&sent.client);
    for part in sent.in_parts() {
        request = request.body(part);
    }
    for (name, value) in &sent.trailers {
        request = request.trailer(name, value);
    }
    request = with_properties(request, sent);
    for (name, value) in &sent.filter_state {
        request = request.filter_state(name, value);
    }
    request.answered(response(&sent.answer))
}

/// An exchange of the host as cases compare it.
#[must_use]
pub fn observed(exchange: &Exchange) -> Observed {
    let client = exchange.client.clone().unwrap_or_default();
    let upstream = |end| exchange.upstream.as_ref().filter(|seen| seen.end == end);
    Observed {
        status: client.headers.status().and_then(|status| u16::try_from(status).ok()),
        headers: fields(&client.headers),
        body: client.body,
        upstream: upstream(End::Complete).map(message),
        cut: upstream(End::Reset).is_some() || upstream(End::Open).is_some(),
        decision: exchange.filter_state.get(engine::DECISION_STATE.as_bytes()).cloned(),
        left_out: None,
    }
}

fn fields(headers: &Headers) -> Vec<Field> {
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    headers.pairs().iter().map(|(own, value)| (name(own), value.clone())).collect()
}

fn message(seen: &Seen) -> Message {
    let mut message = Message { body: seen.body.clone(), ..Message::default() };
    for (name, value) in fields(&seen.headers) {
        match name.as_str() {
            ":path" => message.path = String::from_utf8_lossy(&value).into_owned(),
            ":authority" => message.headers.push(("host".to_owned(), value)),
            _ => message.headers.push((name, value)),
        }
    }
    message.trailers = seen.trailers.as_ref().map(fields).unwrap_or_default();
    message
}
