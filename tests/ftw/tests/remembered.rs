//! What the engine remembers from request to request makes it faster and changes no verdict.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use portcullis_ftw::corpus::Corpus;
use portcullis_ftw::engine::{Engine, Prefilter, RuleSet, load};
use portcullis_ftw::run;
use portcullis_waf_engine::{Connection, RulePhase, Transaction};

/// Our own corpus, and that of the rule set where there is one.
fn corpora() -> Vec<Corpus> {
    match std::env::var_os("CRS_DIR") {
        Some(crs) => vec![Corpus::Own, Corpus::Crs(crs.into())],
        None => {
            println!("CRS_DIR is not set: the rule set's corpus was not compared");
            vec![Corpus::Own]
        }
    }
}

#[test]
fn every_stage_logs_the_same_ids_however_often_its_values_were_seen() {
    for corpus in corpora() {
        let (set, directives) = (corpus.rule_set(), corpus.directives());
        let suites = corpus.suites().unwrap();
        let mut asked = load(set, directives, Prefilter::Off).unwrap();
        let wanted = run::all(&suites, &mut asked, &[]).1;
        assert!(!wanted.is_empty());
        let mut engine = Engine { learns: true, ..load(set, directives, Prefilter::On).unwrap() };
        // Seen, remembered, refuted where nothing matches, and not asked any more.
        for turn in 0..4 {
            let got = run::all(&suites, &mut engine, &[]).1;
            for (stage, ids) in &wanted {
                assert_eq!(got.get(stage), Some(ids), "{stage:?}, {turn}");
            }
        }
    }
}

#[test]
fn every_stage_logs_the_same_ids_whether_outcomes_of_rules_are_known_or_not() {
    for corpus in corpora() {
        let (set, directives) = (corpus.rule_set(), corpus.directives());
        let suites = corpus.suites().unwrap();
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
