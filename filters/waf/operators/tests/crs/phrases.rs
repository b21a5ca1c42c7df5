//! The phrase files of the release: found as `aho-corasick` finds them.

use aho_corasick::AhoCorasick;
use portcullis_waf_operators::phrases::{Phrases, lines};

use crate::rules;

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
