//! What of the rule set's own tests gets through Envoy at all, without a filter: the measure of the list of expected failures.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portcullis_e2e::Envoy;
use portcullis_ftw::suite;
use portcullis_ftw::through_envoy::{MARK, Sent, albedo, config, send_all};

#[test]
fn the_raw_requests_reach_what_is_behind_envoy() {
    let Some(crs) = std::env::var_os("CRS_DIR").map(PathBuf::from) else {
        println!("CRS_DIR is not set: nothing was sent through Envoy");
        return;
    };
    let suites = suite::read(&crs.join("tests")).unwrap();
    let upstream = albedo();
    let envoy = Envoy::start(config(&upstream, None));
    let sent = send_all(&suites, &[], envoy.address());
    let mut statuses: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (mark, sent) in &sent {
        match sent {
            Sent::Answered { status, .. } => statuses.entry(*status).or_default().push(mark),
            Sent::Failed(why) => panic!("{mark}: {why}"),
        }
    }
    let reached = upstream.requests();
    let marked = reached.iter().filter(|request| request.headers.has(MARK)).count();
    for (status, marks) in &statuses {
        let some: Vec<_> = marks.iter().take(40).collect();
        println!(
            "{status}: {} {}",
            marks.len(),
            if marks.len() > 40 { String::new() } else { format!("{some:?}") }
        );
    }
    println!(
        "{} stages, {} reached the backend, {marked} with their mark",
        sent.len(),
        reached.len()
    );
    assert_eq!(marked, reached.len());
    // Of the whole rule set's 5,088 stages 35 stay before the filters.
    assert!(
        sent.len() - reached.len() <= 35,
        "{} stages did not get through",
        sent.len() - reached.len()
    );
}
