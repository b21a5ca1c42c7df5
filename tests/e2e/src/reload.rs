//! Replacing the listener of a running Envoy, as a control plane does.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::bootstrap::{LISTENER, listener_file};
use crate::config::Configuration;
use crate::envoy::Envoy;
use crate::poll::eventually;

/// A new listener that Envoy refused; the old one goes on.
#[derive(Debug)]
pub struct Rejected {
    /// What Envoy says is wrong.
    pub details: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envoy refused the listener: {}", self.details)
    }
}

impl std::error::Error for Rejected {}

impl Envoy {
    /// Replaces the listener by that of another configuration and waits until new connections get
    /// the new one. Old connections end within `drain_seconds`. Both configurations are
    /// [`crate::EnvoyConfig::reloadable`]; clusters stay as they were at the start.
    ///
    /// # Errors
    /// When Envoy refuses it.
    ///
    /// # Panics
    /// When this Envoy reads no listener from a file, or does nothing with it.
    pub fn reload(&self, config: impl Configuration) -> Result<(), Rejected> {
        // Unique over all Envoys, which is more than is needed.
        static VERSION: AtomicU64 = AtomicU64::new(1);
        let version = format!("version-{}", VERSION.fetch_add(1, Ordering::Relaxed));
        let path = self.listener_path();
        let folder = path.parent().expect("the file's folder");
        assert!(folder.is_dir(), "only a `reloadable` configuration can be replaced");
        let listener = config.reloadable_listener().expect("a `reloadable` configuration");
        let rejected = || self.stat("listener_manager.lds.update_rejected").unwrap_or(0);
        let rejected_before = rejected();
        // Written elsewhere and moved, so that Envoy never reads half a file.
        let mut file = tempfile::NamedTempFile::new_in(self.directory()).expect("a file");
        file.write_all(listener_file(listener, &version).as_bytes()).expect("a written file");
        file.persist(path).expect("a moved file");
        eventually("the new listener", || {
            let state = self.listener_state();
            if rejected() > rejected_before {
                let details = state["error_state"]["details"].as_str().unwrap_or_default();
                return Some(Err(Rejected { details: details.to_owned() }));
            }
            let chain = &state["active_state"]["listener"]["filter_chains"][0]["name"];
            (*chain == version.as_str()).then_some(Ok(()))
        })
    }

    fn listener_state(&self) -> Value {
        let dump = self.admin("GET", "/config_dump?resource=dynamic_listeners").json();
        let all = dump["configs"].as_array();
        all.into_iter().flatten().find(|one| one["name"] == LISTENER).cloned().unwrap_or_default()
    }
}
