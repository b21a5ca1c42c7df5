//! On everything that the release's tests send: what matches is among the survivors. And what a pass costs.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

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
    let start = Instant::now();
    let of_patterns = parsed.iter().map(Condition::of_pattern);
    let conditions: Vec<Condition> =
        of_patterns.chain(lists.iter().map(|list| Condition::of_phrases(list))).collect();
    let conditioned = start.elapsed();
    let phrases = files
        .iter()
        .zip(&lists)
        .map(|((name, _), list)| (name.clone(), Phrases::new(list).unwrap()))
        .collect();
    let start = Instant::now();
    let table = build(&conditions).unwrap();
    let clauses: BTreeSet<_> = conditions.iter().flat_map(Condition::clauses).collect();
    let atoms: BTreeSet<_> = clauses.iter().flat_map(|clause| &clause.atoms).collect();
    println!(
        "{} conditions in {conditioned:?}, tables in {:?}: {} KiB, {} clauses, {} atoms, {} always",
        conditions.len(),
        start.elapsed(),
        table.len() / 1024,
        clauses.len(),
        atoms.len(),
        conditions.iter().filter(|condition| condition.clauses().is_empty()).count(),
    );
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

#[test]
#[ignore = "a measurement"]
fn measured() {
    let Some(Set { patterns, phrases, tables }) = set() else { return };
    let attacks = corpus();
    let attacks: Vec<&[u8]> =
        attacks.iter().map(Vec::as_slice).filter(|value| value.len() > 3).collect();
    let mut sets: Vec<(&str, Vec<&[u8]>)> = BENIGN
        .iter()
        .map(|(name, values)| (*name, values.iter().map(|value| value.as_bytes()).collect()))
        .collect();
    sets.push(("attacks", attacks));
    let mut scan = Scan::default();
    for (name, values) in &sets {
        let mut survivors = 0;
        for value in values {
            tables.scan(value, &mut scan);
            survivors += (0..tables.len()).filter(|index| scan.survives(*index)).count();
        }
        let count = values.len();
        let scanned = time(count, || values.iter().for_each(|value| tables.scan(value, &mut scan)));
        let all = time(count, || {
            for value in values {
                patterns
                    .iter()
                    .for_each(|(_, pattern)| _ = std::hint::black_box(pattern.is_match(value)));
                phrases
                    .iter()
                    .for_each(|(_, phrases)| _ = std::hint::black_box(phrases.find(value)));
            }
        });
        let filtered = time(count, || {
            for value in values {
                tables.scan(value, &mut scan);
                for (index, (_, pattern)) in
                    patterns.iter().enumerate().filter(|(index, _)| scan.survives(*index))
                {
                    std::hint::black_box((index, pattern.is_match(value).is_ok()));
                }
                for (index, (_, phrases)) in phrases.iter().enumerate() {
                    if scan.survives(patterns.len() + index) {
                        std::hint::black_box(phrases.find(value));
                    }
                }
            }
        });
        println!(
            "{name}: {} values of {} bytes: {:.1} of {} survive, scan {scanned} ns, all {all} ns, with the scan {filtered} ns",
            count,
            values.iter().map(|value| value.len()).sum::<usize>() / count,
            survivors as f64 / count as f64,
            tables.len(),
        );
    }
    // The patterns that cost most where attackers fill the caches.
    let attacks = sets.last().map_or(&[][..], |(_, values)| values);
    let mut costs: Vec<(u128, &str)> = patterns
        .iter()
        .enumerate()
        .map(|(index, (text, pattern))| {
            let start = Instant::now();
            for value in attacks {
                tables.scan(value, &mut scan);
                if scan.survives(index) {
                    std::hint::black_box(pattern.is_match(value).is_ok());
                }
            }
            (start.elapsed().as_micros(), text.as_str())
        })
        .collect();
    costs.sort_by(|a, b| b.cmp(a));
    let scanned = costs.last().map_or(0, |(cost, _)| *cost);
    for (cost, text) in costs.iter().take(12) {
        println!(
            "{} us, {} bytes: {}",
            cost - scanned,
            text.len(),
            text.chars().take(80).collect::<String>()
        );
    }
    let bytes: usize = patterns.iter().map(|(_, pattern)| pattern.memory_usage()).sum();
    println!("patterns hold {} KiB after this", bytes / 1024);
}

fn time(values: usize, mut run: impl FnMut()) -> u128 {
    let rounds = if values > 100 { 3 } else { 300 };
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos() / values as u128
        })
        .min()
        .unwrap_or(0)
}
