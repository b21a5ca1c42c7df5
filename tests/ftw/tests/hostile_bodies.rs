//! Hostile bodies of 128 KiB on the engine: they are judged to their end or refused, whatever the prefilter leaves out.

use std::path::{Path, PathBuf};

use portcullis_ftw::engine::{Engine, Prefilter, RuleSet, load};
use portcullis_payloads::hostile::{Body, GENERATORS};
use portcullis_waf_engine::{Connection, RulePhase, Transaction};

/// Lines that a request may cause.
const MOST_MATCHES: usize = 64;

/// Everything that CRS has.
const HIGHEST_LEVEL: &str =
    "SecAction \"id:1,phase:1,pass,t:none,nolog,setvar:tx.blocking_paranoia_level=4\"";

/// What came of a body.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    ids: Vec<u32>,
    errors: Vec<String>,
    refused: bool,
}

fn judge(engine: &Engine, body: &Body) -> Judged {
    // Rules compare it with networks, which nothing is no part of.
    let connection = Connection { remote_addr: b"203.0.113.7", ..Connection::default() };
    let mut transaction = Transaction::new(&engine.program, &engine.profile, &connection);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    for (name, value) in [
        ("host", "gateway.test"),
        ("user-agent", "test"),
        ("accept", "*/*"),
        ("content-type", &body.content_type),
        ("content-length", &body.bytes.len().to_string()),
    ] {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.run(RulePhase::RequestHeaders);
    transaction.request_body(&body.bytes, true);
    transaction.run(RulePhase::RequestBody);
    Judged {
        ids: transaction.matches().iter().map(|one| one.rule.metadata.id).collect(),
        errors: transaction.errors().iter().map(|error| format!("{error:?}")).collect(),
        refused: transaction.intervention().is_some(),
    }
}

/// The sets there are.
fn sets(crs: Option<&Path>) -> Vec<RuleSet<'_>> {
    let crs = crs.map(RuleSet::Crs);
    if crs.is_none() {
        println!("CRS_DIR is not set: the bodies met our own rules alone");
    }
    crs.into_iter().chain([RuleSet::Base]).collect()
}

#[test]
fn a_hostile_body_meets_the_same_rules_with_and_without_the_prefilter() {
    let crs = std::env::var_os("CRS_DIR").map(PathBuf::from);
    for set in sets(crs.as_deref()) {
        let with = load(set, HIGHEST_LEVEL, Prefilter::On).unwrap();
        let without = load(set, HIGHEST_LEVEL, Prefilter::Off).unwrap();
        for generator in GENERATORS {
            let body = generator.body(1);
            let judged = judge(&with, &body);
            assert_eq!(judged, judge(&without, &body), "{}", body.name);
            assert!(
                judged.ids.len() <= MOST_MATCHES,
                "{}: {} matches",
                body.name,
                judged.ids.len()
            );
            // Some of them are what no rule is about, but none may pass because a rule gave up.
            assert!(judged.errors.is_empty() || judged.refused, "{}: {judged:?}", body.name);
            println!("{set:?} {}: {judged:?}", body.name);
        }
    }
}
