//! Every pattern of the release is taken, compiled, and no larger than it may be.

use portcullis_waf_operators::pattern::{Case, Pattern};

use crate::rules;

/// Unique patterns of the release that the figures of this repository are of, at least.
const PATTERNS: usize = 290;

#[test]
fn every_pattern_is_translated_and_compiled() {
    let Some(texts) = rules::arguments("rx") else { return };
    assert!(texts.len() >= PATTERNS, "only {} patterns found", texts.len());
    let patterns: Vec<Pattern> = texts
        .iter()
        .map(|text| {
            Pattern::new(text.as_bytes(), Case::Sensitive).unwrap_or_else(|e| panic!("{text}: {e}"))
        })
        .collect();
    for (pattern, text) in patterns.iter().zip(&texts) {
        pattern.compile().unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    let bytes: usize = patterns.iter().map(Pattern::memory_usage).sum();
    println!("{} patterns, {} KiB", patterns.len(), bytes / 1024);
}
