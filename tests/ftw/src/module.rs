//! A built module behind the runner's trait, on the wasmtime host: what ships, without Envoy's own opinion of a request.

use std::path::{Path, PathBuf};

use portcullis_host::{Headers, Host, Response as Answer};

use crate::through_envoy::Setting;
use crate::{Outcome, Request, Response, Waf};

/// A module with its configuration.
pub struct Module(Host);

/// Where a built module lies, if it has been built: in `$PORTCULLIS_DIST`, else in `dist/`.
#[must_use]
pub fn built(module: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dist = std::env::var_os("PORTCULLIS_DIST").map(PathBuf::from);
    let path = dist.unwrap_or_else(|| repository.join("dist")).join(format!("{module}.wasm"));
    path.is_file().then_some(path)
}

impl Module {
    /// Loads and configures it as a real Envoy would be told to.
    pub fn load(setting: &Setting) -> Result<Self, String> {
        let path = built(&setting.module)
            .ok_or_else(|| format!("dist/{}.wasm is not there: make it first", setting.module))?;
        let host = Host::load(path).configure(setting.configuration.to_string()).start();
        host.map(Self).map_err(|error| error.to_string())
    }

    /// The host, to look at what a run has cost.
    pub fn host(&mut self) -> &mut Host {
        &mut self.0
    }
}

impl Waf for Module {
    fn run(&mut self, request: &Request, backend: &mut dyn FnMut(&Request) -> Response) -> Outcome {
        // Of earlier requests nobody asks any more.
        self.0.process().clear_log();
        let exchange = self.0.send(asked(request).answered(answer(&backend(request))));
        let lines = exchange.log.iter().filter(|line| line.text.contains("[id \""));
        Outcome {
            status: exchange
                .client
                .as_ref()
                .and_then(|client| client.headers.status())
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or_default(),
            lines: lines.map(|line| line.text.clone()).collect(),
            body: exchange.client.as_ref().map(|client| client.body.clone()),
            failure: exchange.trap.clone(),
        }
    }
}

/// A request as Envoy would show it, had it no opinion of its own.
#[must_use]
pub fn asked(request: &Request) -> portcullis_host::Request {
    let mut headers = Headers::default();
    headers.add(":method", &request.method);
    headers.add(":path", &request.uri);
    headers.add(":scheme", "http");
    if let Some(host) = request.header("host") {
        headers.add(":authority", host);
    }
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case(b"host") {
            headers.add(name, value);
        }
    }
    let mut asked = portcullis_host::Request::of(headers)
        .property(&["request", "protocol"], &request.version)
        .from_address("127.0.0.1:50000");
    if !request.body.is_empty() {
        asked = asked.body(&request.body);
    }
    for (name, value) in &request.trailers {
        asked = asked.trailer(name, value);
    }
    asked
}

fn answer(response: &Response) -> Answer {
    let mut answer = Answer::new(response.status.into());
    for (name, value) in &response.headers {
        answer = answer.header(name, value);
    }
    if response.body.is_empty() { answer } else { answer.body(&response.body) }
}
