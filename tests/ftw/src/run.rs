//! The tests of all files, one after the other, on one WAF.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::Test;
use crate::frontend::{self, Plan};
use crate::suite::Suite;
use crate::{Outcome, Waf, albedo, judge, log, request, wire};

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All stages did as expected.
    Passed,
    /// What differed, by stage.
    Failed(Vec<String>),
    /// It can't be judged here, and why.
    Skipped(String),
}

/// A test with its verdict.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The file.
    pub file: String,
    /// The test's id.
    pub test: String,
    /// How it went.
    pub verdict: Verdict,
    /// Whether a stage of it was judged by the engine's log instead of a server's answer.
    pub engine_level: bool,
}

/// The ids that a stage logged, by test and number of the stage.
pub type Logged = BTreeMap<(String, usize), BTreeSet<u32>>;

/// Runs the tests whose id starts with one of `only`, or all where there is none.
pub fn all(suites: &[Suite], waf: &mut dyn Waf, only: &[String]) -> (Vec<Judged>, Logged) {
    let mut judged = Vec::new();
    let mut logged = Logged::new();
    for suite in suites {
        judged.extend(unreadable(suite));
        for test in suite.tests.iter().filter(|test| chosen(test, only)) {
            let (verdict, engine_level) = one(test, waf, &mut logged);
            let (file, test) = (suite.name.clone(), test.id.clone());
            judged.push(Judged { file, test, verdict, engine_level });
        }
    }
    (judged, logged)
}

/// A file that can't be read, or not as a whole, counts as one failed test.
#[must_use]
pub fn unreadable(suite: &Suite) -> Option<Judged> {
    let why = suite.broken.clone()?;
    let (file, test) = (suite.name.clone(), suite.name.clone());
    Some(Judged { file, test, verdict: Verdict::Failed(vec![why]), engine_level: false })
}

/// True for a test that is asked for.
#[must_use]
pub fn chosen(test: &Test, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|start| test.id.starts_with(start.as_str()))
}

fn one(test: &Test, waf: &mut dyn Waf, logged: &mut Logged) -> (Verdict, bool) {
    let mut failures = Vec::from_iter(test.broken.clone());
    let mut engine_level = false;
    for (number, stage) in test.stages.iter().enumerate() {
        let expected = match frontend::plan(stage, test.rule) {
            Plan::AsWritten => stage.output.clone(),
            Plan::EngineLevel(output) => {
                engine_level = true;
                output
            }
            Plan::Skip(why) => return (Verdict::Skipped(why.to_owned()), engine_level),
        };
        // Nothing here can be late, so `retry_once` would only give the same again.
        let outcome = exchange(&request::bytes(&stage.input, &[]), waf);
        logged.insert((test.id.clone(), number), log::ids(&outcome.lines));
        let differences = judge::differences(&expected, &outcome);
        failures.extend(differences.into_iter().map(|what| match test.stages.len() {
            1 => what,
            _ => format!("stage {number}: {what}"),
        }));
    }
    match failures.is_empty() {
        true => (Verdict::Passed, engine_level),
        false => (Verdict::Failed(failures), engine_level),
    }
}

/// One exchange with the backend of the tests behind the WAF.
pub fn exchange(bytes: &[u8], waf: &mut dyn Waf) -> Outcome {
    let mut request = wire::parse(bytes);
    frontend::normalise(&mut request);
    waf.run(&request, &mut albedo::answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Request, Response, format};

    /// Logs rule 1 where the target has an `x`, and lets through what the backend says.
    struct Sample;

    impl Waf for Sample {
        fn run(
            &mut self,
            request: &Request,
            backend: &mut dyn FnMut(&Request) -> Response,
        ) -> Outcome {
            let hit = request.uri.contains(&b'x');
            let lines = if hit { vec!["[id \"1\"]".to_owned()] } else { Vec::new() };
            Outcome { status: backend(request).status, lines, ..Outcome::default() }
        }
    }

    const TESTS: &str = r"
rule_id: 1
tests:
  - {test_id: 1, stages: [{input: {uri: /x}, output: {status: 200, log: {expect_ids: [1]}}}]}
  - {test_id: 2, stages: [{input: {uri: /y}, output: {log: {expect_ids: [1]}}}]}
  - {test_id: 3, stages: [{input: {uri: /x}, output: {status: 400}}]}
  - {test_id: 4, stages: [{input: {uri: /y}, output: {status: 400}}]}
  - {test_id: 5, stages: [{input: {uri: /y}, output: {expect_error: true}}]}
  - test_id: 6
    stages:
      - {input: {uri: /x}, output: {log: {expect_ids: [1]}}}
      - {input: {uri: /x}, output: {log: {no_expect_ids: [1]}}}
  - {test_id: 7, stages: [{input: {uri: /x, url: /x}, output: {status: 200}}]}
";

    fn suites() -> Vec<Suite> {
        let tests = format::read(TESTS).unwrap().tests;
        vec![Suite { name: "s".to_owned(), tests, broken: None }]
    }

    #[test]
    fn each_test_gets_its_verdict() {
        let (judged, logged) = all(&suites(), &mut Sample, &[]);
        let told: Vec<_> = judged.iter().map(|one| format!("{:?}", one.verdict)).collect();
        let want = [
            "Passed",
            "Failed([\"1 did not log (nothing logged)\"])",
            "Passed",
            "Failed([\"1 did not log (nothing logged)\"])",
            "Skipped(\"expects that the server ends the exchange\")",
            "Failed([\"stage 1: 1 logged\"])",
            "Failed([\"line 13: `input` has no field `url`\"])",
        ];
        assert_eq!(told, want);
        assert_eq!(judged.iter().filter(|one| one.engine_level).count(), 2);
        assert_eq!(logged[&("1-1".to_owned(), 0)], BTreeSet::from([1]));
        assert_eq!(logged.len(), 6, "each stage that ran");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_failure() {
        let broken = Some("line 3: x".to_owned());
        let suites = [Suite { name: "b.yaml".to_owned(), tests: Vec::new(), broken }];
        let (judged, _) = all(&suites, &mut Sample, &[]);
        assert_eq!(judged[0].test, "b.yaml");
        assert_eq!(judged[0].verdict, Verdict::Failed(vec!["line 3: x".to_owned()]));
    }

    #[test]
    fn only_what_is_asked_for_runs() {
        let (judged, _) = all(&suites(), &mut Sample, &["1-3".to_owned(), "2".to_owned()]);
        assert_eq!(judged.len(), 1);
    }
}
