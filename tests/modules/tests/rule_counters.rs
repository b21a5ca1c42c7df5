//! Counters of rules: Envoy keeps each for ever, so that there are no more than a control says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::fmt::Write;
use std::time::Duration;

use portcullis_host::{Host, Process, Request};
use portcullis_modules::wasm;
use serde_json::json;

/// Rules that are counted apart.
const MOST: usize = 1_024;
/// Rules of the configuration.
const RULES: usize = MOST + 10;
/// Rules that a request matches: fewer than it may write lines.
const AT_ONCE: usize = 47;

#[test]
fn rules_behind_those_that_are_counted_apart_count_together() {
    let process = Process::new();
    let mut rules = String::new();
    for id in 1..=RULES {
        let _ = writeln!(rules, "SecRule ARGS \"@streq {id}\" \"id:{id},phase:1,pass,log\"");
    }
    let config = json!({"ruleset": "none", "directives": rules}).to_string();
    let mut host = Host::load(wasm("waf")).process(&process).configure(config).start().unwrap();
    assert_eq!(count(&process), 0, "a counter is there before its rule matched");
    let ids: Vec<usize> = (1..=RULES).collect();
    for part in ids.chunks(AT_ONCE) {
        let arguments: Vec<String> = part.iter().map(|id| format!("a={id}")).collect();
        let request = Request::get(format!("/?{}", arguments.join("&")));
        assert_eq!(host.send(request).status(), 200);
    }
    host.advance(Duration::from_millis(1_100));
    assert_eq!(count(&process), MOST + 1);
    let value = |member: &str| process.metric(&format!("portcullis.waf.rule.{member}"));
    assert_eq!(value(&MOST.to_string()), 1);
    assert_eq!(value("others"), i64::try_from(RULES - MOST).unwrap());
}

/// How many counters of rules there are.
fn count(process: &Process) -> usize {
    process.metrics().keys().filter(|name| name.starts_with("portcullis.waf.rule.")).count()
}
