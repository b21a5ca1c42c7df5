//! Routes and reloads share what they have in common: a VM lives through many configurations.

use portcullis_host::Host;
use serde_json::{Value, json};

use crate::{browser, modules, quiet};

const ROUTES: usize = 50;
const RELOADS: usize = 20;
/// What all of them may cost together, beyond one configuration without routes.
const MOST_GROWTH: usize = 2 << 20;

/// Routes that are asked: of the first level, as what further levels compile is no cost of routes.
const ASKED: [usize; 2] = [0, 48];

/// A route with a level, exclusions and rules of its own.
fn route(module: &str, number: usize, version: usize) -> Value {
    let mut config = json!({
        "inbound_anomaly_threshold": 5 + number % 7,
        "directives": format!(
            "SecRule ARGS:route{number} \"@rx ^v{version}-[a-z]+$\" \"id:{},phase:2,deny,log,msg:'route {number}'\"",
            1_000 + number
        ),
        "exclusions": [{
            "rules": [if module == "waf-crs" { 942_100 + number } else { 10_431_600 + number % 6 }],
            "targets": [format!("ARGS:password{number}")],
        }],
    });
    if module == "waf-crs" {
        config["paranoia_level"] = json!(1 + number % 4);
    }
    json!({"match": {"path": {"prefix": format!("/{number}")}}, "config": config})
}

/// A configuration whose routes differ from each other and from those of every other version.
fn configuration(module: &str, version: usize) -> String {
    let routes: Vec<Value> = (0..ROUTES).map(|number| route(module, number, version)).collect();
    json!({"routes": routes}).to_string()
}

#[test]
fn fifty_routes_and_twenty_reloads_cost_less_than_two_mebibytes() {
    for module in modules() {
        let mut host = quiet(module).configure("{}").start().unwrap();
        // Patterns are compiled when they are first needed, which is no cost of routes.
        let serve = |host: &mut Host, version: usize, status: u32| {
            for number in ASKED {
                let path = format!("/{number}?route{number}=v{version}-a");
                assert_eq!(host.send(browser("GET", &path)).status(), status, "{module} {path}");
            }
        };
        serve(&mut host, 0, 200);
        let alone = host.worker(0).linear_memory();
        let mut sizes = Vec::new();
        for version in 0..=RELOADS {
            host.reconfigure(configuration(module, version)).unwrap();
            serve(&mut host, version, 403);
            sizes.push(host.worker(0).linear_memory());
        }
        println!("{module}: {alone} bytes without routes, then {sizes:?}");
        let grown = sizes.last().unwrap() - alone;
        assert!(grown < MOST_GROWTH, "{module}: {grown} bytes: {alone}, then {sizes:?}");
    }
}
