//! Whose a certificate is: by what the configuration says of its consumers, and in which order.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_control::certificate::{Fingerprint, San};
use portcullis_control::headers::Edit;
use portcullis_control::identity::Consumer;

use crate::presented::Presented;

/// What a consumer is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// `certificates: [{fingerprint: …}]`.
    Fingerprint(Fingerprint),
    /// `certificates: [{san: …}]`.
    San(San),
    /// `certificates: [{subject: …}]`, in one spelling.
    Subject(String),
    /// The username, as a name of a certificate.
    Username(Name),
    /// The custom id, as a name of a certificate.
    CustomId(Name),
}

/// A consumer's own name as a certificate may have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// As it is written: a URI or common name.
    Exact(String),
    /// In lower case: a DNS name.
    Host(String),
}

impl Name {
    /// Both that a consumer's own name can be.
    pub(crate) fn of_consumer(own: &str) -> impl Iterator<Item = Name> {
        let host = San::dns(own.as_bytes()).map(|name| Name::Host(name.as_str().to_owned()));
        [Name::Exact(own.to_owned())].into_iter().chain(host)
    }

    fn of_certificate(name: &San) -> Name {
        match name {
            San::Uri(name) => Name::Exact(name.clone()),
            San::Dns(name) => Name::Host(name.clone()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Name::Exact(name) | Name::Host(name) => name,
        }
    }
}

/// A consumer, and how its being found is told.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) consumer: Rc<Consumer>,
    /// What this certificate is called, where the configuration calls it something.
    pub(crate) name: Option<String>,
    /// The headers that say who it is.
    pub(crate) headers: Rc<[Edit]>,
}

/// Which of a consumer's own names a certificate may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConsumerBy {
    pub(crate) username: bool,
    pub(crate) custom_id: bool,
}

/// What was found, and by what.
#[derive(Debug)]
pub(crate) struct Found<'d> {
    pub(crate) known: &'d Known,
    /// The credential: what limits count by. A client that gets a new certificate with the same names stays the same.
    pub(crate) credential: (&'static str, String),
}

/// All consumers of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    known: BTreeMap<Key, Rc<Known>>,
    /// Pairs whose own names differ in case alone.
    pub(crate) alike: Vec<Alike>,
}

/// Two consumers of which one DNS name could be either: only where own names are looked up of the kind in which they do.
#[derive(Debug)]
pub(crate) struct Alike {
    pub(crate) by: ConsumerBy,
    pub(crate) usernames: [String; 2],
}

impl Directory {
    /// Enters a consumer under a key; the one that is there already if it is another one's.
    pub(crate) fn enter(&mut self, key: Key, known: &Rc<Known>) -> Option<Rc<Known>> {
        self.known.insert(key, Rc::clone(known))
    }

    /// The consumer of a certificate. Certificates that the configuration names come first: by fingerprint, by alternative
    /// name, by subject. Then the consumers' own names: each alternative name in order, and the common name only where
    /// there is none.
    pub(crate) fn find(&self, presented: &Presented, by: ConsumerBy) -> Option<Found<'_>> {
        let certificate = &presented.certificate;
        let fingerprint = presented.fingerprint;
        self.found(Key::Fingerprint(fingerprint), "fingerprint", || fingerprint.to_string())
            .or_else(|| {
                let mut sans = certificate.sans.iter();
                sans.find_map(|name| self.found(Key::San(name.clone()), "san", || text(name)))
            })
            .or_else(|| {
                let subject = &certificate.subject;
                self.found(Key::Subject(subject.clone()), "subject", || subject.clone())
            })
            .or_else(|| {
                let mut sans = certificate.sans.iter();
                sans.find_map(|name| self.named(&Name::of_certificate(name), "san", by))
            })
            .or_else(|| {
                let name = presented.common_name.clone().filter(|_| !presented.has_san)?;
                self.named(&Name::Exact(name), "cn", by)
            })
    }

    fn found(
        &self,
        key: Key,
        kind: &'static str,
        value: impl FnOnce() -> String,
    ) -> Option<Found<'_>> {
        let known = self.known.get(&key)?;
        let credential = match &known.name {
            Some(name) => ("name", name.clone()),
            None => (kind, value()),
        };
        Some(Found { known, credential })
    }

    fn named(&self, name: &Name, kind: &'static str, by: ConsumerBy) -> Option<Found<'_>> {
        let text = || name.as_str().to_owned();
        let find = |wanted: bool, key: fn(Name) -> Key| {
            if wanted { self.found(key(name.clone()), kind, text) } else { None }
        };
        find(by.username, Key::Username).or_else(|| find(by.custom_id, Key::CustomId))
    }
}

fn text(name: &San) -> String {
    name.as_str().to_owned()
}
