//! What the prefilter leaves out could not have matched: the same ids with and without it, on the whole corpus.

use std::path::PathBuf;

use portcullis_ftw::engine::{Prefilter, RuleSet, load};
use portcullis_ftw::{run, setup, suite};

#[test]
fn every_stage_logs_the_same_ids_with_and_without_the_prefilter() {
    let Some(crs) = std::env::var_os("CRS_DIR").map(PathBuf::from) else {
        println!("CRS_DIR is not set: the rule set's corpus was not compared");
        return;
    };
    let suites = suite::read(&crs.join("tests")).unwrap();
    let logged = [Prefilter::On, Prefilter::Off].map(|prefilter| {
        let mut waf = load(RuleSet::Crs(&crs), setup::DIRECTIVES, prefilter).unwrap();
        run::all(&suites, &mut waf, &[]).1
    });
    let [with, without] = logged;
    assert!(!with.is_empty());
    for (stage, ids) in &without {
        assert_eq!(with.get(stage), Some(ids), "{stage:?}");
    }
}
