//! What a request costs in calls into the host and in instructions of wasm: the same in every run and on every machine,
//! so that a change which costs something is seen where it is made, and not as noise of a benchmark.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_bench::configs::Config;
use portcullis_bench::credentials::{Credentials, KEY_HEADER, Presented};
use portcullis_host::{ENV, Host, Request, Response, WASI};

/// Which token the measured request carries.
#[derive(Clone, Copy, Debug)]
enum Token {
    Fresh,
    Repeated,
}

/// What one request may cost, once everything is warm.
struct Budget {
    config: Config,
    token: Token,
    /// Calls of each function of the host; of one that is not named, none.
    calls: &'static [(&'static str, u64)],
    /// Instructions of wasm in its dearest callback, a quarter more than were needed when this was written.
    instructions: u64,
}

const TIME: (&str, u64) = ("proxy_get_current_time_nanoseconds", 1);
const HEADERS: (&str, u64) = ("proxy_get_header_map_pairs", 1);
const ADDRESS: (&str, u64) = ("proxy_get_property", 1);
const SIGNATURE: (&str, u64) = ("proxy_call_foreign_function", 1);
/// Between modules: an earlier one's identity, with the names of its headers, which this one's replaces.
const EARLIER: (&str, u64) = ("proxy_get_property", 1);
const IDENTITY: (&str, u64) = ("proxy_set_property", 1);
const COUNT: [(&str, u64); 2] = [("proxy_get_shared_data", 1), ("proxy_set_shared_data", 1)];

/// Request headers, which the module has read: what is certainly not there is added.
const CLAIMS: (&str, u64) = ("proxy_add_header_map_value", 3);

/// The key goes, and the consumer's name comes.
const HIDE: (&str, u64) = ("proxy_remove_header_map_value", 1);
const CONSUMER: (&str, u64) = ("proxy_add_header_map_value", 1);

const fn set_headers(count: u64) -> (&'static str, u64) {
    ("proxy_replace_header_map_value", count)
}

/// Three identity headers; two response headers for each period, and three for the tightest.
const BUDGETS: [Budget; 8] = [
    Budget {
        config: Config::JwtAuth,
        token: Token::Fresh,
        calls: &[TIME, HEADERS, SIGNATURE, CLAIMS, EARLIER, IDENTITY],
        instructions: 135_000,
    },
    Budget {
        config: Config::JwtAuth,
        token: Token::Repeated,
        calls: &[TIME, HEADERS, CLAIMS, EARLIER, IDENTITY],
        instructions: 30_000,
    },
    Budget {
        config: Config::KeyAuth,
        token: Token::Fresh,
        calls: &[HEADERS, HIDE, CONSUMER, EARLIER, IDENTITY],
        instructions: 41_000,
    },
    Budget {
        config: Config::GatewayKeyAuth,
        token: Token::Fresh,
        calls: &[HEADERS, HIDE, CONSUMER],
        instructions: 28_500,
    },
    Budget {
        config: Config::OnePeriod,
        token: Token::Repeated,
        calls: &[TIME, ADDRESS, COUNT[0], COUNT[1], set_headers(5)],
        instructions: 14_500,
    },
    Budget {
        config: Config::ThreePeriods,
        token: Token::Repeated,
        calls: &[TIME, ADDRESS, COUNT[0], COUNT[1], set_headers(9)],
        instructions: 15_000,
    },
    Budget {
        config: Config::Gateway,
        token: Token::Repeated,
        calls: &[TIME, HEADERS, ADDRESS, COUNT[0], COUNT[1], CLAIMS, set_headers(5)],
        instructions: 41_000,
    },
    Budget {
        config: Config::GatewayByCredential,
        token: Token::Repeated,
        calls: &[TIME, HEADERS, COUNT[0], COUNT[1], CLAIMS, set_headers(9)],
        instructions: 41_000,
    },
];

type Calls = BTreeMap<&'static str, u64>;

fn calls(host: &Host) -> Calls {
    let names = ENV.iter().chain(WASI).copied();
    names.map(|name| (name, host.process().host_calls(name))).collect()
}

fn request(presented: Presented<'_>) -> Request {
    let answer = Response::new(200)
        .header("content-type", "application/json")
        .header("content-length", "2")
        .body("{}");
    Request::get("/v1/orders/4711?expand=lines")
        .header("user-agent", "orders-app/3.2")
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", presented.token))
        .header(KEY_HEADER, presented.key)
        .answered(answer)
}

/// The calls and the instructions of one request after others.
fn measure(budget: &Budget, credentials: &Credentials) -> (Calls, u64) {
    let plugin = budget.config.plugins().remove(0);
    let mut host = Host::load(&plugin.module)
        .plugin(plugin.name, plugin.name)
        .configure(plugin.configuration.to_string())
        .start()
        .expect("a good configuration");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    host.process().set_now(u64::try_from(now.as_nanos()).unwrap());
    host.advance(Duration::from_secs(1));
    host.tick();
    // A token is kept from its second use on.
    let mut fresh = credentials.fresh();
    for presented in fresh.by_ref().take(2).chain([credentials.repeated(); 2]) {
        assert_eq!(host.send(request(presented)).status(), 200);
    }
    let before = calls(&host);
    let presented = match budget.token {
        Token::Fresh => fresh.next().unwrap(),
        Token::Repeated => credentials.repeated(),
    };
    let exchange = host.send(request(presented));
    assert_eq!(exchange.status(), 200);
    let after = calls(&host).into_iter().map(|(name, count)| (name, count - before[name]));
    (after.filter(|(_, count)| *count > 0).collect(), exchange.fuel)
}

#[test]
fn a_request_costs_no_more_than_its_budget() {
    let credentials = Credentials::mint(3);
    let mut over = Vec::new();
    for budget in &BUDGETS {
        let Budget { config, token, .. } = budget;
        let (calls, instructions) = measure(budget, &credentials);
        println!("{config:?}, {token:?}: {instructions} instructions, {calls:?}");
        for (name, count) in calls {
            let own = budget.calls.iter().find(|(own, _)| *own == name);
            let most = own.map_or(0, |(_, most)| *most);
            if count > most {
                over.push(format!("{config:?}, {token:?}: {count} times {name}, at most {most}"));
            }
        }
        if instructions > budget.instructions {
            let most = budget.instructions;
            over.push(format!(
                "{config:?}, {token:?}: {instructions} instructions, at most {most}"
            ));
        }
    }
    assert!(over.is_empty(), "what a request costs has grown:\n{}", over.join("\n"));
}
