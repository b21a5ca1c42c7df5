//! The rule set's own tests, where there is a rule set: each file is read, each stage becomes a request.

use std::path::PathBuf;

use portcullis_ftw::{frontend, request, suite, wire};

#[test]
fn every_stage_of_the_rule_set_becomes_a_request() {
    let Some(crs) = std::env::var_os("CRS_DIR").map(PathBuf::from) else {
        println!("CRS_DIR is not set: only our own samples were read");
        return;
    };
    let suites = suite::read(&crs.join("tests")).unwrap();
    for suite in &suites {
        assert_eq!(suite.broken, None, "{}", suite.name);
    }
    for test in suites.iter().flat_map(|suite| &suite.tests) {
        assert_eq!(test.broken, None, "{}", test.id);
        for stage in &test.stages {
            let mut request = wire::parse(&request::bytes(&stage.input, &[]));
            frontend::normalise(&mut request);
            assert!(!request.headers.is_empty(), "{}", test.id);
            // A sent body that the framing cuts off is the test's point; that it is all gone is not.
            let sent = stage.input.data.as_deref().unwrap_or_default();
            let completed = stage.input.autocomplete_headers != Some(false);
            let framed =
                completed && !stage.input.headers.iter().any(|(name, _)| name == "Content-Length");
            assert!(!framed || request.body.len() >= sent.len(), "{}: {request:?}", test.id);
        }
    }
}
