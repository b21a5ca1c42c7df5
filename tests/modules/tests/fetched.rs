//! Documents that are fetched, with several workers and a clock of our own: who fetches and how often, what a lost
//! worker and a long answer cost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::time::Duration;

use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_host::{Answer, Exchange, Host, Process, Request, Response};
use portcullis_modules::wasm;
use serde_json::{Value, json};

/// Seconds since the epoch.
const START: u64 = 1_700_000_000;
const SECOND: u64 = 1_000_000_000;
const WORKERS: usize = 4;
/// What the module may take of linear memory. As it is loaded it takes 1.2 MiB.
const MOST_MEMORY: usize = 12 * 1024 * 1024;

/// Times between ticks, as the module asks for them while somebody waits.
const TICK: Duration = Duration::from_millis(50);
/// Times between answers.
const STEP: Duration = Duration::from_millis(250);

struct Gate {
    host: Host,
    process: Process,
    /// When fetches began, and which worker's they were.
    fetches: Vec<(u64, usize)>,
}

fn issuer(more: &Value) -> Value {
    let mut issuer = json!({
        "issuer": "https://idp.test",
        "algorithms": ["HS256"],
        "keys": [{"secret": keys::secret("secret64")}],
    });
    issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    issuer
}

fn with_keys() -> Value {
    let source =
        json!({"jwks_uri": "https://idp.test/", "cluster": "there", "refresh": 60, "stale_for": 0});
    json!({"issuers": [issuer(&json!({"algorithms": ["EdDSA"], "keys": [source]}))]})
}

fn with_feed() -> Value {
    let feed = json!({"cluster": "there", "path": "/", "refresh": 60});
    json!({"revoked": {"feed": feed}, "issuers": [issuer(&json!({}))]})
}

fn set() -> String {
    json!({"keys": [keys::jwk("ed25519")]}).to_string()
}

fn token(alg: &str, jti: &str) -> Request {
    let claims = json!({"iss": "https://idp.test", "jti": jti, "exp": START + 100_000});
    let claims = claims.as_object().cloned().unwrap();
    let spec = Spec { alg: Some(alg.to_owned()), claims, ..Spec::default() };
    Request::get("/").header("authorization", format!("Bearer {}", mint(&spec, START)))
}

impl Gate {
    fn new(configuration: &Value, workers: usize) -> Self {
        let process = Process::new();
        process.set_now(START * SECOND);
        let host = Host::load(wasm("jwt-auth"))
            .process(&process)
            .workers(workers)
            .memory(MOST_MEMORY)
            .cluster("there")
            .configure(configuration.to_string());
        Gate { host: host.start().expect("a good configuration"), process, fetches: Vec::new() }
    }

    /// Calls that wait for an answer: the worker and the token.
    fn calls(&mut self) -> Vec<(usize, u32)> {
        let workers = self.host.workers().iter().enumerate();
        let calls = workers.map(|(index, worker)| (index, worker.calls()));
        calls
            .flat_map(|(index, calls)| calls.into_iter().map(move |call| (index, call.token)))
            .collect()
    }

    /// Lets time pass; every call is answered so.
    fn pass(&mut self, time: Duration, answer: &Answer) {
        let end = self.process.now() + u64::try_from(time.as_nanos()).unwrap();
        while self.process.now() < end {
            self.host.advance(STEP);
            for (worker, token) in self.calls() {
                self.fetches.push((self.process.now(), worker));
                self.host.worker(worker).answer_call(token, answer.clone());
            }
        }
    }

    fn send(&mut self, worker: usize, request: Request) -> Exchange {
        self.host.worker(worker).send(request)
    }
}

fn text(body: &str) -> Answer {
    Answer::Response(Response::new(200).body(body))
}

#[test]
fn four_workers_fetch_once_a_refresh() {
    for (configuration, alg, body) in
        [(with_keys(), "EdDSA", set()), (with_feed(), "HS256", r#"{"jti":[]}"#.to_owned())]
    {
        let mut gate = Gate::new(&configuration, WORKERS);
        gate.pass(Duration::from_secs(600), &text(&body));
        let times: Vec<u64> = gate.fetches.iter().map(|(time, _)| time / SECOND - START).collect();
        // At nine tenths of the time, at the tick after it, or at the next one.
        assert!((11..=12).contains(&times.len()), "{times:?}");
        assert!(times.windows(2).all(|pair| (54..=56).contains(&(pair[1] - pair[0]))), "{times:?}");
        for worker in 0..WORKERS {
            assert_eq!(gate.send(worker, token(alg, "a")).status(), 200, "worker {worker}");
        }
    }
}

#[test]
fn requests_of_a_worker_that_does_not_fetch_wait_and_then_pass() {
    let mut gate = Gate::new(&with_keys(), WORKERS);
    let waiting: Vec<Exchange> =
        (0..WORKERS).map(|worker| gate.send(worker, token("EdDSA", "a"))).collect();
    assert!(waiting.iter().all(|exchange| exchange.paused && exchange.client.is_none()));
    gate.pass(STEP, &text(&set()));
    gate.host.advance(TICK);
    for (worker, exchange) in waiting.into_iter().enumerate() {
        assert_eq!(gate.host.worker(worker).exchange(exchange.stream).status(), 200);
    }
    assert_eq!(gate.fetches.len(), 1);
}

#[test]
fn another_worker_takes_over_from_one_that_never_hears_back() {
    let mut gate = Gate::new(&with_keys(), 2);
    let waiting = [0, 1].map(|worker| gate.send(worker, token("EdDSA", "a")));
    gate.host.advance(TICK);
    let lost = gate.calls();
    assert_eq!(lost.len(), 1);
    gate.host.advance(Duration::from_millis(2_400));
    assert_eq!(gate.calls(), lost, "its lease lasts");
    gate.host.advance(Duration::from_millis(150));
    let calls = gate.calls();
    assert_eq!(calls.len(), 2, "one more");
    let (worker, call) = calls.into_iter().find(|call| *call != lost[0]).unwrap();
    gate.host.worker(worker).answer_call(call, text(&set()));
    gate.host.advance(TICK);
    for (worker, exchange) in waiting.into_iter().enumerate() {
        assert_eq!(gate.host.worker(worker).exchange(exchange.stream).status(), 200);
    }
}

#[test]
fn a_flood_of_made_up_names_of_keys_is_one_fetch_a_cooldown() {
    let mut configuration = with_keys();
    configuration["issuers"][0]["keys"][0]["refresh"] = json!(3_600);
    let mut gate = Gate::new(&configuration, WORKERS);
    gate.pass(TICK, &text(&set()));
    for second in 0..120 {
        for worker in 0..WORKERS {
            let claims = json!({"iss": "https://idp.test"}).as_object().cloned().unwrap();
            let kid = Some(format!("made-up-{second}-{worker}"));
            let spec = Spec { alg: Some("EdDSA".to_owned()), kid, claims, ..Spec::default() };
            // Every key without a name fits, so the signature must not.
            let made_up = mint(&Spec { key: Some("ed25519-other".to_owned()), ..spec }, START);
            let request = Request::get("/").header("authorization", format!("Bearer {made_up}"));
            let exchange = gate.send(worker, request);
            assert!(exchange.paused || exchange.status() == 401);
        }
        gate.pass(Duration::from_secs(1), &text(&set()));
    }
    let times: Vec<u64> = gate.fetches.iter().map(|(time, _)| time / SECOND - START).collect();
    assert_eq!(times.len(), 4, "{times:?}");
    assert!(times.windows(2).all(|pair| (30..=31).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn a_failing_endpoint_is_asked_less_and_less_often_by_all_workers_together() {
    let mut gate = Gate::new(&with_keys(), WORKERS);
    gate.pass(Duration::from_secs(300), &Answer::Unreachable);
    let times: Vec<u64> = gate.fetches.iter().map(|(time, _)| time / SECOND - START).collect();
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A worker that has not asked yet may wait for the lease of the one that has.
    let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60];
    assert_eq!(pauses.len(), expected.len(), "{times:?}");
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!((expected..=expected + 3).contains(pause), "{times:?}");
    }
    assert_eq!(gate.process.metric("portcullis.jwt-auth.keys_failed"), 10);
}

#[test]
fn the_longest_list_costs_each_worker_eight_bytes_an_entry() {
    let mut gate = Gate::new(&with_feed(), 2);
    let entries: Vec<String> = (0..50_000).map(|number| format!("\"{number:036}\"")).collect();
    let list = format!(r#"{{"jti":[{}]}}"#, entries.join(","));
    for _ in 0..3 {
        gate.pass(Duration::from_secs(60), &text(&list));
    }
    for worker in 0..2 {
        let last = format!("{:036}", 49_999);
        assert_eq!(gate.send(worker, token("HS256", &last)).status(), 401);
        assert_eq!(gate.send(worker, token("HS256", "another")).status(), 200);
    }
    let shared = gate.process.shared_bytes("portcullis");
    assert!((400_000..410_000).contains(&shared), "{shared} bytes of shared data");
    assert_eq!(gate.process.metric("portcullis.jwt-auth.revocations_fetched"), 4);
}

#[test]
fn an_answer_of_any_length_costs_no_worker_its_vm() {
    let mut gate = Gate::new(&with_keys(), 1);
    let long = text(&" ".repeat(64 * 1024 * 1024));
    gate.pass(Duration::from_secs(5), &long);
    assert!(gate.fetches.len() > 1);
    let worker = gate.host.worker(0);
    assert_eq!((worker.trapped(), worker.reloads()), (None, 0));
    gate.pass(Duration::from_secs(60), &text(&set()));
    assert_eq!(gate.send(0, token("EdDSA", "a")).status(), 200);
}
