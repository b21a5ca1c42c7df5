//! Whose address a request comes from, by the rule that the configuration names, and no other.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

use crate::config::Node;
use crate::headers::{FieldName, HeaderMap};

/// Proxies in front of us that append to X-Forwarded-For, at most: nobody chains more, and each is one step to the left.
pub const MAX_TRUSTED_HOPS: u64 = 16;

/// Where the client's address is read from (`client_ip`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientIp {
    /// The connection's peer. A port of 0 says that Envoy took the address from X-Forwarded-For: then it is unknown.
    #[default]
    Connection,
    /// Whatever Envoy computed, X-Forwarded-For included.
    Envoy,
    /// The N-th entry of X-Forwarded-For from the right, as the filter sees the header.
    ForwardedFor {
        /// N, from 1.
        trusted_hops: usize,
    },
    /// A header that a trusted peer sets; from any other peer, the peer's own address.
    Header {
        /// Its name.
        name: FieldName,
        /// The peers that are believed.
        trusted: Vec<IpNet>,
    },
}

impl ClientIp {
    /// Reads `{source: connection | envoy}`, `{x_forwarded_for: {trusted_hops: N}}` or `{header: …, trusted: […]}`.
    #[must_use]
    pub fn read(node: Node<'_>) -> Option<Self> {
        node.section(|section| {
            let source = section.optional("source");
            let forwarded = section.optional("x_forwarded_for");
            let header = section.optional("header");
            let trusted = section.optional("trusted");
            match (source, forwarded, header, trusted) {
                (Some(source), None, None, None) => {
                    source.word(&[("connection", ()), ("envoy", ())])?;
                    let envoy = source.string() == Some("envoy");
                    Some(if envoy { ClientIp::Envoy } else { ClientIp::Connection })
                }
                (None, Some(forwarded), None, None) => forwarded.section(|section| {
                    let hops = section.required("trusted_hops")?.integer(1..=MAX_TRUSTED_HOPS)?;
                    Some(ClientIp::ForwardedFor { trusted_hops: usize::try_from(hops).ok()? })
                }),
                (None, None, Some(header), Some(trusted)) => {
                    let name = read_field_name(&header)?;
                    Some(ClientIp::Header { name, trusted: read_networks(&trusted)? })
                }
                _ => {
                    section.node().fault(
                        "expected one of {source: connection | envoy}, {x_forwarded_for: {trusted_hops: 1}}, \
                         {header: X-Real-IP, trusted: [10.0.0.0/8]}",
                    );
                    None
                }
            }
        })
    }

    /// True if the rule looks at a header.
    #[must_use]
    pub fn reads_headers(&self) -> bool {
        matches!(self, ClientIp::ForwardedFor { .. } | ClientIp::Header { .. })
    }

    /// The client's address. `peer` is `source.address` as Envoy gives it; `headers` is asked for only where needed.
    #[must_use]
    pub fn find<'h>(&self, peer: &[u8], headers: impl FnOnce() -> &'h HeaderMap) -> ClientAddress {
        match self {
            ClientIp::Connection => peer_address(peer).unwrap_or(ClientAddress::Unknown),
            ClientIp::Envoy => {
                socket(peer).map_or(ClientAddress::Unknown, |peer| ClientAddress::Known(peer.ip()))
            }
            ClientIp::ForwardedFor { trusted_hops } => forwarded_for(headers(), *trusted_hops),
            ClientIp::Header { name, trusted } => match peer_address(peer) {
                Some(ClientAddress::Known(ip))
                    if trusted.iter().any(|network| network.contains(&ip)) =>
                {
                    let value = headers().only(name.as_str());
                    value.and_then(parse_ip).map_or(ClientAddress::Unknown, ClientAddress::Known)
                }
                Some(address) => address,
                None => ClientAddress::Unknown,
            },
        }
    }
}

/// The client's address, or that nobody can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// An address; an IPv4-mapped IPv6 address is its IPv4 address.
    Known(IpAddr),
    /// Anyone could have chosen it, or it is not there. One bucket for all of them in limits, refused by IP rules.
    Unknown,
}

fn socket(peer: &[u8]) -> Option<SocketAddr> {
    let peer = SocketAddr::from_str(std::str::from_utf8(peer).ok()?).ok()?;
    Some(SocketAddr::new(peer.ip().to_canonical(), peer.port()))
}

fn peer_address(peer: &[u8]) -> Option<ClientAddress> {
    let peer = socket(peer)?;
    Some(if peer.port() == 0 { ClientAddress::Unknown } else { ClientAddress::Known(peer.ip()) })
}

/// An address with or without a port, as proxies write them into headers.
fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().or_else(|_| SocketAddr::from_str(text).map(|socket| socket.ip())).ok()?;
    Some(IpAddr::to_canonical(&ip))
}

fn forwarded_for(headers: &HeaderMap, hops: usize) -> ClientAddress {
    let lines: Vec<&[u8]> = headers.all("x-forwarded-for").collect();
    let mut entries = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let entry = entries.nth(hops.saturating_sub(1));
    entry.and_then(parse_ip).map_or(ClientAddress::Unknown, ClientAddress::Known)
}

/// A header name of a configuration.
#[must_use]
pub fn read_field_name(node: &Node<'_>) -> Option<FieldName> {
    let text = node.text()?;
    let name = FieldName::parse(text);
    if name.is_none() {
        node.fault(format!("expected a header name, but found `{text}`"));
    }
    name
}

/// A list of addresses and CIDR ranges; host bits are ignored, as Kong does.
#[must_use]
pub fn read_networks(node: &Node<'_>) -> Option<Vec<IpNet>> {
    let items = node.list()?;
    let read = |node: &Node<'_>| {
        let text = node.text()?;
        let network =
            text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        if network.is_none() {
            node.fault(format!(
                "expected an address or a range such as 10.0.0.0/8, but found `{text}`"
            ));
        }
        network.map(|network| network.trunc())
    };
    let networks: Vec<IpNet> = items.iter().filter_map(read).collect();
    (networks.len() == items.len()).then_some(networks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::default();
        lines.iter().for_each(|(name, value)| map.push(name.as_bytes(), value.as_bytes()));
        map
    }

    fn known(text: &str) -> ClientAddress {
        ClientAddress::Known(text.parse().unwrap())
    }

    #[test]
    fn an_address_with_port_0_was_chosen_by_the_client() {
        let none = headers(&[]);
        let cases = [
            ("9.9.9.9:0", ClientAddress::Unknown, known("9.9.9.9")),
            ("9.9.9.9:1234", known("9.9.9.9"), known("9.9.9.9")),
            ("[2001:db8::1]:443", known("2001:db8::1"), known("2001:db8::1")),
            ("[::ffff:10.0.0.1]:443", known("10.0.0.1"), known("10.0.0.1")),
            ("", ClientAddress::Unknown, ClientAddress::Unknown),
            ("/run/socket", ClientAddress::Unknown, ClientAddress::Unknown),
            ("\u{e9}", ClientAddress::Unknown, ClientAddress::Unknown),
        ];
        for (peer, connection, envoy) in cases {
            assert_eq!(ClientIp::Connection.find(peer.as_bytes(), || &none), connection, "{peer}");
            assert_eq!(ClientIp::Envoy.find(peer.as_bytes(), || &none), envoy, "{peer}");
        }
    }

    #[test]
    fn forwarded_for_counts_from_the_right_over_all_lines() {
        let map = headers(&[
            ("x-forwarded-for", "6.6.6.6, 1.1.1.1"),
            ("x-forwarded-for", " 2.2.2.2,[2001:db8::2]:80"),
        ]);
        let find = |hops| ClientIp::ForwardedFor { trusted_hops: hops }.find(b"9.9.9.9:1", || &map);
        assert_eq!(
            [find(1), find(2), find(3), find(4), find(5)],
            [
                known("2001:db8::2"),
                known("2.2.2.2"),
                known("1.1.1.1"),
                known("6.6.6.6"),
                ClientAddress::Unknown
            ]
        );
        let odd = headers(&[("x-forwarded-for", "unknown")]);
        let one = ClientIp::ForwardedFor { trusted_hops: 1 };
        assert_eq!(one.find(b"9.9.9.9:1", || &odd), ClientAddress::Unknown);
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_peer_and_only_once() {
        let rule = ClientIp::Header {
            name: FieldName::from_static("x-real-ip"),
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let one = headers(&[("x-real-ip", "1.2.3.4")]);
        let two = headers(&[("x-real-ip", "1.2.3.4"), ("x-real-ip", "5.6.7.8")]);
        assert_eq!(rule.find(b"10.1.1.1:5", || &one), known("1.2.3.4"));
        assert_eq!(rule.find(b"11.1.1.1:5", || &one), known("11.1.1.1"));
        assert_eq!(rule.find(b"10.1.1.1:5", || &two), ClientAddress::Unknown);
        assert_eq!(rule.find(b"10.1.1.1:0", || &one), ClientAddress::Unknown);
    }
}
