//! Which certificates will do, whoever they belong to.

use std::collections::BTreeSet;

use portcullis_control::certificate::{Fingerprint, San, SanRule};

use crate::presented::Presented;
use crate::reason::Refused;
use crate::spiffe::trust_domain;

/// What is asked of a certificate; each rule that is there must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    /// Certificates that are not good any more.
    pub(crate) denied_fingerprints: BTreeSet<Fingerprint>,
    pub(crate) allowed_fingerprints: Option<BTreeSet<Fingerprint>>,
    pub(crate) trust_domains: Option<Vec<String>>,
    pub(crate) allowed_sans: Option<Vec<SanRule>>,
}

impl Rules {
    /// The first rule that does not hold.
    pub(crate) fn judge(&self, presented: &Presented) -> Result<(), Refused> {
        let fingerprint = &presented.fingerprint;
        let allowed =
            self.allowed_fingerprints.as_ref().is_none_or(|list| list.contains(fingerprint));
        let checks = [
            (!self.denied_fingerprints.contains(fingerprint), Refused::FingerprintDenied),
            (allowed, Refused::FingerprintNotAllowed),
            (self.trust_domain_holds(presented), Refused::TrustDomain),
            (self.san_holds(presented), Refused::SanNotAllowed),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(*reason),
            None => Ok(()),
        }
    }

    /// A SPIFFE certificate has one URI (X509-SVID §2): which of two would be its ID, nobody says.
    fn trust_domain_holds(&self, presented: &Presented) -> bool {
        let Some(domains) = &self.trust_domains else { return true };
        let id = presented.certificate.sans.iter().find_map(|name| match name {
            San::Uri(uri) => Some(uri),
            San::Dns(_) => None,
        });
        let domain = id.and_then(|id| trust_domain(id)).filter(|_| presented.uris == 1);
        domain.is_some_and(|domain| domains.iter().any(|own| own == domain))
    }

    fn san_holds(&self, presented: &Presented) -> bool {
        self.allowed_sans.as_ref().is_none_or(|rules| {
            let names = &presented.certificate.sans;
            names.iter().any(|name| rules.iter().any(|rule| rule.fits(name)))
        })
    }
}
