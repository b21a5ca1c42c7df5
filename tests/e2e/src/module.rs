//! A wasm module as one of Envoy's HTTP filters.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// What the module's plugin is given as its configuration.
#[derive(Clone, Debug)]
enum Configuration {
    Struct(Value),
    Text(String),
}

/// A wasm HTTP filter, with the settings that every shipped Envoy configuration has:
/// `failure_policy: FAIL_RELOAD`, `vm_id: portcullis`, `allow_on_headers_stop_iteration: true`.
#[derive(Clone, Debug)]
pub struct Wasm {
    name: String,
    root_id: Option<String>,
    path: PathBuf,
    configuration: Option<Configuration>,
    vm_id: String,
    environment: Map<String, Value>,
    host_environment: Vec<String>,
    failure_policy: String,
    reload_backoff: Option<String>,
    stop_iteration: bool,
}

impl Wasm {
    /// The built module of that name (see [`crate::wasm`]); the plugin has the same name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self::file(name, crate::wasm(name))
    }

    /// Any module, as a plugin of that name.
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            root_id: None,
            path: path.into(),
            configuration: None,
            vm_id: "portcullis".to_owned(),
            environment: Map::new(),
            host_environment: Vec::new(),
            failure_policy: "FAIL_RELOAD".to_owned(),
            reload_backoff: None,
            stop_iteration: true,
        }
    }

    /// The plugin's configuration, sent as `google.protobuf.Struct`. Its numbers become doubles.
    #[must_use]
    pub fn config(mut self, configuration: Value) -> Self {
        self.configuration = Some(Configuration::Struct(configuration));
        self
    }

    /// The plugin's configuration as text, which need not be JSON.
    #[must_use]
    pub fn config_text(mut self, configuration: impl Into<String>) -> Self {
        self.configuration = Some(Configuration::Text(configuration.into()));
        self
    }

    /// The plugin's name, which is part of Envoy's stat names; where one module runs twice.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The plugin's root id; its name unless set.
    #[must_use]
    pub fn root_id(mut self, id: impl Into<String>) -> Self {
        self.root_id = Some(id.into());
        self
    }

    /// The id under which VMs share data.
    #[must_use]
    pub fn vm_id(mut self, id: impl Into<String>) -> Self {
        self.vm_id = id.into();
        self
    }

    /// An environment variable of the VM, its value written in Envoy's configuration.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// An environment variable of the VM that Envoy copies from its own environment.
    #[must_use]
    pub fn host_env(mut self, name: &str) -> Self {
        self.host_environment.push(name.to_owned());
        self
    }

    /// `FAIL_RELOAD`, `FAIL_CLOSED` or `FAIL_OPEN`.
    #[must_use]
    pub fn failure_policy(mut self, policy: &str) -> Self {
        self.failure_policy = policy.to_owned();
        self
    }

    /// How long a worker whose VM trapped waits before it makes a new one, such as `0.1s`; one
    /// second unless set. Envoy divides by zero below `0.002s`.
    #[must_use]
    pub fn reload_backoff(mut self, interval: &str) -> Self {
        self.reload_backoff = Some(interval.to_owned());
        self
    }

    /// As on hosts that cannot hold headers: `allow_on_headers_stop_iteration: false`.
    #[must_use]
    pub fn without_stop_iteration(mut self) -> Self {
        self.stop_iteration = false;
        self
    }

    /// The filter as it stands in `http_filters`.
    #[must_use]
    pub fn filter(&self) -> Value {
        let mut config = json!({
            "name": self.name,
            "root_id": self.root_id.as_ref().unwrap_or(&self.name),
            "vm_config": {
                "vm_id": self.vm_id,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": self.path}},
            },
            "failure_policy": self.failure_policy,
            "allow_on_headers_stop_iteration": self.stop_iteration,
        });
        if !self.environment.is_empty() || !self.host_environment.is_empty() {
            config["vm_config"]["environment_variables"] =
                json!({"key_values": self.environment, "host_env_keys": self.host_environment});
        }
        if let Some(interval) = &self.reload_backoff {
            config["reload_config"] = json!({"backoff": {"base_interval": interval}});
        }
        match &self.configuration {
            Some(Configuration::Struct(value)) => {
                config["configuration"] =
                    json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": value});
            }
            Some(Configuration::Text(text)) => {
                config["configuration"] = json!({
                    "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text
                });
            }
            None => {}
        }
        json!({
            "name": self.name,
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": config,
            },
        })
    }
}
