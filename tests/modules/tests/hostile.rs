//! Hostile requests against the built modules: after each the next good request gets 200 from the same VM.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::hostile::{attacks, configuration, good, wrong};
use portcullis_cases::prepared::SECOND;
use portcullis_host::{Host, Process};
use portcullis_modules::{built, observed, request, wasm};

/// Seconds since the epoch.
const NOW: u64 = 1_700_000_000;

fn host(module: &str, now: u64) -> (Host, Process) {
    let process = Process::new();
    process.set_now(now.saturating_mul(SECOND));
    let configuration = configuration(module).to_string();
    let builder = Host::load(wasm(module)).process(&process).configure(&configuration);
    (builder.start().expect("a good configuration"), process)
}

#[test]
fn no_hostile_request_costs_a_vm_or_the_next_client() {
    let attacks = attacks(NOW);
    for module in built() {
        let (mut host, _) = host(&module, NOW);
        let mut found = Vec::new();
        for attack in &attacks {
            let exchange = host.send(request(&attack.request));
            let label = &attack.request.label;
            found.extend(exchange.trap.as_ref().map(|trap| format!("{label}: {trap}")));
            let what = wrong(&module, attack, &observed(&exchange));
            found.extend(what.map(|what| format!("{label}: {what}")));
            let after = host.send(request(&good(NOW)));
            if after.client.is_none() || after.status() != 200 {
                found.push(format!("{label}: the good request after it: {:?}", after.client));
            }
        }
        assert!(found.is_empty(), "{module}:\n{}", found.join("\n"));
        assert_eq!(host.worker(0).reloads(), 0, "{module} lost its VM");
    }
}

#[test]
fn at_the_ends_of_time_a_module_decides_and_lives() {
    for module in built() {
        for now in [0, 1, u64::MAX / SECOND - 1, u64::MAX / SECOND] {
            let (mut host, process) = host(&module, now);
            assert_eq!(host.send(request(&good(now))).status(), 200, "{module} at {now}");
            process.set_now(u64::MAX);
            host.tick();
            let last = host.send(request(&good(now)));
            assert!(last.trap.is_none() && last.status() < 500, "{module} at the end of time");
            process.set_now(NOW * SECOND);
            assert_eq!(host.send(request(&good(NOW))).status(), 200, "{module} back in our days");
            assert_eq!(host.worker(0).reloads(), 0);
        }
    }
}
