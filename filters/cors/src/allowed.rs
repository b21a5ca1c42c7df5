//! Which origins may read answers.

use std::collections::BTreeMap;

use portcullis_control::headers::FieldValue;
use regex_lite::Regex;

use crate::origin::Origin;

/// The origins of a configuration.
#[derive(Debug)]
pub(crate) enum Allowed {
    /// `*`: every page may read, without credentials.
    Any,
    /// `*` with `credentials_any_origin`: every page may read, with the user's credentials.
    AnyWithCredentials,
    /// One that is told to everybody, whoever asks, as Kong does.
    One(String, FieldValue),
    /// Those that are named or match a pattern.
    Listed(Listed),
}

/// Several origins, or patterns.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) named: BTreeMap<String, FieldValue>,
    pub(crate) patterns: Vec<Pattern>,
}

/// A regular expression over the whole origin or over its host alone.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) by_host: bool,
}

impl Pattern {
    pub(crate) fn matches(&self, origin: &Origin<'_>) -> bool {
        let subject = if self.by_host { origin.host() } else { origin.as_str() };
        self.regex.is_match(subject)
    }
}

/// What an answer says to an origin, or to a request without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The value of `Access-Control-Allow-Origin`.
    pub(crate) origin: Option<FieldValue>,
    /// True if this origin was asked for and found: it alone may get credentials.
    pub(crate) matched: bool,
    /// True if it was asked for and is none of those that may read.
    pub(crate) unmatched: bool,
}

impl Allowed {
    /// True if what is answered depends on who asks.
    pub(crate) const fn varies(&self) -> bool {
        !matches!(self, Allowed::Any)
    }

    /// What is granted to the sender of this `Origin` field.
    pub(crate) fn grant(&self, field: Option<&[u8]>) -> Grant {
        let parsed = || field.and_then(Origin::parse);
        let (origin, matched) = match self {
            Allowed::Any => (Some(ANY), false),
            Allowed::AnyWithCredentials => match parsed().and_then(|origin| value_of(&origin)) {
                Some(value) => (Some(value), true),
                None => (Some(ANY), false),
            },
            Allowed::One(name, value) => {
                let matched = field == Some(name.as_bytes())
                    || parsed().is_some_and(|origin| origin.as_str() == name);
                (Some(value.clone()), matched)
            }
            Allowed::Listed(listed) => {
                let found = field.and_then(|field| listed.find(field));
                let matched = found.is_some();
                (found, matched)
            }
        };
        Grant { origin, matched, unmatched: field.is_some() && self.varies() && !matched }
    }
}

impl Listed {
    fn find(&self, field: &[u8]) -> Option<FieldValue> {
        // Nearly every page sends its origin as it is compared: then there is nothing to read in it.
        let as_it_is = std::str::from_utf8(field).ok().and_then(|text| self.named.get(text));
        if let Some(value) = as_it_is {
            return Some(value.clone());
        }
        let origin = Origin::parse(field)?;
        if let Some(value) = self.named.get(origin.as_str()) {
            return Some(value.clone());
        }
        let matched = self.patterns.iter().any(|pattern| pattern.matches(&origin));
        matched.then(|| value_of(&origin)).flatten()
    }
}

const ANY: FieldValue = FieldValue::from_static("*");

fn value_of(origin: &Origin<'_>) -> Option<FieldValue> {
    FieldValue::new(origin.as_str())
}
