//! Every target for a moment: its seeds, what it once failed on, and a few thousand inputs of a fixed run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_fuzz::corpus;
use portcullis_fuzz::engine::Run;
use portcullis_fuzz::targets::{TARGETS, Target};

/// The runs of `cargo test` are always the same; `make fuzz` takes a new number each time.
const SEED: u64 = 1;

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),+];

        $(
            #[test]
            fn $name() {
                holds(stringify!($name));
            }
        )+
    };
}

targets! {
    address,
    answer,
    body,
    comparisons,
    configuration,
    discovery,
    headers,
    inflation,
    json,
    json_body,
    json_edit,
    key,
    keyset,
    libinjection,
    multipart_body,
    networks,
    origin,
    pairs,
    parts,
    path,
    pattern,
    phrases,
    protobuf,
    request,
    revocations,
    route,
    seclang,
    structure,
    subject,
    template,
    token,
    transformations,
    urlencoded_body,
    xfcc,
    xml_body,
}

fn holds(name: &str) {
    let target = *TARGETS.iter().find(|target| target.name == name).unwrap();
    let mut run = Run::new(target, SEED, corpus::regressions(name));
    let mut outcome = run.replay().map(|_| ());
    for _ in 0..target.steps {
        outcome = outcome.and_then(|()| run.step());
    }
    if let Err(failure) = outcome {
        panic!("{name}: {} (kept as {})", failure.message, failure.kept.display());
    }
}

#[test]
fn every_target_is_tested_and_has_seeds() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, TESTED);
    for name in names {
        assert!(!corpus::read(&corpus::seeds(name)).is_empty(), "{name} has no seeds");
    }
}

#[test]
fn every_kept_input_belongs_to_a_target() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    for folder in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(names.contains(name.as_str()) || name == "README.md", "{name} is no target");
        }
    }
}

#[test]
fn an_input_that_fails_is_found_and_kept() {
    let target = Target {
        // Its seeds are a neighbour's; what it looks for is not among them.
        name: "json",
        run: |data| {
            assert!(!data.windows(4).any(|text| text == b"null"), "found it");
            0
        },
        steps: 0,
    };
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::new(target, SEED, folder.path().to_owned());
    let failure = (0..100_000).find_map(|_| run.step().err()).expect("it is found");
    assert_eq!(failure.message, "found it");
    let kept = corpus::read(folder.path());
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.windows(4).any(|text| text == b"null"));
}

#[test]
fn the_same_number_gives_the_same_run() {
    let pool = |seed| {
        let target = *TARGETS.iter().find(|target| target.name == "json").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut run = Run::new(target, seed, folder.path().to_owned());
        (0..500).for_each(|_| run.step().unwrap());
        run.pool()
    };
    assert_eq!(pool(7), pool(7));
}
