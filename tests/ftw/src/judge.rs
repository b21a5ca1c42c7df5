//! What a stage expects, compared with what happened: nothing when it passes, else why not.

use std::collections::BTreeSet;

use regex_lite::Regex;

use crate::format::Output;
use crate::{Outcome, log};

/// All that differs, one sentence each.
#[must_use]
pub fn differences(expected: &Output, outcome: &Outcome) -> Vec<String> {
    let ids = log::ids(&outcome.lines);
    let mut all = Vec::new();
    match (expected.expect_error, &outcome.failure) {
        (Some(true), None) => all.push("the exchange succeeded".to_owned()),
        (Some(true), Some(_)) => {}
        (_, Some(why)) => all.push(format!("the exchange failed: {why}")),
        (_, None) => {}
    }
    if let Some(status) = expected.status.filter(|status| *status != outcome.status) {
        all.push(format!("status {} instead of {status}", outcome.status));
    }
    for id in expected.log.expect_ids.iter().filter(|id| !ids.contains(id)) {
        all.push(format!("{id} did not log ({})", told(&ids)));
    }
    for id in expected.log.no_expect_ids.iter().filter(|id| ids.contains(id)) {
        all.push(format!("{id} logged"));
    }
    if let Some(pattern) = &expected.response_contains {
        all.extend(in_body(pattern, outcome.body.as_deref()));
    }
    if expected.isolated && ids.len() != 1 {
        all.push(format!("not alone ({})", told(&ids)));
    }
    let any = |pattern: &str| match Regex::new(pattern) {
        Ok(regex) => Ok(outcome.lines.iter().find(|line| regex.is_match(line))),
        Err(error) => Err(format!("the pattern `{pattern}` is broken: {error}")),
    };
    match expected.log.match_regex.as_deref().map(|pattern| (pattern, any(pattern))) {
        Some((pattern, Ok(None))) => {
            all.push(format!("no line matches `{pattern}` ({})", told(&ids)))
        }
        Some((_, Err(broken))) => all.push(broken),
        Some((_, Ok(Some(_)))) | None => {}
    }
    match expected.log.no_match_regex.as_deref().map(|pattern| (pattern, any(pattern))) {
        Some((pattern, Ok(Some(line)))) => all.push(format!("`{pattern}` matches {line}")),
        Some((_, Err(broken))) => all.push(broken),
        Some((_, Ok(None))) | None => {}
    }
    all
}

fn in_body(pattern: &str, body: Option<&[u8]>) -> Option<String> {
    let Some(body) = body else { return Some("the response's body is not known".to_owned()) };
    match Regex::new(pattern) {
        Ok(regex) if regex.is_match(&String::from_utf8_lossy(body)) => None,
        Ok(_) => Some(format!("the response's body does not match `{pattern}`")),
        Err(error) => Some(format!("the pattern `{pattern}` is broken: {error}")),
    }
}

fn told(ids: &BTreeSet<u32>) -> String {
    if ids.is_empty() {
        return "nothing logged".to_owned();
    }
    let ids: Vec<_> = ids.iter().map(u32::to_string).collect();
    format!("logged: {}", ids.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Log;

    fn outcome(status: u16, lines: &[&str]) -> Outcome {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Outcome { status, lines, ..Outcome::default() }
    }

    fn log(expect: &[u32], no_expect: &[u32]) -> Output {
        let log =
            Log { expect_ids: expect.into(), no_expect_ids: no_expect.into(), ..Log::default() };
        Output { log, ..Output::default() }
    }

    fn pattern(does: Option<&str>, does_not: Option<&str>) -> Output {
        let log = Log {
            match_regex: does.map(str::to_owned),
            no_match_regex: does_not.map(str::to_owned),
            ..Log::default()
        };
        Output { log, ..Output::default() }
    }

    #[test]
    fn each_expectation_tells_its_own_difference() {
        let one = outcome(200, &["a [id \"1\"] [msg \"x\"]"]);
        let two = outcome(200, &["a [id \"1\"]", "b [id \"2\"]"]);
        let none = outcome(200, &[]);
        let isolated = Output { isolated: true, ..log(&[1], &[]) };
        let status = |status| Output { status: Some(status), ..Output::default() };
        let rows = [
            (log(&[1], &[]), &one, None),
            (log(&[1, 2], &[3]), &two, None),
            (log(&[1, 2], &[]), &one, Some("2 did not log (logged: 1)")),
            (log(&[1], &[]), &none, Some("1 did not log (nothing logged)")),
            (log(&[], &[2]), &two, Some("2 logged")),
            (isolated.clone(), &one, None),
            (isolated, &two, Some("not alone (logged: 1 2)")),
            (status(200), &one, None),
            (status(403), &one, Some("status 200 instead of 403")),
            (pattern(Some(r#"id "1".*msg "x""#), None), &one, None),
            (pattern(Some("id \"1\".*b"), None), &two, Some("no line matches")),
            (pattern(None, Some(r#"\[id "\d+"\]"#)), &none, None),
            (pattern(None, Some(r#"\[id "\d+"\]"#)), &one, Some("matches a [id")),
            (pattern(Some("("), None), &one, Some("is broken")),
            (pattern(None, Some("(")), &none, Some("is broken")),
        ];
        for (expected, outcome, want) in rows {
            let got = differences(&expected, outcome).join("; ");
            match want {
                None => assert_eq!(got, "", "{expected:?}"),
                Some(want) => assert!(got.contains(want), "{expected:?}: {got}"),
            }
        }
    }

    #[test]
    fn a_body_is_compared_where_it_is_known() {
        let expected = Output { response_contains: Some("a.c".to_owned()), ..Output::default() };
        for (body, passes) in [(Some("xabcx"), true), (Some("x"), false), (None, false)] {
            let body = body.map(|body| body.as_bytes().to_vec());
            let outcome = Outcome { body, ..Outcome::default() };
            assert_eq!(differences(&expected, &outcome).is_empty(), passes, "{outcome:?}");
        }
    }

    #[test]
    fn a_failed_exchange_passes_only_where_it_is_expected() {
        let failed = Outcome { failure: Some("closed".to_owned()), ..Outcome::default() };
        let expecting = |error| Output { expect_error: error, ..Output::default() };
        assert!(differences(&expecting(Some(true)), &failed).is_empty());
        assert!(!differences(&expecting(Some(false)), &failed).is_empty());
        assert!(!differences(&log(&[], &[1]), &failed).is_empty());
        assert!(!differences(&expecting(Some(true)), &outcome(200, &[])).is_empty());
        assert!(differences(&expecting(Some(false)), &outcome(200, &[])).is_empty());
    }
}
