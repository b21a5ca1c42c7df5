//! What XML bodies give, good and bad.

use super::*;

fn shown(body: &[u8]) -> (String, String, Option<Fault>) {
    let read = xml(body, &Limits::default());
    let list = |values: &[Vec<u8>]| {
        values.iter().map(|value| value.escape_ascii().to_string()).collect::<Vec<_>>().join(" | ")
    };
    let joined = read.joined.iter().map(|joined| format!(" || {}", joined.escape_ascii()));
    (list(&read.text) + &joined.collect::<String>(), list(&read.attributes), read.fault)
}

#[test]
fn texts_and_attributes_are_found() {
    for (body, text, attributes) in [
        (&b""[..], "", ""),
        (b" \n", "", ""),
        (b"<a/>", "", ""),
        (b"<?xml version=\"1.0\"?>\n<a b=\"c\" d='e'>f</a>\n", "f", "c | e"),
        (b"<a>\n <b>x</b>\n <c>y</c>\n</a>", r"x | y || \n x\n y\n", ""),
        (b"<a>sel<b/>ect</a>", "sel | ect || select", ""),
        (b"<a>sel<!-- x -->ect<?y z?>or</a>", "selector", ""),
        (b"<a>x<![CDATA[<y>&z;]]></a>", "x<y>&z;", ""),
        (b"<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;</a>", r#"<>&\'\"AB"#, ""),
        (b"<a b='&lt;&#65;&#x00042;'/>", "", "<AB"),
        (b"<a>x\r\ny\rz&#13;&#10;w</a>", r"x\ny\nz\r\nw", ""),
        (b"<a b='x\r\ny\tz\nw\rv&#13;&#10;&#9;'/>", "", r"x y z w v\r\n\t"),
        (b"<a xmlns:x='u'><x:b x:c='1'/></a>", "", "u | 1"),
        (b"<a b='1' b='2'/>", "", "1 | 2"),
        ("<a>ä</a>".as_bytes(), r"\xc3\xa4", ""),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", r"\xc3\xa4", ""),
        (b"<!DOCTYPE a><a/>", "", ""),
        (b"<!DOCTYPE a SYSTEM 'http://x/'><a/>", "http://x/", ""),
        (b"<!DOCTYPE a PUBLIC \"-//x\" \"it's\"><a>t</a>", r"-//x | it\'s | t", ""),
        (b"<!DOCTYPE a SYSTEM 'x?a>b'><a/>", "x?a>b", ""),
        (b"<!DOCTYPE a [<!ENTITY b 'evil'>]><a>t</a>", r"a [<!ENTITY b \'evil\'>] | t", ""),
    ] {
        let expected = (text.to_owned(), attributes.to_owned(), None);
        assert_eq!(shown(body), expected, "{}", body.escape_ascii());
    }
}

#[test]
fn what_cannot_be_read_is_kept_as_it_stands_and_told() {
    for (body, text, attributes, fault) in [
        (&b"x"[..], "x", "", "text outside of the root"),
        (b"<a>x", "x", "", "an element that does not end"),
        (b"<a>x</b>", "x", "", "an end tag of another element"),
        (b"<a>x</a></a>", "x", "", "an end tag of another element"),
        (b"<a/><b/>", "", "", "a second root"),
        (b"<a/>x", "x", "", "text outside of the root"),
        (b"<a>x<b", "x | <b", "", "a tag, comment or section that does not end"),
        (b"<a>x<!-- y", "x | <!-- y", "", "a tag, comment or section that does not end"),
        (b"<a>x<![CDATA[y", "x | <![CDATA[y", "", "a tag, comment or section that does not end"),
        (b"<a><?x", "<?x", "", "a tag, comment or section that does not end"),
        (b"<a b=c>x</a>", "x", " b=c", "an attribute without a quoted value"),
        (b"<a b>x</a>", "x", " b", "an attribute without a quoted value"),
        (b"<a>&x;</a>", "&x;", "", "an unknown entity"),
        (b"<a b='&x;&'/>", "", "&x;&", "an unknown entity"),
        (b"<a>&#0;</a>", "&#0;", "", "an unknown entity"),
        (b"<a>x\xff</a>", r"x\xef\xbf\xbd", "", "invalid UTF-8"),
        (b"\xff\xfe<\0", r"\xff\xfe<\x00", "", "an encoding that is not read"),
        (b"<\0a\0", r"<\x00a\x00", "", "an encoding that is not read"),
        (
            b"<?xml version='1.0' encoding = \"UTF-7\"?><a/>",
            r#"<?xml version=\'1.0\' encoding = \"UTF-7\"?><a/>"#,
            "",
            "an encoding that is not read",
        ),
    ] {
        let expected = (text.to_owned(), attributes.to_owned(), Some(Fault::Xml(fault)));
        assert_eq!(shown(body), expected, "{}", body.escape_ascii());
    }
}

#[test]
fn a_body_cut_anywhere_keeps_what_was_before() {
    let body =
        b"<?xml version='1.0'?><a b='c'>x<d>&lt;y</d><![CDATA[z]]><!-- k --><e f=\"g\"/></a>";
    let whole = xml(body, &Limits::default());
    for end in 1..body.len() {
        let read = xml(&body[..end], &Limits::default());
        assert!(read.fault.is_some(), "{end}");
        let same = read.attributes.iter().zip(&whole.attributes).all(|(a, b)| a == b);
        assert!(same, "{end}");
    }
    assert_eq!(whole.fault, None);
}

#[test]
fn each_limit_holds_and_one_past_it_is_a_fault() {
    let limits = Limits::default();
    let fault = |body: String| xml(body.as_bytes(), &limits).fault;
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(fault(nested(limits.depth)), None);
    assert_eq!(fault(nested(limits.depth + 1)), Some(Fault::TooDeep));
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert_eq!(fault(wide(limits.nodes)), None);
    assert_eq!(fault(wide(limits.nodes + 1)), Some(Fault::TooManyNodes));
    let attributes = |count: usize| format!("<a{}/>", " b='1'".repeat(count - 1));
    assert_eq!(fault(attributes(limits.nodes)), None);
    assert_eq!(fault(attributes(limits.nodes + 1)), Some(Fault::TooManyNodes));
}

#[test]
fn hostile_bodies_are_kept_small() {
    let limits = Limits::default();
    for piece in [
        "<a>",
        "</a>",
        "<a",
        "<!--",
        "<![CDATA[",
        "<?",
        "&",
        "&#x",
        "&lt;",
        "<!DOCTYPE a [",
        "<a b='",
        "<a b=c ",
        "]]>",
        "<a/>",
        "x<!---->",
        "<!ENTITY a 'b'>",
    ] {
        for start in ["", "<r>", "<r ", "<r a='"] {
            let body = format!("{start}{}", piece.repeat(100_000 / piece.len()));
            let read = xml(body.as_bytes(), &limits);
            assert!(read.fault.is_some(), "{start}{piece}");
            assert!(read.text.len() + read.attributes.len() <= limits.nodes);
            let kept: usize = read.text.iter().chain(&read.attributes).map(Vec::len).sum();
            assert!(kept <= 2 * body.len(), "{start}{piece}: {kept}");
        }
    }
}
