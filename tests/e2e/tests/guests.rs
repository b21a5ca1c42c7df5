//! The table of small guests on a real Envoy: what it shows is what our own host has to show.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_e2e::{
    Configuration, Connection, Envoy, EnvoyConfig, Error, Headers, Reply, Request, Response,
    Upstream, Wasm, envoy_version, eventually,
};
use portcullis_guests::guest::Guest;
use portcullis_guests::row::{self, Policy, Row};
use portcullis_guests::seen::{Field, Message, Seen};
use portcullis_guests::suite::{self, Engine};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

/// One Envoy with a listener for each row.
struct RealEnvoy {
    envoy: Envoy,
    upstream: Upstream,
    /// What the upstream answers to the row that runs; rows run one after the other.
    answer: Arc<Mutex<Response>>,
    turn: Mutex<()>,
    barriers: AtomicUsize,
    _callee: Upstream,
    _refusing: Socket,
    _folder: TempDir,
}

/// The listener whose guest logs paths, to know that all before it has been logged.
const BARRIER: &str = "barrier";

/// What its paths begin with.
const BARRIER_PATH: &str = "/barrier-";

fn barrier() -> Row {
    let mut guest = Guest::new();
    let path = guest.text(":path");
    let read = format!("$get_header (i32.const 0) {path} {}", portcullis_guests::guest::OUT);
    let body = guest.bytes("passed", &read) + "(i32.const 0)";
    Row::new(BARRIER, &guest.on("proxy_on_request_headers", body))
}

fn name(number: usize) -> String {
    format!("row-{number}")
}

fn response(answer: &row::Answer) -> Response {
    let mut response = Response::new(answer.status).body(&answer.body);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    answer.trailers.iter().fold(response, |response, (name, value)| response.trailer(name, value))
}

/// A port at which nobody listens, while the socket lives.
fn refusing() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let address = socket.local_addr().expect("its address").as_socket().expect("an IP address");
    (socket, address)
}

fn listener(row: &Row, name: &str, folder: &Path, upstream: &Upstream) -> Value {
    let path = folder.join(format!("{name}.wasm"));
    std::fs::write(&path, &row.wasm).expect("a module's file");
    let policy = match row.policy {
        Policy::Reload => "FAIL_RELOAD",
        Policy::Closed => "FAIL_CLOSED",
        Policy::Open => "FAIL_OPEN",
    };
    let mut wasm =
        Wasm::file(name, path).vm_id(name).failure_policy(policy).reload_backoff("0.01s");
    if !row.stop_iteration {
        wasm = wasm.without_stop_iteration();
    }
    if let Some(text) = row.configuration {
        wasm = wasm.config_text(text);
    }
    let config = EnvoyConfig::new(upstream).raw_paths().use_remote_address(false).wasm(&wasm).hcm(
        |manager| {
            manager["generate_request_id"] = json!(false);
            manager["access_log"] = json!([]);
            // How long the upstream took is nobody's business here.
            let filters = manager["http_filters"].as_array_mut().expect("filters");
            filters.last_mut().expect("a router")["typed_config"]["suppress_envoy_headers"] =
                json!(true);
        },
    );
    let (text, _) = config.bootstrap(Path::new(""));
    let bootstrap: Value = serde_json::from_str(&text).expect("a bootstrap in JSON");
    let mut listener = bootstrap["static_resources"]["listeners"][0].clone();
    listener["name"] = json!(name);
    listener["traffic_direction"] = json!("INBOUND");
    listener
}

impl RealEnvoy {
    fn start(rows: &[Row]) -> Self {
        let answer = Arc::new(Mutex::new(Response::new(200)));
        let current = Arc::clone(&answer);
        let upstream =
            Upstream::with(move |_| current.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let callee = Upstream::with(|_| response(&row::Answer::callee()));
        let folder = TempDir::new().expect("a folder");
        let mut listeners = vec![listener(&barrier(), BARRIER, folder.path(), &upstream)];
        for (number, row) in rows.iter().enumerate() {
            listeners.push(listener(row, &name(number), folder.path(), &upstream));
        }
        let (socket, refused) = refusing();
        let config = EnvoyConfig::new(&upstream)
            .upstream(row::CALLEE, &callee)
            .cluster_at(row::REFUSED, refused)
            .cluster(json!({"name": row::EMPTY, "type": "STATIC", "connect_timeout": "1s"}))
            .whole(move |bootstrap| {
                bootstrap["static_resources"]["listeners"] = json!(listeners);
            });
        let envoy = Envoy::start(config);
        let (turn, barriers) = (Mutex::new(()), AtomicUsize::new(0));
        Self {
            envoy,
            upstream,
            answer,
            turn,
            barriers,
            _callee: callee,
            _refusing: socket,
            _folder: folder,
        }
    }

    /// Returns once everything that the worker has logged so far can be read.
    fn pass_barrier(&self) -> Result<(), Error> {
        let number = self.barriers.fetch_add(1, Ordering::Relaxed);
        let address = self.envoy.address_of(BARRIER);
        let path = format!("{BARRIER_PATH}{number}");
        Connection::open(address).map_err(Error::NoReply)?.send(&Request::get(&path))?;
        self.envoy.wait_for_log(&format!("passed 0 '{path}'"));
        Ok(())
    }

    /// What the row has logged from its `from`th line on.
    fn log(&self, number: usize, from: usize) -> Vec<String> {
        let prefix = format!("wasm log {}", name(number));
        let lines = self.envoy.log_lines().into_iter().filter_map(|line| {
            let (head, rest) = line.split_once(&prefix)?;
            let (names, text) = rest.split_once(": ")?;
            let own = names.is_empty() || names.starts_with(' ');
            let level = head.split('[').nth(3)?.trim_end_matches(']');
            own.then(|| match level {
                "info" => text.to_owned(),
                "warning" => format!("warn {text}"),
                other => format!("{other} {text}"),
            })
        });
        lines.skip(from).collect()
    }

    fn send(&self, number: usize, from: usize, request: &row::Request) -> Result<Reply, Error> {
        let address = self.envoy.address_of(&name(number));
        let mut connection = Connection::open(address).map_err(Error::NoReply)?;
        let mut head = Request::new(request.method, request.path).host(row::HOST);
        for (name, value) in &request.headers {
            head = head.header(name, value);
        }
        let chunked = request.is_chunked();
        if chunked {
            head = head.header("transfer-encoding", "chunked");
        }
        let mut bytes = head.bytes();
        for chunk in &request.chunks {
            if chunk.after > 0 {
                connection.write(&bytes).map_err(Error::NoReply)?;
                bytes.clear();
                eventually("the log before a chunk", || {
                    (self.log(number, from).len() >= chunk.after).then_some(())
                });
            }
            if chunked {
                bytes.extend(format!("{:x}\r\n", chunk.bytes.len()).bytes());
            }
            bytes.extend(&chunk.bytes);
            bytes.extend(if chunked { &b"\r\n"[..] } else { b"" });
        }
        if chunked {
            bytes.extend(b"0\r\n");
            for (name, value) in &request.trailers {
                bytes.extend(format!("{name}: {value}\r\n").bytes());
            }
            bytes.extend(b"\r\n");
        }
        // Who is answered early may be cut off while it still sends.
        let sent = connection.write(&bytes);
        if let Some(lines) = request.leaves_after {
            eventually("the log before the client leaves", || {
                (self.log(number, from).len() >= lines).then_some(())
            });
            return Err(Error::NoReply(std::io::ErrorKind::ConnectionAborted.into()));
        }
        connection.read_reply(request.method).map_err(|error| match (error, sent) {
            (Error::NoReply(_), Err(error)) => Error::NoReply(error),
            (error, _) => error,
        })
    }
}

fn fields(headers: &Headers) -> Vec<Field> {
    headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

fn client(reply: Reply, cut: bool) -> Message {
    Message {
        start: reply.status.to_string(),
        headers: fields(&reply.headers),
        body: reply.body,
        trailers: fields(&reply.trailers),
        cut,
    }
}

impl Engine for RealEnvoy {
    fn minor(&self) -> u32 {
        envoy_version().minor
    }

    fn run(&self, number: usize, row: &Row) -> Result<Vec<Seen>, String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = response(&row.answer);
        let (mut seen, mut from) = (Vec::new(), 0);
        for request in &row.requests {
            self.upstream.take_requests();
            let client = match self.send(number, from, request) {
                Ok(reply) => Some(client(reply, false)),
                Err(Error::Truncated(reply, _)) => Some(client(*reply, true)),
                Err(_) => None,
            };
            if let Some(how) = self.envoy.ended() {
                return Err(format!("Envoy ended: {how}"));
            }
            self.pass_barrier().map_err(|error| format!("barrier: {error}"))?;
            let log = self.log(number, from);
            from += log.len();
            let upstream = self.upstream.take_requests().into_iter();
            let mut upstream = upstream.filter(|request| !request.target.starts_with(BARRIER_PATH));
            let upstream = upstream.next().map(|request| Message {
                start: format!("{} {}", request.method, request.target),
                headers: fields(&request.headers),
                body: request.body,
                trailers: fields(&request.trailers),
                cut: false,
            });
            seen.push(Seen { log, upstream, client });
        }
        Ok(seen)
    }
}

fn main() -> ExitCode {
    suite::run(RealEnvoy::start)
}
