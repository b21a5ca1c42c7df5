//! The same tests through a real Envoy: the raw bytes over sockets, the log read from Envoy's stderr.

mod correlate;
mod run;
mod send;
mod start;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::thread;

pub use correlate::{Correlation, MARK, MARK_RULE, unmarked};
pub use run::{Run, run, settle};
pub use send::{Sent, send};
pub use start::{Setting, albedo, albedo_at, config};

use crate::format::{Output, Stage, Test};
use crate::run::{Judged, Logged, Verdict, chosen, unreadable};
use crate::suite::Suite;
use crate::{Outcome, judge, log, request};

/// Connections at a time: enough to keep one worker busy.
const CLIENTS: usize = 16;

/// Tests for which Envoy gives the request to the filter where Apache answers 400 itself.
const PASSED_ON: [&str; 7] =
    ["920270-4", "920274-1", "920280-3", "920290-1", "920430-3", "920430-9", "921140-1"];

/// One stage that has to be sent, marked so that its log lines can be found.
struct Job<'t> {
    mark: String,
    stage: &'t Stage,
}

/// The mark of a test's stage.
#[must_use]
pub fn mark(test: &Test, stage: usize) -> String {
    format!("{}-{stage}", test.id)
}

/// Sends every stage of the tests, from several clients, and gives what came back by mark.
#[must_use]
pub fn send_all(suites: &[Suite], only: &[String], to: SocketAddr) -> BTreeMap<String, Sent> {
    let tests = suites.iter().flat_map(|suite| &suite.tests).filter(|test| chosen(test, only));
    let jobs: VecDeque<Job<'_>> = tests
        .flat_map(|test| {
            let stages = test.stages.iter().enumerate();
            stages.map(|(number, stage)| Job { mark: mark(test, number), stage })
        })
        .collect();
    let (jobs, answers) = (Mutex::new(jobs), Mutex::new(BTreeMap::new()));
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while let Some(job) = next() {
                    let bytes = request::bytes(&job.stage.input, &[(MARK, &job.mark)]);
                    let sent = send(to, &bytes);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.insert(job.mark, sent);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What a test expects behind Envoy.
#[must_use]
pub fn expected(test: &Test, stage: &Stage) -> Output {
    let mut output = stage.output.clone();
    if PASSED_ON.contains(&test.id.as_str()) && output.status == Some(400) {
        output.status = Some(200);
    }
    output
}

/// The ids of each stage that was seen, for a comparison with other engines.
#[must_use]
pub fn logged(suites: &[Suite], only: &[String], lines: &BTreeMap<String, Vec<String>>) -> Logged {
    let tests = suites.iter().flat_map(|suite| &suite.tests).filter(|test| chosen(test, only));
    let stages = tests.flat_map(|test| (0..test.stages.len()).map(move |stage| (test, stage)));
    stages
        .filter_map(|(test, stage)| {
            let lines = lines.get(&mark(test, stage))?;
            Some(((test.id.clone(), stage), log::ids(lines)))
        })
        .collect()
}

/// Judges what was sent by the lines that carry its mark.
#[must_use]
pub fn judge_all(
    suites: &[Suite],
    only: &[String],
    sent: &BTreeMap<String, Sent>,
    lines: &mut BTreeMap<String, Vec<String>>,
) -> Vec<Judged> {
    let mut judged = Vec::new();
    for suite in suites {
        judged.extend(unreadable(suite));
        for test in suite.tests.iter().filter(|test| chosen(test, only)) {
            let mut failures = Vec::from_iter(test.broken.clone());
            for (number, stage) in test.stages.iter().enumerate() {
                let mark = mark(test, number);
                let lines = lines.remove(&mark).unwrap_or_default();
                let outcome = outcome(sent.get(&mark), lines);
                failures.extend(judge::differences(&expected(test, stage), &outcome));
            }
            let verdict =
                if failures.is_empty() { Verdict::Passed } else { Verdict::Failed(failures) };
            let (file, test) = (suite.name.clone(), test.id.clone());
            judged.push(Judged { file, test, verdict, engine_level: false });
        }
    }
    judged
}

fn outcome(sent: Option<&Sent>, lines: Vec<String>) -> Outcome {
    match sent {
        Some(Sent::Answered { status, body }) => {
            Outcome { status: *status, lines, body: Some(body.clone()), failure: None }
        }
        Some(Sent::Failed(why)) => {
            Outcome { lines, failure: Some(why.clone()), ..Outcome::default() }
        }
        None => Outcome { lines, failure: Some("not sent".to_owned()), ..Outcome::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;

    #[test]
    fn a_stage_is_judged_by_its_own_lines() {
        let text = r"
rule_id: 920274
tests:
  - {test_id: 1, stages: [{input: {}, output: {status: 400}}]}
  - {test_id: 2, stages: [{input: {}, output: {log: {expect_ids: [7]}}}]}
  - {test_id: 3, stages: [{input: {}, output: {log: {expect_ids: [7]}}}]}
  - {test_id: 4, stages: [{input: {}, output: {expect_error: true}}]}
  - {test_id: 5, stages: [{input: {}, output: {}}]}
";
        let tests = format::read(text).unwrap().tests;
        let suites = [Suite { name: "s".to_owned(), tests, broken: None }];
        let ok = || Sent::Answered { status: 200, body: Vec::new() };
        let sent = BTreeMap::from([
            ("920274-1-0".to_owned(), ok()),
            ("920274-2-0".to_owned(), ok()),
            ("920274-3-0".to_owned(), ok()),
            ("920274-4-0".to_owned(), Sent::Failed("closed".to_owned())),
        ]);
        let line = vec!["[id \"7\"]".to_owned()];
        let mut lines = BTreeMap::from([("920274-2-0".to_owned(), line)]);
        let judged = judge_all(&suites, &[], &sent, &mut lines);
        let passed: Vec<_> = judged.iter().map(|one| one.verdict == Verdict::Passed).collect();
        assert_eq!(passed, [true, true, false, true, false]);
    }
}
