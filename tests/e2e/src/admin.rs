//! Envoy's admin interface: readiness, ports, stats, log levels, configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::client::connection::Connection;
use crate::client::reply::{Error, Reply};
use crate::client::request::Request;

/// Asks the admin interface at `address`.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str) -> Result<Reply, Error> {
    let mut connection = Connection::open(address).map_err(Error::NoReply)?;
    let mut request = Request::new(method, path).header("connection", "close");
    if method == "POST" {
        request = request.body("");
    }
    connection.send(&request)
}

/// Counters and gauges whose name begins with `prefix`.
pub(crate) fn stats(address: SocketAddr, prefix: &str) -> Result<BTreeMap<String, u64>, Error> {
    let escaped: String = prefix
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                char::from(byte).to_string()
            } else {
                // A class of one, so that no character means anything in the expression.
                format!("%5B%{byte:02X}%5D")
            }
        })
        .collect();
    let reply = ask(address, "GET", &format!("/stats?filter=%5E{escaped}"))?;
    // Histograms and text values stand on the same list; they are no numbers.
    let number = |line: &str| {
        let (name, value) = line.rsplit_once(": ")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    Ok(reply.text().lines().filter_map(number).collect())
}

/// The bound addresses of all listeners, by name.
pub(crate) fn listeners(address: SocketAddr) -> Result<BTreeMap<String, SocketAddr>, Error> {
    let reply = ask(address, "GET", "/listeners?format=json")?;
    let listeners: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let one = |listener: &Value| {
        let socket = &listener["local_address"]["socket_address"];
        let ip = socket["address"].as_str()?.parse().ok()?;
        let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
        Some((listener["name"].as_str()?.to_owned(), SocketAddr::new(ip, port)))
    };
    let all = listeners["listener_statuses"].as_array();
    Ok(all.into_iter().flatten().filter_map(one).collect())
}
