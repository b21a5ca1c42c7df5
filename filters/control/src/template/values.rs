//! What the places of a template stand for in one request.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{MAX_RENDERED_BYTES, Source, Target};
use crate::address::ClientAddress;
use crate::arguments::decode_percent;
use crate::exchange::Exchange;

/// What is known of a request.
#[derive(Clone, Copy)]
pub struct Values<'x> {
    exchange: Option<&'x Exchange>,
    claims: Option<&'x Map<String, Value>>,
}

impl<'x> Values<'x> {
    /// All that is known of this one. Make all templates' texts before the first change, so that each sees it as it came.
    #[must_use]
    pub fn of(exchange: &'x Exchange) -> Self {
        let identity = exchange.identity();
        let claims = identity.and_then(|identity| identity.claims.as_deref());
        Values { exchange: Some(exchange), claims: claims.map(|claims| &**claims) }
    }

    /// A token's claims alone.
    #[must_use]
    pub fn of_claims(claims: &'x Map<String, Value>) -> Self {
        Values { exchange: None, claims: Some(claims) }
    }

    pub(super) fn find(&self, source: &Source) -> Option<Found<'x>> {
        if let Source::Claim(path) = source {
            return of_claim(path.find(self.claims?)?);
        }
        let exchange = self.exchange?;
        let identity = || exchange.identity();
        let consumer = || identity().and_then(|identity| identity.consumer.as_deref());
        let certificate = || identity().and_then(|identity| identity.certificate.as_deref());
        let text = |text: &'x str| Found::One(Cow::Borrowed(text.as_bytes()));
        Some(match source {
            Source::Claim(_) => return None,
            Source::Username => text(&consumer()?.username),
            Source::CustomId => text(consumer()?.custom_id.as_deref()?),
            Source::Groups => {
                let groups = consumer()?.groups.iter();
                Found::List(groups.map(|group| Cow::Borrowed(group.as_bytes())).collect())
            }
            Source::Header(name) => of_header(exchange, name.as_str())?,
            Source::Argument(name) => {
                let mut arguments = exchange.path()?.arguments();
                let found = arguments.find(|(own, _)| own == name.as_bytes())?;
                Found::One(Cow::Owned(found.1.unwrap_or_default()))
            }
            Source::Capture(name) => {
                Found::One(Cow::Owned(decode_percent(exchange.capture(name)?)))
            }
            Source::RequestId => text(exchange.request_id()),
            Source::ClientIp => match exchange.client_address() {
                ClientAddress::Known(ip) => Found::One(Cow::Owned(ip.to_string().into_bytes())),
                ClientAddress::Unknown => return None,
            },
            Source::San => text(certificate()?.sans.first()?.as_str()),
            Source::Subject => text(&certificate()?.subject),
            Source::Fingerprint => {
                Found::One(Cow::Owned(certificate()?.fingerprint?.to_string().into_bytes()))
            }
        })
    }
}

/// What a place stands for.
pub(super) enum Found<'x> {
    One(Cow<'x, [u8]>),
    /// Joined by commas.
    List(Vec<Cow<'x, [u8]>>),
}

impl Found<'_> {
    /// Appends it; false if it must not stand there, which is counted. An element with a comma would become two.
    pub(super) fn write(&self, target: Target, out: &mut Vec<u8>, dropped: &mut u32) -> bool {
        let elements = match self {
            Found::One(value) => {
                // What is that long is dropped all the same: it is not written first.
                let fit = value.len() <= MAX_RENDERED_BYTES && target.write(value, out);
                *dropped = dropped.saturating_add(u32::from(!fit));
                return fit;
            }
            Found::List(elements) => elements,
        };
        let (mut first, mut unfit) = (true, 0_u32);
        for element in elements {
            let start = out.len();
            if start > MAX_RENDERED_BYTES {
                break;
            }
            if !first {
                target.write(b",", out);
            }
            if element.contains(&b',') || !target.write(element, out) {
                out.truncate(start);
                unfit = unfit.saturating_add(1);
                continue;
            }
            first = false;
        }
        *dropped = dropped.saturating_add(unfit);
        unfit == 0 || !first
    }

    /// The text that is all of it, if it is not empty.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Found::One(value) => Some(&**value).filter(|value| !value.is_empty()),
            Found::List(_) => None,
        }
    }

    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self, Found::List(elements) if elements.is_empty())
    }
}

fn of_claim(value: &Value) -> Option<Found<'_>> {
    match value {
        Value::Null => None,
        Value::Array(elements) => {
            let elements = elements.iter().filter(|element| !element.is_null());
            Some(Found::List(elements.map(scalar).collect()))
        }
        other => Some(Found::One(scalar(other))),
    }
}

/// A string as it is, anything else as JSON.
fn scalar(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::String(text) => Cow::Borrowed(text.as_bytes()),
        other => Cow::Owned(other.to_string().into_bytes()),
    }
}

/// The values of a header, which are one list (RFC 9110 §5.3). As Kong has it, `_` may stand for `-`.
fn of_header<'x>(exchange: &'x Exchange, name: &str) -> Option<Found<'x>> {
    let headers = exchange.request_headers();
    let dashed = name.replace('_', "-");
    let name = if headers.first(name).is_some() { name } else { dashed.as_str() };
    let mut values = headers.all(name);
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(Found::One(Cow::Borrowed(first))) };
    let mut joined = [first, b", ", second].concat();
    for value in values {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(value);
    }
    Some(Found::One(Cow::Owned(joined)))
}
