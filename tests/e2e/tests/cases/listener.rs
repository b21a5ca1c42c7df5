//! A case as a listener of its own: its plugin configuration, its route and cluster, its client's address.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_cases::case::Case;
use portcullis_cases::certificates;
use portcullis_cases::prepared::{Prepared, Sent};
use portcullis_e2e::{Configuration, EnvoyConfig, Tls, Upstream, Wasm};
use serde_json::{Value, json};

use crate::earlier;

/// The largest whole number that a `google.protobuf.Struct`, whose numbers are doubles, holds exactly: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What streams have unless a case says otherwise; the other engines have the same.
const CLUSTER: &str = "upstream";

/// What a listener can be made to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) cluster: String,
    route: String,
    virtual_host: String,
    /// Clients present certificates, good or not.
    tls: bool,
    /// Filter state that earlier modules left.
    filter_state: BTreeMap<String, String>,
}

impl Place {
    /// Where requests arrive unless a case says otherwise.
    pub(crate) fn usual() -> Self {
        Self {
            cluster: CLUSTER.into(),
            route: "default".into(),
            virtual_host: "gateway".into(),
            tls: false,
            filter_state: BTreeMap::new(),
        }
    }

    /// Where a request arrives; `None` if it has a property that no listener gives.
    pub(crate) fn of(request: &Sent) -> Option<Self> {
        if request.properties.get("xds.cluster_name").is_some_and(String::is_empty) {
            return None;
        }
        let mut place = Self { tls: request.certificate.is_some(), ..Self::usual() };
        place.filter_state.clone_from(&request.filter_state);
        for (path, value) in &request.properties {
            match path.as_str() {
                "xds.cluster_name" => place.cluster.clone_from(value),
                "xds.route_name" => place.route.clone_from(value),
                "xds.virtual_host_name" => place.virtual_host.clone_from(value),
                _ => return None,
            }
        }
        Some(place)
    }
}

/// A case's module and configuration, as the plugin of this name.
pub(crate) struct Plugin {
    name: String,
    wasm: Wasm,
}

/// The plugin of a case.
pub(crate) fn plugin_of(
    case: &Case,
    prepared: &Prepared,
    name: &str,
    env: &[(String, String)],
) -> Plugin {
    let mut wasm = Wasm::new(&case.module).name(name);
    if case.counts() {
        // Counters are shared by `vm_id`: each case has its own.
        wasm = wasm.vm_id(name);
    }
    for (variable, value) in env {
        wasm = wasm.env(variable, value);
    }
    let wasm = match &prepared.json {
        Some(json) if json.is_object() && is_exact(json) => wasm.config(json.clone()),
        _ if prepared.configuration.is_empty() => wasm,
        _ => wasm.config_text(String::from_utf8_lossy(&prepared.configuration)),
    };
    Plugin { name: name.to_owned(), wasm }
}

/// True if every number survives as a double.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|number| number.abs() <= EXACT),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

/// A listener of this name with a case's filter, and before it what leaves the filter state that the place has. Every
/// client address can be had: it comes by the PROXY protocol. Paths, `x-request-id`, `x-forwarded-for` and
/// `x-forwarded-client-cert` reach the filter as they were sent, as in the other engines; any client certificate passes
/// the handshake.
pub(crate) fn listener(
    plugin: &Plugin,
    name: &str,
    place: &Place,
    earlier: &Path,
    upstream: &Upstream,
) -> Value {
    let (place, tls) = (place.clone(), place.tls);
    let before = place.filter_state.iter();
    let before = before.map(|(name, value)| earlier::module(earlier, name, value));
    let config = before.fold(EnvoyConfig::new(upstream), |config, module| config.wasm(&module));
    let mut config = config
        .raw_paths()
        .raised_limits()
        .connect()
        .wasm(&plugin.wasm)
        .access_log(json!({
            "case": plugin.name,
            "decision": "%FILTER_STATE(wasm.portcullis.decision:PLAIN)%",
        }))
        .hcm(move |manager| {
            manager["preserve_external_request_id"] = json!(true);
            manager["skip_xff_append"] = json!(true);
            manager["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY");
            let host = &mut manager["route_config"]["virtual_hosts"][0];
            host["name"] = json!(place.virtual_host);
            for route in host["routes"].as_array_mut().expect("routes") {
                route["name"] = json!(place.route);
                route["route"]["cluster"] = json!(place.cluster);
            }
        })
        .listener(|listener| {
            listener["listener_filters"] = json!([{
                "name": "envoy.filters.listener.proxy_protocol",
                "typed_config": {"@type":
                    "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"},
            }]);
        });
    if tls {
        let authority = certificates::authority();
        config = config.tls(&Tls::new().accept_untrusted().trusting(&authority));
    }
    let (text, _) = config.bootstrap(Path::new(""));
    let bootstrap: Value = serde_json::from_str(&text).expect("a bootstrap in JSON");
    let mut listener = bootstrap["static_resources"]["listeners"][0].clone();
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    listener["name"] = json!(name);
    listener
}

/// The line that tells Envoy who the client is (PROXY protocol, version 1); `None` if it is no address and port.
pub(crate) fn proxy_line(client: &str) -> Option<String> {
    let address: std::net::SocketAddr = client.parse().ok()?;
    let (family, here) = if address.is_ipv4() { ("TCP4", "127.0.0.1") } else { ("TCP6", "::1") };
    Some(format!("PROXY {family} {} {here} {} 80\r\n", address.ip(), address.port()))
}
