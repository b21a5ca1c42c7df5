//! Operations on a body, by its content type: a form, a multipart form or JSON.

use portcullis_control::config::Node;
use portcullis_control::headers::HeaderMap;
use portcullis_control::json_edit::JsonEditFault;
use portcullis_control::media_type::{BodyFormat, parameter};
use portcullis_control::template::{Target, Values};
use portcullis_control::transform::{JsonOperations, JsonTypes, JsonValues, Lists};

use crate::fields::{FieldOperations, FieldValues, TooManyFields};
use crate::{arguments, multipart};

/// What is done to a body, in each form that it may have.
#[derive(Debug, Default)]
pub(crate) struct BodyOperations {
    json: JsonOperations,
    form: FieldOperations,
    multipart: FieldOperations,
}

/// A body as its headers announce it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Announced {
    /// It can be changed.
    As(BodyFormat),
    /// It is of another type.
    Other,
    /// Readers may differ on its type, its parts or its letters.
    Doubtful,
}

/// The values for a body that is waited for, in its form.
#[derive(Debug)]
pub(crate) enum Prepared {
    Json(JsonValues),
    Form(FieldValues),
    /// With its boundary.
    Multipart(FieldValues, Vec<u8>),
}

/// Why a body is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// It is not what its type says.
    Malformed,
    /// It has more names than are looked through.
    TooManyFields,
}

impl Announced {
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let mut types = headers.all("content-type");
        let Some(content_type) = types.next() else { return Announced::Other };
        // Envoy joins two of them to one.
        if types.next().is_some() || is_list(content_type) {
            return Announced::Doubtful;
        }
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
        match BodyFormat::of(headers) {
            Some(format) if is_plain_charset(content_type) => Announced::As(format),
            Some(_) => Announced::Doubtful,
            // Its boundary is missing, or there are two.
            None if essence.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data") => {
                Announced::Doubtful
            }
            None => Announced::Other,
        }
    }
}

/// True if a comma stands outside of quotes.
fn is_list(content_type: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    content_type.iter().any(|byte| {
        let quote = *byte == b'"' && !escaped;
        escaped = quoted && *byte == b'\\' && !escaped;
        quoted ^= quote;
        *byte == b',' && !quoted
    })
}

/// True where every byte below 0x80 is its ASCII letter, so that quotes, braces and ampersands are what they seem.
fn is_plain_charset(content_type: &[u8]) -> bool {
    let named = content_type.to_ascii_lowercase().windows(7).any(|text| text == b"charset");
    let charset = parameter(content_type, b"charset").map(|charset| charset.to_ascii_lowercase());
    match charset.as_deref() {
        Some(b"utf-8" | b"utf8" | b"us-ascii" | b"ascii") => true,
        Some(other) => other.starts_with(b"iso-8859-") || other.starts_with(b"windows-125"),
        None => !named,
    }
}

impl BodyOperations {
    /// Reads the lists of `body`; `allow` is a list of its fields.
    pub(crate) fn read(lists: &Lists<'_>, allow: Option<&Node<'_>>, captures: &[String]) -> Self {
        // Kong knows no types here: values are strings.
        let json = JsonOperations::read(lists, &JsonTypes::default(), allow, captures);
        BodyOperations {
            json,
            form: FieldOperations::read_body(lists, allow, Target::Form, captures),
            multipart: FieldOperations::read_body(lists, allow, Target::Bytes, captures),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// Fills the templates for a body of this form; and how many values were dropped.
    pub(crate) fn prepare(&self, format: BodyFormat, values: &Values<'_>) -> (Prepared, u32) {
        match format {
            BodyFormat::Json => {
                let values = self.json.values(values);
                let dropped = values.dropped;
                (Prepared::Json(values), dropped)
            }
            BodyFormat::Form => {
                let values = self.form.values(values);
                let dropped = values.dropped;
                (Prepared::Form(values), dropped)
            }
            BodyFormat::Multipart(boundary) => {
                let mut values = self.multipart.values(values);
                // A value with the boundary in it would be several parts.
                for list in [&mut values.replace, &mut values.add, &mut values.append] {
                    for value in list {
                        if value
                            .as_ref()
                            .is_some_and(|text| multipart::boundaries(text, &boundary) > 0)
                        {
                            *value = None;
                            values.dropped = values.dropped.saturating_add(1);
                        }
                    }
                }
                let dropped = values.dropped;
                (Prepared::Multipart(values, boundary), dropped)
            }
        }
    }

    /// The body with all changes; `None` if nothing is to be changed.
    pub(crate) fn apply(
        &self,
        prepared: &Prepared,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, BodyFault> {
        match prepared {
            Prepared::Json(values) => self.json.apply(body, values).map_err(BodyFault::from),
            Prepared::Form(values) => {
                arguments::apply(&self.form, values, body).map_err(BodyFault::from)
            }
            Prepared::Multipart(values, boundary) => {
                multipart::apply(&self.multipart, values, body, boundary).map_err(BodyFault::from)
            }
        }
    }
}

impl From<JsonEditFault> for BodyFault {
    fn from(fault: JsonEditFault) -> Self {
        match fault {
            JsonEditFault::NotJson | JsonEditFault::TooDeep => BodyFault::Malformed,
            JsonEditFault::TooManyPlaces | JsonEditFault::TooMuch => BodyFault::TooManyFields,
        }
    }
}

impl From<TooManyFields> for BodyFault {
    fn from(_: TooManyFields) -> Self {
        BodyFault::TooManyFields
    }
}

impl From<multipart::Fault> for BodyFault {
    fn from(fault: multipart::Fault) -> Self {
        match fault {
            multipart::Fault::Malformed => BodyFault::Malformed,
            multipart::Fault::TooManyParts => BodyFault::TooManyFields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_which_readers_may_differ_is_doubtful() {
        let multipart =
            |boundary: &str| Announced::As(BodyFormat::Multipart(boundary.as_bytes().to_vec()));
        for (content_types, expected) in [
            (&["application/json"][..], Announced::As(BodyFormat::Json)),
            (&["application/json; charset=UTF-8"], Announced::As(BodyFormat::Json)),
            (&["application/problem+json;charset=\"iso-8859-1\""], Announced::As(BodyFormat::Json)),
            (&["application/json; charset=utf-16"], Announced::Doubtful),
            (&["application/json; charset=utf-7"], Announced::Doubtful),
            (&["application/json; charset=ibm037"], Announced::Doubtful),
            (&["application/json; charset=utf-8; charset=utf-16"], Announced::Doubtful),
            (&["application/json", "application/json"], Announced::Doubtful),
            (&["text/plain", "application/json"], Announced::Doubtful),
            (&["text/plain,application/json"], Announced::Doubtful),
            (&["multipart/form-data; boundary=\"a,b\""], multipart("a,b")),
            (&["multipart/form-data; boundary=\"a\", text/plain"], Announced::Doubtful),
            (&["application/x-www-form-urlencoded"], Announced::As(BodyFormat::Form)),
            (&["multipart/form-data; boundary=b"], multipart("b")),
            (&["multipart/form-data"], Announced::Doubtful),
            (&["multipart/form-data; boundary=a; boundary=b"], Announced::Doubtful),
            (&["text/plain; charset=utf-16"], Announced::Other),
            (&["multipart/mixed; boundary=b"], Announced::Other),
            (&[""], Announced::Other),
            (&[], Announced::Other),
        ] {
            let mut headers = HeaderMap::default();
            content_types.iter().for_each(|text| headers.push(b"content-type", text.as_bytes()));
            assert_eq!(Announced::by(&headers), expected, "{content_types:?}");
        }
    }
}
