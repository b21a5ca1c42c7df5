//! What an operator does with what the WAF says: tune by its log, look at its metrics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

#[expect(dead_code, reason = "the shipped file alone is of interest, not what starts it")]
#[path = "tls/gateway.rs"]
mod gateway;

use portcullis_e2e::{Envoy, EnvoyConfig, EnvoyFile, Request, Upstream, Wasm, eventually, wasm};
use portcullis_waf_tune::{Thresholds, suggest};
use serde_json::json;

/// A value that several rules refuse.
const ATTACK: &str = "1%27%20or%20%271%27%3D%271%27%20--%20";

/// The example with this in the place of its exclusions.
fn example(upstream: &Upstream, exclusions: &str) -> EnvoyFile {
    let dist = wasm("waf").parent().unwrap().display().to_string();
    let exclusions: String =
        exclusions.lines().map(|line| format!("                    {line}\n")).collect();
    EnvoyFile::new("envoy/examples/waf.yaml")
        .port(8080, 0)
        .port(8081, upstream.address().port())
        .replace("filename: dist", &format!("filename: {dist}"))
        .replace_between(
            "                    # A comment may have",
            "          - name: envoy.filters.http.router\n",
            &exclusions,
        )
}

#[test]
fn what_the_log_of_an_envoy_suggests_can_be_pasted_and_lets_the_refused_pass() {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(example(&upstream, ""));
    let search = |name: &str| format!("/search?{name}={ATTACK}");
    let login = Request::post("/login", format!("name={ATTACK}").into_bytes())
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(envoy.get(search("q")).status, 403);
    assert_eq!(envoy.send(&login).status, 403);
    let suggestion = eventually("the lines of both", || {
        let suggestion = suggest(&envoy.log_lines().join("\n"), Thresholds::default());
        let text = suggestion.to_string();
        (text.contains("/search") && text.contains("/login")).then_some(text)
    });
    assert!(suggestion.contains("no longer see ARGS:q on /search"), "{suggestion}");
    let envoy = Envoy::start(example(&upstream, &suggestion));
    assert_eq!(envoy.get(search("q")).status, 200, "{suggestion}");
    assert_eq!(envoy.send(&login).status, 200, "{suggestion}");
    assert_eq!(envoy.get(search("p")).status, 403);
    assert_eq!(envoy.get(format!("/login?name={ATTACK}")).status, 200, "it is the same argument");
    assert_eq!(envoy.get(format!("/other?name={ATTACK}")).status, 403);
}

#[test]
fn an_update_of_the_rules_is_seen_by_the_version_that_runs() {
    let upstream = Upstream::echo();
    let config = |waf: serde_json::Value| {
        let waf = Wasm::new("waf").config(waf);
        EnvoyConfig::new(&upstream).drain_seconds(1).reloadable().wasm(&waf)
    };
    let envoy = Envoy::start(config(json!({"ruleset": "base"})));
    let runs = |version: &str, value: u64| {
        let name = format!("wasmcustom.portcullis.waf.ruleset.{version}");
        eventually(&format!("{value} of {name}"), || {
            envoy.stat(&name).filter(|found| *found == value).map(|_| ())
        });
    };
    runs("Portcullis-base/1", 1);
    let own = json!({"ruleset": "none", "directives": "SecComponentSignature \"Own/2\""});
    envoy.reload(config(own)).unwrap();
    runs("Own/2", 1);
    runs("Portcullis-base/1", 0);
}

#[test]
fn the_shipped_tags_make_labels_of_rules_classes_and_versions() {
    let upstream = Upstream::echo();
    let waf = Wasm::new("waf").config(json!({"ruleset": "base"}));
    let filter = format!("          - {}\n", waf.filter());
    let (first, behind) =
        ("          - name: portcullis\n", "          - name: envoy.filters.http.router\n");
    let envoy = Envoy::start(gateway::file(&upstream).replace_between(first, behind, &filter));
    assert_eq!(envoy.get("/?q=<script>alert(1)</script>").status, 403);
    let wanted = [
        "portcullis_refused{control=\"waf\",reason=\"rule\"} 1",
        "portcullis_rule{control=\"waf\",rule=\"10439000\"} 1",
        "portcullis_class{control=\"waf\",class=\"xss\"} ",
        "portcullis_ruleset{control=\"waf\",version=\"Portcullis-base/1\"} 1",
    ];
    let has_all = |text: &str| wanted.iter().all(|line| text.contains(line));
    let mut last = String::new();
    let found = portcullis_e2e::within(std::time::Duration::from_secs(10), || {
        last = envoy.admin("GET", "/stats/prometheus?filter=portcullis").text();
        has_all(&last).then_some(())
    });
    assert!(found.is_some(), "{last}");
}
