//! What is a list of revoked tokens, and what is in it.

use std::cell::RefCell;

use portcullis_cases::native::World;
use portcullis_control::store::SharedData;

use super::*;

fn read(text: &str) -> Result<(Vec<(By, String)>, usize), Useless> {
    let found = RefCell::new(Vec::new());
    let skipped = text::read(text.as_bytes(), &mut |by, value| {
        found.borrow_mut().push((by, value.to_owned()));
    })?;
    Ok((found.into_inner(), skipped))
}

#[test]
fn an_object_with_one_of_the_lists_is_one() {
    let (token, subject) = (By::Token, By::Subject);
    for (text, entries, skipped) in [
        (r#"{"jti":[]}"#, vec![], 0),
        (r#"{"sub":[]}"#, vec![], 0),
        (r#"{"jti":["a","b"],"sub":["c"]}"#, vec![(token, "a"), (token, "b"), (subject, "c")], 0),
        (r#" {"sub" : [ "a" ] } "#, vec![(subject, "a")], 0),
        (r#"{"\u006ati":["\u00e9\"\u0000"]}"#, vec![(token, "\u{e9}\"\0")], 0),
        (r#"{"updated":{"at":[1]},"jti":["a"],"iss":"x"}"#, vec![(token, "a")], 0),
        (
            r#"{"sub":[42,-1,"42",18446744073709551615]}"#,
            vec![
                (subject, "42"),
                (subject, "-1"),
                (subject, "42"),
                (subject, "18446744073709551615"),
            ],
            0,
        ),
        (
            r#"{"jti":["a",null,true,1.5,"",["b",["c"]],{"jti":"d","jti":"e"},"f"]}"#,
            vec![(token, "a"), (token, "f")],
            6,
        ),
    ] {
        let entries: Vec<_> =
            entries.into_iter().map(|(by, value)| (by, value.to_owned())).collect();
        assert_eq!(read(text), Ok((entries, skipped)), "{text}");
    }
}

#[test]
fn anything_else_is_none() {
    for (text, useless) in [
        ("", Useless::Json),
        ("<html>", Useless::Json),
        (r#"{"jti":["a"]"#, Useless::Json),
        (r#"{"jti":["a"]} x"#, Useless::Json),
        (r#"{"jti":["a"],}"#, Useless::Json),
        ("{\"jti\":[\"\u{1}\"]}", Useless::Json),
        ("{}", Useless::Form),
        (r#"{"error":"not found"}"#, Useless::Form),
        (r#"["a"]"#, Useless::Form),
        ("null", Useless::Form),
        (r#""jti""#, Useless::Form),
        (r#"{"jti":null}"#, Useless::Form),
        (r#"{"jti":"a"}"#, Useless::Form),
        (r#"{"jti":{"a":1}}"#, Useless::Form),
        (r#"{"jti":["a"],"sub":"b"}"#, Useless::Form),
        (r#"{"jti":["a"],"jti":[]}"#, Useless::Form),
        (r#"{"JTI":["a"]}"#, Useless::Form),
    ] {
        assert_eq!(read(text), Err(useless), "{text}");
    }
    // Bytes that are no text, where they count and where nobody looks.
    for text in
        [&b"{\"jti\":[\"\xff\"]}"[..], b"{\"sub\":[{\"\xff\":1}]}", b"{\"jti\":[],\"x\":\"\xff\"}"]
    {
        assert_eq!(text::read(text, &mut |_, _| {}), Err(Useless::Json));
    }
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&deep), Err(Useless::Form));
}

#[test]
fn a_list_at_its_bound_is_taken_and_one_past_it_is_not() {
    let list = |entries: usize| {
        let entries: Vec<String> = (0..entries).map(|number| format!("\"{number:036}\"")).collect();
        format!(r#"{{"jti":[{}]}}"#, entries.join(","))
    };
    let whole = list(MAX_ENTRIES);
    assert!(whole.len() <= MAX_BYTES, "as many UUIDs fit");
    assert_eq!(read(&whole).map(|(found, _)| found.len()), Ok(MAX_ENTRIES));
    assert_eq!(read(&list(MAX_ENTRIES + 1)), Err(Useless::TooMany));
}

#[test]
fn what_is_published_names_nobody_and_is_found_by_every_worker() {
    let world = World::default();
    let host = world.host();
    let text = br#"{"jti":["a","b","b",null],"sub":["a","ada"]}"#;
    let (published, skipped) = publish(text, &*host).unwrap();
    assert_eq!((published.len(), skipped), (8 * 5, 1), "a seal, and each entry once");
    assert!(!published.windows(3).any(|part| part == b"ada"));
    let list = open(&published, &*host).unwrap();
    for (by, value, has) in [
        (By::Token, "a", true),
        (By::Token, "b", true),
        (By::Token, "ada", false),
        (By::Subject, "ada", true),
        (By::Subject, "b", false),
        (By::Subject, "ad", false),
        (By::Subject, "", false),
    ] {
        assert_eq!(list.has(by, value.as_bytes()), has, "{by:?} {value}");
    }
    assert_eq!(format!("{list:?}"), "Revocations { entries: 4, .. }");
}

#[test]
fn what_no_worker_published_is_not_taken() {
    let world = World::default();
    let host = world.host();
    let (published, _) = publish(br#"{"jti":["a","b","c"]}"#, &*host).unwrap();
    assert!(open(&published, &*host).is_some());
    assert!(open(&published[..8], &*host).is_some(), "a list without entries");
    let mut unsorted = published.clone();
    unsorted[8..].rotate_left(8);
    let mut other_key = published.clone();
    other_key[0] ^= 1;
    for bad in [&b""[..], &published[..31], &unsorted, &other_key] {
        assert!(open(bad, &*host).is_none());
    }
    // Another process has another key: nothing would be found there.
    let elsewhere = World::default();
    elsewhere.host().random();
    assert!(open(&published, &*elsewhere.host()).is_none());
    // Without a key, nothing is read at all.
    elsewhere.break_down(portcullis_cases::native::Part::SharedData);
    assert!(elsewhere.shared().get("x").is_err());
    let none = publish(br#"{"jti":["a"]}"#, &*elsewhere.host());
    assert_eq!(none, Err(Useless::SharedData));
}

#[test]
fn entries_of_no_use_alone_are_no_list() {
    let world = World::default();
    let none = publish(br#"{"jti":[{"id":"a"},{"id":"b"}]}"#, &*world.host());
    assert_eq!(none, Err(Useless::NoEntry));
}
