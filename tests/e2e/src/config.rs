//! What an Envoy under test is told: a builder with the settings of the shipped configurations.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::bootstrap;
use crate::module::Wasm;
use crate::tls::Tls;
use crate::upstream::Upstream;

/// How the process is started, whatever its configuration.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(crate) concurrency: u32,
    pub(crate) log_level: Option<String>,
    pub(crate) drain_seconds: u32,
    pub(crate) environment: Vec<(String, String)>,
}

impl Default for Launch {
    fn default() -> Self {
        Self {
            concurrency: 1,
            log_level: None,
            // Old connections of a replaced listener are told to close within this time.
            drain_seconds: 2,
            environment: Vec::new(),
        }
    }
}

impl Launch {
    /// An environment variable of the Envoy process; it has no others but PATH.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Something an Envoy can be started with: [`EnvoyConfig`] or [`EnvoyFile`].
pub trait Configuration {
    /// The bootstrap's text and its file extension. Files that it refers to stand in `directory`.
    fn bootstrap(&self, directory: &Path) -> (String, &'static str);
    /// The listener that is read from a file and can be replaced, if any.
    fn reloadable_listener(&self) -> Option<Value>;
    /// How the process is started.
    fn launch(&self) -> &Launch;
    /// A second bootstrap, laid over the first one, as JSON.
    fn overlay(&self) -> Option<Value> {
        None
    }
}

type Patch = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// A configuration made from Rust values: one listener on a free port of 127.0.0.1, one route to
/// one upstream, and the HTTP filters that a test names.
#[derive(Clone)]
pub struct EnvoyConfig {
    pub(crate) launch: Launch,
    pub(crate) filters: Vec<Value>,
    pub(crate) clusters: Vec<Value>,
    pub(crate) routes: Vec<Value>,
    pub(crate) upgrades: Vec<Value>,
    pub(crate) access_log: Option<Value>,
    pub(crate) remote_address: bool,
    pub(crate) trusted_hops: u32,
    pub(crate) raised_limits: bool,
    pub(crate) raw_paths: bool,
    pub(crate) connect: bool,
    pub(crate) reloadable: bool,
    pub(crate) patches: Vec<(At, Patch)>,
}

/// Where a patch is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    ConnectionManager,
    Listener,
    Bootstrap,
}

impl fmt::Debug for EnvoyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", bootstrap::build(self, Path::new("")))
    }
}

impl EnvoyConfig {
    /// Everything goes to `upstream`, in Envoy the cluster `upstream`, without a filter.
    #[must_use]
    pub fn new(upstream: &Upstream) -> Self {
        Self::empty().upstream("upstream", upstream)
    }

    /// As [`Self::new`], for an HTTP/1.1 server at any address.
    #[must_use]
    pub fn at(upstream: SocketAddr) -> Self {
        Self::empty().cluster_at("upstream", upstream)
    }

    fn empty() -> Self {
        Self {
            launch: Launch::default(),
            filters: Vec::new(),
            clusters: Vec::new(),
            routes: Vec::new(),
            upgrades: Vec::new(),
            access_log: None,
            remote_address: true,
            trusted_hops: 0,
            raised_limits: false,
            raw_paths: false,
            connect: false,
            reloadable: false,
            patches: Vec::new(),
        }
    }

    /// Adds a wasm module behind the filters so far.
    #[must_use]
    pub fn wasm(self, module: &Wasm) -> Self {
        self.filter(module.filter())
    }

    /// Adds any HTTP filter behind the filters so far; the router always comes last.
    #[must_use]
    pub fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Removes all HTTP filters, to give a copy of this configuration others.
    #[must_use]
    pub fn without_filters(mut self) -> Self {
        self.filters.clear();
        self
    }

    /// Adds a cluster for an upstream, speaking the HTTP version that the upstream speaks.
    #[must_use]
    pub fn upstream(self, cluster: &str, upstream: &Upstream) -> Self {
        let cluster = bootstrap::cluster(cluster, upstream.address(), upstream.is_http2());
        self.cluster(cluster)
    }

    /// Adds a cluster for an HTTP/1.1 server at any address, also where none answers.
    #[must_use]
    pub fn cluster_at(self, cluster: &str, address: SocketAddr) -> Self {
        self.cluster(bootstrap::cluster(cluster, address, false))
    }

    /// Adds any cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: Value) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// Adds a named route by path prefix; those added first win, all come before the default one.
    #[must_use]
    pub fn route_to(self, name: &str, prefix: &str, cluster: &str) -> Self {
        self.route(json!({
            "name": name, "match": {"prefix": prefix}, "route": {"cluster": cluster},
        }))
    }

    /// Adds any route.
    #[must_use]
    pub fn route(mut self, route: Value) -> Self {
        self.routes.push(route);
        self
    }

    /// Allows an upgrade, such as `websocket`.
    #[must_use]
    pub fn upgrade(mut self, protocol: &str) -> Self {
        self.upgrades.push(json!({"upgrade_type": protocol}));
        self
    }

    /// Ends CONNECT at Envoy and sends the tunnel's bytes to the upstream, both HTTP versions.
    #[must_use]
    pub fn connect(mut self) -> Self {
        self.connect = true;
        self.upgrades.push(json!({"upgrade_type": "CONNECT"}));
        self
    }

    /// How many workers there are; one unless set.
    #[must_use]
    pub fn concurrency(mut self, workers: u32) -> Self {
        self.launch.concurrency = workers;
        self
    }

    /// Envoy's log level at start, such as `debug`; unless set, `warning`, and `info` for what
    /// modules and configurations say.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Self {
        self.launch.log_level = Some(level.to_owned());
        self
    }

    /// How long a replaced listener's connections live on; two seconds unless set.
    #[must_use]
    pub fn drain_seconds(mut self, seconds: u32) -> Self {
        self.launch.drain_seconds = seconds;
        self
    }

    /// An environment variable of the Envoy process; it has no others but PATH.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.launch.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the peer is the client (true unless set) or the last X-Forwarded-For entry is.
    #[must_use]
    pub fn use_remote_address(mut self, remote: bool) -> Self {
        self.remote_address = remote;
        self
    }

    /// How many proxies before this Envoy are believed (`xff_num_trusted_hops`).
    #[must_use]
    pub fn trusted_hops(mut self, hops: u32) -> Self {
        self.trusted_hops = hops;
        self
    }

    /// Lets Envoy pass what its defaults refuse: [`bootstrap::RAISED_HEADERS_KB`] and
    /// [`bootstrap::RAISED_HEADERS_COUNT`], so that hostile requests reach the filters.
    #[must_use]
    pub fn raised_limits(mut self) -> Self {
        self.raised_limits = true;
        self
    }

    /// Leaves paths as they came: no normalisation, escaped slashes and underscores in header
    /// names pass, as in an Envoy that sets nothing.
    #[must_use]
    pub fn raw_paths(mut self) -> Self {
        self.raw_paths = true;
        self
    }

    /// The access log's `json_format`, in place of [`bootstrap::access_log_format`].
    #[must_use]
    pub fn access_log(mut self, format: Value) -> Self {
        self.access_log = Some(format);
        self
    }

    /// Reads the listener from a watched file, so that [`crate::Envoy::reload`] can replace it.
    #[must_use]
    pub fn reloadable(mut self) -> Self {
        self.reloadable = true;
        self
    }

    /// Makes the listener speak TLS.
    #[must_use]
    pub fn tls(self, tls: &Tls) -> Self {
        let socket = tls.transport_socket();
        self.listener(move |listener| {
            listener["filter_chains"][0]["transport_socket"] = socket.clone();
        })
    }

    /// Changes the HTTP connection manager in any way.
    #[must_use]
    pub fn hcm(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.patch(At::ConnectionManager, change)
    }

    /// Changes the listener in any way.
    #[must_use]
    pub fn listener(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.patch(At::Listener, change)
    }

    /// Changes the whole bootstrap in any way.
    #[must_use]
    pub fn whole(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.patch(At::Bootstrap, change)
    }

    fn patch(mut self, at: At, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.patches.push((at, Arc::new(change)));
        self
    }
}

impl Configuration for EnvoyConfig {
    fn bootstrap(&self, directory: &Path) -> (String, &'static str) {
        (bootstrap::build(self, directory).to_string(), "json")
    }

    fn reloadable_listener(&self) -> Option<Value> {
        self.reloadable.then(|| bootstrap::listener(self))
    }

    fn launch(&self) -> &Launch {
        &self.launch
    }
}

/// A configuration from a file of the repository, with ports and paths replaced in its text. Its
/// admin interface is on a free port, whatever the file says of it.
#[derive(Clone, Debug)]
pub struct EnvoyFile {
    path: PathBuf,
    text: String,
    launch: Launch,
}

impl EnvoyFile {
    /// Reads a file by its path from the repository's root.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = crate::repository().join(path);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text, launch: Launch::default() }
    }

    /// Replaces every occurrence of a text.
    ///
    /// # Panics
    /// When there is none: the file has changed, and the test would test something else.
    #[must_use]
    pub fn replace(mut self, from: &str, to: &str) -> Self {
        assert!(self.text.contains(from), "{from:?} is not in {}", self.path.display());
        self.text = self.text.replace(from, to);
        self
    }

    /// Replaces what stands from one text on, it included, until another one.
    ///
    /// # Panics
    /// When one of them does not stand in the file.
    #[must_use]
    pub fn replace_between(mut self, from: &str, until: &str, by: &str) -> Self {
        let path = self.path.display();
        let parts = self.text.split_once(from).and_then(|(before, rest)| {
            let (_, behind) = rest.split_once(until)?;
            Some(format!("{before}{by}{until}{behind}"))
        });
        self.text = parts.unwrap_or_else(|| panic!("{from:?} and {until:?} are not in {path}"));
        self
    }

    /// Replaces a port wherever it stands as `port_value`; 0 is any free one.
    ///
    /// # Panics
    /// When it stands nowhere.
    #[must_use]
    pub fn port(mut self, from: u16, to: u16) -> Self {
        let mut found = false;
        let replaced: Vec<String> = self
            .text
            .split("port_value:")
            .enumerate()
            .map(|(index, part)| {
                let rest = part.trim_start();
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let (port, rest) = rest.split_at(digits);
                if index > 0 && port == from.to_string() {
                    found = true;
                    return format!(" {to}{rest}");
                }
                part.to_owned()
            })
            .collect();
        self.text = replaced.join("port_value:");
        assert!(found, "`port_value: {from}` is not in {}", self.path.display());
        self
    }

    /// How many workers there are; one unless set.
    #[must_use]
    pub fn concurrency(mut self, workers: u32) -> Self {
        self.launch.concurrency = workers;
        self
    }

    /// An environment variable of the Envoy process; it has no others but PATH.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.launch.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Configuration for EnvoyFile {
    fn bootstrap(&self, _directory: &Path) -> (String, &'static str) {
        (self.text.clone(), "yaml")
    }

    fn reloadable_listener(&self) -> Option<Value> {
        None
    }

    fn launch(&self) -> &Launch {
        &self.launch
    }

    fn overlay(&self) -> Option<Value> {
        Some(json!({"admin": bootstrap::admin()}))
    }
}
