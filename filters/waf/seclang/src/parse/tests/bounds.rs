//! Every bound, at it and one past it.

use super::super::assemble::{MAX_FAULTS, MAX_STATEMENTS, MAX_TEXT, include, rule};
use super::super::{action, lines, parse_with_files, target};
use super::{parse, source};
use crate::Source;

/// What is wrong with rules, or nothing.
fn told(text: impl AsRef<[u8]>, files: &[Source]) -> Option<String> {
    let faults = parse_with_files(&[source("rules", text)], files).err()?;
    Some(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn bound(text: impl Fn(usize) -> Vec<u8>, most: usize, part: &str) {
    assert_eq!(told(text(most), &[]), None);
    let told = told(text(most + 1), &[]).expect("one past it");
    assert!(told.contains(part), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_line_has_a_length() {
    let text = |length: usize| {
        let mut text = b"SecRule ARGS a \\\n\"id:1,msg:'".to_vec();
        text.resize(length + 2 - 2, b'a');
        text.extend(b"'\"");
        text
    };
    bound(text, lines::MAX_LINE, "a directive of at most");
}

#[test]
fn a_chain_has_a_length() {
    let text = |length: usize| {
        let mut text = "SecRule ARGS a id:1,chain\n".to_owned();
        text.push_str(&"SecRule ARGS a chain\n".repeat(length - 2));
        text.push_str("SecRule ARGS a\n");
        text.into_bytes()
    };
    bound(text, rule::MAX_CHAIN, "at most 32 rules in a chain");
    assert_eq!(told(text(100), &[]).expect("too long").lines().count(), 1);
}

#[test]
fn directives_have_a_number() {
    bound(|count| b"SecMarker a\n".repeat(count), MAX_STATEMENTS, "at most 50000 directives");
}

#[test]
fn targets_have_a_number() {
    let text =
        |count: usize| format!("SecRule {} a id:1", vec!["ARGS"; count].join("|")).into_bytes();
    bound(text, target::MAX_TARGETS, "at most 1000 variables");
}

#[test]
fn transformations_have_a_number() {
    let text = |count: usize| format!("SecAction \"id:1{}\"", ",t:trim".repeat(count)).into_bytes();
    bound(text, action::MAX_TRANSFORMATIONS, "at most 64 transformations");
}

#[test]
fn files_have_bytes_in_all() {
    let half = vec![b'\n'; MAX_TEXT / 2];
    let files = [source("a", &half)];
    let main = |length: usize| {
        let mut text = b"Include a\n".to_vec();
        text.resize(length, b'\n');
        text
    };
    assert_eq!(told(main(MAX_TEXT / 2), &files), None);
    let told = told(main(MAX_TEXT / 2 + 1), &files).expect("one past it");
    assert_eq!(told, format!("a:1: expected at most {MAX_TEXT} bytes of rules in all files"));
}

#[test]
fn files_are_in_files_to_a_depth() {
    let chain = |depth: usize| -> Vec<Source> {
        let name = |place: usize| format!("file{place}");
        let includes =
            (1..depth).map(|place| source(&name(place), format!("Include file{}", place + 1)));
        includes.chain([source(&name(depth), "SecAction id:1")]).collect()
    };
    assert_eq!(told("Include file1", &chain(include::MAX_DEPTH)), None);
    let told = told("Include file1", &chain(include::MAX_DEPTH + 1)).expect("one past it");
    assert_eq!(told, "file8:1: in `Include`: expected files within files at most 8 deep");
}

#[test]
fn included_files_have_a_number() {
    let files = [source("a", "")];
    let text = |count: usize| "Include a\n".repeat(count);
    assert_eq!(told(text(include::MAX_INCLUDED), &files), None);
    let told = told(text(include::MAX_INCLUDED + 1), &files).expect("one past it");
    assert_eq!(told, "rules:1001: in `Include`: expected at most 1000 files");
    // Each includes all others twice: without the number it would be two to the power of the depth.
    let files: Vec<Source> = (0..8)
        .map(|place| source(&format!("f{place}"), format!("Include f{}\n", place + 1).repeat(9)))
        .collect();
    assert!(parse_with_files(&[source("rules", "Include f0")], &files).is_err());
}

#[test]
fn mistakes_that_are_told_have_a_number() {
    let count = |count: usize| {
        let faults = parse(&[source("rules", "SecNobody\n".repeat(count))]).expect_err("mistakes");
        (faults.len(), faults.last().expect("one").text.contains("more mistakes"))
    };
    assert_eq!(count(MAX_FAULTS - 1), (MAX_FAULTS - 1, false));
    assert_eq!(count(MAX_FAULTS), (MAX_FAULTS, true));
    assert_eq!(count(MAX_FAULTS + 1), (MAX_FAULTS, true));
}
