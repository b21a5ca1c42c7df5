//! Where a request may carry a token, and taking it away again.

use std::borrow::Cow;

use portcullis_control::arguments::hide_from_query;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};

use crate::reason::Refused;

/// The places that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Headers with `Bearer <token>`.
    pub(crate) headers: Vec<FieldName>,
    /// Arguments of the query.
    pub(crate) arguments: Vec<String>,
    /// Cookies.
    pub(crate) cookies: Vec<String>,
}

impl Places {
    /// The one token of a request, however often it stands there.
    ///
    /// # Errors
    /// None, two different ones, or an argument without a value.
    pub(crate) fn find<'x>(&self, exchange: &'x Exchange) -> Result<Cow<'x, [u8]>, Refused> {
        let mut found: Option<Cow<'x, [u8]>> = None;
        let mut take = |token: Cow<'x, [u8]>| match &found {
            Some(other) if **other != *token => Err(Refused::MultipleTokens),
            Some(_) => Ok(()),
            None => {
                found = Some(token);
                Ok(())
            }
        };
        if !self.arguments.is_empty()
            && let Some(path) = exchange.path()
        {
            for (name, value) in path.arguments() {
                if self.arguments.iter().any(|own| own.as_bytes() == name) {
                    let value = value.ok_or(Refused::UnrecognizableToken)?;
                    if !value.is_empty() {
                        take(Cow::Owned(value))?;
                    }
                }
            }
        }
        let headers = exchange.request_headers();
        if !self.cookies.is_empty() {
            for (name, value) in headers.all("cookie").flat_map(cookies) {
                if self.cookies.iter().any(|own| own.as_bytes() == name) && !value.is_empty() {
                    take(Cow::Borrowed(value))?;
                }
            }
        }
        for name in &self.headers {
            for value in headers.all(name.as_str()) {
                for token in joined(value).filter_map(bearer) {
                    take(Cow::Borrowed(token))?;
                }
            }
        }
        found.ok_or(Refused::NoToken)
    }

    /// Takes the token out of every place where it stood; whatever else is there stays as it is, byte for byte. A header
    /// in which a comma joins it to something else goes whole.
    pub(crate) fn hide(&self, exchange: &mut Exchange) {
        let mut edits = Vec::new();
        for name in &self.headers {
            let values = exchange.request_headers().all(name.as_str());
            edits
                .extend(without(name, values, |value| (!has_token(value)).then(|| value.to_vec())));
        }
        if !self.cookies.is_empty() {
            let values = exchange.request_headers().all("cookie");
            let name = FieldName::from_static("cookie");
            edits.extend(without(&name, values, |line| self.other_cookies(line)));
        }
        if !self.arguments.is_empty() {
            edits.extend(hide_from_query(exchange, |name| {
                self.arguments.iter().any(|own| own.as_bytes() == name)
            }));
        }
        for edit in edits {
            exchange.edit_request(edit);
        }
    }

    fn other_cookies(&self, line: &[u8]) -> Option<Vec<u8>> {
        let ours = |pair: &&[u8]| {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
            self.cookies.iter().any(|own| own.as_bytes() == name)
        };
        let pairs = || line.split(|byte| *byte == b';');
        if !pairs().any(|pair| ours(&pair)) {
            return Some(line.to_vec());
        }
        let rest = pairs().filter(|pair| !ours(pair)).collect::<Vec<_>>().join(&b';');
        (!rest.trim_ascii().is_empty()).then(|| rest.trim_ascii_start().to_vec())
    }
}

/// The changes that leave of a field's values what `keep` gives; none where nothing changes.
fn without<'v>(
    name: &FieldName,
    values: impl Iterator<Item = &'v [u8]>,
    keep: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Vec<Edit> {
    let values: Vec<&[u8]> = values.collect();
    let kept: Vec<Vec<u8>> = values.iter().filter_map(|value| keep(value)).collect();
    if kept.iter().map(Vec::as_slice).eq(values.iter().copied()) {
        return Vec::new();
    }
    let mut edits = vec![Edit::Remove(name.clone())];
    edits.extend(
        kept.into_iter().filter_map(|value| Some(Edit::Add(name.clone(), FieldValue::new(value)?))),
    );
    edits
}

/// The fields that were joined to this one: Envoy puts a comma, and nothing else, between those of a repeated
/// `authorization` before a filter sees them. Where not each part is a token of its own, it was one field.
fn joined(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = || value.split(|byte| *byte == b',');
    let repeated = memchr::memchr(b',', value).is_some()
        && parts().all(|part| part.trim_ascii_start() == part && bearer(part).is_some());
    let (one, several) = if repeated { (None, Some(parts())) } else { (Some(value), None) };
    one.into_iter().chain(several.into_iter().flatten())
}

/// True if a token stands anywhere in the field, or in one that was joined to it: such a field is no token for us, but
/// somebody behind us may part it otherwise.
fn has_token(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|part| bearer(part).is_some())
}

/// What stands behind the scheme `Bearer` (RFC 6750 §2.1); the scheme without case (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked(6)?;
    let separated = rest.first().is_some_and(u8::is_ascii_whitespace);
    let token = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && separated && !token.is_empty()).then_some(token)
}

/// The cookies of one line (RFC 6265 §4.2.1), values as they stand.
fn cookies(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    line.split(|byte| *byte == b';').filter_map(|pair| {
        let place = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(place)?;
        let value = value.get(1..)?.trim_ascii();
        let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        Some((name.trim_ascii(), quoted.unwrap_or(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_has_no_case_and_wants_a_space() {
        for (value, token) in [
            ("Bearer a.b.c", Some("a.b.c")),
            ("bEARER \t a.b.c ", Some("a.b.c")),
            ("  Bearer a b", Some("a b")),
            ("Bearera.b.c", None),
            ("Bearer", None),
            ("Bearer  ", None),
            ("Basic a.b.c", None),
            ("", None),
        ] {
            assert_eq!(bearer(value.as_bytes()), token.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn fields_that_were_joined_are_parted_where_each_is_a_token() {
        for (value, parts) in [
            ("Bearer a", &["Bearer a"][..]),
            ("Bearer a,bearer b", &["Bearer a", "bearer b"]),
            ("Bearer a,Bearer a,Bearer a", &["Bearer a", "Bearer a", "Bearer a"]),
            ("Bearer a, Bearer b", &["Bearer a, Bearer b"]),
            ("Bearer a,b", &["Bearer a,b"]),
            ("Bearer a,", &["Bearer a,"]),
            (",Bearer a", &[",Bearer a"]),
            ("Bearer a,Basic b", &["Bearer a,Basic b"]),
            ("", &[""]),
            (",", &[","]),
        ] {
            let found: Vec<_> = joined(value.as_bytes()).collect();
            assert_eq!(found, parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn cookies_are_split_and_unquoted() {
        let found: Vec<_> = cookies(b"a=1; jwt=\"x=y\";b ; =z; c=").collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"1"), (b"jwt", b"x=y"), (b"", b"z"), (b"c", b"")];
        assert_eq!(found, expected);
    }
}
