//! What was decided of a connection's certificate: it stays the same as long as the connection does, and each property
//! that is not read again saves a request half a microsecond.

use std::rc::Rc;

use crate::presented::Presented;
use crate::reason::Refused;
use portcullis_control::headers::Edit;
use portcullis_control::identity::Identity;

/// Connections that are remembered, at most, of all routes together; one that is not has its certificate read again.
/// Decisions take about a kilobyte each.
pub(crate) const MAX_CONNECTIONS: usize = 1_024;

/// A certificate that will do, and who it makes the caller.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) identity: Rc<Identity>,
    pub(crate) headers: Rc<[Edit]>,
}

/// Why a certificate will not do, and which it is, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Rejected {
    pub(crate) reason: Refused,
    pub(crate) presented: Option<Rc<Presented>>,
}

impl From<Refused> for Rejected {
    fn from(reason: Refused) -> Self {
        Rejected { reason, presented: None }
    }
}

pub(crate) type Judged = Result<Rc<Accepted>, Rejected>;

/// A connection, by the number that Envoy gives no other one, as one version of the control sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// `connection.id`.
    pub(crate) connection: u64,
    /// The version of the control: each route may have its own.
    pub(crate) policy: u32,
}

/// The last decision of each place; which place a connection has, its number says.
#[derive(Debug, Default)]
pub(crate) struct Connections(Vec<Option<(Key, Judged)>>);

impl Connections {
    /// What was decided.
    pub(crate) fn get(&self, key: Key) -> Option<Judged> {
        let (known, judged) = self.0.get(place(key))?.as_ref()?;
        (*known == key).then(|| judged.clone())
    }

    /// Remembers a decision, in the place of an older one.
    pub(crate) fn put(&mut self, key: Key, judged: &Judged) {
        if self.0.is_empty() {
            self.0.resize_with(MAX_CONNECTIONS, || None);
        }
        if let Some(place) = self.0.get_mut(place(key)) {
            *place = Some((key, judged.clone()));
        }
    }
}

/// Envoy counts connections up, so neighbours get neighbouring places.
fn place(key: Key) -> usize {
    let number = key.connection.wrapping_add(u64::from(key.policy).wrapping_mul(61));
    usize::try_from(number % MAX_CONNECTIONS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(connection: u64, policy: u32) -> Key {
        Key { connection, policy }
    }

    fn reason(judged: Option<Judged>) -> Option<Refused> {
        judged.and_then(Result::err).map(|rejected| rejected.reason)
    }

    #[test]
    fn a_decision_is_of_one_connection_and_one_version_of_the_control() {
        let mut connections = Connections::default();
        assert!(connections.get(key(1, 0)).is_none());
        connections.put(key(1, 0), &Err(Refused::Unverified.into()));
        connections.put(key(1, 1), &Err(Refused::NoConsumer.into()));
        connections.put(key(2, 0), &Err(Refused::SanNotAllowed.into()));
        for (own, expected) in [
            (key(1, 0), Some(Refused::Unverified)),
            (key(1, 1), Some(Refused::NoConsumer)),
            (key(2, 0), Some(Refused::SanNotAllowed)),
            (key(3, 0), None),
            (key(1 + MAX_CONNECTIONS as u64, 0), None),
            (key(u64::MAX, u32::MAX), None),
        ] {
            assert_eq!(reason(connections.get(own)), expected, "{own:?}");
        }
    }

    #[test]
    fn however_many_connections_there_are_memory_is_bounded() {
        let mut connections = Connections::default();
        for number in 0..10 * MAX_CONNECTIONS as u64 {
            connections.put(key(number, 0), &Err(Refused::Unverified.into()));
        }
        assert_eq!(connections.0.len(), MAX_CONNECTIONS);
        let newest = 10 * MAX_CONNECTIONS as u64 - 1;
        assert!(connections.get(key(newest, 0)).is_some());
        assert!(connections.get(key(newest - MAX_CONNECTIONS as u64, 0)).is_none());
    }
}
