//! Inputs of our own: one for each thing that the crate misses, that C does on purpose, and that nobody should be
//! stopped for.

use super::*;

fn fingerprint(value: &str) -> Option<String> {
    let found = detect_sqli(value.as_bytes()).map(|fingerprint| fingerprint.to_string());
    assert!(found.is_none() || value.bytes().any(|byte| sqli_needs().contains(byte)));
    found
}

#[test]
fn sql_injection_has_a_fingerprint() {
    for (value, expected) in [
        ("1 UNION SELECT 2", "1UE1"),
        ("-1' and 1=1 union/* foo */select load_file('/etc/passwd')--", "s&1UE"),
        ("' or '1'='1", "s&sos"),
        ("\" or \"\"=\"", "s&sos"),
        ("1; drop table users", "1;Tnn"),
        ("x' or 1 --", "s&1c"),
        ("1--", "1c"),
        // Words of more than one part: `k` and no longer three words.
        ("1 into outfile 'a'", "1ks"),
        ("1 INTO\tDUMPFILE 'a'", "1ks"),
        // Comments in comments, and code in comments.
        ("1 /* /* */ 2", "X"),
        ("1 /*! union */", "X"),
        // A variable ends at a zero byte.
        ("1 union select @\0version", "1UEvf"),
        // Read again as MySQL reads it.
        ("1 or 1#\n", "1&1c"),
        ("1 -- sp_password", "1c"),
    ] {
        assert_eq!(fingerprint(value).as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn what_people_write_is_no_sql_injection() {
    for value in [
        "",
        " ",
        "select",
        "1",
        "a.b_c",
        "it's a nice day, isn't it?",
        "rock 'n' roll",
        "Jane Doe, 42 Main Street",
        "union square",
        "2026-11-26T20:15:00Z",
        "550e8400-e29b-41d4-a716-446655440000",
        "sexy and 17",
        "1-2-3",
        "a=b",
        "en-GB,en;q=0.5",
        "https://example.com/?a=1&b=2#c",
        "user@example.com",
        "#",
        "--",
        "/*",
        "'",
        "\"",
        "`",
        "$",
        "(",
        "()",
        "{",
        "\\",
    ] {
        assert_eq!(fingerprint(value), None, "{value}");
    }
}

#[test]
fn script_injection_is_found() {
    for value in [
        "<script>alert(1)</script>",
        "<SCR\0IPT>",
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror%0a=alert(1)>",
        "<body/onload\u{b}=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' onfocus='alert(1)' autofocus",
        "` onclick=`alert(1)",
        "onload=alert(1)",
        "<svg",
        "<xsl:x",
        "<a href=\"javascript:alert(1)\">",
        "<a href=&#106;avascript:alert(1)>",
        "<a xlink:href=x>",
        "<a style=x>",
        "<animate attributename=onclick>",
        "<!doctype",
        "<!--`",
        "<![if ie]>",
        "<?xml-stylesheet x>",
        "<?import x>",
        "<!ENTITY x>",
        "<%`",
        "<!-- -\0-><script>",
        "<a \u{ff} onclick=alert(1)>",
    ] {
        assert!(detect_xss(value.as_bytes()), "{value}");
        assert!(value.bytes().any(|byte| xss_needs().contains(byte)));
    }
}

#[test]
fn what_people_write_is_no_script_injection() {
    for value in [
        "",
        "<",
        "=",
        "a < b",
        "a=b",
        "<b>bold</b>",
        "<3",
        "<a href=\"https://example.com/\">",
        "1<2 and onerror",
        "<!-- so -->",
        "</>",
        "<a/b/c>",
        "once=1",
        "only=1",
        "one=1",
        "<a href=\u{ff}javascript:x>",
        "onmous=1",
        "<%",
        "<?",
        "<!",
        "<![CDATA[x]]>",
        "=\"",
        "<a href=",
        "<a href",
        "<a ",
        "<a/",
        "<a>",
        "<!--",
        "<!---",
        "<!--->",
    ] {
        let value = value.as_bytes();
        let value = if value == "<a href=\u{ff}javascript:x>".as_bytes() {
            b"<a href=\xffjavascript:x>"
        } else {
            value
        };
        assert!(!detect_xss(value), "{}", value.escape_ascii());
    }
}

#[test]
fn any_bytes_are_judged() {
    let pieces: [&[u8]; 40] = [
        b"'",
        b"\"",
        b"`",
        b"\\",
        b"/*",
        b"*/",
        b"--",
        b"#",
        b"\n",
        b"\0",
        b"\xff",
        b"\xa0",
        b"$",
        b"$a$",
        b"q'[",
        b"]'",
        b"n'",
        b"x'0",
        b"b'1",
        b"u&'",
        b"@",
        b"@@",
        b"0x",
        b"1e",
        b".",
        b"(",
        b")",
        b"{",
        b"}",
        b"<",
        b">",
        b"<!--",
        b"&#x",
        b"=",
        b"on",
        b"select",
        b"union",
        b"in boolean",
        b";if",
        b"<![CDATA[",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..100_000 {
        let value: Vec<u8> = (0..random.usize(0..12))
            .flat_map(|_| pieces[random.usize(0..pieces.len())].to_vec())
            .collect();
        let sqli = detect_sqli(&value);
        assert!(sqli.is_none_or(|fingerprint| !fingerprint.as_bytes().is_empty()));
        assert!(sqli.is_none() || value.iter().any(|byte| sqli_needs().contains(*byte)));
        assert!(!detect_xss(&value) || value.iter().any(|byte| xss_needs().contains(*byte)));
    }
}

/// Were one of them gone through for each of its bytes, the test would not end.
#[test]
fn long_values_are_gone_through_once() {
    for piece in [
        "\\'", "''", "'\\\\", "a.", "`", "$a$", "(", "1,", "1 or ", "/*", "--\n", "q'[", "x'0",
        "@", "<", "<a ", "<!--", "-\0", "&#1", "=", "a=`", "on", "</", "<%", "{`", "\\",
    ] {
        let value = piece.as_bytes().repeat(200_000 / piece.len());
        let _ = detect_sqli(&value);
        let _ = detect_xss(&value);
    }
}
