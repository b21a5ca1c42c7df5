//! Linear memory of a VM that serves: it never shrinks, so that an attack would cost it for ever.

use std::time::Duration;

use portcullis_ftw::corpus::Corpus;
use portcullis_ftw::module::asked;
use portcullis_ftw::{frontend, request, wire};
use portcullis_host::{Host, Request};

use crate::{browser, encoded, form, modules, quiet};

const MIB: usize = 1 << 20;

/// What is sent in the places of a request, a line each.
const BENIGN: &str = include_str!("../../../../filters/waf/tests/payloads/benign.txt");
const SQLI: &str = include_str!("../../../../filters/waf/tests/payloads/sqli.txt");
const XSS: &str = include_str!("../../../../filters/waf/tests/payloads/xss.txt");

/// Longer than a worker takes on ticks to make ready what requests came past.
const A_WHILE: Duration = Duration::from_secs(600);

/// After benign load, and after everything that attacks.
struct Bounds {
    benign: usize,
    attacked: usize,
}

fn bounds(module: &str) -> Bounds {
    match module {
        "waf-crs" => Bounds { benign: 16 * MIB, attacked: 48 * MIB },
        // A tenth of the rules, and the code's own data.
        _ => Bounds { benign: 6 * MIB, attacked: 12 * MIB },
    }
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// The value where values stand: in a query, a form, JSON, a cookie.
fn everywhere(value: &str) -> [Request; 4] {
    let json = serde_json::json!({"q": value, "n": [1, 2, 3]}).to_string();
    [
        browser("GET", &format!("/search?q={}", encoded(value))),
        form("/search", format!("a=1&q={}", encoded(value))),
        browser("POST", "/search")
            .header("content-type", "application/json")
            .header("content-length", json.len().to_string())
            .body(json),
        browser("GET", "/").header("cookie", format!("a=1; q={}", value.replace(';', "%3B"))),
    ]
}

fn send(host: &mut Host, list: &str) {
    for value in lines(list) {
        for request in everywhere(value) {
            assert_eq!(host.send(request).trap, None, "{value}");
        }
    }
}

/// What the rule set's own tests send, or those of our own rules.
fn send_tests(host: &mut Host) {
    let corpus = Corpus::of_environment();
    println!("{}", corpus.told().unwrap_or("the attacks of CRS_DIR are among them"));
    let suites = corpus.suites().unwrap();
    for test in suites.iter().flat_map(|suite| &suite.tests) {
        for stage in &test.stages {
            let mut request = wire::parse(&request::bytes(&stage.input, &[]));
            frontend::normalise(&mut request);
            assert_eq!(host.send(asked(&request)).trap, None, "{}", test.id);
            host.process().clear_log();
        }
    }
}

#[test]
fn a_vm_that_serves_stays_within_its_memory() {
    for module in modules() {
        let mut host = quiet(module).configure("{}").start().unwrap();
        let configured = host.worker(0).linear_memory();
        send(&mut host, BENIGN);
        host.advance(A_WHILE);
        send(&mut host, BENIGN);
        let benign = host.worker(0).linear_memory();
        send(&mut host, SQLI);
        send(&mut host, XSS);
        send_tests(&mut host);
        host.advance(A_WHILE);
        let attacked = host.worker(0).linear_memory();
        println!(
            "{module}: {configured} bytes, {benign} after benign load, {attacked} after attacks"
        );
        let bounds = bounds(module);
        assert!(benign <= bounds.benign, "{module}: {benign} bytes after benign load");
        assert!(attacked <= bounds.attacked, "{module}: {attacked} bytes after attacks");
    }
}
