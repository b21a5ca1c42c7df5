//! The built modules load on Envoy 1.36, and no configuration, however wrong, traps one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::load::all;
use portcullis_cases::prepared::Prepared;
use portcullis_cases::registry::modules;
use portcullis_cases::wrong::{Dice, mutate};
use portcullis_host::{DEFAULT_FUEL, Host, comparisons_of_16_bytes, outside_envoy_1_36};
use portcullis_modules::{built, request, wasm};

/// What loading may cost: hundreds of RSA keys of 8,192 bits are slow to load and no loop without an end.
const LOAD_FUEL: u64 = 16 * DEFAULT_FUEL;

/// Mutations of each module's configurations.
const MUTATIONS: usize = 300;

#[test]
fn what_is_built_is_what_the_registry_has() {
    let mut known: Vec<String> = modules().iter().map(|module| module.name.to_owned()).collect();
    known.sort();
    assert_eq!(built(), known, "`make build` makes all of them and nothing else");
}

#[test]
fn every_module_imports_only_what_envoy_1_36_offers() {
    for module in built() {
        let bytes = std::fs::read(wasm(&module)).unwrap();
        assert_eq!(outside_envoy_1_36(&bytes), Vec::<String>::new(), "{module}");
    }
}

#[test]
fn every_module_looks_at_sixteen_bytes_at_once() {
    for module in built() {
        let bytes = std::fs::read(wasm(&module)).unwrap();
        assert!(comparisons_of_16_bytes(&bytes) > 0, "{module} is built without simd128");
    }
}

/// Modules whose fields all have defaults, as in Kong: no text at all is a configuration of these.
const ALL_DEFAULTS: [&str; 3] = ["cors", "request-size-limiting", "waf"];

#[test]
fn text_that_is_no_configuration_is_refused_with_a_fault() {
    let texts: [&[u8]; 12] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"0",
        b"\"\"",
        b"\xff\xfe",
        b"{\"a\":1}",
        b"{\"mode\":\"enforce\",\"mode\":\"enforce\"}",
        b"{}{}",
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0a\x04\x0a\x00\x12\x00",
    ];
    for module in built() {
        for text in texts.iter().map(|text| text.to_vec()).chain([vec![b'['; 100_000]]) {
            let error = match Host::load(wasm(&module)).configure(&text).start() {
                Err(error) => error,
                Ok(_) if text.is_empty() && ALL_DEFAULTS.contains(&module.as_str()) => continue,
                Ok(_) => panic!("{module} accepts {:?}", String::from_utf8_lossy(&text)),
            };
            assert!(error.is_refusal(), "{module}: {error}");
            assert!(error.text().contains("configuration refused: "), "{module}: {error}");
        }
    }
}

#[test]
fn no_wrong_configuration_traps_a_module() {
    for module in built() {
        let cases = all().cases.into_iter().filter(|case| case.module == module);
        let bases: Vec<Prepared> = cases
            .filter_map(|case| case.prepare().ok())
            .filter(|case| case.json.is_some())
            .collect();
        let mut dice = Dice::new(11);
        for number in 0..MUTATIONS {
            let base = &bases[dice.below(bases.len())];
            let text = mutate(base.json.as_ref().unwrap(), &mut dice);
            let mut builder = Host::load(wasm(&module)).configure(&text).fuel(LOAD_FUEL);
            for (name, value) in &base.env {
                builder = builder.env(name, value);
            }
            match builder.start() {
                Ok(mut host) => {
                    if let Some(sent) = base.requests.first() {
                        let exchange = host.send(request(sent));
                        assert_eq!(exchange.trap, None, "{module} {number}");
                    }
                }
                Err(error) => {
                    assert!(error.is_refusal(), "{module} {number}: {error}");
                    let told = error.text().contains("configuration refused: ");
                    assert!(told, "{module} {number}: {error}");
                }
            }
        }
    }
}
