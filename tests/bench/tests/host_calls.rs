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

use portcullis_bench::answers::{TRACE, orders};
use portcullis_bench::configs::Config;
use portcullis_bench::credentials::{Credentials, KEY_HEADER, ORIGIN, Presented};
use portcullis_host::{ENV, Host, Request, Response, WASI};

/// What the measured request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// A GET with credentials that were not seen before.
    Fresh,
    /// A GET with those that were.
    Repeated,
    /// The same from a page of another origin.
    FromPage,
    /// A POST with a body and its length.
    Body,
    /// A GET that the upstream fails at: a 500 with a body.
    Failing,
    /// A GET of 10 kB of JSON.
    List,
}

/// What one request may cost, once everything is warm.
struct Budget {
    config: Config,
    sent: Sent,
    /// Calls of each function of the host; of one that is not named, none.
    calls: &'static [(&'static str, u64)],
    /// Instructions of wasm in its dearest callback, a quarter more than were needed when this was written.
    instructions: u64,
}

const TIME: (&str, u64) = ("proxy_get_current_time_nanoseconds", 1);
const HEADERS: (&str, u64) = ("proxy_get_header_map_pairs", 1);
const BOTH_HEADERS: (&str, u64) = ("proxy_get_header_map_pairs", 2);
const BODY: (&str, u64) = ("proxy_get_buffer_bytes", 1);
const WRITE_BODY: (&str, u64) = ("proxy_set_buffer_bytes", 1);
const ADDRESS: (&str, u64) = ("proxy_get_property", 1);
const SIGNATURE: (&str, u64) = ("proxy_call_foreign_function", 1);
/// Between modules: an earlier one's identity, with the names of its headers, which this one's replaces.
const EARLIER: (&str, u64) = ("proxy_get_property", 1);
const IDENTITY: (&str, u64) = ("proxy_set_property", 1);
/// Whose answer it is, and what earlier modules left.
const DETAILS_AND_EARLIER: (&str, u64) = ("proxy_get_property", 2);
/// A line of the record, and how many there were.
const RECORD: [(&str, u64); 2] = [("proxy_set_property", 1), ("proxy_increment_metric", 1)];
const COUNT: [(&str, u64); 2] = [("proxy_get_shared_data", 1), ("proxy_set_shared_data", 1)];

/// Request headers, which the module has read: what is certainly not there is added.
const CLAIMS: (&str, u64) = ("proxy_add_header_map_value", 3);

/// The key goes, and the consumer's name comes.
const HIDE: (&str, u64) = ("proxy_remove_header_map_value", 1);
const CONSUMER: (&str, u64) = ("proxy_add_header_map_value", 1);

const fn add_headers(count: u64) -> (&'static str, u64) {
    ("proxy_add_header_map_value", count)
}

const fn one_header(count: u64) -> (&'static str, u64) {
    ("proxy_get_header_map_value", count)
}

const fn set_headers(count: u64) -> (&'static str, u64) {
    ("proxy_replace_header_map_value", count)
}

/// An answer to a page, to nobody, and with security headers, whoever gives it.
const PAGE: &[(&str, u64)] = &[one_header(3), set_headers(2), add_headers(1)];
const NO_PAGE: &[(&str, u64)] = &[one_header(1), HEADERS, add_headers(1)];
const SIX_HEADERS: &[(&str, u64)] = &[one_header(6), add_headers(5), HIDE];

/// Three identity headers; two response headers for each period, and three for the tightest.
const BUDGETS: [Budget; 27] = [
    Budget {
        config: Config::JwtAuth,
        sent: Sent::Fresh,
        calls: &[TIME, HEADERS, SIGNATURE, CLAIMS, EARLIER, IDENTITY],
        instructions: 127_500,
    },
    Budget {
        config: Config::JwtAuth,
        sent: Sent::Repeated,
        calls: &[TIME, HEADERS, CLAIMS, EARLIER, IDENTITY],
        instructions: 26_000,
    },
    Budget {
        config: Config::KeyAuth,
        sent: Sent::Fresh,
        calls: &[HEADERS, HIDE, CONSUMER, EARLIER, IDENTITY],
        instructions: 32_500,
    },
    Budget {
        config: Config::GatewayKeyAuth,
        sent: Sent::Fresh,
        calls: &[HEADERS, HIDE, CONSUMER],
        instructions: 23_000,
    },
    Budget {
        config: Config::OnePeriod,
        sent: Sent::Repeated,
        calls: &[TIME, ADDRESS, COUNT[0], COUNT[1], set_headers(5)],
        instructions: 13_500,
    },
    Budget {
        config: Config::ThreePeriods,
        sent: Sent::Repeated,
        calls: &[TIME, ADDRESS, COUNT[0], COUNT[1], set_headers(9)],
        instructions: 14_000,
    },
    Budget {
        config: Config::Gateway,
        sent: Sent::Repeated,
        calls: &[TIME, HEADERS, ADDRESS, COUNT[0], COUNT[1], CLAIMS, set_headers(5)],
        instructions: 36_000,
    },
    Budget {
        config: Config::GatewayByCredential,
        sent: Sent::Repeated,
        calls: &[TIME, HEADERS, COUNT[0], COUNT[1], CLAIMS, set_headers(9)],
        instructions: 35_500,
    },
    // Of a page: its origin, what would make it a preflight, and what the upstream says of `vary`.
    Budget { config: Config::Cors, sent: Sent::FromPage, calls: PAGE, instructions: 2_800 },
    // Of nobody: all headers of the answer, to take out what the upstream says.
    Budget { config: Config::Cors, sent: Sent::Repeated, calls: NO_PAGE, instructions: 2_600 },
    // What says how much either costs at least makes the same calls.
    Budget { config: Config::CorsCalls, sent: Sent::FromPage, calls: PAGE, instructions: 1_000 },
    Budget { config: Config::CorsCalls, sent: Sent::Repeated, calls: NO_PAGE, instructions: 4_900 },
    Budget {
        config: Config::GatewayCors,
        sent: Sent::FromPage,
        calls: &[
            TIME,
            HEADERS,
            ADDRESS,
            COUNT[0],
            COUNT[1],
            one_header(1),
            add_headers(4),
            set_headers(7),
        ],
        instructions: 40_000,
    },
    // Three headers of jwt-auth and four of the transformer.
    Budget {
        config: Config::GatewayTransformer,
        sent: Sent::Repeated,
        calls: &[TIME, HEADERS, ADDRESS, COUNT[0], COUNT[1], add_headers(7), set_headers(5)],
        instructions: 54_500,
    },
    // Of the six one is of TLS alone, and goes; the others are looked for and added.
    Budget {
        config: Config::SecurityHeaders,
        sent: Sent::Repeated,
        calls: SIX_HEADERS,
        instructions: 3_600,
    },
    Budget {
        config: Config::SecurityHeadersCalls,
        sent: Sent::Repeated,
        calls: SIX_HEADERS,
        instructions: 1_200,
    },
    Budget {
        config: Config::GatewaySecurityHeaders,
        sent: Sent::Repeated,
        calls: &[
            TIME,
            HEADERS,
            ADDRESS,
            COUNT[0],
            COUNT[1],
            one_header(5),
            add_headers(8),
            set_headers(5),
            HIDE,
        ],
        instructions: 41_000,
    },
    Budget {
        config: Config::MaskErrors,
        sent: Sent::Failing,
        calls: &[
            TIME,
            BOTH_HEADERS,
            one_header(1),
            DETAILS_AND_EARLIER,
            RECORD[0],
            RECORD[1],
            add_headers(1),
            set_headers(3),
            BODY,
            WRITE_BODY,
        ],
        instructions: 39_500,
    },
    Budget {
        config: Config::RewriteJson,
        sent: Sent::List,
        calls: &[
            TIME,
            BOTH_HEADERS,
            DETAILS_AND_EARLIER,
            add_headers(1),
            set_headers(1),
            BODY,
            WRITE_BODY,
        ],
        instructions: 1_307_000,
    },
    Budget {
        config: Config::HoldAndCopy,
        sent: Sent::List,
        calls: &[TIME, BOTH_HEADERS, add_headers(1), BODY, WRITE_BODY],
        instructions: 18_000,
    },
    // Its length; what has no body is asked for nothing.
    Budget {
        config: Config::Sizes,
        sent: Sent::Body,
        calls: &[one_header(1)],
        instructions: 2_600,
    },
    Budget { config: Config::Sizes, sent: Sent::Repeated, calls: &[], instructions: 1_800 },
    // The headers of both, one that asks for the whole answer as it is, its body, and since when it is held.
    Budget {
        config: Config::Hold,
        sent: Sent::Repeated,
        calls: &[TIME, BOTH_HEADERS, add_headers(1), BODY],
        instructions: 8_800,
    },
    Budget {
        config: Config::HoldAndCopy,
        sent: Sent::Repeated,
        calls: &[TIME, BOTH_HEADERS, add_headers(1), BODY, WRITE_BODY],
        instructions: 8_800,
    },
    // The headers of both, the request's protocol and the client's address, and random bytes that name it.
    Budget {
        config: Config::Waf,
        sent: Sent::Repeated,
        calls: &[BOTH_HEADERS, ("proxy_get_property", 2), ("random_get", 1)],
        instructions: 214_000,
    },
    // The body, too.
    Budget {
        config: Config::Waf,
        sent: Sent::Body,
        calls: &[BOTH_HEADERS, ("proxy_get_property", 2), ("random_get", 1), BODY],
        instructions: 156_000,
    },
    Budget {
        config: Config::GatewaySizes,
        sent: Sent::Body,
        calls: &[TIME, HEADERS, ADDRESS, COUNT[0], COUNT[1], CLAIMS, set_headers(5)],
        instructions: 39_000,
    },
];

type Calls = BTreeMap<&'static str, u64>;

fn calls(host: &Host) -> Calls {
    let names = ENV.iter().chain(WASI).copied();
    names.map(|name| (name, host.process().host_calls(name))).collect()
}

fn request(sent: Sent, presented: Presented<'_>) -> Request {
    let (status, media_type, body) = match sent {
        Sent::Failing => (500, "text/plain;charset=utf-8", TRACE.to_owned()),
        Sent::List => (200, "application/json", orders()),
        _ => (200, "application/json", "{}".to_owned()),
    };
    let answer = Response::new(status)
        .header("content-type", media_type)
        .header("content-length", body.len().to_string())
        .body(body);
    let request = match sent {
        Sent::Body => Request::post("/v1/orders").header("content-length", "2").body("{}"),
        Sent::FromPage => Request::get("/v1/orders").header("origin", ORIGIN),
        Sent::Fresh | Sent::Repeated | Sent::Failing | Sent::List => {
            Request::get("/v1/orders/4711?expand=lines")
        }
    };
    request
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
    let status = if budget.sent == Sent::Failing { 500 } else { 200 };
    for presented in fresh.by_ref().take(2).chain([credentials.repeated(); 2]) {
        assert_eq!(host.send(request(budget.sent, presented)).status(), status);
    }
    let before = calls(&host);
    let presented = match budget.sent {
        Sent::Fresh => fresh.next().unwrap(),
        _ => credentials.repeated(),
    };
    let exchange = host.send(request(budget.sent, presented));
    assert_eq!(exchange.status(), status);
    let after = calls(&host).into_iter().map(|(name, count)| (name, count - before[name]));
    (after.filter(|(_, count)| *count > 0).collect(), exchange.fuel)
}

#[test]
fn a_request_costs_no_more_than_its_budget() {
    let credentials = Credentials::mint(3);
    let mut over = Vec::new();
    for budget in &BUDGETS {
        let Budget { config, sent, .. } = budget;
        let (calls, instructions) = measure(budget, &credentials);
        println!("{config:?}, {sent:?}: {instructions} instructions, {calls:?}");
        let same = matches!(config, Config::CorsCalls | Config::SecurityHeadersCalls);
        let expected: Calls = budget.calls.iter().copied().collect();
        if same && calls != expected {
            over.push(format!("{config:?}, {sent:?}: {calls:?}, not {expected:?}"));
        }
        for (name, count) in calls {
            let own = budget.calls.iter().find(|(own, _)| *own == name);
            let most = own.map_or(0, |(_, most)| *most);
            if count > most {
                over.push(format!("{config:?}, {sent:?}: {count} times {name}, at most {most}"));
            }
        }
        if instructions > budget.instructions {
            let most = budget.instructions;
            over.push(format!("{config:?}, {sent:?}: {instructions} instructions, at most {most}"));
        }
    }
    assert!(over.is_empty(), "what a request costs has grown:\n{}", over.join("\n"));
}
