//! What these tests read of a release: the arguments of an operator, cut out of the text as it stands.
#![allow(clippy::expect_used, reason = "a release that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Where the release lies; none is said plainly, as the tests then prove nothing.
pub(crate) fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("CRS_DIR").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("CRS_DIR is not set: nothing of the Core Rule Set is tested here");
    }
    directory
}

/// The distinct arguments of an operator in all rules.
pub(crate) fn arguments(operator: &str) -> Option<BTreeSet<String>> {
    let directory = directory()?.join("rules");
    let mut found = BTreeSet::new();
    let start = format!("@{operator} ");
    for entry in std::fs::read_dir(directory).expect("rules in CRS_DIR") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("rules are UTF-8").replace("\\\n", "");
        for line in text.lines().filter(|line| line.trim_start().starts_with("SecRule ")) {
            let Some((_, rest)) = line.split_once(&start) else { continue };
            let mut argument = String::new();
            let mut characters = rest.chars().peekable();
            while let Some(character) = characters.next() {
                match character {
                    '"' => break,
                    '\\' if characters.peek() == Some(&'"') => argument.extend(characters.next()),
                    _ => argument.push(character),
                }
            }
            found.insert(argument);
        }
    }
    Some(found)
}
