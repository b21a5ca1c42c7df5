//! By whom or what a request is counted.

use std::net::IpAddr;

use portcullis_control::address::ClientAddress;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldName;
use portcullis_control::path::Path;
use portcullis_control::store::KeyedHasher;

/// What is counted by (`limit_by`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitBy {
    /// The consumer, else the credential.
    Consumer,
    /// The credential.
    Credential,
    /// The client's address.
    Ip,
    /// Envoy's cluster.
    Service,
    /// Envoy's route, by name.
    Route,
    /// The value of a header.
    Header(FieldName),
    /// One path: all clients together.
    Path(String),
}

impl LimitBy {
    /// Its word in the configuration and the decision record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            LimitBy::Consumer => "consumer",
            LimitBy::Credential => "credential",
            LimitBy::Ip => "ip",
            LimitBy::Service => "service",
            LimitBy::Route => "route",
            LimitBy::Header(_) => "header",
            LimitBy::Path(_) => "path",
        }
    }

    /// What else tells it from another of its word.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            LimitBy::Header(name) => name.as_str(),
            LimitBy::Path(path) => path,
            _ => "",
        }
    }

    /// Finds who is counted.
    ///
    /// # Errors
    /// [`Missing`] where the request has no such identifier.
    pub fn identify<'e>(
        &'e self,
        exchange: &'e Exchange,
        ipv6_prefix: u8,
    ) -> Result<Identifier<'e>, Missing> {
        match self {
            LimitBy::Consumer => consumer(exchange).or_else(|| credential(exchange)),
            LimitBy::Credential => credential(exchange),
            LimitBy::Ip => Some(Identifier::by_address(exchange, ipv6_prefix)),
            LimitBy::Service => property(exchange, "cluster_name").map(Identifier::Service),
            LimitBy::Route => property(exchange, "route_name").map(Identifier::Route),
            LimitBy::Header(name) => return header(exchange, name.as_str()),
            LimitBy::Path(path) => return by_path(exchange, path),
        }
        .ok_or(Missing::Absent)
    }
}

/// Who or what a request is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier<'e> {
    /// A consumer's username.
    Consumer(&'e str),
    /// A credential as the control that accepted it names it.
    Credential(&'e str, &'e str),
    /// An address; of IPv6 its prefix.
    Address(IpAddr),
    /// All whose address nobody can say, together.
    UnknownAddress,
    /// A cluster's name.
    Service(Vec<u8>),
    /// A route's name.
    Route(Vec<u8>),
    /// A header's value.
    Header(&'e [u8]),
    /// The configured path.
    Path(&'e str),
}

/// Why there is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The request has none.
    Absent,
    /// It has one that servers read differently: a header that stands twice with different values, a path with escaped
    /// slashes. Nobody gets around a limit by sending that, so it is never skipped.
    Ambiguous,
}

impl Identifier<'_> {
    /// By address.
    #[must_use]
    pub fn by_address(exchange: &Exchange, ipv6_prefix: u8) -> Self {
        match exchange.client_address() {
            ClientAddress::Known(ip) => Identifier::Address(network(ip, ipv6_prefix)),
            ClientAddress::Unknown => Identifier::UnknownAddress,
        }
    }

    /// Its word in the decision record.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Identifier::Consumer(_) => "consumer",
            Identifier::Credential(..) => "credential",
            Identifier::Address(_) => "ip",
            Identifier::UnknownAddress => "unknown_ip",
            Identifier::Service(_) => "service",
            Identifier::Route(_) => "route",
            Identifier::Header(_) => "header",
            Identifier::Path(_) => "path",
        }
    }

    /// Adds it to a hash, kind first, so that an address is never a consumer of that name.
    pub fn add_to(&self, hasher: &mut KeyedHasher) {
        hasher.part(self.kind().as_bytes());
        match self {
            Identifier::Consumer(text) | Identifier::Path(text) => hasher.part(text.as_bytes()),
            Identifier::Credential(control, text) => {
                hasher.part(control.as_bytes());
                hasher.part(text.as_bytes());
            }
            Identifier::Address(IpAddr::V4(ip)) => hasher.part(&ip.octets()),
            Identifier::Address(IpAddr::V6(ip)) => hasher.part(&ip.octets()),
            Identifier::UnknownAddress => {}
            Identifier::Service(name) | Identifier::Route(name) => hasher.part(name),
            Identifier::Header(value) => hasher.part(value),
        }
    }
}

/// The address with the bits of an IPv6 host cleared: one customer of a provider has all of them.
fn network(ip: IpAddr, ipv6_prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let host_bits = 128_u32.saturating_sub(u32::from(ipv6_prefix));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    }
}

fn consumer(exchange: &Exchange) -> Option<Identifier<'_>> {
    let consumer = exchange.identity()?.consumer.as_ref()?;
    Some(Identifier::Consumer(&consumer.username))
}

fn credential(exchange: &Exchange) -> Option<Identifier<'_>> {
    let identity = exchange.identity()?;
    Some(Identifier::Credential(&identity.control, identity.credential.as_deref()?))
}

fn property(exchange: &Exchange, name: &str) -> Option<Vec<u8>> {
    exchange.property(&["xds", name]).filter(|value| !value.is_empty())
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> Result<Identifier<'e>, Missing> {
    let mut values = exchange.request_headers().all(name);
    let first = values.next().unwrap_or_default();
    if values.any(|value| value != first) {
        return Err(Missing::Ambiguous);
    }
    if first.is_empty() { Err(Missing::Absent) } else { Ok(Identifier::Header(first)) }
}

fn by_path<'e>(exchange: &Exchange, path: &'e str) -> Result<Identifier<'e>, Missing> {
    match exchange.path() {
        Some(found) if found.is_ambiguous() => Err(Missing::Ambiguous),
        Some(found) if found.normalised() == path.as_bytes() => Ok(Identifier::Path(path)),
        _ => Err(Missing::Absent),
    }
}

/// True if a configured path is one that a normalised path can equal.
#[must_use]
pub fn is_normal(path: &str) -> bool {
    let parsed = Path::parse(path.as_bytes());
    path.starts_with('/') && !parsed.is_ambiguous() && parsed.normalised() == path.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_is_its_network_and_an_ipv4_client_itself() {
        for (ip, prefix, expected) in [
            ("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"),
            ("2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"),
            ("2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"),
            ("ffff::1", 1, "8000::"),
            ("10.1.2.3", 1, "10.1.2.3"),
        ] {
            let ip = network(ip.parse().unwrap(), prefix);
            assert_eq!(ip, expected.parse::<IpAddr>().unwrap());
        }
    }

    #[test]
    fn only_a_path_that_a_request_can_have_is_configured() {
        for good in ["/", "/orders", "/orders/", "/a%20b", "/a;b=1"] {
            assert!(is_normal(good), "{good}");
        }
        for bad in ["", "orders", "//a", "/a//b", "/a/../b", "/a?b=1", "/%61", "/a%2fb", "/a%2Fb"] {
            assert!(!is_normal(bad), "{bad}");
        }
    }
}
