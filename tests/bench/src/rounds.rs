//! Rounds of requests, all rows in each, so that what changes on the machine changes for all of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use portcullis_e2e::{Envoy, Response, TlsClient, Upstream};

use crate::answers::{Answers, REMOVED, SHOWN_BY, TRACE};
use crate::configs::{CLIENT, CONSUMER_HEADER, Config, consumer};
use crate::cpu::{self, Cores};
use crate::credentials::{Credentials, Message, Presented, jwks};
use crate::load::{Clients, Load};
use crate::options::Options;
use crate::requests::write_request;
use crate::rows::{NO_FILTER, ROWS, Row};

/// Requests before a row's measured ones: they warm caches, Envoy's and the core's.
const WARM_UP: usize = 200;

/// Requests to each new Envoy before the first round: V8 compiles code that runs often once more, and better, in the
/// background, and a gateway in service has all of that behind it.
const TIER_UP: usize = 20_000;

/// One row's figures.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The row.
    pub(crate) row: Row,
    /// CPU of Envoy per request in microseconds, one figure for each round.
    pub(crate) cost: Vec<f64>,
    /// The part of the time for which Envoy ran, in each round.
    pub(crate) busy: Vec<f64>,
}

struct Running {
    envoy: Envoy,
    clients: Clients,
}

/// Measures all wanted rows.
pub(crate) fn measure(options: &Options, cores: Cores, credentials: &Credentials) -> Vec<Measured> {
    let asked = |row: &&Row| options.wants(row.name);
    let bases: Vec<&str> = ROWS.iter().filter(asked).map(Row::base).collect();
    let wanted = ROWS.iter().filter(|row| {
        row.name == NO_FILTER || bases.contains(&row.name) || options.wants(row.name)
    });
    let mut measured: Vec<Measured> =
        wanted.map(|row| Measured { row: *row, cost: Vec::new(), busy: Vec::new() }).collect();
    for generation in 0..options.generations {
        eprintln!("generation {} of {}", generation + 1, options.generations);
        measure_generation(options, cores, credentials, &mut measured);
    }
    measured
}

/// Some rounds with processes of their own.
fn measure_generation(
    options: &Options,
    cores: Cores,
    credentials: &Credentials,
    measured: &mut [Measured],
) {
    let mut load = orders_load();
    let provider = provider();
    let envoys = start(measured, cores, &mut load, &provider, credentials);
    cpu::pin(cores.load);
    let mut fresh = credentials.fresh();
    for Measured { row, .. } in measured.iter() {
        let clients = &envoys[&row.config].clients;
        let next = |into: &mut Vec<u8>| write_request(into, row.send.next(&mut fresh, credentials));
        load.run(clients, TIER_UP, row.send.expected(), next);
    }
    for round in 0..options.rounds {
        let mut order: Vec<usize> = (0..measured.len()).collect();
        if round % 2 == 1 {
            // A row has another neighbour before it in every other round.
            order.reverse();
        }
        for index in order {
            let row = measured[index].row;
            let Running { envoy, clients } = &envoys[&row.config];
            let expected = row.send.expected();
            let mut next =
                |into: &mut Vec<u8>| write_request(into, row.send.next(&mut fresh, credentials));
            load.run(clients, WARM_UP, expected, &mut next);
            let before = cpu::time(envoy.id());
            let started = Instant::now();
            load.run(clients, options.requests, expected, &mut next);
            let elapsed = started.elapsed();
            let used = cpu::time(envoy.id()) - before;
            measured[index].cost.push(microseconds(used) / options.requests as f64);
            measured[index].busy.push(used.as_secs_f64() / elapsed.as_secs_f64());
        }
    }
}

/// Clients, and the upstream that answers them.
pub(crate) fn orders_load() -> Load {
    let answers = Answers::new();
    Load::start(move |request| answers.to(request))
}

/// The answer to one request, and what the upstream saw of it.
fn ask(load: &mut Load, clients: &Clients, presented: Presented<'_>) -> (String, String) {
    let mut request = Vec::new();
    write_request(&mut request, presented);
    load.ask(clients, &request)
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Where keys are fetched from, once by each Envoy that does.
pub(crate) fn provider() -> Upstream {
    let set = jwks().to_string();
    Upstream::with(move |_| {
        Response::new(200).header("content-type", "application/json").body(set.as_bytes())
    })
}

/// Starts an Envoy for each configuration, on its core, and looks whether it does what it is measured for.
fn start(
    measured: &[Measured],
    cores: Cores,
    load: &mut Load,
    provider: &Upstream,
    credentials: &Credentials,
) -> BTreeMap<Config, Running> {
    // A process starts on its parent's core, and stays.
    cpu::pin(cores.envoy);
    let tls = TlsClient::showing(CLIENT);
    let mut envoys = BTreeMap::new();
    for Measured { row, .. } in measured {
        if envoys.contains_key(&row.config) {
            continue;
        }
        let envoy = Envoy::start(row.config.envoy(load.address(), provider.address()));
        let clients = load.connect(envoy.address(), row.config.over_tls().then_some(&tls));
        check(row.config, load, &clients, credentials);
        envoys.insert(row.config, Running { envoy, clients });
    }
    envoys
}

/// # Panics
/// When the filters don't do their work: then there is nothing to measure.
fn check(config: Config, load: &mut Load, clients: &Clients, credentials: &Credentials) {
    let (answer, seen) = ask(load, clients, credentials.repeated());
    let (answer, seen) = (answer.to_ascii_lowercase(), seen.to_ascii_lowercase());
    assert!(answer.starts_with("http/1.1 200 "), "{config:?} answers {answer}");
    assert_eq!(
        answer.contains("ratelimit-remaining"),
        config.limits(),
        "{config:?} limits, or does not, and answers {answer}"
    );
    assert_eq!(
        answer.contains("x-content-type-options: nosniff")
            && answer.contains("referrer-policy: no-referrer"),
        config.has_security_headers(),
        "{config:?} has security headers, or does not, and answers {answer}"
    );
    for header in ["x-user-id: user-", "x-user-email: user-", "x-user-roles: reader,writer"] {
        assert_eq!(
            seen.contains(header),
            config.forwards_claims(),
            "{config:?} forwards claims, or does not, and the upstream saw {seen}"
        );
    }
    let page = Presented { message: Message::Page, ..credentials.repeated() };
    let (answer, _) = ask(load, clients, page);
    assert_eq!(
        answer.to_ascii_lowercase().contains("access-control-allow-credentials: true"),
        config.lets_pages_read(),
        "{config:?} lets pages read, or does not, and answers {answer}"
    );
    check_answers(config, load, clients, credentials);
    let told = format!("{CONSUMER_HEADER}: {}\r\n", consumer(0));
    assert_eq!(
        seen.contains(&told),
        config.knows_keys(),
        "{config:?} says whose the key is, or does not, and the upstream saw {seen}"
    );
    let good = credentials.repeated();
    let forged = good.token.replace("eyJ", "eyK");
    for (bad, refused) in [
        (Presented { token: &forged, ..good }, config.authenticates()),
        (Presented { key: "made-up", ..good }, config.knows_keys()),
    ] {
        let (answer, _) = ask(load, clients, bad);
        let expected = if refused { "HTTP/1.1 401 " } else { "HTTP/1.1 200 " };
        assert!(answer.starts_with(expected), "{config:?} answers {bad:?} with {answer}");
    }
}

/// The same of what becomes of a failure and of a list.
fn check_answers(config: Config, load: &mut Load, clients: &Clients, credentials: &Credentials) {
    let mut answer =
        |message| ask(load, clients, Presented { message, ..credentials.repeated() }).0;
    let failed = answer(Message::Failing);
    assert!(failed.starts_with("HTTP/1.1 500 "), "{config:?} answers {failed}");
    assert_eq!(
        !failed.ends_with(TRACE),
        config.masks_errors(),
        "{config:?} masks errors, or does not, and answers {failed}"
    );
    let list = answer(Message::List);
    let member = |name: &str| format!("\"{name}\":");
    assert_eq!(
        list.contains(&member(SHOWN_BY.0))
            && !REMOVED.iter().any(|name| list.contains(&member(name))),
        config.rewrites_json(),
        "{config:?} rewrites JSON, or does not, and answers {list}"
    );
}
