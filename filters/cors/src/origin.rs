//! An `Origin` as a browser serialises it (RFC 6454 §6.2), and nothing else.

use std::borrow::Cow;

/// Bytes of an `Origin`, at most: a name has 253, a scheme and a port some more. What is longer is no browser's.
pub const MAX_ORIGIN_BYTES: usize = 512;

/// Ports that a browser leaves out.
const DEFAULT_PORTS: [(&str, &str); 2] = [("http", "80"), ("https", "443")];

/// The largest port.
const MAX_PORT: u32 = 65_535;

/// An origin in the form that is compared and echoed: `scheme://host[:port]` without a default port, or a word without
/// a scheme, such as `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin<'o> {
    whole: Cow<'o, str>,
    host: &'o str,
    scheme: bool,
}

impl<'o> Origin<'o> {
    /// Reads the value of an `Origin` field; `None` if no browser sends such a one: several origins, a path or user
    /// information, anything but ASCII letters, digits, `-`, `_` and `.` in the host, no port behind a colon.
    #[must_use]
    pub fn parse(value: &'o [u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= MAX_ORIGIN_BYTES)?;
        let Some((scheme, authority)) = text.split_once("://") else {
            let (host, _) = split_port(text)?;
            is_name(host).then_some(())?;
            return Some(Origin { whole: Cow::Borrowed(text), host: text, scheme: false });
        };
        let (host, port) = split_port(authority)?;
        if !is_scheme(scheme) || !(is_name(host) || is_ipv6(host)) {
            return None;
        }
        let left_out = port.is_some_and(|port| DEFAULT_PORTS.contains(&(scheme, port)));
        let whole = match left_out {
            true => Cow::Owned(format!("{scheme}://{host}")),
            false => Cow::Borrowed(text),
        };
        Some(Origin { whole, host, scheme: true })
    }

    /// The origin as it is compared and echoed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// Its host; all of it, where there is no scheme.
    #[must_use]
    pub const fn host(&self) -> &str {
        self.host
    }

    /// True if it has a scheme, as what a browser sends has, but for `null`.
    #[must_use]
    pub const fn has_scheme(&self) -> bool {
        self.scheme
    }
}

/// Host and port; `None` if there is a colon and no port behind it.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    // The colons within brackets are those of an address.
    let after = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority.get(after..)?.find(':').and_then(|place| place.checked_add(after))
    else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at_checked(colon)?;
    let port = port.strip_prefix(':')?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse::<u32>().ok().filter(|port| *port <= MAX_PORT)?;
    let plain = digits && (number == 0 || !port.starts_with('0'));
    plain.then_some((host, Some(port)))
}

/// RFC 3986 §3.1.
fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Some browsers also send `!`, `$`, `'` and the like, which has led many a pattern astray.
fn is_name(host: &str) -> bool {
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_ipv6(host: &str) -> bool {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|text| {
        text.contains(':')
            && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_is_an_origin_and_a_default_port_is_left_out() {
        for (text, whole, host) in [
            ("https://app.example.com", "https://app.example.com", "app.example.com"),
            ("https://app.example.com:443", "https://app.example.com", "app.example.com"),
            ("http://app.example.com:80", "http://app.example.com", "app.example.com"),
            ("http://app.example.com:443", "http://app.example.com:443", "app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443", "app.example.com"),
            ("https://app.example.com.", "https://app.example.com.", "app.example.com."),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
                "xn--bcher-kva.example",
            ),
            ("https://my_app.example.com", "https://my_app.example.com", "my_app.example.com"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", "127.0.0.1"),
            ("http://[2001:db8::1]:3000", "http://[2001:db8::1]:3000", "[2001:db8::1]"),
            ("https://[::1]:443", "https://[::1]", "[::1]"),
            (
                "chrome-extension://abcdefghijklmnop",
                "chrome-extension://abcdefghijklmnop",
                "abcdefghijklmnop",
            ),
            ("null", "null", "null"),
            ("app.example.com", "app.example.com", "app.example.com"),
            ("app.example.com:80", "app.example.com:80", "app.example.com:80"),
        ] {
            let origin = Origin::parse(text.as_bytes()).expect(text);
            assert_eq!((origin.as_str(), origin.host()), (whole, host), "{text}");
            assert_eq!(origin.has_scheme(), text.contains("://"));
        }
    }

    #[test]
    fn what_no_browser_sends_is_none() {
        for text in [
            "",
            " ",
            "https://",
            "://a",
            "https:/a",
            "https://a.com/",
            "https://a.com/path",
            "https://a.com?q",
            "https://a.com#f",
            "https://user@a.com",
            "https://user:pass@a.com",
            "https://evil.com@a.com",
            "https://a.com:",
            "https://a.com:x",
            "https://a.com:+1",
            "https://a.com:0443",
            "https://a.com:65536",
            "https://a.com:99999999999999999999",
            "https://a.com:80:80",
            "https://a.com https://b.com",
            "https://a.com,https://b.com",
            "https://a.com, https://b.com",
            "null, https://a.com",
            "https://a.com\\",
            "https://a.com%2e",
            "https://a.com!.evil.com",
            "https://a.com'.evil.com",
            "https://a.com`.evil.com",
            "https://bücher.example",
            "https://a\u{3002}com",
            "1https://a.com",
            "https://[::1",
            "https://::1",
            "https://[::1]x",
            "https://[zz::1]",
            "https://a.com\tx",
            "*",
        ] {
            assert_eq!(Origin::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Origin::parse(b"https://\xff.com"), None);
    }

    #[test]
    fn an_origin_at_the_bound_is_one_and_one_past_it_is_none() {
        let of = |length: usize| format!("https://{}", "a".repeat(length - "https://".len()));
        assert!(Origin::parse(of(MAX_ORIGIN_BYTES).as_bytes()).is_some());
        assert_eq!(Origin::parse(of(MAX_ORIGIN_BYTES + 1).as_bytes()), None);
    }
}
