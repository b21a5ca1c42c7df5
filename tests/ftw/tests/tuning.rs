//! What the lines of a refused request suggest lets it pass: each request of the rule set's tests that scores enough.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::path::PathBuf;

use portcullis_ftw::engine::{Engine, Prefilter, RuleSet, load};
use portcullis_ftw::{Outcome, Request, Response, Waf, run, setup, suite};
use portcullis_waf_engine::Exclusion;
use portcullis_waf_seclang::parse_variable;
use portcullis_waf_seclang::syntax::{IdRange, Removal};
use portcullis_waf_tune::{Suggestion, Thresholds, suggest};

/// Judges each request, and again with what its lines suggest.
struct Tuned {
    engine: Engine,
    refused: usize,
    still: Vec<String>,
}

impl Waf for Tuned {
    fn run(&mut self, request: &Request, backend: &mut dyn FnMut(&Request) -> Response) -> Outcome {
        let outcome = self.engine.run(request, backend);
        if refuses(&outcome) {
            self.refused += 1;
            let suggestion = suggested(&outcome);
            let mut tuned = self.engine.excluding(&exclusions(&suggestion)).unwrap();
            let again = tuned.run(request, backend);
            if refuses(&again) {
                let lines = again.lines.join("\n  ");
                self.still.push(format!("{request:?}\n{suggestion}\n  {lines}"));
            }
        }
        outcome
    }
}

fn refuses(outcome: &Outcome) -> bool {
    outcome.lines.iter().any(|line| line.contains("[tag \"anomaly-evaluation\"]"))
}

fn suggested(outcome: &Outcome) -> Suggestion {
    let lines = outcome.lines.iter().map(|line| format!("portcullis: waf: {line}\n"));
    suggest(&lines.collect::<String>(), Thresholds::default())
}

/// The entries as the configuration makes them.
fn exclusions(suggestion: &Suggestion) -> Vec<Exclusion> {
    let value = suggestion.value();
    let entries = value.as_array().into_iter().flatten();
    let of = |entry: &serde_json::Value| -> Vec<Exclusion> {
        let ids = entry["rules"].as_array().into_iter().flatten();
        let ids = ids.map(|id| u32::try_from(id.as_u64().unwrap()).unwrap());
        let ranges = ids.map(|id| IdRange { first: id, last: id }).collect();
        let rules = Removal::Ids(ranges);
        match entry["targets"].as_array() {
            None => vec![Exclusion { rules, target: None }],
            Some(targets) => targets
                .iter()
                .map(|target| Exclusion {
                    rules: rules.clone(),
                    target: Some(parse_variable(target.as_str().unwrap()).unwrap()),
                })
                .collect(),
        }
    };
    entries.flat_map(of).collect()
}

#[test]
fn every_request_that_scores_enough_passes_with_what_its_lines_suggest() {
    let Some(crs) = std::env::var_os("CRS_DIR").map(PathBuf::from) else {
        println!("CRS_DIR is not set: nothing was tuned");
        return;
    };
    let suites = suite::read(&crs.join("tests")).unwrap();
    let engine = load(RuleSet::Crs(&crs), setup::DIRECTIVES, Prefilter::On).unwrap();
    let mut tuned = Tuned { engine, refused: 0, still: Vec::new() };
    let _ = run::all(&suites, &mut tuned, &[]);
    assert!(tuned.refused > 0, "no request was refused");
    let shown: Vec<&String> = tuned.still.iter().take(10).collect();
    let (still, refused) = (tuned.still.len(), tuned.refused);
    println!("{refused} requests were tuned");
    assert_eq!(still, 0, "of {refused} are still refused:\n{shown:#?}");
}
