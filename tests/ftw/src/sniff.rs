//! The content type of a response that names none: the tests' backend is a Go server, and Go looks at the body.

/// Go looks no further.
const LOOKED_AT: usize = 512;

/// A tag at the start makes HTML, in any case, before a space or `>`.
const TAGS: [&str; 17] = [
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
    "<!--",
];

/// Other beginnings.
const SIGNATURES: [(&[u8], &str); 15] = [
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"\0asm", "application/wasm"),
    (b"OggS\0", "application/ogg"),
];

/// The type of a body that is not empty.
#[must_use]
pub fn content_type(body: &[u8]) -> &'static str {
    let body = &body[..body.len().min(LOOKED_AT)];
    let start = body.iter().position(|b| !matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' '));
    let text = &body[start.unwrap_or(body.len())..];
    if TAGS.iter().any(|tag| is_tag(text, tag.as_bytes())) {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if let Some((_, kind)) = SIGNATURES.iter().find(|(begin, _)| body.starts_with(begin)) {
        return kind;
    }
    let binary = |b: &u8| matches!(b, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if text.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

fn is_tag(text: &[u8], tag: &[u8]) -> bool {
    let begins = text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    begins && matches!(text.get(tag.len()), Some(b' ' | b'>'))
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn a_body_tells_its_type_as_to_go() {
        let rows: [(&[u8], &str); 12] = [
            (b"Syntax error", "text/plain; charset=utf-8"),
            (b"", "text/plain; charset=utf-8"),
            (b" \r\n<html><x>", "text/html; charset=utf-8"),
            (b"<Script src=x>", "text/html; charset=utf-8"),
            (b"<htmlx>", "text/plain; charset=utf-8"),
            (b"<html", "text/plain; charset=utf-8"),
            (b"<!-- x", "text/html; charset=utf-8"),
            (b" <?xml version", "text/xml; charset=utf-8"),
            (b"<?php echo 1; ?>", "text/plain; charset=utf-8"),
            (b"\x1f\x8b\x08\x00", "application/x-gzip"),
            (b"a\x00b", "application/octet-stream"),
            (b"\xc3\xa4\x1b[0m", "text/plain; charset=utf-8"),
        ];
        for (body, want) in rows {
            assert_eq!(content_type(body), want, "{}", body.escape_ascii());
        }
        let far = [vec![b'a'; super::LOOKED_AT], vec![0]].concat();
        assert_eq!(content_type(&far), "text/plain; charset=utf-8");
        assert_eq!(content_type(&far[1..]), "application/octet-stream");
    }
}
