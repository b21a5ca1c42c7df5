//! How a host is set up: what `PluginConfig`, `VmConfig`, clusters and the listener say in a real Envoy.

use std::collections::{BTreeMap, HashMap};

use crate::abi::Level;

/// What happens after a trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailurePolicy {
    /// A new VM for the next request (backoff is not modelled); every shipped configuration has it.
    Reload,
    /// 503 for ever.
    Closed,
    /// New streams skip the filter.
    Open,
}

/// Everything that does not change while a host runs, but for the configuration.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) vm_id: String,
    pub(crate) plugin_name: String,
    pub(crate) root_id: String,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Cluster name to whether it has hosts.
    pub(crate) clusters: HashMap<String, bool>,
    pub(crate) properties: HashMap<Vec<u8>, Vec<u8>>,
    pub(crate) stop_iteration: bool,
    pub(crate) buffer_limit: usize,
    pub(crate) fuel: u64,
    pub(crate) memory: usize,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) log_level: Level,
}

/// Envoy's default `per_connection_buffer_limit_bytes`.
pub const DEFAULT_BUFFER_LIMIT: usize = 1 << 20;
/// Envoy's cap on a VM's linear memory.
pub const DEFAULT_MEMORY: usize = 1 << 30;
/// Fuel of one callback: Envoy has none; this ends a loop within seconds and no honest callback.
pub const DEFAULT_FUEL: u64 = 2_000_000_000;

/// Where Envoy says which one it is.
pub const MINOR_VERSION: [&str; 5] =
    ["xds", "node", "user_agent_build_version", "version", "minor_number"];

impl Settings {
    /// True if the host is like Envoy before 1.39: a body that was held goes on being held after it was told to go on, and
    /// what a callback then lets pass at once is lost (tried on 1.36 and 1.37).
    pub(crate) fn holds_on(&self) -> bool {
        let minor = self.properties.get(&crate::exchange::join(&MINOR_VERSION));
        let minor = minor.and_then(|bytes| Some(i64::from_le_bytes(bytes.first_chunk().copied()?)));
        minor.is_some_and(|minor| minor < 39)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let text: &[(&[&str], &str)] = &[
            (&["source", "address"], "203.0.113.7:50000"),
            (&["destination", "address"], "10.0.0.1:8080"),
            (&["connection", "requested_server_name"], ""),
            (&["request", "protocol"], "HTTP/1.1"),
            (&["xds", "route_name"], "default"),
            (&["xds", "cluster_name"], "upstream"),
            (&["xds", "virtual_host_name"], "gateway"),
            (&["xds", "filter_chain_name"], ""),
            (&["xds", "node", "id"], "test"),
            (&["xds", "node", "cluster"], "test"),
        ];
        let numbers: &[(&[&str], u64)] = &[
            (&["source", "port"], 50000),
            (&["destination", "port"], 8080),
            (&["connection", "id"], 1),
            (&["xds", "listener_direction"], 1),
            (&["xds", "node", "user_agent_build_version", "version", "major_number"], 1),
            (&MINOR_VERSION, 40),
        ];
        let mut properties: HashMap<_, _> = text
            .iter()
            .map(|(path, value)| (crate::exchange::join(path), (*value).into()))
            .collect();
        for (path, number) in numbers {
            properties.insert(crate::exchange::join(path), number.to_le_bytes().to_vec());
        }
        for name in ["mtls", "peer_certificate_valid"] {
            properties.insert(crate::exchange::join(&["connection", name]), vec![0]);
        }
        Self {
            vm_id: "portcullis".to_owned(),
            plugin_name: "plugin".to_owned(),
            root_id: String::new(),
            vm_configuration: Vec::new(),
            environment: BTreeMap::new(),
            clusters: HashMap::new(),
            properties,
            stop_iteration: true,
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            fuel: DEFAULT_FUEL,
            memory: DEFAULT_MEMORY,
            failure_policy: FailurePolicy::Reload,
            log_level: Level::Info,
        }
    }
}

/// Encodings of property values, as the host writes them.
pub mod property {
    /// Integers, timestamps and durations (nanoseconds): 8 bytes, little endian.
    pub fn integer(value: i64) -> Vec<u8> {
        value.to_le_bytes().to_vec()
    }

    /// Doubles, which numbers in metadata are: 8 bytes, little endian.
    pub fn double(value: f64) -> Vec<u8> {
        value.to_le_bytes().to_vec()
    }

    /// Booleans: one byte.
    pub fn boolean(value: bool) -> Vec<u8> {
        vec![u8::from(value)]
    }

    /// Maps: serialised pairs.
    pub fn map<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Vec<u8> {
        let pairs: Vec<_> =
            pairs.into_iter().map(|(n, v)| (n.as_ref().to_vec(), v.as_ref().to_vec())).collect();
        crate::pairs::encode(&pairs)
    }
}
