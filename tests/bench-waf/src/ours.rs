//! Envoy without a filter, with a module that does nothing, and with the WAF where it has been built.

use std::net::SocketAddr;

use portcullis_e2e::{Envoy, EnvoyConfig, Wasm, repository, yardstick};
use serde_json::json;

use crate::Target;
use crate::report::{NOOP, OURS};

/// The module with the embedded rule set.
const MODULE: &str = "waf-crs";

/// Starts what there is.
pub(crate) fn start(upstream: SocketAddr) -> Vec<(&'static str, Envoy)> {
    let config = || EnvoyConfig::at(upstream).concurrency(1);
    let noop = Wasm::file("noop", yardstick("sdk"));
    let mut envoys =
        vec![("Envoy", Envoy::start(config())), (NOOP, Envoy::start(config().wasm(&noop)))];
    let dist = std::env::var_os("PORTCULLIS_DIST").map_or("dist".into(), std::path::PathBuf::from);
    if repository().join(dist).join(MODULE).with_extension("wasm").is_file() {
        let module = Wasm::new(MODULE).config(json!({"ruleset": "crs"}));
        envoys.push((OURS, Envoy::start(config().wasm(&module))));
    } else {
        eprintln!("dist/{MODULE}.wasm has not been built: only the yardstick is measured");
    }
    envoys
}

pub(crate) fn targets(envoys: &[(&'static str, Envoy)]) -> Vec<Target> {
    let target = |(name, envoy): &(&'static str, Envoy)| Target {
        name,
        address: envoy.address(),
        process: envoy.id(),
    };
    envoys.iter().map(target).collect()
}
