//! On everything that the release's tests send: what matches is among the survivors.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_waf_operators::pattern::{Case, Pattern, parse};
use portcullis_waf_operators::phrases::{Phrases, lines};
use portcullis_waf_operators::prefilter::{Condition, Scan, Tables, build};

use crate::{phrases, rules};

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
    let clauses: BTreeSet<_> = conditions.iter().flat_map(Condition::clauses).collect();
    let atoms: BTreeSet<_> = clauses.iter().flat_map(|clause| &clause.atoms).collect();
    println!(
        "{} conditions, tables of {} KiB, {} clauses, {} atoms, {} always",
        conditions.len(),
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
        tables.scan(value, None, None, &mut scan);
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
