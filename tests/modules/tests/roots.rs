//! Several configurations in one VM, as Envoy has them after an update and where listeners share a `vm_id`: each hears of
//! the time on its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::time::Duration;

use portcullis_cases::tokens::{Spec, mint};
use portcullis_host::{Answer, Host, Process, Request, Response};
use portcullis_modules::wasm;
use serde_json::json;

const TICK: Duration = Duration::from_millis(1_100);

#[test]
fn a_new_configuration_counts_as_the_old_one_did() {
    let process = Process::new();
    let builder = Host::load(wasm("rate-limiting")).process(&process);
    let mut host = builder.configure(r#"{"hour": 100}"#).start().unwrap();
    let allowed = || process.metric("portcullis.rate-limiting.allowed");
    assert_eq!(host.send(Request::get("/")).status(), 200);
    host.advance(TICK);
    assert_eq!(allowed(), 1);
    host.reconfigure(r#"{"hour": 200}"#).unwrap();
    assert_eq!(host.send(Request::get("/")).status(), 200);
    host.advance(TICK);
    assert_eq!(allowed(), 2);
}

/// A list of revoked tokens at this path, for a realm of this name.
fn configuration(path: &str, realm: &str) -> String {
    let feed = json!({"cluster": "lists", "path": path});
    let keys = json!([{"secret": portcullis_cases::tokens::keys::secret("secret64")}]);
    let issuer = json!({"issuer": "https://idp.test", "algorithms": ["HS256"], "keys": keys});
    json!({"revoked": {"feed": feed}, "realm": realm, "issuers": [issuer]}).to_string()
}

/// A request waits under the one configuration, and one under the other; so many fetches are made for both.
fn two_wait(old: &str, new: &str, fetches: usize) {
    let process = Process::new();
    let now = process.now() / 1_000_000_000;
    let builder = Host::load(wasm("jwt-auth")).process(&process).cluster("lists");
    let mut host = builder.configure(old).start().unwrap();
    let claims = json!({"iss": "https://idp.test"}).as_object().cloned().unwrap();
    let token = mint(&Spec { alg: Some("HS256".to_owned()), claims, ..Spec::default() }, now);
    let request = || Request::get("/").header("authorization", format!("Bearer {token}"));
    let old = host.send(request());
    host.reconfigure(new).unwrap();
    let new = host.send(request());
    assert!(old.paused && new.paused);
    host.advance(Duration::from_millis(100));
    let calls = host.worker(0).calls();
    assert_eq!(calls.len(), fetches);
    for call in calls {
        let list = Response::new(200).body(r#"{"jti":[]}"#);
        host.worker(0).answer_call(call.token, Answer::Response(list));
    }
    host.advance(Duration::from_millis(100));
    assert!(host.worker(0).calls().is_empty());
    for exchange in [old, new] {
        assert_eq!(host.worker(0).exchange(exchange.stream).status(), 200);
    }
}

#[test]
fn requests_of_an_old_configuration_and_a_new_one_both_wait_no_longer_than_they_must() {
    two_wait(&configuration("/one", "a"), &configuration("/two", "a"), 2);
}

#[test]
fn two_configurations_with_one_source_fetch_once() {
    two_wait(&configuration("/one", "a"), &configuration("/one", "b"), 1);
}

#[test]
fn the_version_of_a_rule_set_is_told_while_it_runs_and_no_longer() {
    let process = Process::new();
    let builder = Host::load(wasm("waf")).process(&process);
    let mut host = builder.configure(r#"{"ruleset": "base"}"#).start().unwrap();
    let told = |version: &str| process.metric(&format!("portcullis.waf.ruleset.{version}"));
    assert_eq!([told("Portcullis-base/1"), told("Own/2")], [1, 0]);
    let own = json!({"ruleset": "none", "directives": "SecComponentSignature \"Own/2\""});
    host.reconfigure(own.to_string()).unwrap();
    host.advance(TICK);
    assert_eq!([told("Portcullis-base/1"), told("Own/2")], [0, 1]);
    // The same set again: whoever ends last must not say that it is gone.
    let same =
        json!({"ruleset": "none", "directives": "SecComponentSignature \"Own/2\"", "log_lines": 1});
    host.reconfigure(same.to_string()).unwrap();
    host.advance(TICK);
    assert_eq!([told("Portcullis-base/1"), told("Own/2")], [0, 1]);
}
