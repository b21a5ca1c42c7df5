//! What is drawn from the rules' own patterns and phrases comes to them: the prefilter, and what is remembered, keep none of it
//! away.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use fastrand::Rng;
use portcullis_ftw::engine::{Engine, Prefilter, RuleSet, embedded, load};
use portcullis_ftw::{Request, Response, Waf, log, matching, setup};
use portcullis_waf_operators::pattern::Pattern;
use portcullis_waf_operators::prefilter::{Scan, Tables};
use portcullis_waf_seclang::syntax::Operator;

/// Texts of each operator.
const TEXTS: usize = 8;

/// The rule sets that there are, with what stands in front of them.
fn sets(crs: Option<&PathBuf>) -> Vec<(RuleSet<'_>, &'static str)> {
    if crs.is_none() {
        println!("CRS_DIR is not set: nothing is drawn from the rule set's patterns");
    }
    let crs = crs.map(|crs| (RuleSet::Crs(crs.as_path()), setup::DIRECTIVES));
    [(RuleSet::Base, setup::OWN_DIRECTIVES)].into_iter().chain(crs).collect()
}

/// A text that an operator matches, if it has a pattern or phrases.
fn drawn(operator: &Operator, random: &mut Rng) -> Option<Vec<u8>> {
    match operator {
        Operator::RxTranslated(pattern) => matching::text(pattern, random)
            .filter(|text| Pattern::translated(&**pattern).is_match(text) == Ok(true)),
        Operator::Pm(phrases) => random.choice(phrases).cloned(),
        _ => None,
    }
}

#[test]
fn a_text_that_an_operator_matches_meets_its_condition() {
    let crs = std::env::var_os("CRS_DIR").map(PathBuf::from);
    for (set, directives) in sets(crs.as_ref()) {
        let embedded = embedded(set, directives).unwrap();
        let tables = Tables::new(embedded.prefilter).unwrap();
        let (mut scan, mut random) = (Scan::default(), Rng::with_seed(7));
        let links = embedded.rules.rules().flat_map(|rule| &rule.links);
        let mut asked = 0;
        for link in links {
            let Some(condition) = link.condition else { continue };
            for _ in 0..TEXTS {
                let Some(text) = drawn(&link.test.operator, &mut random) else { continue };
                tables.scan(&text, None, None, &mut scan);
                let shown = || (&link.location, text.escape_ascii().to_string());
                assert!(scan.survives(condition as usize), "{:?}", shown());
                asked += 1;
            }
        }
        assert!(asked > 100, "{set:?}: {asked} texts");
    }
}

/// One request with a text wherever rules look for one, and an answer that has it too.
fn ids(engine: &mut Engine, text: &[u8]) -> BTreeSet<u32> {
    let escaped: String = text.iter().map(|byte| format!("%{byte:02x}")).collect();
    let plain: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_control()).collect();
    let header = |name: &str, value: &[u8]| (name.as_bytes().to_vec(), value.to_vec());
    let request = Request {
        method: b"POST".to_vec(),
        uri: format!("/{escaped}?{escaped}={escaped}").into_bytes(),
        version: b"HTTP/1.1".to_vec(),
        headers: vec![
            header("host", b"shop.test"),
            header("accept", b"*/*"),
            header("user-agent", &plain),
            header("referer", &plain),
            header("cookie", &[b"c=".as_slice(), &plain].concat()),
            header("content-type", b"application/x-www-form-urlencoded"),
        ],
        body: format!("q={escaped}&{escaped}=1").into_bytes(),
        trailers: Vec::new(),
    };
    let outcome = engine.run(&request, &mut |_| Response {
        status: 200,
        headers: vec![header("content-type", b"text/html")],
        body: text.to_vec(),
    });
    log::ids(&outcome.lines)
}

#[test]
fn a_request_made_of_what_rules_look_for_logs_the_same_ids_whatever_is_known_before() {
    let crs = std::env::var_os("CRS_DIR").map(PathBuf::from);
    for (set, directives) in sets(crs.as_ref()) {
        let rules = embedded(set, directives).unwrap().rules;
        let mut with = load(set, directives, Prefilter::On).unwrap();
        let without = load(set, directives, Prefilter::Off).unwrap();
        let mut without = without.without_outcomes().unwrap();
        let mut random = Rng::with_seed(8);
        let (mut asked, mut own) = (0, 0);
        for rule in rules.rules() {
            for link in &rule.links {
                for _ in 0..TEXTS {
                    let Some(text) = drawn(&link.test.operator, &mut random) else { continue };
                    let found = ids(&mut without, &text);
                    let shown = || (rule.metadata.id, text.escape_ascii().to_string());
                    assert_eq!(ids(&mut with, &text), found, "{:?}", shown());
                    asked += 1;
                    own += usize::from(found.contains(&rule.metadata.id));
                }
            }
        }
        println!("{set:?}: {own} of {asked} texts are found by the rule that they are drawn from");
        assert!(asked > 100 && own > asked / 4, "{set:?}: {own} of {asked}");
    }
}
