//! The two ends of a connection, as rules and the audit name them.

use std::net::{IpAddr, SocketAddr};

use portcullis_control::address::ClientAddress;
use portcullis_control::exchange::Exchange;

/// Who asks, by the configured rule; `None` where nobody can say it.
pub(crate) fn client(exchange: &Exchange) -> Option<IpAddr> {
    match exchange.client_address() {
        ClientAddress::Known(address) => Some(address),
        ClientAddress::Unknown => None,
    }
}

/// The client's port. It is the peer's: where a proxy tells the address, nobody tells the port, and it is 0.
pub(crate) fn client_port(exchange: &Exchange) -> u16 {
    let peer = address(exchange, "source");
    let peer = peer.filter(|peer| Some(peer.ip().to_canonical()) == client(exchange));
    peer.map_or(0, |peer| peer.port())
}

/// Where the connection was accepted.
pub(crate) fn server(exchange: &Exchange) -> Option<SocketAddr> {
    let server = address(exchange, "destination")?;
    Some(SocketAddr::new(server.ip().to_canonical(), server.port()))
}

fn address(exchange: &Exchange, end: &str) -> Option<SocketAddr> {
    let text = exchange.property(&[end, "address"])?;
    std::str::from_utf8(&text).ok()?.parse().ok()
}
