//! What operations make of texts, what they leave, and what bounds them.

use super::*;

/// `remove a`, `rename a b`, `replace a 1`, `add a 1`, `append a 1`, `allow a b`, several with `;` between them.
fn edited(text: &[u8], operations: &str) -> Result<Option<String>, JsonEditFault> {
    let lines: Vec<Vec<&str>> =
        operations.split(';').map(|line| line.split_whitespace().collect()).collect();
    let path = |text: &str| JsonPath::parse(text).unwrap();
    let parsed: Vec<(&str, JsonPath, &str, Name)> = lines
        .iter()
        .filter(|words| words[0] != "allow")
        .map(|words| {
            let value = *words.get(2).unwrap_or(&"x");
            (
                words[0],
                path(words[1]),
                value,
                path(value.trim_matches('"').trim_matches(['[', ']', '{', '}'])).into_name(),
            )
        })
        .collect();
    let mut document = Document::parse(text)?;
    for (operation, path, value, name) in &parsed {
        let change = match *operation {
            "remove" => Change::Remove,
            "rename" => Change::Rename(name),
            "replace" => Change::Replace(value.as_bytes()),
            "add" => Change::Add(value.as_bytes()),
            "append" => Change::Append(value.as_bytes()),
            other => panic!("{other}"),
        };
        document.change(path, change)?;
    }
    for words in lines.iter().filter(|words| words[0] == "allow") {
        let paths: Vec<JsonPath> = words[1..].iter().map(|text| path(text)).collect();
        document.allow(&Allowed::new(&paths))?;
    }
    Ok(document.into_text().map(|text| String::from_utf8(text).unwrap()))
}

#[test]
fn operations_change_what_they_name_and_nothing_else() {
    for (text, operations, expected) in [
        // Remove, with one comma each.
        (r#"{"k":"x"}"#, "remove k", Some("{}")),
        (r#"{ "k" : "x" }"#, "remove k", Some("{}")),
        (r#"{"k":"x", "a":1.50}"#, "remove k", Some(r#"{ "a":1.50}"#)),
        (r#"{"a":1 , "k":"x" , "b":2}"#, "remove k", Some(r#"{"a":1 , "b":2}"#)),
        ("{\"a\":1,\n \"k\":\"x\"\n}\n", "remove k", Some("{\"a\":1}\n")),
        (r#"{"k":1,"k":[2],"a":1,"k":{}}"#, "remove k", Some(r#"{"a":1}"#)),
        (r#"{"\u006b":"x","a":{"k":"}"}}"#, "remove k", Some(r#"{"a":{"k":"}"}}"#)),
        (r#"{"a":"\\\",","k":"\"}"}"#, "remove k", Some(r#"{"a":"\\\","}"#)),
        (r#"{"b":1}"#, "remove k", None),
        // Numbers and order are kept.
        (
            r#"{"z":12345678901234567890,"y":1.50,"x":-0.0e+1,"k":1}"#,
            "remove k",
            Some(r#"{"z":12345678901234567890,"y":1.50,"x":-0.0e+1}"#),
        ),
        // Rename keeps the place and overwrites.
        (r#"{"k": 1.0 ,"b":2}"#, "rename k b", Some(r#"{"b": 1.0 }"#)),
        (r#"{"b":2,"k":1}"#, "rename k c", Some(r#"{"b":2,"c":1}"#)),
        (r#"{"k":1}"#, "rename k k", None),
        (r#"{"b":1}"#, "rename k c", None),
        (r#"{"a":1}"#, "rename a b; rename b c", Some(r#"{"c":1}"#)),
        (r#"{"k":1,"k":2}"#, "rename k b", Some(r#"{"b":1,"b":2}"#)),
        // Replace whatever is there, false and null too, and all of a name.
        (r#"{"k":false,"b":1,"k":null}"#, "replace k 9", Some(r#"{"k":9,"b":1,"k":9}"#)),
        (r#"{"b":1}"#, "replace k 9", None),
        // Add only what is missing.
        (r#"{"k":false}"#, "add k 9", None),
        (r#"{"k":null}"#, "add k 9", None),
        (r#"{"\u006b":1}"#, "add k 9", None),
        ("{}", "add k 9", Some(r#"{"k":9}"#)),
        ("{ }", "add k 9", Some(r#"{"k":9}"#)),
        (r#"{"a":1}"#, "add k 9; add k 8", Some(r#"{"a":1,"k":9}"#)),
        ("{\n  \"a\": 1\n}", "add k 9", Some("{\n  \"a\": 1,\n  \"k\": 9\n}")),
        (r#"{"k":1}"#, "remove k; add k 9", Some(r#"{"k":9}"#)),
        // Append.
        (r#"{"k":"x"}"#, r#"append k "y""#, Some(r#"{"k":["x","y"]}"#)),
        (r#"{"k":[ 1 , 2 ]}"#, "append k 3", Some(r#"{"k":[ 1 , 2,3 ]}"#)),
        (r#"{"k":[ ]}"#, "append k 3", Some(r#"{"k":[3]}"#)),
        (r#"{"k":null}"#, "append k 3", Some(r#"{"k":[3]}"#)),
        (r#"{"k":7}"#, "append k 3", Some(r#"{"k":[7,3]}"#)),
        ("{}", "append k 3; append k 4", Some(r#"{"k":[3,4]}"#)),
        (r#"{"k":"x"}"#, "append k 3; append k 4", Some(r#"{"k":["x",3,4]}"#)),
        (r#"{"k":{"a":1}}"#, "append k 3", Some(r#"{"k":[{"a":1},3]}"#)),
        // On the way.
        (
            r#"{"user":{"address":{"zip":"1","city":"x"}}}"#,
            "remove user.address.zip",
            Some(r#"{"user":{"address":{"city":"x"}}}"#),
        ),
        (
            r#"{"items":[{"secret":1,"a":2},3,{"secret":4},[{"secret":5}]]}"#,
            "remove items[*].secret",
            Some(r#"{"items":[{"a":2},3,{},[{"secret":5}]]}"#),
        ),
        (r#"[{"a":1},{"a":2,"b":3}]"#, "remove [*].a", Some(r#"[{},{"b":3}]"#)),
        (
            r#"{"m":[[{"a":1}],[{"a":2}]]}"#,
            "replace m[*][*].a 0",
            Some(r#"{"m":[[{"a":0}],[{"a":0}]]}"#),
        ),
        (r#"{"u":{"a":1},"u":{"a":2}}"#, "remove u.a", Some(r#"{"u":{},"u":{}}"#)),
        (r#"{"u":"x"}"#, "add u.a 1", None),
        (r#"{}"#, "add u.a 1", None),
        (r#"{"a.b":1,"a":{"b":2}}"#, r"remove a\.b", Some(r#"{"a":{"b":2}}"#)),
        (r#"{"a.b":1,"a":{"b":2}}"#, "remove a.b", Some(r#"{"a.b":1,"a":{}}"#)),
        (r#"{"a[*]":1}"#, r"remove a\[*]", Some("{}")),
        // What is no object has no members.
        (r#"[{"k":1}]"#, "remove k", None),
        (r#""k""#, "add k 1", None),
        (" 1 ", "remove k", None),
        // Half a surrogate pair is nobody's name.
        (r#"{"\ud800":1,"k":2}"#, "remove k", Some(r#"{"\ud800":1}"#)),
        // Untouched insides stay as they are.
        (
            r#"{"a":{ "x" : [ ] },"b":[ { } ],"k":1}"#,
            "remove k; remove a.q; remove b[*].q",
            Some(r#"{"a":{ "x" : [ ] },"b":[ { } ]}"#),
        ),
    ] {
        assert_eq!(
            edited(text.as_bytes(), operations).unwrap().as_deref(),
            expected,
            "{text} {operations}"
        );
    }
}

#[test]
fn only_what_is_allowed_stays() {
    for (text, operations, expected) in [
        (
            r#"{"id":1.50,"secret":2,"name":"x"}"#,
            "allow id name",
            Some(r#"{"id":1.50,"name":"x"}"#),
        ),
        (
            r#"{"id":1,"id":2,"\u0069d":3,"ID":4}"#,
            "allow id",
            Some(r#"{"id":1,"id":2,"\u0069d":3}"#),
        ),
        (r#"{"id":{"any":["thing"]}}"#, "allow id", None),
        (
            r#"{"user":{"name":1,"hash":2},"x":1}"#,
            "allow user.name",
            Some(r#"{"user":{"name":1}}"#),
        ),
        (r#"{"user":"hash"}"#, "allow user.name", Some("{}")),
        (r#"{"user":[{"name":1,"hash":2}]}"#, "allow user.name", Some("{}")),
        (
            r#"{"items":[{"id":1,"s":2},"s",{"s":3}]}"#,
            "allow items[*].id",
            Some(r#"{"items":[{"id":1},{}]}"#),
        ),
        (r#"{"items":{"id":1}}"#, "allow items[*].id", Some("{}")),
        (r#"[{"id":1,"s":2},{"s":1}]"#, "allow [*].id", Some(r#"[{"id":1},{}]"#)),
        (r#"[{"id":1}]"#, "allow id", Some("[]")),
        (r#""secret""#, "allow id", Some("null")),
        (r#"{"id":1}"#, "allow [*].id", Some("{}")),
        (r#"{"\ud800":1,"id":2}"#, "allow id", Some(r#"{"id":2}"#)),
        (r#"{"user":{"name":1,"x":2}}"#, "allow user user.name", None),
        (r#"{}"#, "allow id", None),
        (r#"{"a":1}"#, "add k 1; rename a b; allow k b", Some(r#"{"b":1,"k":1}"#)),
        (r#"{"a":1}"#, "add k 1; allow a", Some(r#"{"a":1}"#)),
    ] {
        assert_eq!(
            edited(text.as_bytes(), operations).unwrap().as_deref(),
            expected,
            "{text} {operations}"
        );
    }
}

#[test]
fn paths_are_names_with_dots_and_lists_between_them() {
    for text in
        ["a", "a.b", "a[*].b", "[*].a", "[*][*].a", r"a\.b", r"\[a", r"a\\b", "a]", "*", "é", "a b"]
    {
        assert!(JsonPath::parse(text).is_some(), "{text}");
    }
    for text in [
        "", ".", "a.", ".a", "a..b", "a[*]", "[*]", "a[0].b", "a[*]b", "a[*", "a[", "a.[*].b",
        r"a\", r"a\b", "a[*].",
    ] {
        assert_eq!(JsonPath::parse(text), None, "{text}");
    }
    let long = |steps: usize| vec!["a"; steps].join(".");
    assert!(JsonPath::parse(&long(MAX_STEPS)).is_some());
    assert_eq!(JsonPath::parse(&long(MAX_STEPS + 1)), None);
}

#[test]
fn what_is_no_json_is_a_fault() {
    for text in [
        &b""[..],
        b" ",
        b"{",
        b"{\"a\":1",
        b"{\"a\":1}}",
        b"{\"a\":1} {}",
        b"{\"a\":1,}",
        b"{'a':1}",
        b"{a:1}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":01}",
        b"{\"a\":NaN}",
        b"{\"a\":\"\n\"}",
        b"{\"\\x\":1}",
        b"nul",
        b"{\"a\":1}\0",
        b"{/**/}",
    ] {
        assert_eq!(
            edited(text, "remove a"),
            Err(JsonEditFault::NotJson),
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    assert_eq!(edited(&nested(MAX_DEPTH), "remove a"), Ok(None));
    for depth in [MAX_DEPTH + 1, 10_000, 1_000_000] {
        assert_eq!(edited(&nested(depth), "remove a"), Err(JsonEditFault::TooDeep));
        assert!(Document::parse_of_any_depth(&nested(depth)).is_ok());
    }
    // Brackets in strings are text.
    let text = format!(r#"{{"a":"{}"}}"#, "[".repeat(10_000));
    assert_eq!(edited(text.as_bytes(), "remove a"), Ok(Some("{}".to_owned())));
}

#[test]
fn members_that_are_looked_at_are_bounded() {
    let object = |members: usize| {
        let members: Vec<String> =
            (0..members).map(|number| format!("\"k{number}\":{number}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let text = object(100_000);
    let left = edited(text.as_bytes(), "remove k50000; add new 1").unwrap().unwrap();
    assert_eq!(left.len(), text.len() - ",\"k50000\":50000".len() + ",\"new\":1".len());
    assert_eq!(edited(object(MAX_PLACES).as_bytes(), "remove x"), Ok(None));
    assert_eq!(
        edited(object(MAX_PLACES + 1).as_bytes(), "remove x"),
        Err(JsonEditFault::TooManyPlaces)
    );
    // What nobody looks at is not counted.
    let inside = format!(r#"{{"a":{},"k":1}}"#, object(MAX_PLACES + 1));
    assert!(edited(inside.as_bytes(), "remove k").unwrap().is_some());
}

#[test]
fn a_large_string_is_passed_over() {
    let large = "x\\\"".repeat(10_000_000 / 3);
    let text = format!(r#"{{"a":"{large}","k":1}}"#);
    let left = edited(text.as_bytes(), "remove k").unwrap().unwrap();
    assert_eq!(left.len(), text.len() - r#","k":1"#.len());
}

#[test]
fn what_is_added_is_bounded() {
    let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let value = "1".repeat(1_000);
    let operation = format!("add [*].a {value}");
    assert!(edited(list(900).as_bytes(), &operation).unwrap().is_some());
    assert_eq!(edited(list(1_100).as_bytes(), &operation), Err(JsonEditFault::TooMuch));
    assert_eq!(
        edited(list(MAX_PLACES / 2 + 1).as_bytes(), "append [*].a 1"),
        Err(JsonEditFault::TooMuch)
    );
}

#[test]
fn members_are_taken_out_by_what_their_names_say() {
    let text = br#"{"k":"x","a":1,"\u006b": 2 }"#;
    let mut document = Document::parse(text).unwrap();
    assert_eq!(document.take(|name| name == "k").unwrap(), [&b"\"x\""[..], b"2"]);
    assert_eq!(document.into_text().unwrap(), br#"{"a":1}"#);
    let mut document = Document::parse(b"[1]").unwrap();
    assert!(document.take(|_| true).unwrap().is_empty());
    assert_eq!(document.into_text(), None);
}

#[test]
fn text_and_tree_come_to_the_same() {
    for text in [
        &br#"{"a":{"b":1,"a":[{"b":2}]},"b":[[{"a":1}],{"a":2}],"c":1.50}"#[..],
        br#" [ {"a" : "b" , "b" : null } , { } , [ ] , 1 ] "#,
        br#"{"a":[{"b":1},{"b":[1]},{"b":"x"}],"b":7}"#,
        br#"{"a":1,"a":2,"\u0061":{"b":1}}"#,
        br#"{"a":[],"b":[[]]}"#,
        br#"{"a":true}"#,
        b"\"a\"",
        b"{",
        b"\xff",
    ] {
        for end in 0..=text.len() {
            fuzz_json_edit(&text[..end]);
        }
    }
}
