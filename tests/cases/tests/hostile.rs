//! The hostile requests on the native engine, where an arithmetic surprise is a panic and not a wrong number.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::hostile::{attacks, configuration, good, wrong};
use portcullis_cases::native::{Native, World};
use portcullis_cases::prepared::SECOND;
use portcullis_cases::registry::modules;

/// Seconds since the epoch.
const NOW: u64 = 1_700_000_000;

#[test]
fn no_hostile_request_breaks_anything() {
    let attacks = attacks(NOW);
    for module in modules() {
        let world = World::default();
        world.set_now(NOW * SECOND);
        let mut native = Native::new(&world, module);
        let text = configuration(module.name).to_string();
        assert!(native.configure(text.as_bytes(), &|_| None), "{:#?}", world.log());
        for attack in &attacks {
            let observed = native.send(&attack.request);
            if let Some(what) = wrong(module.name, attack, &observed) {
                panic!("{}: {}: {what}", module.name, attack.request.label);
            }
            let after = native.send(&good(NOW));
            assert_eq!(after.status, Some(200), "{} after {}", module.name, attack.request.label);
        }
    }
}

/// Bytes of a transaction in the log, at most: what it holds is bounded, and may take six bytes for one.
const MOST: usize = 64 * 1_024;

#[test]
fn what_is_written_of_a_hostile_request_is_one_bounded_line_of_json() {
    let module = modules().into_iter().find(|module| module.name == "waf").unwrap();
    let configuration = configuration(module.name).to_string();
    for attack in &attacks(NOW) {
        let world = World::default();
        world.set_now(NOW * SECOND);
        let mut native = Native::new(&world, module);
        assert!(native.configure(configuration.as_bytes(), &|_| None), "{:#?}", world.log());
        let label = &attack.request.label;
        let decision = native.send(&attack.request).decision.unwrap_or_default();
        if String::from_utf8_lossy(&decision).contains("ambiguous_path") {
            // Refused before any control was asked.
            continue;
        }
        let log = world.log();
        let mut written = log.iter().filter(|(_, line)| line.starts_with("{\"transaction\""));
        let (_, line) = written.next().unwrap_or_else(|| panic!("{label}: {log:?}"));
        assert!(line.len() <= MOST && !line.contains('\n'), "{label}: {} bytes", line.len());
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(read["transaction"]["request"]["uri"].is_string(), "{label}");
    }
}

#[test]
fn at_the_ends_of_time_requests_are_decided_too() {
    for module in modules() {
        for now in [0, 1, u64::MAX / SECOND - 1, u64::MAX / SECOND] {
            let world = World::default();
            world.set_now(now.saturating_mul(SECOND));
            let mut native = Native::new(&world, module);
            let text = configuration(module.name).to_string();
            assert!(native.configure(text.as_bytes(), &|_| None), "{:#?}", world.log());
            let status = native.send(&good(now)).status;
            assert_eq!(status, Some(200), "{} at {now}", module.name);
            world.set_now(u64::MAX);
            native.tick();
            assert!(native.send(&good(now)).status.is_some_and(|status| status < 500));
        }
    }
}
