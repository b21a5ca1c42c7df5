//! What Envoy shows of a request, told to the engine as a client sent it.

use portcullis_control::exchange::Exchange;
use portcullis_waf_engine::{Connection, Transaction};
use portcullis_waf_seclang::syntax::Variable;

use crate::control::Waf;
use crate::ends;

/// What a request is, as far as holding it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its body can be held.
    Plain,
    /// What passes is another protocol: an upgrade or CONNECT.
    Tunnel,
    /// An upgrade that is more than a handshake: what follows its headers may be a body as any other, and nobody would
    /// look at it.
    LoadedUpgrade,
    /// A gRPC call.
    Grpc,
}

impl Kind {
    pub(crate) fn of(exchange: &Exchange) -> Self {
        if is_loaded_upgrade(exchange) {
            Kind::LoadedUpgrade
        } else if exchange.is_grpc() {
            Kind::Grpc
        } else if exchange.is_stream() {
            Kind::Tunnel
        } else {
            Kind::Plain
        }
    }
}

/// True for an upgrade that has a method of its own or announces a body. A handshake is a GET without one (RFC 6455 §4.1),
/// and an upstream may answer anything else as if there were no `upgrade` (RFC 9110 §7.8), body and all. CONNECT, of HTTP/2
/// too, is a tunnel whatever its headers say.
fn is_loaded_upgrade(exchange: &Exchange) -> bool {
    let headers = exchange.request_headers();
    let method = exchange.method();
    if method == b"CONNECT" || headers.first("upgrade").is_none() {
        return false;
    }
    // A length of 0 announces nothing.
    let announces = headers.iter().any(|(name, value)| {
        name == b"transfer-encoding" || (name == b"content-length" && value != b"0")
    });
    method != b"GET" || announces
}

/// A transaction with everything in it that the headers tell.
pub(crate) fn begin(waf: &Waf, exchange: &Exchange, kind: Kind, end: bool) -> Transaction {
    let address = ends::client(exchange).map(|address| address.to_string()).unwrap_or_default();
    let unique_id = exchange.random_name();
    // Each asks the host for something that few rules want to know.
    let reads = |variable| waf.program.reads(variable);
    let remote_port = if reads(Variable::RemotePort) { ends::client_port(exchange) } else { 0 };
    let asks_server = reads(Variable::ServerAddr) || reads(Variable::ServerPort);
    let server = if asks_server { ends::server(exchange) } else { None };
    let server_addr = server.map(|server| server.ip().to_string()).unwrap_or_default();
    let connection = Connection {
        remote_addr: address.as_bytes(),
        remote_port,
        server_addr: server_addr.as_bytes(),
        server_port: server.map_or(0, |server| server.port()),
        unique_id: unique_id.as_bytes(),
    };
    let mut transaction = waf.transaction(exchange, &connection);
    let protocol = exchange.property(&["request", "protocol"]).unwrap_or_default();
    let headers = exchange.request_headers();
    let authority = headers.first(":authority");
    // CONNECT has no path; its request line names the authority.
    let target = headers.first(":path").or(authority).unwrap_or_default();
    transaction.request_line(exchange.method(), target, &protocol);
    if let Some(authority) = authority {
        transaction.request_header(b"host", authority);
    }
    let mut length_is_told = false;
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        length_is_told |= name == b"content-length" || name == b"transfer-encoding";
        transaction.request_header(name, value);
    }
    // Envoy takes it away; without it a body of chunks looks as if its length had been forgotten.
    if kind == Kind::Plain && !end && !length_is_told && protocol == b"HTTP/1.1" {
        transaction.request_header(b"transfer-encoding", b"chunked");
    }
    transaction
}
