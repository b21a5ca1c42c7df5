//! Any bytes as patterns, phrases and values, and what must hold whatever they are.

use crate::bytes::ByteSet;
use crate::libinjection::{detect_sqli, detect_xss, sqli_needs, xss_needs};
use crate::pattern::{Case, LONG, Pattern, Span};
use crate::phrases::Phrases;

/// The first line is a pattern, the rest a value. A pattern that is taken compiles alike however often it is read, and
/// both ways of asking say the same.
pub fn fuzz_pattern(data: &[u8]) {
    let (text, value) = first_line(data);
    for case in [Case::Sensitive, Case::Insensitive] {
        let Ok(pattern) = Pattern::new(text, case) else { continue };
        let again = Pattern::translated(pattern.as_translated());
        assert_eq!(pattern.compile(), again.compile(), "it was taken, and is another");
        if pattern.compile().is_err() {
            continue;
        }
        let mut groups: [Option<Span>; 10] = [const { None }; 10];
        let found = pattern.captures(value, &mut groups);
        assert_eq!(found, pattern.is_match(value), "captures and match differ");
        // Long values are gone through in another way.
        let long = value.repeat(LONG / value.len().max(1) + 1);
        let found_in_long = pattern.captures(&long, &mut []);
        assert_eq!(found_in_long, pattern.is_match(&long), "of a long value");
        if let Ok(Some(end)) = pattern.any_end(&long) {
            let mut shown: [Option<Span>; 10] = [const { None }; 10];
            assert_eq!(pattern.show(&long, end, &mut shown), Ok(true), "a match that is not shown");
            assert!(shown.iter().flatten().all(|group| long.get(group.clone()).is_some()));
            assert!(shown.first().is_some_and(Option::is_some), "its groups, and not itself");
        }
        let [whole, rest @ ..] = &groups;
        match found {
            Ok(true) => assert!(whole.is_some(), "a match that is nowhere"),
            _ => assert!(groups.iter().all(Option::is_none), "groups of no match"),
        }
        for group in rest.iter().flatten().chain(whole.iter()) {
            assert!(value.get(group.clone()).is_some(), "{group:?} is not in the value");
        }
    }
}

/// The first line has phrases with spaces between them, the rest is a value. What is found is a phrase, none ends before
/// it, and a table that was written down finds the same.
pub fn fuzz_phrases(data: &[u8]) {
    let (line, value) = first_line(data);
    let words: Vec<Vec<u8>> = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .map(<[u8]>::to_ascii_lowercase)
        .collect();
    let (Ok(phrases), Ok(table)) = (Phrases::new(&words), Phrases::table(&words)) else { return };
    let found = phrases.find(value);
    let lower = value.to_ascii_lowercase();
    let ends = |end: &usize| {
        let before = lower.get(..*end).unwrap_or_default();
        words.iter().any(|word| before.ends_with(word))
    };
    let first = (0..=value.len()).find(ends);
    assert_eq!(found.as_ref().map(|range| range.end), first, "another one ends first");
    if let Some(range) = &found {
        let text = lower.get(range.clone()).unwrap_or_default();
        assert!(words.iter().any(|word| word == text), "{range:?} is no phrase");
    }
    let read = Phrases::from_table(table).map(|phrases| phrases.find(value));
    assert_eq!(read, Some(found), "the table is another");
    // A table of any bytes is none, or ends.
    if let Some(any) = Phrases::from_table(data.to_vec()) {
        let _ = any.find(value);
    }
}

/// Verdicts of any value: what has none of the bytes that an injection needs is none.
pub fn fuzz_libinjection(data: &[u8]) {
    let bytes = ByteSet::of(data);
    let sqli = detect_sqli(data);
    assert!(sqli.is_none() || bytes.meets(&sqli_needs()), "a word is an injection");
    assert!(!detect_xss(data) || bytes.meets(&xss_needs()), "a text without marks is a script");
    assert_eq!(detect_sqli(data).is_some(), sqli.is_some(), "asked twice");
}

fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let place = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at_checked(place).unwrap_or_default();
    (line, rest.get(1..).unwrap_or_default())
}
