//! Bodies that are meant to cost much: one verdict however they come, bounded work, no memory that is lost.

use portcullis_host::{Exchange, Host, Request};
use portcullis_modules::wasm;
use portcullis_payloads::hostile::{Body, GENERATORS, LENGTH};

use crate::{browser, modules, quiet};

/// A module under everything that it has.
struct Setting {
    configuration: &'static str,
    /// Instructions of one callback, at most: three times what the costliest body takes. A loop that is no longer linear in
    /// the body's length takes a thousand times as many.
    most_instructions: u64,
}

fn setting(module: &str) -> Setting {
    match module {
        "waf-crs" => {
            Setting { configuration: r#"{"paranoia_level": 4}"#, most_instructions: 10_000_000_000 }
        }
        _ => Setting { configuration: "{}", most_instructions: 1_000_000_000 },
    }
}

/// Lines that a request may write.
const MOST_LINES: usize = 64;

/// The body in pieces of this size.
fn request(body: &Body, piece: usize) -> Request {
    let request = browser("POST", "/")
        .header("content-type", &body.content_type)
        .header("content-length", body.bytes.len().to_string());
    body.bytes.chunks(piece).fold(request, Request::body)
}

/// Status and what is said of it.
fn verdict(body: &Body, exchange: &Exchange) -> (u32, Option<String>) {
    assert_eq!(exchange.trap, None, "{}", body.name);
    (exchange.status(), exchange.state("portcullis.decision"))
}

#[test]
fn a_hostile_body_gets_one_verdict_however_it_is_split() {
    for module in modules() {
        let Setting { configuration, most_instructions } = setting(module);
        let builder = Host::load(wasm(module)).configure(configuration).fuel(most_instructions);
        let mut host = builder.start().unwrap();
        for generator in GENERATORS {
            let body = generator.body(1);
            // Requests have random ids, which are the same for the same body.
            let mut send = |piece| {
                host.process().seed(1);
                host.send(request(&body, piece))
            };
            let whole = send(LENGTH);
            let (status, _) = verdict(&body, &whole);
            assert!(matches!(status, 200 | 400 | 403), "{module}, {}: {status}", body.name);
            let lines = whole.log.iter().filter(|line| line.text.contains("[id \"")).count();
            assert!(lines <= MOST_LINES, "{module}, {}: {lines} lines", body.name);
            println!("{module}, {}: {status}, {} instructions", body.name, whole.fuel);
            for piece in [4_096, 65_521] {
                let split = send(piece);
                assert_eq!(
                    verdict(&body, &split),
                    verdict(&body, &whole),
                    "{module}, {}",
                    body.name
                );
            }
        }
        assert_eq!(host.worker(0).reloads(), 0);
    }
}

/// Rounds of all bodies; behind the first few nothing is new any more.
const ROUNDS: usize = 7;
const NEW: usize = 4;

#[test]
fn rounds_of_hostile_bodies_take_no_more_memory_each_time() {
    for module in modules() {
        let Setting { configuration, most_instructions } = setting(module);
        let builder = quiet(module).configure(configuration).fuel(most_instructions);
        let mut host = builder.start().unwrap();
        let mut round = |_| {
            for generator in GENERATORS {
                let exchange = host.send(request(&generator.body(1), LENGTH));
                assert_eq!(exchange.trap, None, "{module}, {}", generator.name);
            }
            host.worker(0).linear_memory()
        };
        let memory: [usize; ROUNDS] = std::array::from_fn(&mut round);
        println!("{module}: {memory:?} bytes");
        // The first round may leave holes that the second fills otherwise, and a pattern that was simulated so far may
        // be tried by its DFA later, each of which is bounded; what leaks grows each time.
        let last = memory[ROUNDS - 1];
        assert!(memory[NEW..].iter().all(|now| *now == last), "{module}: {memory:?}");
        assert!(last - memory[0] <= memory[0] / 4, "{module}: {memory:?}");
    }
}
