//! Limits over several workers of a real Envoy: exact, and what they survive.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_e2e::{
    Envoy, EnvoyConfig, Request, Traffic, Upstream, Wasm, eventually, many_clients, probe,
};
use serde_json::{Value, json};

fn limiting(config: Value) -> Wasm {
    Wasm::new("rate-limiting").config(config)
}

/// A limit of a year: no window ends while the test runs, whenever it runs but at New Year's midnight.
fn yearly(limit: u64) -> Value {
    json!({"year": limit, "limit_by": "header", "header_name": "x-key", "name": "shared"})
}

fn keyed(key: &str) -> Request {
    Request::get("/").header("x-key", key)
}

#[test]
fn four_workers_and_64_clients_admit_exactly_the_limit() {
    let upstream = Upstream::echo();
    let envoy =
        Envoy::start(EnvoyConfig::new(&upstream).concurrency(4).wasm(&limiting(yearly(500))));
    let tally = many_clients(envoy.address(), 64, 20, |_, _| keyed("one"));
    assert_eq!((tally.of(200), tally.of(429)), (500, 64 * 20 - 500), "{tally:?}");
    assert!(tally.errors.is_empty(), "{tally:?}");
    assert_eq!(upstream.requests().len(), 500);
    let other = envoy.send(&keyed("two"));
    assert_eq!(other.header("x-ratelimit-remaining-year").as_deref(), Some("499"));
}

#[test]
fn counts_survive_a_reload_under_traffic_and_no_request_is_lost() {
    let upstream = Upstream::echo();
    let base = EnvoyConfig::new(&upstream).concurrency(2).reloadable();
    let envoy = Envoy::start(base.clone().wasm(&limiting(yearly(1_000_000))));
    let traffic = Traffic::start(envoy.address(), 4, |_, _| keyed("one"));
    traffic.wait_for(200);
    for limit in [900_000, 800_000, 700_000] {
        envoy.reload(base.clone().wasm(&limiting(yearly(limit)))).unwrap();
        traffic.wait_for(200);
    }
    let tally = traffic.stop();
    assert_eq!((tally.of(200), tally.answers()), (tally.answers(), tally.answers()), "{tally:?}");
    assert!(tally.errors.is_empty(), "{tally:?}");
    // Everything that passed was counted once, by whichever configuration served it.
    let sent = u64::try_from(tally.answers() + tally.repeated).unwrap();
    let last = envoy.send(&keyed("one"));
    let left: u64 = last.header("x-ratelimit-remaining-year").unwrap().parse().unwrap();
    assert_eq!(left, 700_000 - sent - 1, "{tally:?}");
}

#[test]
fn a_refused_configuration_leaves_the_old_one_and_names_every_fault() {
    let upstream = Upstream::echo();
    let base = EnvoyConfig::new(&upstream).reloadable();
    let envoy = Envoy::start(base.clone().wasm(&limiting(yearly(2))));
    assert_eq!(envoy.send(&keyed("one")).status, 200);
    let wrong = json!({"minute": "x", "hour": 0, "unknown": 1});
    assert!(envoy.reload(base.wasm(&limiting(wrong))).is_err());
    for fault in ["minute: expected", "hour: expected", "unknown field `unknown`"] {
        envoy.wait_for_log(fault);
    }
    assert_eq!(envoy.send(&keyed("one")).status, 200);
    assert_eq!(envoy.send(&keyed("one")).status, 429);
}

#[test]
fn counts_survive_a_trapped_vm() {
    let upstream = Upstream::echo();
    let config = json!({"probe": {}, "rate-limiting": yearly(3)});
    let module = Wasm::file("probe", probe()).config(config).reload_backoff("0.1s");
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module));
    assert_eq!(envoy.send(&keyed("one")).status, 200);
    assert_eq!(envoy.send(&keyed("one").header("x-probe", "trap")).status, 503);
    // Requests of another key, until the worker has its VM again.
    let mut tries = 0;
    eventually("the VM to come back", || {
        tries += 1;
        (envoy.send(&keyed(&format!("other-{tries}"))).status == 200).then_some(())
    });
    let second = envoy.send(&keyed("one"));
    assert_eq!(second.header("x-ratelimit-remaining-year").as_deref(), Some("1"));
    assert_eq!(envoy.send(&keyed("one")).status, 200);
    assert_eq!(envoy.send(&keyed("one")).status, 429);
    assert!(
        envoy
            .stats("wasm.")
            .iter()
            .any(|(name, count)| name.ends_with("vm_reload_success") && *count == 1)
    );
}

#[test]
fn addresses_behind_a_proxy_count_only_where_the_configuration_says_so() {
    let upstream = Upstream::echo();
    let forwarded = |address: &str| Request::get("/").header("x-forwarded-for", address);
    let by_ip = |client_ip: Value| json!({"year": 2, "limit_by": "ip", "client_ip": client_ip});
    // Without use_remote_address Envoy takes the last X-Forwarded-For entry: anyone chose it, so all share a bucket.
    let spoofable = EnvoyConfig::new(&upstream).use_remote_address(false);
    let envoy =
        Envoy::start(spoofable.clone().wasm(&limiting(by_ip(json!({"source": "connection"})))));
    let statuses: Vec<u16> =
        ["1.1.1.1", "2.2.2.2", "3.3.3.3"].map(|ip| envoy.send(&forwarded(ip)).status).to_vec();
    assert_eq!(statuses, [200, 200, 429]);
    envoy.wait_for_log("a client's address is unknown");
    let envoy = Envoy::start(spoofable.clone().wasm(&limiting(by_ip(json!({"source": "envoy"})))));
    let statuses: Vec<u16> =
        ["1.1.1.1", "2.2.2.2", "3.3.3.3"].map(|ip| envoy.send(&forwarded(ip)).status).to_vec();
    assert_eq!(statuses, [200, 200, 200]);
    // With it, the peer is the address and Envoy has appended it to the header already.
    let envoy = Envoy::start(
        EnvoyConfig::new(&upstream)
            .wasm(&limiting(by_ip(json!({"x_forwarded_for": {"trusted_hops": 2}})))),
    );
    let statuses: Vec<u16> = ["1.1.1.1", "1.1.1.1", "9.9.9.9, 1.1.1.1", "2.2.2.2"]
        .map(|ip| envoy.send(&forwarded(ip)).status)
        .to_vec();
    assert_eq!(statuses, [200, 200, 429, 200]);
}
