//! Any bytes as rules: what is read is the same however the file is written down.

use std::collections::BTreeSet;

use super::{Fault, Parsed, Source, parse, parse_with_files};
use crate::syntax::{Directive, Location, Statement};

/// Whatever the bytes: they are read without a panic, mistakes have a place in the text, and what is read does not depend
/// on line ends, comments, or the file that it stands in.
pub fn fuzz_seclang(data: &[u8]) {
    let read = |text: &[u8]| parse(&[source("rules", text)]);
    let parsed = read(data);
    let lines = data.split(|byte| *byte == b'\n').count();
    let within = |location: &Location| {
        assert!((1..=lines).contains(&(location.line as usize)), "{location:?} of {lines} lines");
    };
    match &parsed {
        Err(faults) => {
            assert!(!faults.is_empty(), "no mistakes, but not read");
            faults.iter().for_each(|fault| within(&fault.location));
        }
        Ok(parsed) => {
            assert!(parsed.statements.len() <= lines, "more statements than lines");
            parsed.statements.iter().for_each(|statement| within(&statement.location));
            parsed.warnings.iter().for_each(|warning| within(&warning.location));
            unique_ids(parsed);
        }
    }
    // A comment behind a text that goes on would be a part of it.
    if !data.ends_with(b"\\") && !data.ends_with(b"\\\r") {
        same(&parsed, read(&[data, b"\n\n# the end \\\n"].concat()));
    }
    if !data.contains(&b'\r') {
        let text: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
        same(&parsed, read(&text.join(&b"\r\n"[..])));
    }
    if !data.to_ascii_lowercase().windows(7).any(|name| name == b"include") {
        let files = [source("rules", data)];
        same(&parsed, parse_with_files(&[source("main", b"Include *s")], &files));
    }
}

fn source(name: &str, text: &[u8]) -> Source {
    Source { name: name.to_owned(), text: text.to_vec() }
}

fn same(one: &Result<Parsed, Vec<Fault>>, other: Result<Parsed, Vec<Fault>>) {
    match (one, &other) {
        (Ok(one), Ok(other)) => assert_eq!(one, other),
        (Err(one), Err(other)) => assert_eq!(one, other),
        _ => assert_eq!(one.is_ok(), other.is_ok(), "{one:?} {other:?}"),
    }
}

fn unique_ids(parsed: &Parsed) {
    let mut ids = BTreeSet::new();
    for Statement { directive, .. } in &parsed.statements {
        if let Directive::Rule(rule) = directive {
            assert!(!rule.links.is_empty(), "a rule without a link");
            let id = rule.metadata.id;
            assert!(id == 0 || ids.insert(id), "two rules of id {id}");
        }
    }
}
