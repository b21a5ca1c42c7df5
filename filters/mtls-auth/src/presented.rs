//! What is known of the certificate that a client presented, wherever that was said.

use std::rc::Rc;

use portcullis_control::certificate::{Fingerprint, PeerCertificate, San, Subject};
use portcullis_control::identity::Certificate;

use crate::xfcc::Element;

/// Characters of a subject in the decision record, at most: whoever nobody trusts may have written a long one.
const MAX_NOTED_SUBJECT: usize = 128;

/// A certificate, read as far as it can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Presented {
    /// What others are told of it.
    pub(crate) certificate: Rc<Certificate>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) common_name: Option<String>,
    /// How many URIs it has, also those that cannot be read.
    pub(crate) uris: usize,
    /// It has an alternative name, also one that cannot be read: then the common name does not count (RFC 6125 §6.4.4).
    pub(crate) has_san: bool,
}

impl Presented {
    /// The one of the connection; `None` if there is none.
    pub(crate) fn on_connection(peer: PeerCertificate<'_>) -> Option<Self> {
        let uris: Vec<&[u8]> = peer.uri_san().into_iter().collect();
        let dns: Vec<&[u8]> = peer.dns_san().into_iter().collect();
        Some(Presented::new(peer.fingerprint()?, peer.subject(), &uris, &dns))
    }

    /// The one that a proxy forwarded.
    pub(crate) fn forwarded(element: &Element<'_>) -> Self {
        Presented::new(element.fingerprint, element.subject, &element.uris, &element.dns)
    }

    fn new(fingerprint: Fingerprint, subject: &[u8], uris: &[&[u8]], dns: &[&[u8]]) -> Self {
        let subject = Subject::parse(subject).unwrap_or_default();
        let names = uris.iter().filter_map(|name| San::uri(name));
        let sans = names.chain(dns.iter().filter_map(|name| San::dns(name))).collect();
        Presented {
            common_name: subject.common_name().map(str::to_owned),
            certificate: Rc::new(Certificate {
                subject: subject.text(),
                sans,
                fingerprint: Some(fingerprint),
            }),
            fingerprint,
            uris: uris.len(),
            has_san: !uris.is_empty() || !dns.is_empty(),
        }
    }

    /// The name that it is known by where no consumer is: a URI, else a DNS name, else the subject. What the authority
    /// gives again to the same client; the fingerprint, which each new certificate has anew, only where it has no name.
    pub(crate) fn name(&self) -> (&'static str, String) {
        let Certificate { subject, sans, .. } = &*self.certificate;
        match (sans.first(), subject.as_str()) {
            (Some(name), _) => ("san", name.as_str().to_owned()),
            (None, "") => ("fingerprint", self.fingerprint.to_string()),
            (None, subject) => ("subject", subject.to_owned()),
        }
    }

    /// What the log and the decision record say of one that was refused.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let subject = self.certificate.subject.chars().take(MAX_NOTED_SUBJECT).collect();
        vec![("fingerprint", self.fingerprint.to_string()), ("subject", subject)]
    }
}
