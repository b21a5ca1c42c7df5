//! Envoy's bootstrap as JSON. Only fields that Envoy 1.36 knows, so that one suite fits all tested
//! versions.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::{At, EnvoyConfig};

/// Header bytes per message under [`EnvoyConfig::raised_limits`], in KiB: the most Envoy allows.
pub const RAISED_HEADERS_KB: u32 = 8192;

/// Header fields per message under [`EnvoyConfig::raised_limits`].
pub const RAISED_HEADERS_COUNT: u32 = 10_000;

/// The listener's name.
pub const LISTENER: &str = "ingress";

/// The folder of the file that listeners are read from, under the Envoy's own folder.
pub(crate) const LISTENER_FOLDER: &str = "listeners";

/// The file that listeners are read from.
pub(crate) const LISTENER_FILE: &str = "listeners.json";

const HTTP: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const STDOUT: &str =
    "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
const UPSTREAM_HTTP: &str =
    "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// What a line of the access log holds unless a test asks for something else.
#[must_use]
pub fn access_log_format() -> Value {
    json!({
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "route": "%ROUTE_NAME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "decision": "%FILTER_STATE(wasm.portcullis.decision:PLAIN)%",
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

fn free_port() -> Value {
    socket(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// The admin interface, on a free port.
pub(crate) fn admin() -> Value {
    json!({"address": free_port()})
}

/// A cluster of one host.
pub(crate) fn cluster(name: &str, address: SocketAddr, http2: bool) -> Value {
    let protocol = if http2 {
        json!({"http2_protocol_options": {}})
    } else {
        json!({"http_protocol_options": {"enable_trailers": true}})
    };
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(address)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": UPSTREAM_HTTP,
                "common_http_protocol_options": {"max_headers_count": RAISED_HEADERS_COUNT},
                "explicit_http_config": protocol,
            },
        },
    })
}

fn routes(config: &EnvoyConfig) -> Vec<Value> {
    let mut routes = config.routes.clone();
    if config.connect {
        routes.push(json!({
            "name": "connect",
            "match": {"connect_matcher": {}},
            "route": {
                "cluster": "upstream",
                "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
            },
        }));
    }
    routes.push(json!({
        "name": "default",
        "match": {"prefix": "/"},
        // A test that holds its upstream decides itself when the answer comes.
        "route": {"cluster": "upstream", "timeout": "0s"},
    }));
    routes
}

fn connection_manager(config: &EnvoyConfig) -> Value {
    let mut filters = config.filters.clone();
    filters.push(json!({"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}));
    let format = config.access_log.clone().unwrap_or_else(access_log_format);
    let mut manager = json!({
        "@type": HTTP,
        "stat_prefix": LISTENER,
        "codec_type": "AUTO",
        "http_protocol_options": {"enable_trailers": true},
        "http2_protocol_options": {"allow_connect": true},
        "common_http_protocol_options": {},
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": config.remote_address,
        "xff_num_trusted_hops": config.trusted_hops,
        "upgrade_configs": config.upgrades,
        "http_filters": filters,
        "route_config": {
            "name": "routes",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes(config)}],
        },
        "access_log": [{
            "name": "envoy.access_loggers.stdout",
            "typed_config": {"@type": STDOUT, "log_format": {"json_format": format}},
        }],
    });
    if !config.raw_paths {
        manager["normalize_path"] = json!(true);
        manager["merge_slashes"] = json!(true);
        manager["path_with_escaped_slashes_action"] = json!("REJECT_REQUEST");
        manager["common_http_protocol_options"]["headers_with_underscores_action"] =
            json!("REJECT_REQUEST");
    }
    if config.raised_limits {
        manager["max_request_headers_kb"] = json!(RAISED_HEADERS_KB);
        manager["common_http_protocol_options"]["max_headers_count"] = json!(RAISED_HEADERS_COUNT);
    }
    patch(config, At::ConnectionManager, &mut manager);
    manager
}

/// The one listener.
pub(crate) fn listener(config: &EnvoyConfig) -> Value {
    let mut listener = json!({
        "name": LISTENER,
        "address": free_port(),
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connection_manager(config),
        }]}],
    });
    patch(config, At::Listener, &mut listener);
    listener
}

/// The whole bootstrap; a reloadable listener stands in a file under `directory`.
pub(crate) fn build(config: &EnvoyConfig, directory: &Path) -> Value {
    let mut bootstrap = json!({
        "node": {"id": "portcullis-e2e", "cluster": "portcullis-e2e"},
        "admin": admin(),
        "static_resources": {"clusters": config.clusters},
    });
    if config.reloadable {
        let folder = directory.join(LISTENER_FOLDER);
        bootstrap["dynamic_resources"] = json!({"lds_config": {
            "resource_api_version": "V3",
            "path_config_source": {
                "path": folder.join(LISTENER_FILE), "watched_directory": {"path": folder},
            },
        }});
    } else {
        bootstrap["static_resources"]["listeners"] = json!([listener(config)]);
    }
    patch(config, At::Bootstrap, &mut bootstrap);
    bootstrap
}

/// The text of the listener file. The version also names the filter chain: Envoy replaces a chain
/// in place and then goes on reporting the version of the listener that it had first.
pub(crate) fn listener_file(mut listener: Value, version: &str) -> String {
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    listener["filter_chains"][0]["name"] = json!(version);
    json!({"version_info": version, "resources": [listener]}).to_string()
}

fn patch(config: &EnvoyConfig, at: At, value: &mut Value) {
    for (_, change) in config.patches.iter().filter(|(place, _)| *place == at) {
        change(value);
    }
}
