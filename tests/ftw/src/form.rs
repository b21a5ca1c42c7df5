//! How go-ftw writes form data: percent-encoded by key and value, but only if it wasn't encoded already.

use std::borrow::Cow;

/// The data as it is sent.
#[must_use]
pub fn encode(data: &[u8]) -> Cow<'_, [u8]> {
    if !unescaping_changes_nothing(data) {
        return Cow::Borrowed(data);
    }
    let mut out = Vec::with_capacity(data.len());
    for (number, pair) in data.split(|b| *b == b'&').enumerate() {
        if number > 0 {
            out.push(b'&');
        }
        let mut parts = pair.splitn(2, |b| *b == b'=');
        escape(parts.next().unwrap_or_default(), &mut out);
        if let Some(value) = parts.next() {
            out.push(b'=');
            escape(value, &mut out);
        }
    }
    Cow::Owned(out)
}

/// A `+` would become a space and `%41` an A; a `%` before anything else can't be unescaped at all.
fn unescaping_changes_nothing(data: &[u8]) -> bool {
    !data.iter().any(|b| matches!(b, b'%' | b'+'))
}

/// Go's `url.QueryEscape`.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            b' ' => out.push(b'+'),
            _ => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.push(b'%');
                out.extend(digits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn form_data_is_encoded_once() {
        let rows: [(&[u8], &[u8]); 10] = [
            (b"", b""),
            (b"a=b", b"a=b"),
            (b"a=b c&d=<x>", b"a=b+c&d=%3Cx%3E"),
            (b"a b=c=d", b"a+b=c%3Dd"),
            (b"alone", b"alone"),
            (b"a=&=b&&", b"a=&=b&&"),
            (b"a=%3Cx>", b"a=%3Cx>"),
            (b"a=b+c d", b"a=b+c d"),
            (b"a=100%", b"a=100%"),
            (b"a=\xc3\xa4\n", b"a=%C3%A4%0A"),
        ];
        for (data, want) in rows {
            assert_eq!(encode(data).as_ref(), want, "{}", data.escape_ascii());
        }
    }
}
