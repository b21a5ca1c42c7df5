//! A provider that answers with something else, or slowly, or not at all.

use std::time::Duration;

use portcullis_e2e::{Request, Response, Traffic, eventually};
use serde_json::json;

use crate::provider::{Provider, forged, key_set, token};
use crate::{ask_for_another_key, counter, discovery, envoy, send, send_at_once, source};

/// Longer than a fetch may take.
const TOO_LONG: Duration = Duration::from_millis(2_500);

#[test]
fn what_is_no_key_set_never_replaces_one() {
    let provider = Provider::start(&["rsa2048"]);
    let (_upstream, envoy) = envoy(provider.server(), &source(json!({"cooldown": 1})), 1);
    let good = token("rsa2048");
    assert_eq!(send(&envoy, &good).status, 200);
    let secret = json!({"keys": [{"kty": "oct", "kid": "made-up", "k": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"}]});
    let other = key_set(&["rsa2048-other"]);
    let bad = [
        Response::new(200).body(b"<html>".as_slice()),
        Response::new(302).header("location", "http://127.0.0.1/keys").body(other.as_slice()),
        Response::new(500).body(other.as_slice()),
        Response::new(200).body(vec![b' '; 5_000_000].as_slice()),
        Response::new(200).body(b"{\"keys\":[]}".as_slice()),
        Response::new(200).body(secret.to_string().as_bytes()),
    ];
    for (number, answer) in bad.into_iter().enumerate() {
        let failed = u64::try_from(number).unwrap() + 1;
        provider.answer_with(Some(answer));
        eventually("a failed fetch", || {
            assert_eq!(send(&envoy, &forged("rsa2048-other", "made-up")).status, 401);
            assert_eq!(send(&envoy, &good).status, 200);
            (envoy.stat(&counter("keys_failed")).unwrap_or(0) >= failed).then_some(())
        });
        envoy.wait_for_log("the old ones go on serving");
        // A good answer ends the pauses.
        provider.answer_with(None);
        eventually("a good fetch", || {
            assert_eq!(send(&envoy, &forged("rsa2048-other", "made-up")).status, 401);
            (envoy.stat(&counter("keys_fetched")).unwrap_or(0) > failed).then_some(())
        });
    }
}

#[test]
fn without_keys_nobody_passes_and_when_the_provider_comes_everybody_does() {
    let provider = Provider::start(&["rsa2048"]);
    provider.answer_with(Some(Response::new(500)));
    let (upstream, envoy) = envoy(provider.server(), &source(json!({})), 1);
    let good = token("rsa2048");
    let reply = send(&envoy, &good);
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("1")));
    assert_eq!(reply.json()["message"], "Service unavailable");
    assert_eq!(upstream.started(), 0);
    // What needs no keys is judged as ever.
    assert_eq!(envoy.get("/").status, 401);
    envoy.wait_for_log("there are none, next attempt in");
    provider.answer_with(None);
    eventually("the keys", || (send(&envoy, &good).status == 200).then_some(()));
}

#[test]
fn a_slow_provider_is_waited_for_and_a_slower_one_given_up() {
    let provider = Provider::start(&["rsa2048"]);
    // Two answers, of which each may take two seconds.
    provider.take(Duration::from_millis(1_000));
    let (_upstream, envoy) = envoy(provider.server(), &discovery(json!({"cooldown": 1})), 2);
    let (good, new) = (token("rsa2048"), token("rsa2048-other"));
    let at_once = send_at_once(&envoy, &vec![good.clone(); 8]);
    assert!(at_once.iter().all(|status| *status == 200), "{at_once:?}");
    assert_eq!(provider.fetches(), 1);
    let sent = Request::get("/").bearer(&good);
    let traffic = Traffic::start(envoy.address(), 2, move |_, _| sent.clone());
    provider.publish(&["rsa2048", "rsa2048-other"]);
    provider.take(TOO_LONG);
    eventually("a fetch that is given up", || {
        ask_for_another_key(&envoy, &good);
        (envoy.stat(&counter("keys_failed")).unwrap_or(0) > 0).then_some(())
    });
    envoy.wait_for_log(
        "no answer; look at the cluster and its endpoint; the old ones go on serving",
    );
    provider.take(Duration::ZERO);
    eventually("the new key", || (send(&envoy, &new).status == 200).then_some(()));
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
}
