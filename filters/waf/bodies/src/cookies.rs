//! Cookies, as ModSecurity's cookie format 0 has them.

use memchr::memchr;

/// The name and value of each cookie, separated by `;`, without the space around each, not decoded and nothing taken off.
/// One without `=` is a name with an empty value; what is nothing at all is left out.
pub fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let cookies = header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    cookies.filter(|cookie| !cookie.is_empty()).map(|cookie| {
        let place = memchr(b'=', cookie).unwrap_or(cookie.len());
        let (name, value) = cookie.split_at_checked(place).unwrap_or_default();
        (name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_split_and_not_decoded() {
        type Pair = (&'static [u8], &'static [u8]);
        let cases: &[(&[u8], &[Pair])] = &[
            (b"", &[]),
            (b" ; ;;", &[]),
            (b"a=1; b=2;c=3", &[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]),
            (b"a=1, b=2", &[(b"a", b"1, b=2")]),
            (b"a", &[(b"a", b"")]),
            (b"=a", &[(b"", b"a")]),
            (b"a=b=c", &[(b"a", b"b=c")]),
            (b" a = \"1 \" ", &[(b"a", b"\"1 \"")]),
            (b"$Version=1; a=%41+%", &[(b"$Version", b"1"), (b"a", b"%41+%")]),
            (b"a=\x00\xff", &[(b"a", b"\x00\xff")]),
            (b"a=1;a=2", &[(b"a", b"1"), (b"a", b"2")]),
        ];
        for (header, expected) in cases {
            let found: Vec<_> = cookies(header).collect();
            assert_eq!(found, *expected, "{}", header.escape_ascii());
        }
    }
}
