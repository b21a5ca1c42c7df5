//! The tests of our own rules, on the engine and on the module: each rule has one that it refuses and one that it lets pass.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portcullis_ftw::corpus::Corpus;
use portcullis_ftw::engine::{Prefilter, load};
use portcullis_ftw::module::Module;
use portcullis_ftw::run::{Judged, Verdict};
use portcullis_ftw::{Waf, run};

fn failed(waf: &mut dyn Waf) -> Vec<String> {
    let suites = Corpus::Own.suites().unwrap();
    let (judged, _) = run::all(&suites, waf, &[]);
    assert!(judged.len() >= 60, "{} tests", judged.len());
    let told = |one: &Judged| (one.verdict != Verdict::Passed).then(|| format!("{one:?}"));
    judged.iter().filter_map(told).collect()
}

#[test]
fn our_own_rules_pass_their_tests_in_process() {
    let corpus = Corpus::Own;
    let mut waf = load(corpus.rule_set(), corpus.directives(), Prefilter::On).unwrap();
    assert_eq!(failed(&mut waf), [""; 0]);
}

#[test]
fn our_own_rules_pass_their_tests_as_a_module() {
    let mut waf = Module::load(&Corpus::Own.setting()).unwrap();
    assert_eq!(failed(&mut waf), [""; 0]);
}

/// It counts headers of one name, which every front end has joined before: the rule behind it is about those.
const OUT_OF_REACH: u32 = 10_431_106;

/// The ids of rules that log.
fn that_log(path: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(path).unwrap();
    let rules = text.split("\nSecRule ").filter(|rule| rule.contains("log,severity"));
    let id = |rule: &str| rule.split_once("\"id:")?.1.split(',').next()?.parse().ok();
    rules.filter_map(id).collect()
}

#[test]
fn every_rule_of_ours_that_logs_has_a_test_that_it_matches_and_one_that_it_does_not() {
    let rulesets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filters/waf/src/rulesets");
    let mut files: Vec<PathBuf> = std::fs::read_dir(rulesets.join("base"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.push(rulesets.join("recommended.conf"));
    let wanted: BTreeSet<u32> =
        files.iter().flat_map(|path| that_log(path)).filter(|id| *id != OUT_OF_REACH).collect();
    assert!(wanted.len() >= 25, "{wanted:?}");
    let suites = Corpus::Own.suites().unwrap();
    let tests: Vec<_> = suites.iter().flat_map(|suite| &suite.tests).collect();
    let rules = |matches: bool| -> BTreeSet<u32> {
        let of = tests.iter().filter(|test| {
            test.stages.iter().any(|stage| stage.output.log.expect_ids.is_empty() != matches)
        });
        of.map(|test| test.rule).collect()
    };
    assert_eq!(rules(true), wanted);
    assert_eq!(rules(false), wanted);
}
