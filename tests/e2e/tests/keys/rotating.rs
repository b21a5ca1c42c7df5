//! A provider that is discovered, rotates its keys, stops and comes back.

use portcullis_e2e::{Request, Traffic, eventually};
use serde_json::json;

use crate::provider::{DISCOVERY, ISSUER, KEYS, Provider, forged, token};
use crate::{ask_for_another_key, counter, discovery, envoy, send, send_at_once};

#[test]
fn keys_rotate_under_traffic_without_a_wrong_refusal() {
    let provider = Provider::start(&["rsa2048"]);
    let (_upstream, envoy) = envoy(provider.server(), &discovery(json!({"cooldown": 1})), 2);
    let (old, new) = (token("rsa2048"), token("rsa2048-other"));
    let reply = send(&envoy, &old);
    assert_eq!((reply.status, reply.json()["headers"]["x-user-id"].clone()), (200, json!("ada")));
    let sent = Request::get("/").bearer(&old);
    let traffic = Traffic::start(envoy.address(), 4, move |_, _| sent.clone());
    ask_for_another_key(&envoy, &old);
    assert_eq!(provider.fetches(), 2);
    ask_for_another_key(&envoy, &old);
    provider.publish(&["rsa2048", "rsa2048-other"]);
    // The new key is asked for while the requests wait, as soon as the cooldown is over.
    eventually("the new key", || (send(&envoy, &new).status == 200).then_some(()));
    let at_once = send_at_once(&envoy, &vec![new.clone(); 8]);
    assert!(at_once.iter().all(|status| *status == 200), "{at_once:?}");
    traffic.wait_for(100);
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
    // The old key goes with the next fetch; what it signed, and is cached, is worth nothing then.
    provider.publish(&["rsa2048-other"]);
    ask_for_another_key(&envoy, &new);
    eventually("every worker to know", || {
        (0..8).all(|_| send(&envoy, &old).status == 401).then_some(())
    });
    assert_eq!(send(&envoy, &new).status, 200);
}

#[test]
fn the_first_token_of_a_new_key_passes_where_nobody_asked_before() {
    let provider = Provider::start(&["rsa2048"]);
    let (_upstream, envoy) = envoy(provider.server(), &discovery(json!({"cooldown": 1})), 2);
    let (old, new) = (token("rsa2048"), token("rsa2048-other"));
    assert_eq!(send(&envoy, &old).status, 200);
    let started = std::time::Instant::now();
    while started.elapsed() < crate::COOLDOWN {
        assert_eq!(send(&envoy, &old).status, 200);
    }
    provider.publish(&["rsa2048", "rsa2048-other"]);
    let at_once = send_at_once(&envoy, &vec![new; 8]);
    assert!(at_once.iter().all(|status| *status == 200), "{at_once:?}");
    assert_eq!((provider.fetches(), provider.discoveries()), (2, 2));
}

#[test]
fn a_provider_stops_and_comes_back_with_new_keys() {
    let mut provider = Provider::start(&["rsa2048"]);
    let (_upstream, envoy) = envoy(provider.server(), &discovery(json!({"cooldown": 1})), 2);
    let (old, new) = (token("rsa2048"), token("rsa2048-other"));
    assert_eq!(send(&envoy, &old).status, 200);
    let sent = Request::get("/").bearer(&old);
    let traffic = Traffic::start(envoy.address(), 2, move |_, _| sent.clone());
    provider.stop();
    eventually("a failed fetch", || {
        ask_for_another_key(&envoy, &old);
        (envoy.stat(&counter("keys_failed")).unwrap_or(0) > 0).then_some(())
    });
    envoy.wait_for_log(
        "no answer; look at the cluster and its endpoint; the old ones go on serving",
    );
    assert_eq!(send(&envoy, &new).status, 401);
    provider.publish(&["rsa2048", "rsa2048-other"]);
    provider.come_back();
    eventually("the new key", || (send(&envoy, &new).status == 200).then_some(()));
    traffic.wait_for(20);
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.errors.len()), (tally.answers(), 0), "{tally:?}");
}

#[test]
fn a_provider_is_discovered_and_must_be_the_issuer() {
    let provider = Provider::start(&["rsa2048"]);
    let good = token("rsa2048");
    let (_upstream, found) = envoy(provider.server(), &discovery(json!({})), 2);
    assert_eq!(send(&found, &good).status, 200);
    assert_eq!(send(&found, &forged("rsa2048-other", "rsa2048")).status, 401);
    let paths: Vec<String> =
        provider.server().requests().into_iter().map(|request| request.target).collect();
    assert_eq!(paths, [DISCOVERY, KEYS]);
    // Somebody else's document, and keys on a host that nobody gave a cluster for.
    for (issuer, keys, says) in [
        (
            "https://evil.example.com",
            "https://idp.example.com/keys",
            "`issuer` is not the configured one",
        ),
        (ISSUER, "https://keys.example.com/keys", "on another host, keys.example.com"),
    ] {
        provider.claim(issuer, keys);
        let (_upstream, refused) = envoy(provider.server(), &discovery(json!({})), 1);
        refused.wait_for_log(says);
    }
    let with_cluster = discovery(json!({"jwks_cluster": "idp"}));
    let (_upstream, elsewhere) = envoy(provider.server(), &with_cluster, 1);
    assert_eq!(send(&elsewhere, &good).status, 200);
    let last = provider.server().requests().pop().unwrap();
    assert_eq!(last.headers.text("host").as_deref(), Some("keys.example.com"));
}
