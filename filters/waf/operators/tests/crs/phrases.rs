//! The phrase files of the release: found as `aho-corasick` finds them, and what that costs.

use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use portcullis_waf_operators::phrases::{Phrases, lines};

use crate::rules;

/// Ordinary text, which must cost little.
const PROSE: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age \
    of foolishness; please select the option that you would like to update and insert your name where we left off. ";

/// Phrase files of the release, and their texts.
pub(crate) fn files() -> Option<Vec<(String, Vec<u8>)>> {
    let directory = rules::directory()?.join("rules");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            name.ends_with(".data").then_some((name, std::fs::read(path).ok()?))
        })
        .collect();
    files.sort();
    Some(files)
}

#[test]
fn the_phrases_of_every_file_are_found() {
    let Some(files) = files() else { return };
    assert!(files.len() >= 21, "only {} phrase files", files.len());
    let mut bytes = 0;
    for (name, text) in &files {
        let list: Vec<&[u8]> = lines(text).collect();
        let table = Phrases::table(&list).unwrap_or_else(|e| panic!("{name}: {e}"));
        bytes += table.len();
        let phrases = Phrases::from_table(table).unwrap();
        let oracle = AhoCorasick::builder().ascii_case_insensitive(true).build(&list).unwrap();
        for (other, text) in &files {
            for value in text.split(|byte| *byte == b'\n').map(<[u8]>::to_ascii_uppercase) {
                let expected = oracle.find(&value).map(|found| found.end());
                let found = phrases.find(&value).map(|found| found.end);
                assert_eq!(
                    found,
                    expected,
                    "{name} on a line of {other}: {}",
                    value.escape_ascii()
                );
            }
        }
    }
    println!("{} files, {} KiB of tables", files.len(), bytes / 1024);
}

#[test]
#[ignore = "a measurement"]
fn measured_beside_aho_corasick() {
    let Some(files) = files() else { return };
    let mut list: Vec<&[u8]> = files.iter().flat_map(|(_, text)| lines(text)).collect();
    list.sort_unstable();
    list.dedup();
    let start = Instant::now();
    let table = Phrases::table(&list).unwrap();
    println!("{} phrases: built in {:?}, {} KiB", list.len(), start.elapsed(), table.len() / 1024);
    let phrases = Phrases::from_table(table).unwrap();
    let start = Instant::now();
    let oracle = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(&list)
        .unwrap();
    println!("aho-corasick: built in {:?}, {} KiB", start.elapsed(), oracle.memory_usage() / 1024);
    // Without the words that would end the search at once.
    let value: Vec<u8> = PROSE.bytes().cycle().take(10_000).collect();
    let only: Vec<&[u8]> =
        list.iter().copied().filter(|phrase| !contains_any(&value, phrase)).collect();
    let (phrases, oracle) = (
        Phrases::new(&only).unwrap_or(phrases),
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&only)
            .unwrap_or(oracle),
    );
    for (name, value) in [
        ("prose", value.clone()),
        ("digits", b"0123456789".repeat(1_000)),
        ("mixed", b"a=1&b=%27+or+1%3D1--&cmd=$(id);/../x".repeat(300)),
        (
            "shell",
            files
                .iter()
                .find(|(name, _)| name == "unix-shell.data")
                .map(|(_, t)| t.to_vec())
                .unwrap(),
        ),
    ] {
        let ours = time(|| phrases.find(&value).map_or(0, |found| found.end));
        let theirs = time(|| oracle.find(&value).map_or(0, |found| found.end()));
        println!(
            "{name}: {} bytes, to {:?}: {ours} ns, aho-corasick {theirs} ns",
            value.len(),
            phrases.find(&value)
        );
    }
}

fn contains_any(value: &[u8], phrase: &[u8]) -> bool {
    value.windows(phrase.len()).any(|window| window.eq_ignore_ascii_case(phrase))
}

fn time(run: impl Fn() -> usize) -> u128 {
    (0..200)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(run());
            start.elapsed().as_nanos()
        })
        .min()
        .unwrap_or(0)
}
