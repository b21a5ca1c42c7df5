//! What a body is encoded with: every field and every member of its list counts.

use crate::headers::HeaderMap;

/// The codings of a body in lower case, from the inside to the outside; `identity` is none (RFC 9110 §8.4.1).
pub fn codings(headers: &HeaderMap) -> impl Iterator<Item = Vec<u8>> {
    let lists = headers.all("content-encoding").flat_map(|field| field.split(|byte| *byte == b','));
    lists
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != b"identity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_every_member_counts() {
        for (fields, expected) in [
            (&[][..], &[][..]),
            (&["identity", " , Identity,"], &[]),
            (&["GZIP"], &["gzip"]),
            (&["identity", "br , gzip"], &["br", "gzip"]),
            (&["", "identity;q=1"], &["identity;q=1"]),
        ] {
            let mut headers = HeaderMap::default();
            fields.iter().for_each(|field| headers.push(b"Content-Encoding", field.as_bytes()));
            let found: Vec<_> = codings(&headers).collect();
            let expected: Vec<_> = expected.iter().map(|name| name.as_bytes().to_vec()).collect();
            assert_eq!(found, expected, "{fields:?}");
        }
    }
}
