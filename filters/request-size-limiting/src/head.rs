//! Limits that are judged at the headers: how many fields, how long a URL, and of how many parts.

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::HeaderMap;

use crate::reason::Refused;

/// Each is absent unless configured.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) headers: Option<u64>,
    pub(crate) header_bytes: Option<u64>,
    pub(crate) url_length: Option<u64>,
    pub(crate) query_parameters: Option<u64>,
    pub(crate) path_segments: Option<u64>,
}

impl Head {
    /// True if there is nothing to look at.
    pub(crate) const fn is_empty(&self) -> bool {
        self.headers.is_none()
            && self.header_bytes.is_none()
            && self.url_length.is_none()
            && self.query_parameters.is_none()
            && self.path_segments.is_none()
    }

    /// The first limit that is exceeded.
    pub(crate) fn judge(&self, exchange: &Exchange) -> Result<(), Refused> {
        let headers = exchange.request_headers();
        let target = headers.first(":path").unwrap_or_default();
        let over = |limit: Option<u64>, count: &dyn Fn() -> usize| {
            limit.is_some_and(|limit| u64::try_from(count()).unwrap_or(u64::MAX) > limit)
        };
        let checks: [(_, &dyn Fn() -> usize, _); 5] = [
            (self.url_length, &|| target.len(), Refused::UrlTooLong),
            (self.headers, &|| fields(headers).count(), Refused::TooManyHeaders),
            (self.header_bytes, &|| fields(headers).sum(), Refused::HeadersTooLarge),
            (self.path_segments, &|| segments(target), Refused::TooManySegments),
            (self.query_parameters, &|| parameters(target), Refused::TooManyParameters),
        ];
        match checks.into_iter().find(|(limit, count, _)| over(*limit, *count)) {
            Some((_, _, reason)) => Err(reason),
            None => Ok(()),
        }
    }
}

/// The size of each field but pseudo-headers: its name and its value.
fn fields(headers: &HeaderMap) -> impl Iterator<Item = usize> {
    let plain = headers.iter().filter(|(name, _)| !name.starts_with(b":"));
    plain.map(|(name, value)| name.len().saturating_add(value.len()))
}

/// Segments as the most generous server reads them: backslashes and escaped slashes part them too, dots are some.
fn segments(target: &[u8]) -> usize {
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let (mut count, mut within, mut rest) = (0_usize, false, path);
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).filter(|_| *byte == b'%').is_some_and(|digits| {
            digits.eq_ignore_ascii_case(b"2f") || digits.eq_ignore_ascii_case(b"5c")
        });
        if escaped {
            rest = tail.get(2..).unwrap_or_default();
        }
        let separator = escaped || matches!(byte, b'/' | b'\\');
        if !separator && !within {
            count = count.saturating_add(1);
        }
        within = !separator;
    }
    count
}

/// Parameters as the most generous server reads them: a semicolon parts them too.
fn parameters(target: &[u8]) -> usize {
    let query = target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    query.split(|byte| matches!(byte, b'&' | b';')).filter(|pair| !pair.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_parameters_are_counted_as_generously_as_any_server_does() {
        for (target, in_path, in_query) in [
            ("/", 0, 0),
            ("", 0, 0),
            ("*", 1, 0),
            ("/a/b/c?a=1&b&c=/d/e", 3, 3),
            ("//a///b/", 2, 0),
            ("/a\\b%2fc%5Cd%2", 4, 0),
            ("/a/../b", 3, 0),
            ("/?", 0, 0),
            ("/?&&&", 0, 0),
            ("/?a;b;c&d?e", 0, 4),
        ] {
            let found = (segments(target.as_bytes()), parameters(target.as_bytes()));
            assert_eq!(found, (in_path, in_query), "{target}");
        }
    }
}
