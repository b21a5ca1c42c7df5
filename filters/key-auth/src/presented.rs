//! Where a request's headers and query may carry a key, and taking it away again.

use std::borrow::Cow;
use std::cell::RefCell;

use portcullis_control::arguments::{arguments, hide_from_query};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, covers};

use crate::reason::Refused;

/// A name under which a key may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyName {
    /// As it is written: in queries and bodies case counts.
    pub(crate) text: String,
    /// As a header, where it doesn't.
    pub(crate) header: FieldName,
}

/// The headers in which keys are looked for on some route. No other control of the configuration may write them: a
/// client's would be removed from every request, so its key would never arrive, and what was written would be one.
#[derive(Debug, Default)]
pub struct KeyHeaders(RefCell<Vec<FieldName>>);

impl KeyHeaders {
    pub(crate) fn add(&self, places: &Places) {
        let mut headers = self.0.borrow_mut();
        for KeyName { header, .. } in places.names.iter().filter(|_| places.header) {
            if !headers.contains(header) {
                headers.push(header.clone());
            }
        }
    }

    /// The first of them that a control's own header is, or is taken for.
    #[must_use]
    pub fn covered_by(&self, own: &FieldName) -> Option<FieldName> {
        let names = self.0.borrow();
        names.iter().find(|name| covers(own, name.as_str().as_bytes())).cloned()
    }
}

/// The places that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The names, in all places alike.
    pub(crate) names: Vec<KeyName>,
    /// Whether headers are looked at.
    pub(crate) header: bool,
    /// Whether the query is looked at.
    pub(crate) query: bool,
}

/// The one key of several places, however often it stands there.
#[derive(Debug, Default)]
pub(crate) struct OneKey<'x>(Option<Cow<'x, [u8]>>);

impl<'x> OneKey<'x> {
    /// One more. An empty one is none.
    ///
    /// # Errors
    /// It is another one.
    pub(crate) fn take(&mut self, key: Cow<'x, [u8]>) -> Result<(), Refused> {
        match &self.0 {
            _ if key.is_empty() => Ok(()),
            Some(other) if **other != *key => Err(Refused::DuplicateKey),
            Some(_) => Ok(()),
            None => {
                self.0 = Some(key);
                Ok(())
            }
        }
    }

    pub(crate) fn into_key(self) -> Option<Vec<u8>> {
        self.0.map(Cow::into_owned)
    }
}

impl Places {
    /// True for a name of ours in a query or body.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.names.iter().any(|own| own.text.as_bytes() == name)
    }

    /// The key in headers and query, if there is one.
    ///
    /// # Errors
    /// Two different ones.
    pub(crate) fn find(&self, exchange: &Exchange) -> Result<Option<Vec<u8>>, Refused> {
        let mut found = OneKey::default();
        let headers = exchange.request_headers();
        if self.header {
            for name in &self.names {
                for value in headers.all(name.header.as_str()) {
                    found.take(Cow::Borrowed(value.trim_ascii()))?;
                }
            }
        }
        if self.query
            && let Some(query) = exchange.path().and_then(|path| path.query())
        {
            for (_, value) in arguments(query).filter(|(name, _)| self.has(name)) {
                found.take(Cow::Owned(value.unwrap_or_default()))?;
            }
        }
        Ok(found.into_key())
    }

    /// Takes the key out of headers and query; whatever else is there stays as it is, byte for byte.
    pub(crate) fn hide(&self, exchange: &mut Exchange) {
        let mut edits: Vec<Edit> = Vec::new();
        if self.header {
            let headers = exchange.request_headers();
            let there = |name: &&KeyName| headers.first(name.header.as_str()).is_some();
            edits.extend(
                self.names.iter().filter(there).map(|name| Edit::Remove(name.header.clone())),
            );
        }
        if self.query {
            edits.extend(hide_from_query(exchange, |name| self.has(name)));
        }
        for edit in edits {
            exchange.edit_request(edit);
        }
    }
}
