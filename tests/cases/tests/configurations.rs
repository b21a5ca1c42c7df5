//! No configuration, however wrong, panics: thousands of mutations of those in the cases, on the native engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::load::all;
use portcullis_cases::native::{Clusters, Native, World};
use portcullis_cases::prepared::Prepared;
use portcullis_cases::registry::modules;
use portcullis_cases::wrong::{Dice, mutate};
use portcullis_runtime::host::Level;

/// Mutations of each module's configurations in all.
const MUTATIONS: usize = 1_500;

/// The configurations of a module's cases, and a request each.
fn bases(module: &str) -> Vec<Prepared> {
    let cases = all().cases.into_iter().filter(|case| case.module == module);
    cases.filter_map(|case| case.prepare().ok()).filter(|case| case.json.is_some()).collect()
}

#[test]
fn a_wrong_configuration_is_refused_with_a_fault_and_a_right_one_decides() {
    for module in modules() {
        let bases = bases(module.name);
        assert!(!bases.is_empty(), "no case of {} has a configuration", module.name);
        let mut dice = Dice::new(7);
        let (mut accepted, mut refused) = (0, 0);
        for number in 0..MUTATIONS {
            let base = &bases[dice.below(bases.len())];
            let text = mutate(base.json.as_ref().unwrap(), &mut dice);
            let world = World::default();
            world.set_now(base.start);
            let mut native = Native::new(&world, module);
            let environment = |name: &str| base.env.get(name).cloned();
            if native.configure(&text, &environment) {
                accepted += 1;
                if let Some(request) = base.requests.first() {
                    let mut clusters = Clusters::new(&base.documents);
                    native.tick();
                    clusters.answer(&mut native);
                    let observed = native.send(request);
                    let observed = clusters.wait(&mut native, observed);
                    // `drop` is no answer, and stands in the record.
                    let is_decided = observed.status.is_some() || observed.decision.is_some();
                    assert!(is_decided, "{number}: {}", String::from_utf8_lossy(&text));
                }
            } else {
                refused += 1;
                let told = world.log().iter().any(|(level, line)| {
                    *level == Level::Error && line.contains("configuration refused: ")
                });
                assert!(told, "{number}: no fault of {}", String::from_utf8_lossy(&text));
            }
        }
        assert!(refused > MUTATIONS / 4, "{}: only {refused} were wrong", module.name);
        println!("{}: {refused} refused, {accepted} accepted", module.name);
    }
}
