//! A whole run through Envoy: start, send, wait for the log, judge, and compare with the list.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use portcullis_e2e::{Envoy, eventually};

use super::{Correlation, MARK, Setting, albedo, config, judge_all, send, send_all, unmarked};
use crate::expected_fail::{Against, ExpectedFailures};
use crate::run::{Judged, Verdict};
use crate::suite::Suite;

/// How the run went.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every test; expected failures are skipped with their reason.
    pub judged: Vec<Judged>,
    /// How it compares with the list.
    pub against: Against,
    /// Lines with a rule's id that belong to no request of the run.
    pub unmarked: usize,
}

/// Runs the chosen tests.
pub fn run(
    suites: &[Suite],
    only: &[String],
    setting: &Setting,
    correlation: &Correlation,
) -> Result<Run, String> {
    let list = ExpectedFailures::of_envoy()?;
    let upstream = albedo();
    let envoy = Envoy::try_start(config(&upstream, Some(setting))).map_err(|e| e.to_string())?;
    let (mut judged, lost) = once(suites, only, &envoy, correlation);
    // As go-ftw does where a test says so: its log may have been late.
    let again = retried(suites, &judged);
    if !again.is_empty() {
        let (second, _) = once(&again, &[], &envoy, correlation);
        for one in second {
            if let Some(first) = judged.iter_mut().find(|first| first.test == one.test) {
                *first = one;
            }
        }
    }
    if let Some(how) = envoy.ended() {
        return Err(format!("Envoy ended: {how}\n{}", envoy.log_lines().join("\n")));
    }
    let against = list.apply(&mut judged);
    Ok(Run { judged, against, unmarked: lost })
}

fn once(
    suites: &[Suite],
    only: &[String],
    envoy: &Envoy,
    correlation: &Correlation,
) -> (Vec<Judged>, usize) {
    let before = envoy.log_lines().len();
    let sent = send_all(suites, only, envoy.address());
    let lines = settle(envoy.address(), before, || envoy.log_lines().split_off(before));
    let mut by_mark = correlation.by_mark(&lines);
    let lost = unmarked(&lines, &by_mark);
    (judge_all(suites, only, &sent, &mut by_mark), lost)
}

/// What is logged after the answer has gone needs no longer than this, in looks of [`eventually`] at the log.
const QUIET_LOOKS: usize = 40;

/// One more request to `server`; when its own line is in the log and the log grows no more, all lines are there.
pub fn settle(
    server: SocketAddr,
    number: usize,
    mut log: impl FnMut() -> Vec<String>,
) -> Vec<String> {
    let last = format!("the-last-{number}");
    let bytes =
        format!("GET / HTTP/1.1\r\nhost: localhost\r\n{MARK}: {last}\r\nconnection: close\r\n\r\n");
    let _ = send(server, bytes.as_bytes());
    let (mut seen, mut quiet) = (0, 0);
    eventually("the log to be whole", || {
        let lines = log();
        let grown = std::mem::replace(&mut seen, lines.len()) != lines.len();
        let whole = !grown && lines.iter().rev().any(|line| line.contains(&last));
        quiet = if whole { quiet + 1 } else { 0 };
        (quiet == QUIET_LOOKS).then_some(lines)
    })
}

/// Failed tests with a stage that says `retry_once`.
fn retried(suites: &[Suite], judged: &[Judged]) -> Vec<Suite> {
    let failed: BTreeSet<&str> = judged
        .iter()
        .filter(|one| matches!(one.verdict, Verdict::Failed(_)))
        .map(|one| one.test.as_str())
        .collect();
    let again = suites.iter().map(|suite| {
        let asks = |test: &&crate::format::Test| {
            failed.contains(test.id.as_str())
                && test.stages.iter().any(|stage| stage.output.retry_once)
        };
        let tests = suite.tests.iter().filter(asks).cloned().collect();
        Suite { name: suite.name.clone(), tests, broken: None }
    });
    again.filter(|suite| !suite.tests.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;

    #[test]
    fn only_failed_tests_that_ask_for_it_are_sent_again() {
        let text = r"
rule_id: 1
tests:
  - {test_id: 1, stages: [{input: {}, output: {status: 200, retry_once: true}}]}
  - {test_id: 2, stages: [{input: {}, output: {status: 200}}]}
  - {test_id: 3, stages: [{input: {}, output: {status: 200, retry_once: true}}]}
";
        let tests = format::read(text).unwrap().tests;
        let suites = [Suite { name: "s".to_owned(), tests, broken: None }];
        let judged = |test: &str, verdict| Judged {
            file: "s".to_owned(),
            test: test.to_owned(),
            verdict,
            engine_level: false,
        };
        let failed = || Verdict::Failed(Vec::new());
        let run =
            [judged("1-1", failed()), judged("1-2", failed()), judged("1-3", Verdict::Passed)];
        let again = retried(&suites, &run);
        let tests: Vec<_> = again.iter().flat_map(|suite| &suite.tests).map(|t| &t.id).collect();
        assert_eq!(tests, ["1-1"]);
    }
}
