//! What JSON bodies give, good and bad.

use super::*;

fn shown(read: &Json) -> String {
    let arguments = read.arguments.iter().map(|argument| {
        format!("{}={}", argument.name.escape_ascii(), argument.value.escape_ascii())
    });
    arguments.collect::<Vec<_>>().join(" | ")
}

fn read(body: &[u8]) -> (String, Option<Fault>) {
    let read = json(body, &Limits::default());
    (shown(&read), read.fault)
}

#[test]
fn each_scalar_is_an_argument_named_by_its_way() {
    for (body, expected) in [
        (&b""[..], ""),
        (b" \r\n\t", ""),
        (b"{}", ""),
        (b"[ ]", ""),
        (
            br#"{"a":{"b":1},"items":["x",{"c":null}]}"#,
            "json.a.b=1 | json.items.0=x | json.items.1.c=null",
        ),
        (br#"[1,[2,3]]"#, "json.0=1 | json.1.0=2 | json.1.1=3"),
        (br#""text""#, "json=text"),
        (b" true ", "json=true"),
        (br#"{"a":1,"a":2}"#, "json.a=1 | json.a=2"),
        (br#"{"":1,"a.b":2}"#, "json.=1 | json.a.b=2"),
        (br#"{"<a>":{},"b":[],"c":[{}]}"#, "json.<a>= | json.b= | json.c.0="),
        (
            br#"[1.50,-0,1E+02,1e400,123456789012345678901234567890]"#,
            "json.0=1.50 | json.1=-0 | json.2=1E+02 | json.3=1e400 | json.4=123456789012345678901234567890",
        ),
        (
            br#"{"a\u0062":"\"\\\/\b\f\n\r\t\u00e4\u003c"}"#,
            r#"json.ab=\"\\/\x08\x0c\n\r\t\xc3\xa4<"#,
        ),
        (
            br#"["\ud83d\ude00","\ud83d","\ude00x","\ud83d\u0041"]"#,
            r"json.0=\xf0\x9f\x98\x80 | json.1=\xef\xbf\xbd | json.2=\xef\xbf\xbdx | json.3=\xef\xbf\xbdA",
        ),
    ] {
        assert_eq!(read(body), (expected.to_owned(), None), "{}", body.escape_ascii());
    }
}

#[test]
fn members_that_have_others_in_them_are_named() {
    for (body, expected) in [
        (r#"{"id__in":[1,2]}"#, "json.id__in"),
        (r#"{"a":{"b__lte":{"c":1}},"d":[]}"#, "json.a json.a.b__lte"),
        (r#"[{"x__in":[1]},[[2]],{"y":{}}]"#, "json.0.x__in"),
        (r#"{"a":1,"b":{},"c":"x"}"#, ""),
        ("[[1],[2]]", ""),
    ] {
        let names = json(body.as_bytes(), &Limits::default()).outer_names;
        assert_eq!(names.join(&b' '), expected.as_bytes(), "{body}");
    }
}

#[test]
fn as_many_members_may_have_others_in_them_as_there_may_be_arguments() {
    let limits = Limits { arguments: 4, ..Limits::default() };
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    // The innermost is an argument.
    assert_eq!(json(nested(5).as_bytes(), &limits).fault, None);
    assert_eq!(json(nested(6).as_bytes(), &limits).fault, Some(Fault::TooManyArguments));
}

#[test]
fn what_cannot_be_read_is_kept_as_it_stands_and_told() {
    for (body, expected, fault) in [
        (&br#"{"a":1,"b"#[..], r#"json.a=1 | json=\"b"#, "a string does not end"),
        (br#"{"a":1"#, "json.a=1 | json.a=", "ends too early"),
        (br#"{"a":1 "b":2}"#, r#"json.a=1 | json.a=\"b\":2}"#, "no comma or brace after a member"),
        (br#"[1 2]"#, "json.0=1 | json.0=2]", "no comma or bracket after an element"),
        (br#"[1,]"#, "json.0=1 | json.1=]", "no value"),
        (br#"{"a":1,}"#, "json.a=1 | json=}", "no name of a member"),
        (br#"{"a" 1}"#, "json.a=1}", "no colon after a name"),
        (br#"{a:1}"#, "json=a:1}", "no name of a member"),
        (br#"{'a':1}"#, r"json=\'a\':1}", "no name of a member"),
        (br#"[1}"#, "json.0=1 | json.0=}", "no comma or bracket after an element"),
        (br#"1 2"#, "json=1 | json=2", "data after the value"),
        (br#"{}<script>"#, "json=<script>", "data after the value"),
        (br#"<script>"#, "json=<script>", "no value"),
        (br#"["\x"]"#, r#"json.0=\"\\x\"]"#, "invalid escape"),
        (br#"["\u00"]"#, r#"json.0=\"\\u00\"]"#, "invalid escape"),
        (br#"[01]"#, "json.0=01]", "no value"),
        (br#"[1.]"#, "json.0=1.]", "no value"),
        (br#"[-]"#, "json.0=-]", "no value"),
        (br#"[1e]"#, "json.0=1e]", "no value"),
        (br#"[NaN]"#, "json.0=NaN]", "no value"),
        (b"[", "json.0=", "ends too early"),
        (b"[//x\n1]", r"json.0=//x\n1]", "no value"),
        (b"[\"a\nb\"]", r"json.0=a\nb", "control character in a string"),
        (b"[\"\xff\",1]", r"json.0=\xff | json.1=1", "invalid UTF-8"),
        (b"\xef\xbb\xbf[1]", "json.0=1", "byte order mark"),
        (b"[\x001]", r"json.0=\x001]", "no value"),
    ] {
        let expected = (expected.to_owned(), Some(Fault::Json(fault)));
        assert_eq!(read(body), expected, "{}", body.escape_ascii());
    }
}

#[test]
fn a_body_cut_anywhere_keeps_what_was_before() {
    let body = br#"{"a":{"b":[1,"t\u00e4xt",{"c":true}]},"d":"e"}"#;
    for end in 1..body.len() {
        let read = json(&body[..end], &Limits::default());
        assert!(read.fault.is_some_and(Fault::is_end), "{end}: {:?}", read.fault);
        let whole = json(body, &Limits::default());
        let same = read.arguments.iter().zip(&whole.arguments).filter(|(a, b)| a == b).count();
        // All but the one that stands for the rest.
        assert!(same + 1 >= read.arguments.len(), "{end}: {}", shown(&read));
    }
}

#[test]
fn each_limit_holds_and_one_past_it_is_a_fault() {
    let limits = Limits::default();
    let fault = |body: &str| json(body.as_bytes(), &limits).fault;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(fault(&nested(limits.depth)), None);
    assert_eq!(fault(&nested(limits.depth + 1)), Some(Fault::TooDeep));
    let items = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(fault(&items(limits.arguments)), None);
    assert_eq!(fault(&items(limits.arguments + 1)), Some(Fault::TooManyArguments));
    let few = Limits { nodes: 4, ..limits };
    assert_eq!(json(b"[1,[2]]", &few).fault, None);
    assert_eq!(json(b"[1,[2],3]", &few).fault, Some(Fault::TooManyNodes));
    let named = |length: usize| format!(r#"{{"{}":1}}"#, "a".repeat(length));
    assert_eq!(fault(&named(limits.names - "json.".len())), None);
    assert_eq!(fault(&named(limits.names - "json.".len() + 1)), Some(Fault::NamesTooLong));
}

#[test]
fn hostile_bodies_are_kept_small() {
    let limits = Limits::default();
    for body in [
        "[".repeat(10_000),
        r#"{"a":"#.repeat(10_000),
        format!("{{{}}}", vec![r#""key":1"#; 100_000].join(",")),
        format!(r#"{{"{}":[{}]}}"#, "a".repeat(100_000), vec!["1"; 10_000].join(",")),
        format!("[{}]", vec!["{}"; 100_000].join(",")),
        "\"\\u0041".repeat(20_000),
        "\\".repeat(100_000),
        "1".repeat(100_000),
        "[1e".repeat(30_000),
    ] {
        let read = json(body.as_bytes(), &limits);
        assert!(read.fault.is_some() || read.arguments.len() == 1);
        let names: usize = read.arguments.iter().map(|argument| argument.name.len()).sum();
        assert!(names <= limits.names && read.arguments.len() <= limits.arguments);
    }
}
