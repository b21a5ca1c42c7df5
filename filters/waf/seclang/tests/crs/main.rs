//! All of the Core Rule Set is read, and it is what its own text says.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a release that cannot be read fails the test"
)]

mod counts;
mod templates;

use std::path::{Path, PathBuf};

use portcullis_waf_seclang::syntax::{Directive, Rule};
use portcullis_waf_seclang::{Parsed, Source, parse};

/// Where the release lies; none is said plainly, as the tests then prove nothing.
fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("CRS_DIR").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("CRS_DIR is not set: nothing of the Core Rule Set is tested here");
    }
    directory
}

fn source(path: &Path) -> Source {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    Source { name, text: std::fs::read(path).expect("a file of CRS_DIR") }
}

/// The setup, and the rules in the order of their names.
fn sources() -> Option<Vec<Source>> {
    let directory = directory()?;
    let entries = std::fs::read_dir(directory.join("rules")).expect("rules in CRS_DIR");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    paths.sort();
    let setup = directory.join("crs-setup.conf.example");
    Some(std::iter::once(setup).chain(paths).map(|path| source(&path)).collect())
}

fn read(sources: &[Source]) -> Parsed {
    parse(sources).unwrap_or_else(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

fn rules(parsed: &Parsed) -> Vec<&Rule> {
    let rules = parsed.statements.iter().filter_map(|statement| match &statement.directive {
        Directive::Rule(rule) => Some(&**rule),
        _ => None,
    });
    rules.collect()
}
