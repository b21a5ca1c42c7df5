//! What is asked of an identity: pure judgement.

use std::collections::BTreeSet;

use portcullis_control::certificate::{Fingerprint, SanRule};
use portcullis_control::identity::{Certificate, Identity};
use portcullis_control::required_claim::RequiredClaim;

use crate::reason::Refused;

/// Which groups may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Groups {
    /// Whoever is in one of these.
    Allow(BTreeSet<String>),
    /// Whoever is in none of these.
    Deny(BTreeSet<String>),
}

/// A certificate, by all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CertificateRule {
    /// In one spelling.
    pub(crate) subject: Option<String>,
    pub(crate) san: Option<SanRule>,
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// All that is asked; each rule that is there must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    pub(crate) groups: Option<Groups>,
    /// One of these sets, of which each scope is needed.
    pub(crate) scopes: Option<Vec<Vec<String>>>,
    pub(crate) claims: Vec<RequiredClaim>,
    pub(crate) consumers: Option<BTreeSet<String>>,
    pub(crate) certificates: Option<Vec<CertificateRule>>,
    /// Groups of the credential count also where there is a consumer.
    pub(crate) always_use_authenticated_groups: bool,
}

/// The groups that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted<'i> {
    /// The consumer's own, as the configuration has them.
    Consumer(&'i [String]),
    /// Those that the credential itself carries.
    Authenticated(&'i [String]),
}

impl Counted<'_> {
    pub(crate) const fn list(&self) -> &[String] {
        match self {
            Counted::Consumer(groups) | Counted::Authenticated(groups) => groups,
        }
    }
}

impl Rules {
    /// The groups that count for this identity; none if neither a consumer nor a group is known. Those of two sources
    /// are never put together.
    pub(crate) fn counted<'i>(&self, identity: &'i Identity) -> Option<Counted<'i>> {
        let authenticated = Some(&identity.groups).filter(|groups| !groups.is_empty());
        let preferred = identity.anonymous || self.always_use_authenticated_groups;
        match (&identity.consumer, authenticated) {
            (Some(consumer), None) => Some(Counted::Consumer(&consumer.groups)),
            (Some(consumer), Some(_)) if !preferred => Some(Counted::Consumer(&consumer.groups)),
            (_, Some(groups)) => Some(Counted::Authenticated(groups)),
            (None, None) => None,
        }
    }

    /// The first rule that does not hold.
    pub(crate) fn judge(&self, identity: &Identity) -> Result<(), Refused> {
        let checks = [
            (self.groups_hold(identity), Refused::Group),
            (self.scopes_hold(identity), Refused::Scope),
            (self.claims_hold(identity), Refused::Claim),
            (self.consumer_holds(identity), Refused::Consumer),
            (self.certificate_holds(identity), Refused::Certificate),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(*reason),
            None => Ok(()),
        }
    }

    fn groups_hold(&self, identity: &Identity) -> bool {
        let Some(groups) = &self.groups else { return true };
        let Some(counted) = self.counted(identity) else { return false };
        match groups {
            Groups::Allow(allowed) => counted.list().iter().any(|group| allowed.contains(group)),
            Groups::Deny(denied) => !counted.list().iter().any(|group| denied.contains(group)),
        }
    }

    fn scopes_hold(&self, identity: &Identity) -> bool {
        self.scopes.as_ref().is_none_or(|sets| {
            sets.iter().any(|set| set.iter().all(|scope| identity.scopes.contains(scope)))
        })
    }

    /// A consumer signs its own token, so any claim in it is its own word; an issuer's token never has a consumer.
    fn claims_hold(&self, identity: &Identity) -> bool {
        let claims = identity.claims.as_deref().filter(|_| identity.consumer.is_none());
        self.claims.iter().all(|rule| claims.is_some_and(|claims| rule.holds_or_has(claims)))
    }

    fn consumer_holds(&self, identity: &Identity) -> bool {
        self.consumers.as_ref().is_none_or(|consumers| {
            let consumer = identity.consumer.as_ref();
            consumer.is_some_and(|consumer| consumers.contains(&consumer.username))
        })
    }

    fn certificate_holds(&self, identity: &Identity) -> bool {
        self.certificates.as_ref().is_none_or(|rules| {
            let certificate = identity.certificate.as_deref();
            certificate.is_some_and(|certificate| rules.iter().any(|rule| rule.fits(certificate)))
        })
    }
}

impl CertificateRule {
    fn fits(&self, certificate: &Certificate) -> bool {
        let has = |rule: &SanRule| certificate.sans.iter().any(|name| rule.fits(name));
        self.subject.as_ref().is_none_or(|subject| *subject == certificate.subject)
            && self.san.as_ref().is_none_or(has)
            && self.fingerprint.is_none_or(|own| certificate.fingerprint == Some(own))
    }
}
