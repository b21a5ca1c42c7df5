//! The module engine: cases on the built `.wasm` in the wasmtime host.

use portcullis_cases::case::Case;
use portcullis_cases::engine::{Engine, Message, Observed, Run, Unable, load_lines};
use portcullis_cases::prepared::{SECOND, Sent};
use portcullis_cases::{Field, certificates, engine};
use portcullis_host::{
    Exchange, Fault, Headers, Host, LogLine, Process, Request, Response, Seen, Status, property,
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
        let mut host = match builder.start() {
            Ok(host) => host,
            Err(error) if error.is_refusal() => {
                let (refused, warned) = faults(&case.module, &error.log);
                let (refused, log) = (Some(refused), text(&error.log));
                return Ok(Run { prepared, refused, warned, exchanges: Vec::new(), log });
            }
            Err(error) => return Err(Unable::Failure(error.to_string())),
        };
        let (_, warned) = faults(&case.module, &process.log());
        let mut exchanges = Vec::new();
        for sent in &prepared.requests {
            let moved = sent.at / SECOND != process.now() / SECOND;
            process.set_now(sent.at);
            if moved {
                host.tick();
            }
            if sent.shared_data_down {
                for call in ["proxy_get_shared_data", "proxy_set_shared_data"] {
                    process.inject(Fault::new(call, Status::INTERNAL_FAILURE));
                }
            }
            let number = i64::try_from(exchanges.len()).unwrap_or_default();
            let request = on_connection(request(sent), sent, case.minor(), number);
            let exchange = host.send(request);
            if let Some(trap) = &exchange.trap {
                return Err(Unable::Failure(format!("{}: {trap}", sent.label)));
            }
            exchanges.push(observed(&exchange));
        }
        Ok(Run { prepared, refused: None, warned, exchanges, log: text(&process.log()) })
    }
}

fn text(log: &[LogLine]) -> Vec<String> {
    log.iter().map(|line| line.text.clone()).collect()
}

/// Where Envoy says which one it is.
const MINOR_VERSION: [&str; 5] =
    ["xds", "node", "user_agent_build_version", "version", "minor_number"];

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

/// A case's request as the host takes it.
#[must_use]
pub fn request(sent: &Sent) -> Request {
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
    let mut request = Request::of(headers).from_address(&sent.client);
    if let Some(body) = &sent.body {
        request = request.body(body);
    }
    for (name, value) in &sent.trailers {
        request = request.trailer(name, value);
    }
    request = with_properties(request, sent);
    for (name, value) in &sent.filter_state {
        request = request.filter_state(name, value);
    }
    let mut answer = Response::new(u32::from(sent.answer.status));
    for (name, value) in &sent.answer.headers {
        answer = answer.header(name, value);
    }
    if !sent.answer.body.is_empty() {
        answer = answer.body(&sent.answer.body);
    }
    request.answered(answer)
}

/// An exchange of the host as cases compare it.
#[must_use]
pub fn observed(exchange: &Exchange) -> Observed {
    let client = exchange.client.clone().unwrap_or_default();
    Observed {
        status: client.headers.status().and_then(|status| u16::try_from(status).ok()),
        headers: fields(&client.headers),
        body: client.body,
        upstream: exchange.upstream.as_ref().map(message),
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
