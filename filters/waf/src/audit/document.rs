//! A transaction as JSON, with the names that ModSecurity 3 gives its members: made here, written by who wants it.

use portcullis_control::exchange::Exchange;
use portcullis_waf_engine::{EngineMode, LogData, Match, Transaction};
use portcullis_waf_seclang::syntax::Variable;

use super::parts::Parts;
use super::shown;
use super::timestamp::time_stamp;
use super::writer::Writer;
use crate::ends;

/// Who wrote it, in the place of ModSecurity's own name.
const PRODUCER: &str = concat!("Portcullis ", env!("CARGO_PKG_VERSION"));
/// What it ran in, in the place of ModSecurity's connector.
const CONNECTOR: &str = "proxy-wasm";

/// Names of headers that are written, at most.
const MAX_HEADERS: usize = 128;

pub(super) fn of(
    exchange: &Exchange,
    transaction: &Transaction,
    parts: Parts,
    log_data: &LogData,
) -> String {
    let mut writer = Writer::default();
    writer.object(|writer| {
        writer.name("transaction").object(|writer| {
            connection(writer, exchange, transaction);
            writer.name("request").object(|w| request(w, exchange, transaction, parts, log_data));
            writer.name("response").object(|w| response(w, exchange, parts, log_data));
            if parts.messages {
                producer(writer, transaction);
                messages(writer, transaction);
            }
            if writer.left_out() > 0 {
                let left_out = writer.left_out().to_string();
                writer.name("left_out").number(&left_out);
            }
        });
    });
    writer.end()
}

fn connection(writer: &mut Writer, exchange: &Exchange, transaction: &Transaction) {
    let server = ends::server(exchange);
    let node = exchange.property(&["xds", "node", "id"]).unwrap_or_default();
    let client = ends::client(exchange).map(|address| address.to_string()).unwrap_or_default();
    writer.name("client_ip").text(client.as_bytes());
    writer.name("time_stamp").text(time_stamp(exchange.now_seconds()).as_bytes());
    writer.name("server_id").text(&node);
    writer.name("client_port").number(&ends::client_port(exchange).to_string());
    let ip = server.map(|server| server.ip().to_string()).unwrap_or_default();
    writer.name("host_ip").text(ip.as_bytes());
    writer.name("host_port").number(&server.map_or(0, |server| server.port()).to_string());
    writer.name("unique_id").text(transaction.unique_id());
}

fn request(
    writer: &mut Writer,
    exchange: &Exchange,
    transaction: &Transaction,
    parts: Parts,
    log_data: &LogData,
) {
    let first = |variable| transaction.values_of(variable).next().map_or(&[][..], |(_, text)| text);
    writer.name("method").text(first(Variable::RequestMethod));
    let protocol = exchange.property(&["request", "protocol"]).unwrap_or_default();
    let version = match protocol.as_slice() {
        b"HTTP/1.0" => "1.0",
        b"HTTP/2" => "2.0",
        b"HTTP/3" => "3.0",
        _ => "1.1",
    };
    writer.name("http_version").number(version);
    writer.name("uri").text(&shown::target(log_data, first(Variable::RequestUriRaw)));
    if parts.arguments {
        let arguments = transaction.values_of(Variable::ArgsPost);
        writer.name("body").text(&shown::arguments(log_data, arguments));
    }
    if parts.request_headers {
        let all: Vec<_> = transaction.values_of(Variable::RequestHeaders).collect();
        headers(writer, &all, "REQUEST_HEADERS", log_data);
    }
}

fn response(writer: &mut Writer, exchange: &Exchange, parts: Parts, log_data: &LogData) {
    let fields = exchange.response_headers();
    let status = fields.first(":status").unwrap_or_default();
    let status = std::str::from_utf8(status).ok().and_then(|text| text.parse::<u16>().ok());
    writer.name("http_code").number(&status.unwrap_or_default().to_string());
    if parts.response_headers {
        let all: Vec<_> = fields.iter().filter(|(name, _)| !name.starts_with(b":")).collect();
        headers(writer, &all, "RESPONSE_HEADERS", log_data);
    }
}

/// Each name once, as JSON wants it: several values stand behind each other.
fn headers(writer: &mut Writer, all: &[(&[u8], &[u8])], variable: &str, log_data: &LogData) {
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in all {
        if names.len() < MAX_HEADERS && !names.contains(name) {
            names.push(name);
        }
    }
    writer.name("headers").object(|writer| {
        for name in names {
            if !writer.has_room() {
                continue;
            }
            let own = all.iter().filter(|(other, _)| *other == name);
            let values: Vec<Vec<u8>> =
                own.map(|(_, value)| shown::header(log_data, variable, name, value)).collect();
            writer.name(&String::from_utf8_lossy(name)).text(&values.join(&b", "[..]));
        }
    });
}

fn producer(writer: &mut Writer, transaction: &Transaction) {
    writer.name("producer").object(|writer| {
        writer.name("modsecurity").text(PRODUCER.as_bytes());
        writer.name("connector").text(CONNECTOR.as_bytes());
        let engine = match transaction.engine() {
            EngineMode::On => "Enabled",
            EngineMode::DetectionOnly => "DetectionOnly",
            EngineMode::Off => "Disabled",
        };
        writer.name("secrules_engine").text(engine.as_bytes());
        writer.name("components").array(|writer| {
            for signature in transaction.signatures() {
                if writer.has_room() {
                    writer.text(signature.as_bytes());
                }
            }
        });
    });
}

fn messages(writer: &mut Writer, transaction: &Transaction) {
    writer.name("messages").array(|writer| {
        for one in transaction.matches().iter().filter(|one| one.rule.audit_log) {
            if writer.has_room() {
                writer.object(|writer| message(writer, one));
            }
        }
    });
}

fn message(writer: &mut Writer, one: &Match) {
    let metadata = &one.rule.metadata;
    let location = one.rule.links.first().map(|link| &link.location);
    let (file, line) = location.map_or(("", 0), |place| (place.file.as_str(), place.line));
    let number = |number: Option<u8>| number.unwrap_or_default().to_string();
    writer.name("message").text(&one.msg);
    writer.name("details").object(|writer| {
        let targets = one.targets.join(&b"', `"[..]);
        let matched = [b"Matched against variable `".as_slice(), &targets, b"'"].concat();
        writer.name("match").text(if targets.is_empty() { &[] } else { &matched });
        // Where in a value something stood is not kept.
        writer.name("reference").text(&[]);
        writer.name("ruleId").text(metadata.id.to_string().as_bytes());
        writer.name("file").text(file.as_bytes());
        writer.name("lineNumber").text(line.to_string().as_bytes());
        writer.name("data").text(&one.data);
        writer.name("severity").text(number(metadata.severity).as_bytes());
        writer.name("ver").text(metadata.ver.as_bytes());
        writer.name("rev").text(metadata.rev.as_bytes());
        writer.name("tags").array(|writer| {
            for tag in &one.tags {
                if writer.has_room() {
                    writer.text(tag);
                }
            }
        });
        writer.name("maturity").text(number(metadata.maturity).as_bytes());
        writer.name("accuracy").text(number(metadata.accuracy).as_bytes());
    });
}
