//! `@ipMatch`, `@ipMatchFromFile`: an address within networks.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks of one operator, at most: each is compared with, so this bounds what a request costs.
pub const MAX_NETWORKS: usize = 65_536;

/// A value that was to be an address, and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAddress;

/// Networks, ready to be compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// First and last address as numbers, those of each family in order and none overlapping.
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    /// Networks in any order, or none where there are too many.
    #[must_use]
    pub fn new(networks: &[IpNet]) -> Option<Self> {
        if networks.len() > MAX_NETWORKS {
            return None;
        }
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => match mapped(net) {
                    Some(net) => v4.push(net),
                    None => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
                },
            }
        }
        Some(Self { v4: merge(v4), v6: merge(v6) })
    }

    /// True when the address that the value writes is in one of them.
    ///
    /// An IPv4 address in the clothes of an IPv6 one (`::ffff:192.0.2.1`) is an IPv4 address.
    pub fn contain(&self, value: &[u8]) -> Result<bool, NotAnAddress> {
        let text = std::str::from_utf8(value).map_err(|_| NotAnAddress)?;
        let address: IpAddr = text.parse().map_err(|_| NotAnAddress)?;
        Ok(match address.to_canonical() {
            IpAddr::V4(address) => is_in(&self.v4, address.to_bits()),
            IpAddr::V6(address) => is_in(&self.v6, address.to_bits()),
        })
    }
}

/// A network within `::ffff:0:0/96` is one of IPv4.
fn mapped(net: &ipnet::Ipv6Net) -> Option<(u32, u32)> {
    let first = net.network().to_ipv4_mapped()?;
    let last = net.broadcast().to_ipv4_mapped()?;
    Some((first.to_bits(), last.to_bits()))
}

fn merge<N: Ord + Copy>(mut ranges: Vec<(N, N)>) -> Vec<(N, N)> {
    ranges.sort_unstable();
    ranges.dedup_by(|(first, last), (_, before)| {
        let overlaps = *first <= *before;
        if overlaps {
            *before = (*before).max(*last);
        }
        overlaps
    });
    ranges
}

fn is_in<N: Ord + Copy>(ranges: &[(N, N)], address: N) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        let parsed: Vec<IpNet> = texts
            .iter()
            .map(|text| {
                text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().unwrap()))
            })
            .collect();
        Networks::new(&parsed).unwrap()
    }

    #[test]
    fn an_address_is_in_a_network_or_not() {
        let list = networks(&[
            "127.0.0.1",
            "::1",
            "10.0.0.0/8",
            "10.2.0.0/16",
            "192.168.1.77/24",
            "2001:db8::/32",
        ]);
        for (value, expected) in [
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::1", true),
            ("0:0:0:0:0:0:0:1", true),
            ("::2", false),
            ("::ffff:127.0.0.1", true),
            ("::ffff:7f00:2", false),
            ("10.255.255.255", true),
            ("10.2.3.4", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.168.1.0", true),
            ("192.168.2.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(list.contain(value.as_bytes()), Ok(expected), "{value}");
        }
        assert_eq!(networks(&[]).contain(b"127.0.0.1"), Ok(false));
        assert_eq!(networks(&["0.0.0.0/0"]).contain(b"255.255.255.255"), Ok(true));
        assert_eq!(networks(&["0.0.0.0/0"]).contain(b"::1"), Ok(false));
        assert_eq!(networks(&["::ffff:10.0.0.0/104"]).contain(b"10.1.2.3"), Ok(true));
    }

    #[test]
    fn what_is_no_address_is_neither_in_nor_out() {
        for value in [
            "",
            "localhost",
            "127.0.0.1:80",
            "[::1]",
            "127.0.0.01",
            "127.1",
            " 127.0.0.1",
            "10.0.0.0/8",
            "\u{e9}",
        ] {
            assert_eq!(
                networks(&["0.0.0.0/0", "::/0"]).contain(value.as_bytes()),
                Err(NotAnAddress),
                "{value}"
            );
        }
        assert_eq!(networks(&["::/0"]).contain(b"\xff"), Err(NotAnAddress));
    }

    #[test]
    fn there_may_be_so_many_networks() {
        let network: IpNet = "10.0.0.0/8".parse().unwrap();
        assert!(Networks::new(&vec![network; MAX_NETWORKS]).is_some());
        assert!(Networks::new(&vec![network; MAX_NETWORKS + 1]).is_none());
    }
}
