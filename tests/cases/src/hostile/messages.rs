//! Origins of pages that may not read, and bodies that are small until somebody opens them.

use super::{Outcome, Table, field};

impl Table {
    /// Origins that no page has that may read: an answer must not say that it may.
    pub(super) fn origins(&mut self) {
        let origins: [(&str, Vec<u8>); 22] = [
            ("null", b"null".to_vec()),
            ("another one", b"https://evil.example".to_vec()),
            ("one behind", b"https://app.example.com.evil.example".to_vec()),
            ("one in front", b"https://evilapp.example.com".to_vec()),
            ("another scheme", b"http://app.example.com".to_vec()),
            ("another port", b"https://app.example.com:8443".to_vec()),
            ("a port that is none", b"https://app.example.com:443x".to_vec()),
            ("a port past all", b"https://app.example.com:70000".to_vec()),
            ("no port", b"https://app.example.com:".to_vec()),
            ("upper case", b"HTTPS://APP.EXAMPLE.COM".to_vec()),
            ("a trailing dot", b"https://app.example.com.".to_vec()),
            ("user information", b"https://app.example.com@evil.example".to_vec()),
            ("a user", b"https://evil.example@app.example.com".to_vec()),
            ("a path", b"https://app.example.com/".to_vec()),
            ("two with a blank", b"https://app.example.com https://evil.example".to_vec()),
            ("two with a comma", b"https://evil.example, https://app.example.com".to_vec()),
            ("letters of another script", "https://\u{430}pp.example.com".as_bytes().to_vec()),
            ("a dot of another script", "https://app\u{3002}example.com".as_bytes().to_vec()),
            ("bytes that are no text", b"https://\xff.example.org".to_vec()),
            ("a separator in the name", b"https://evil.com`.example.org".to_vec()),
            ("60 kB", [b"https://", vec![b'a'; 60_000].as_slice(), b".example.org"].concat()),
            ("a backslash", b"https://evil.com\\.example.org".to_vec()),
        ];
        for (what, origin) in origins {
            for method in ["GET", "OPTIONS"] {
                self.push(
                    format!("an origin of {what}, {method}"),
                    Outcome::Unreadable,
                    |request| {
                        request.method = method.to_owned();
                        request.headers.push(field("origin", origin.clone()));
                        request.headers.push(field("access-control-request-method", "PUT"));
                    },
                );
            }
        }
        self.push("two origins", Outcome::Any, |request| {
            request.headers.push(field("origin", "https://app.example.com"));
            request.headers.push(field("origin", "https://evil.example"));
        });
    }

    /// Compressed bodies that become large, or nothing.
    pub(super) fn compressed(&mut self) {
        let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 1_000_000], 9);
        let header: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let member = [header, &zeros, &[0; 8]].concat();
        let endless: &[u8] = &[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255];
        let empty: &[u8] = &[header, &[1, 0, 0, 0xff, 0xff], &[0; 8]].concat();
        for (what, encoding, body) in [
            ("a gigabyte", "gzip", member.repeat(1_000)),
            ("a gigabyte of zlib", "deflate", [&[0x78, 0xda], zeros.as_slice()].concat()),
            ("a name without end", "gzip", [endless, &vec![b'a'; 1_000_000]].concat()),
            ("40,000 empty members", "gzip", empty.repeat(40_000)),
            (
                "100,000 empty blocks",
                "gzip",
                [header, &[0, 0, 0, 0xff, 0xff].repeat(100_000)].concat(),
            ),
            ("nothing but ones", "gzip", [header, &[0xff; 100_000]].concat()),
            ("half a header", "gzip", header[..5].to_vec()),
            ("another encoding", "br", vec![0xff; 1_000]),
            ("many encodings", "gzip, gzip, gzip, gzip", member),
        ] {
            self.push(format!("a compressed body of {what}"), Outcome::Any, |request| {
                request.method = "POST".to_owned();
                request.headers.push(field("content-encoding", encoding));
                request.body = Some(body);
            });
        }
    }
}
