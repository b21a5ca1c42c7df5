//! Whether a valid token was revoked: by lists in the configuration, and by one that is fetched.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::remote::revocations::{By, RevocationSource};

/// Which tokens are revoked, of one issuer or of all.
#[derive(Clone, Debug)]
pub(crate) struct Revoked {
    /// In the configuration.
    pub(crate) tokens: BTreeSet<String>,
    /// In the configuration.
    pub(crate) subjects: BTreeSet<String>,
    /// Fetched.
    pub(crate) feed: Option<Feed>,
}

/// A list that is fetched.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    /// From where.
    pub(crate) source: Rc<RevocationSource>,
    /// Whether tokens pass while there is no list, or only one that is too old.
    pub(crate) fault_tolerant: bool,
}

/// What is known of a token.
#[derive(Clone, Debug)]
pub(crate) enum Standing<'r> {
    /// On none of the lists.
    Good,
    /// On one of them.
    Revoked,
    /// On none that is there; this one may yet come.
    Unknown(&'r Feed),
}

impl Revoked {
    /// What is known of the token with these claims at `now` (milliseconds since the epoch).
    pub(crate) fn judge(&self, claims: &Map<String, Value>, now: u64) -> Standing<'_> {
        let named = By::ALL.map(|by| (by, claims.get(by.claim()).and_then(name)));
        let named = || named.iter().filter_map(|(by, name)| Some((*by, name.as_deref()?)));
        if named().any(|(by, name)| self.inline(by).contains(name)) {
            return Standing::Revoked;
        }
        let Some(feed) = &self.feed else { return Standing::Good };
        // What was revoked stays so, however old the list is.
        let list = feed.source.newest();
        if list.is_some_and(|list| named().any(|(by, name)| list.has(by, name.as_bytes()))) {
            return Standing::Revoked;
        }
        match feed.source.serving(now) {
            Some(_) => Standing::Good,
            None => Standing::Unknown(feed),
        }
    }

    fn inline(&self, by: By) -> &BTreeSet<String> {
        match by {
            By::Token => &self.tokens,
            By::Subject => &self.subjects,
        }
    }
}

/// Text with something in it; some issuers give numbers, against RFC 7519 §4.1.2.
pub(crate) fn name(claim: &Value) -> Option<Cow<'_, str>> {
    match claim {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}
