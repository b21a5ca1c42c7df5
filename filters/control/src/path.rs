//! The request's path as every control sees it: normalised once, with what two servers could read differently marked.

use crate::arguments::{arguments, hex_byte};

/// A path is normalised up to this length, bytes; Envoy's own bound for all headers together is 60 KiB by default, and
/// up to 8 MiB where somebody raised it. What is longer counts as ambiguous and matches no route.
pub const MAX_PATH_BYTES: usize = 64 * 1024;

/// `:path`, split and normalised (RFC 3986 §6.2.2, as strict as the strictest backend needs).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    raw: Vec<u8>,
    query: Option<usize>,
    normalised: Vec<u8>,
    ambiguous: bool,
}

impl Path {
    /// Normalises: escapes of unreserved characters decoded, other escapes in upper case, backslash to slash, slashes
    /// merged, dot segments removed. The query is left alone.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let query = raw.iter().position(|byte| *byte == b'?');
        let path = raw.get(..query.unwrap_or(raw.len())).unwrap_or(raw);
        let (normalised, ambiguous) = if path.len() > MAX_PATH_BYTES {
            (Vec::new(), true)
        } else {
            let (decoded, odd) = decode_unreserved(path);
            let normalised = remove_dot_segments(&decoded);
            let ambiguous = odd || is_ambiguous(&normalised);
            (normalised, ambiguous)
        };
        Path { raw: raw.to_vec(), query, normalised, ambiguous }
    }

    /// `:path` as delivered, query included.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The normalised path without its query.
    #[must_use]
    pub fn normalised(&self) -> &[u8] {
        &self.normalised
    }

    /// The bytes behind the first `?`, as delivered.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        self.raw.get(self.query?.checked_add(1)?..)
    }

    /// True if servers disagree on what this path names: an escaped slash, backslash or NUL, a dot segment hidden in
    /// an escape or behind a parameter (`/..;/`), an escape of an escape, a broken escape, or more bytes than
    /// [`MAX_PATH_BYTES`].
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// The query's arguments in order: name and value, percent-decoded and with `+` as space; the value is `None` for
    /// `?name` without `=`.
    pub fn arguments(&self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        arguments(self.query().unwrap_or_default())
    }
}

/// Decodes what needs no escape; also says whether an escape was broken.
fn decode_unreserved(path: &[u8]) -> (Vec<u8>, bool) {
    let mut decoded = Vec::with_capacity(path.len());
    let mut broken = false;
    let mut rest = path;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, hex_byte(tail)) {
            (b'\\', _) => decoded.push(b'/'),
            (b'%', Some(value)) => {
                rest = tail.get(2..).unwrap_or_default();
                if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                    decoded.push(value);
                } else {
                    decoded.push(b'%');
                    decoded.extend(tail.iter().take(2).map(u8::to_ascii_uppercase));
                }
            }
            (b'%', None) => {
                broken = true;
                // Written as the escape that it should have been: alone it could become one with what follows.
                decoded.extend_from_slice(b"%25");
            }
            _ => decoded.push(*byte),
        }
    }
    (decoded, broken)
}

/// RFC 3986 §5.2.4 with slashes merged. A path that does not start with a slash (`*`) stays as it is.
fn remove_dot_segments(path: &[u8]) -> Vec<u8> {
    if path.first() != Some(&b'/') {
        return path.to_vec();
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut directory = false;
    for segment in path.split(|byte| *byte == b'/') {
        directory = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut normalised = Vec::with_capacity(path.len());
    for segment in &segments {
        normalised.push(b'/');
        normalised.extend_from_slice(segment);
    }
    if directory {
        normalised.push(b'/');
    }
    normalised
}

fn is_ambiguous(normalised: &[u8]) -> bool {
    let escapes =
        normalised.windows(3).any(|text| matches!(text, b"%2F" | b"%5C" | b"%00" | b"%25"));
    let parameters = normalised
        .split(|byte| *byte == b'/')
        .any(|segment| segment.starts_with(b"..;") || segment.starts_with(b".;"));
    escapes || parameters || normalised.contains(&0)
}

/// Whatever the bytes, normalising is stable: doing it twice changes nothing, and no dot segment is left.
pub fn fuzz_path(data: &[u8]) {
    let once = Path::parse(data);
    let twice = Path::parse(once.normalised());
    if !once.normalised().contains(&b'?') && once.normalised().first() == Some(&b'/') {
        assert_eq!(once.normalised(), twice.normalised());
        assert!(
            !once
                .normalised()
                .split(|byte| *byte == b'/')
                .any(|segment| matches!(segment, b"." | b".."))
        );
    }
    let _ = once.arguments().count();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_becomes_the_one_that_the_backend_serves() {
        for (raw, normalised) in [
            ("/a//b/../c/%2e%2e/d", "/a/d"),
            ("/", "/"),
            ("/..", "/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/%61dmin", "/admin"),
            ("/a\\..\\admin", "/admin"),
            ("/a%c3%a9", "/a%C3%A9"),
            ("/v1?x=/../y", "/v1"),
            ("*", "*"),
            ("", ""),
        ] {
            let path = Path::parse(raw.as_bytes());
            assert_eq!(String::from_utf8_lossy(path.normalised()), normalised, "{raw}");
            assert!(!path.is_ambiguous(), "{raw}");
        }
    }

    #[test]
    fn what_two_servers_read_differently_is_marked() {
        for raw in [
            "/a%2Fb",
            "/a%2fb",
            "/a%5cb",
            "/a%00b",
            "/a%252e%252e/b",
            "/a%252fb",
            "/..;/admin",
            "/a/.;x/b",
            "/a%zz",
            "/a%",
            "/a%2",
        ] {
            assert!(Path::parse(raw.as_bytes()).is_ambiguous(), "{raw}");
        }
        assert!(!Path::parse(b"/a;x=1/b?c=%2F").is_ambiguous());
    }

    #[test]
    fn a_path_at_the_bound_is_normalised_and_one_past_it_is_ambiguous() {
        let path =
            |length: usize| Path::parse(&[b"/".as_slice(), &vec![b'a'; length - 1]].concat());
        assert!(!path(MAX_PATH_BYTES).is_ambiguous());
        assert!(path(MAX_PATH_BYTES + 1).is_ambiguous());
    }

    #[test]
    fn arguments_keep_their_order_and_duplicates() {
        let path = Path::parse(b"/?a=1&b&a=%32+x&&=y&c=%zz");
        let arguments: Vec<_> = path.arguments().collect();
        let expected: [(&[u8], Option<&[u8]>); 5] = [
            (b"a", Some(b"1")),
            (b"b", None),
            (b"a", Some(b"2 x")),
            (b"", Some(b"y")),
            (b"c", Some(b"%zz")),
        ];
        assert_eq!(arguments.len(), expected.len());
        for ((name, value), (expected_name, expected_value)) in arguments.iter().zip(expected) {
            assert_eq!((name.as_slice(), value.as_deref()), (expected_name, expected_value));
        }
    }

    #[test]
    fn normalising_is_stable_on_odd_input() {
        for data in [
            &b"/%2e/%2e%2e/\\..\\%5c/..;/."[..],
            b"/\xff/%/..",
            b"//../%2E%2E//",
            b"?",
            b"\\",
            b"/%6%61",
        ] {
            fuzz_path(data);
        }
    }
}
