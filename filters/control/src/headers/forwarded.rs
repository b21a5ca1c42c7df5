//! Headers in which a proxy says who its client is: from a trusted proxy they are worth something, from anybody else
//! they are an invention.

use ipnet::IpNet;

use super::{FieldName, same_name_for_a_backend};
use crate::address::ClientAddress;

/// A header, and the peers that may send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Its name.
    pub name: FieldName,
    /// The peers; with none, nobody may.
    pub trusted: Vec<IpNet>,
}

impl Forwarded {
    /// True if a field of this name is the header, in any spelling that a backend takes for it.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        same_name_for_a_backend(self.name.as_str().as_bytes(), name)
    }

    /// True if one of this name stays in a request of this peer. A proxy takes a client's own header away in one
    /// spelling, so only that one is the proxy's. Whom nobody knows, nobody trusts.
    #[must_use]
    pub fn admits(&self, name: &[u8], peer: ClientAddress) -> bool {
        name == self.name.as_str().as_bytes() && self.trusts(peer)
    }

    /// True if this peer may send it.
    #[must_use]
    pub fn trusts(&self, peer: ClientAddress) -> bool {
        match peer {
            ClientAddress::Known(ip) => self.trusted.iter().any(|network| network.contains(&ip)),
            ClientAddress::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_a_trusted_peer_stays() {
        let header = Forwarded {
            name: FieldName::from_static("x-forwarded-client-cert"),
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        };
        let known = |text: &str| ClientAddress::Known(text.parse().unwrap());
        let [proxy, other] = ["10.9.9.9", "11.0.0.1"].map(known);
        for (name, covered, stays) in [
            ("x-forwarded-client-cert", true, true),
            ("x-forwarded_client-cert", true, false),
            ("X_Forwarded_Client_Cert", true, false),
            ("x-forwarded-client-certs", false, false),
            ("x-forwarded-client-cer", false, false),
        ] {
            let name = name.as_bytes();
            assert_eq!(header.covers(name), covered);
            assert_eq!(header.admits(name, proxy), stays);
            assert_eq!(header.admits(name, known("2001:db8::7")), stays);
            for nobody in [other, known("::1"), ClientAddress::Unknown] {
                assert!(!header.admits(name, nobody));
            }
        }
        let nobody = Forwarded { trusted: Vec::new(), ..header };
        assert!(!nobody.trusts(proxy));
    }
}
