//! What the log of a refused request suggests lets it pass, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_host::{Host, Process, Request};
use portcullis_modules::wasm;
use portcullis_waf_tune::{Suggestion, Thresholds, suggest};
use serde_json::{Value, json};

/// An argument's name and value that the base set refuses by several rules.
const ATTACK: &str = "1%27%20or%20%271%27%3D%271%27%20--%20";

/// What these requests get under a configuration, and what their log suggests.
fn ask(configuration: &Value, requests: &[Request]) -> (Vec<u32>, Suggestion) {
    let process = Process::new();
    let builder = Host::load(wasm("waf")).process(&process);
    let mut host = builder.configure(configuration.to_string()).start().unwrap();
    let statuses = requests.iter().map(|request| host.send(request.clone()).status()).collect();
    let lines: Vec<String> = process.log().iter().map(|line| line.text.clone()).collect();
    (statuses, suggest(&lines.join("\n"), Thresholds::default()))
}

#[test]
fn a_suggestion_lets_the_refused_pass_and_an_attack_elsewhere_is_still_refused() {
    let get = |path: &str| Request::get(path);
    let cookie = || get("/a").header("cookie", "b=<script>alert(1)</script>");
    for (refused, others) in [
        (
            vec![get(&format!("/search?q={ATTACK}"))],
            vec![get(&format!("/search?p={ATTACK}")), get(&format!("/other?q={ATTACK}"))],
        ),
        (
            vec![get(&format!("/s/a?q={ATTACK}")), get(&format!("/s/b?q={ATTACK}&r={ATTACK}"))],
            vec![get(&format!("/s/c?t={ATTACK}")), get(&format!("/s/a?r={ATTACK}"))],
        ),
        (vec![cookie()], vec![get("/a?b=<script>alert(1)</script>")]),
        (vec![get("/").header("user-agent", "sqlmap/1.8")], vec![get(&format!("/?q={ATTACK}"))]),
        (vec![Request::new("TRACE", "/x")], vec![Request::new("TRACE", "/y")]),
    ] {
        let count = refused.len();
        let all: Vec<Request> = refused.iter().chain(&others).cloned().collect();
        let (before, _) = ask(&json!({}), &all);
        assert!(before.iter().all(|status| *status == 403), "{before:?}");
        let (_, suggestion) = ask(&json!({}), &refused);
        let (after, _) = ask(&json!({"exclusions": suggestion.value()}), &all);
        let (passed, still) = after.split_at(count);
        assert!(passed.iter().all(|status| *status == 200), "{after:?} with\n{suggestion}");
        assert!(still.iter().all(|status| *status == 403), "{after:?} with\n{suggestion}");
    }
}

#[test]
fn shadow_suggests_what_would_be_refused() {
    let request = Request::get(format!("/search?q={ATTACK}"));
    let (statuses, suggestion) = ask(&json!({"mode": "shadow"}), std::slice::from_ref(&request));
    assert_eq!(statuses, [200]);
    let (statuses, nothing) = ask(&json!({"exclusions": suggestion.value()}), &[request]);
    assert_eq!(statuses, [200]);
    assert!(nothing.is_empty(), "{nothing}");
}
