//! What the engine remembers from request to request makes it faster and changes no verdict.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::path::PathBuf;

use portcullis_ftw::corpus::Corpus;
use portcullis_ftw::engine::{Engine, Prefilter, RuleSet, load};
use portcullis_ftw::{run, setup, suite};
use portcullis_waf_engine::{Connection, RulePhase, Transaction};

#[test]
fn every_stage_logs_the_same_ids_whether_outcomes_of_rules_are_known_or_not() {
    let crs = std::env::var_os("CRS_DIR").map(PathBuf::from);
    if crs.is_none() {
        println!("CRS_DIR is not set: the rule set's corpus was not compared");
    }
    let own = Corpus::Own;
    let mut corpora = vec![(own.rule_set(), own.directives(), own.suites().unwrap())];
    if let Some(crs) = &crs {
        let suites = suite::read(&crs.join("tests")).unwrap();
        corpora.push((RuleSet::Crs(crs), setup::DIRECTIVES, suites));
    }
    for (set, directives, suites) in corpora {
        let mut engine = load(set, directives, Prefilter::On).unwrap();
        let mut plain = engine.without_outcomes().unwrap();
        let with = run::all(&suites, &mut engine, &[]).1;
        let without = run::all(&suites, &mut plain, &[]).1;
        assert!(!with.is_empty());
        for (stage, ids) in &without {
            assert_eq!(with.get(stage), Some(ids), "{stage:?}");
        }
    }
}

const REQUESTS: [(&str, &str); 6] = [
    ("/orders?page=1&sort=name", "curl/8.0"),
    ("/orders?q=1'+or+1=1--+-", "curl/8.0"),
    ("/orders?q=%3Cscript%3Ealert(1)%3C/script%3E", "curl/8.0"),
    ("/orders?file=../../../etc/passwd", "curl/8.0"),
    ("/orders?q=;cat+/etc/passwd", "curl/8.0"),
    ("/orders?page=2", "sqlmap/1.7"),
];

fn begin(engine: &Engine, (target, agent): (&str, &str)) -> Transaction {
    let connection = Connection { remote_addr: b"203.0.113.7", ..Connection::default() };
    let mut transaction = Transaction::new(&engine.program, &engine.profile, &connection);
    transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    for (name, value) in [("host", "shop.test"), ("accept", "*/*"), ("user-agent", agent)] {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction
}

/// As far as the headers tell.
fn half(engine: &Engine, request: (&str, &str)) -> Transaction {
    let mut transaction = begin(engine, request);
    transaction.run(RulePhase::RequestHeaders);
    transaction
}

fn finish(mut transaction: Transaction) -> Vec<u32> {
    transaction.run(RulePhase::RequestBody);
    transaction.matches().iter().map(|one| one.rule.metadata.id).collect()
}

#[test]
fn a_request_that_began_before_others_came_to_rules_meets_them_all_the_same() {
    let load = || load(RuleSet::Base, "", Prefilter::On).unwrap();
    let alone = REQUESTS.map(|request| finish(half(&load(), request)));
    assert!(alone.iter().filter(|ids| !ids.is_empty()).count() >= 5, "{alone:?}");
    let engine = load();
    // What the first phase asks is familiar, and what the second one asks is not.
    REQUESTS.iter().for_each(|request| drop(half(&engine, *request)));
    let early = REQUESTS.map(|request| half(&engine, request));
    for _ in 0..3 {
        assert_eq!(REQUESTS.map(|request| finish(half(&engine, request))), alone);
    }
    assert_eq!(early.map(finish), alone);
}
