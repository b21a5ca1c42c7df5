//! On everything that the release's tests send: what matches is among the survivors. And what a pass costs.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_waf_operators::pattern::{Case, Pattern, parse};
use portcullis_waf_operators::phrases::{Phrases, lines};
use portcullis_waf_operators::prefilter::{Condition, Scan, Tables, build};

use crate::{phrases, rules};

/// Values that nobody should pay for, by what they are.
const BENIGN: &[(&str, &[&str])] = &[
    (
        "form values",
        &[
            "Jane Doe",
            "jane.doe@example.com",
            "42 Main Street, Springfield",
            "2026-11-26",
            "I would like to book a table for two.",
            "true",
            "en-GB",
            "1299.00",
            "a3f5c9d2e1b04768a9c1",
            "Please call me back tomorrow morning, thanks!",
            "+44 20 7946 0958",
            "submit",
            "https://www.example.com/products/42",
            "O'Neill",
            "blue; large",
        ],
    ),
    (
        "cookies",
        &[
            "GA1.2.1234567890.1700000000",
            "s%3Aabcdef123456",
            "dark",
            "1",
            "eyJhbGciOiJIUzI1NiJ9",
            "en_US",
            "a1b2c3d4e5f6a7b8",
        ],
    ),
    (
        "paths",
        &[
            "/",
            "/index.html",
            "/api/v1/users/42",
            "/static/js/main.3f2a.js",
            "/images/logo.png",
            "/products/blue-shoes",
        ],
    ),
    (
        "user agents",
        &[
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        ],
    ),
    (
        "prose",
        &[
            "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it \
             was the epoch of belief, it was the epoch of incredulity, it was the season of Light.",
            "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing \
             particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.",
        ],
    ),
];

struct Set {
    patterns: Vec<(String, Pattern)>,
    phrases: Vec<(String, Phrases)>,
    tables: Tables,
}

fn set() -> Option<Set> {
    let patterns: Vec<(String, Pattern)> = rules::arguments("rx")?
        .into_iter()
        .map(|text| {
            let pattern = Pattern::new(text.as_bytes(), Case::Sensitive).unwrap();
            (text, pattern)
        })
        .collect();
    let parsed: Vec<_> =
        patterns.iter().map(|(_, pattern)| parse(pattern.as_translated()).unwrap()).collect();
    let files = phrases::files()?;
    let lists: Vec<Vec<&[u8]>> = files.iter().map(|(_, text)| lines(text).collect()).collect();
    let of_patterns = parsed.iter().map(Condition::of_pattern);
    let conditions: Vec<Condition> =
        of_patterns.chain(lists.iter().map(|list| Condition::of_phrases(list))).collect();
    let phrases = files
        .iter()
        .zip(&lists)
        .map(|((name, _), list)| (name.clone(), Phrases::new(list).unwrap()))
        .collect();
    let table = build(&conditions).unwrap();
    Some(Set { patterns, phrases, tables: Tables::new(table).unwrap() })
}

/// Everything that stands behind a colon in the tests, as written and with its percent signs decoded.
fn corpus() -> BTreeSet<Vec<u8>> {
    fn read(directory: &Path, values: &mut BTreeSet<Vec<u8>>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, values);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap_or_default();
            for line in text.lines() {
                let value = line
                    .split_once(": ")
                    .map_or(line, |(_, value)| value)
                    .trim()
                    .trim_matches(['"', '\'']);
                values.insert(value.as_bytes().to_vec());
                values.insert(decoded(value.as_bytes()));
                // Arguments by themselves.
                for part in value.split(['&', '=', '?']) {
                    values.insert(decoded(part.as_bytes()));
                }
            }
        }
    }
    let mut values = BTreeSet::new();
    if let Some(directory) = rules::directory() {
        read(&directory.join("tests"), &mut values);
    }
    values
}

fn decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        (rest, decoded) = match (byte, hex) {
            (b'%', Some(byte)) => {
                (after.get(2..).unwrap_or_default(), [&decoded[..], &[byte]].concat())
            }
            (b'+', _) => (after, [&decoded[..], b" "].concat()),
            _ => (after, [&decoded[..], &[*byte]].concat()),
        };
    }
    decoded
}

#[test]
fn what_matches_is_among_the_survivors() {
    let Some(Set { patterns, phrases, tables }) = set() else { return };
    // Every value where that is quick, else some.
    let step = if cfg!(debug_assertions) { 97 } else { 1 };
    let values = corpus();
    assert!(values.len() > 5_000, "only {} values in the tests", values.len());
    let mut scan = Scan::default();
    let mut matches = 0;
    for value in values.iter().step_by(step) {
        tables.scan(value, &mut scan);
        for (index, (text, pattern)) in patterns.iter().enumerate() {
            if pattern.is_match(value).unwrap() {
                matches += 1;
                assert!(scan.survives(index), "{text} on {}", value.escape_ascii());
            }
        }
        for (index, (name, phrases)) in phrases.iter().enumerate() {
            if phrases.is_match(value) {
                matches += 1;
                assert!(
                    scan.survives(patterns.len() + index),
                    "{name} on {}",
                    value.escape_ascii()
                );
            }
        }
    }
    println!("{} values, {matches} matches", values.len());
}
