//! One limiter: its counters' identity, whom it counts, what it refuses.

use std::cell::OnceCell;

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldValue;
use portcullis_control::place::Place;
use portcullis_control::refusal::Refusal;
use portcullis_control::store::{Fingerprint, KeyedHasher, ProcessKey};

use crate::Reasons;
use crate::decide::{Decision, Limits};
use crate::headers::Standing;
use crate::identifier::{Identifier, LimitBy, Missing};

/// What becomes of a request without the identifier that is counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// It counts by address, as in Kong.
    #[default]
    Ip,
    /// It passes uncounted.
    Skip,
    /// It is refused.
    Deny,
}

/// A compiled set of fields.
pub struct Limiter {
    /// The limit of each period.
    pub limits: Limits,
    /// Where it decides.
    pub place: Place,
    limit_by: LimitBy,
    fallback: Fallback,
    name: Option<String>,
    ipv6_prefix: u8,
    /// A store that fails lets the request pass.
    pub fault_tolerant: bool,
    /// The client is told nothing.
    pub hidden: bool,
    status: Option<u16>,
    message: Option<String>,
    /// Whose counters these are. Neither limits nor the place in a list or among routes are in it.
    counters: Vec<Vec<u8>>,
    hasher: OnceCell<KeyedHasher>,
}

/// Whom a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// For this key.
    Key {
        /// Its slot.
        fingerprint: Fingerprint,
        /// Its identifier was missing: it counts by address instead.
        fallen_back: bool,
        /// Its address is unknown.
        unknown_address: bool,
    },
    /// For nobody: it has no identifier, and that may pass.
    Nobody,
    /// It has no identifier and is refused.
    Refused,
}

impl Limiter {
    /// A limiter with Kong's defaults.
    #[must_use]
    pub fn new(
        limits: Limits,
        limit_by: LimitBy,
        place: Place,
        name: Option<&str>,
        scope: &str,
        ipv6_prefix: u8,
    ) -> Self {
        // A name is meant to be shared, wherever it stands; without one, each place counts for itself.
        let place_word: &[u8] =
            if place == Place::RateLimiting { b"after_auth" } else { b"before_auth" };
        let owner: [&[u8]; 3] = match name {
            Some(name) => [b"name", name.as_bytes(), b""],
            None => [b"scope", scope.as_bytes(), place_word],
        };
        let by: [&[u8]; 3] =
            [limit_by.name().as_bytes(), limit_by.detail().as_bytes(), &[ipv6_prefix]];
        let counters = owner.into_iter().chain(by).map(<[u8]>::to_vec).collect();
        Limiter {
            limits,
            place,
            limit_by,
            fallback: Fallback::Ip,
            name: name.map(str::to_owned),
            ipv6_prefix,
            fault_tolerant: true,
            hidden: false,
            status: None,
            message: None,
            counters,
            hasher: OnceCell::new(),
        }
    }

    /// With another `fallback`.
    #[must_use]
    pub fn with_fallback(self, fallback: Fallback) -> Self {
        Limiter { fallback, ..self }
    }

    /// With another `fault_tolerant`.
    #[must_use]
    pub fn with_fault_tolerance(self, fault_tolerant: bool) -> Self {
        Limiter { fault_tolerant, ..self }
    }

    /// With another `hide_client_headers`.
    #[must_use]
    pub fn with_hidden_headers(self, hidden: bool) -> Self {
        Limiter { hidden, ..self }
    }

    /// With another status and message.
    #[must_use]
    pub fn with_refusal(self, status: Option<u16>, message: Option<String>) -> Self {
        Limiter { status, message, ..self }
    }

    /// True if both would count a request in the same slot.
    #[must_use]
    pub fn counts_with(&self, other: &Limiter) -> bool {
        self.counters == other.counters
    }

    /// Finds whom a request counts for.
    #[must_use]
    pub fn whom(&self, exchange: &Exchange, key: &ProcessKey) -> Whom {
        let (identifier, fallen_back) = match self.identify(exchange) {
            Ok(found) => found,
            Err(whom) => return whom,
        };
        let mut hasher = self.hasher(key).clone();
        identifier.add_to(&mut hasher);
        let unknown_address = identifier == Identifier::UnknownAddress;
        Whom::Key { fingerprint: hasher.finish(), fallen_back, unknown_address }
    }

    fn identify<'e>(&'e self, exchange: &'e Exchange) -> Result<(Identifier<'e>, bool), Whom> {
        match (self.limit_by.identify(exchange, self.ipv6_prefix), self.fallback) {
            (Ok(identifier), _) => Ok((identifier, false)),
            (Err(_), Fallback::Deny) => Err(Whom::Refused),
            (Err(Missing::Absent), Fallback::Skip) => Err(Whom::Nobody),
            (Err(_), _) => Ok((Identifier::by_address(exchange, self.ipv6_prefix), true)),
        }
    }

    /// The hash of whose counters these are, made once.
    fn hasher(&self, key: &ProcessKey) -> &KeyedHasher {
        self.hasher.get_or_init(|| {
            let mut hasher = key.hasher("rate-limiting");
            self.counters.iter().for_each(|part| hasher.part(part));
            hasher
        })
    }

    /// What the decision record says of a request that this limiter touched.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("limit_by", self.limit_by.name().to_owned())];
        fields.extend(self.name.clone().map(|name| ("name", name)));
        fields
    }

    /// The refusal of a request that is over a limit. The record gets a keyed hash of whom it counted for.
    #[must_use]
    pub fn over(
        &self,
        exchange: &Exchange,
        key: &ProcessKey,
        decision: &Decision,
        standing: &Standing,
    ) -> Refusal {
        let mut refusal = Refusal::from(Reasons::RateLimited);
        refusal.status = self.status;
        refusal.message.clone_from(&self.message);
        refusal.fields = self.fields();
        if let Ok((identifier, _)) = self.identify(exchange) {
            let mut hasher = key.log_hasher();
            identifier.add_to(&mut hasher);
            refusal.fields.push(("counted_by", identifier.kind().to_owned()));
            refusal.fields.push(("key", hasher.finish().to_string()));
        }
        if let Some(period) = decision.exhausted() {
            refusal.fields.push(("period", period.name().to_owned()));
        }
        match standing.reset().filter(|_| !self.hidden) {
            Some(reset) => refusal.with_header("retry-after", FieldValue::from_number(reset)),
            None => refusal,
        }
    }

    /// A refusal that has nothing to do with how often.
    #[must_use]
    pub fn refusal(&self, reason: Reasons) -> Refusal {
        let mut refusal = Refusal::from(reason);
        refusal.fields = self.fields();
        refusal
    }
}
