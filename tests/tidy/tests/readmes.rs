//! What the READMEs say of reasons, counters and fields is what the controls' code says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_control::config::Environment;
use portcullis_control::load::module;
use portcullis_control::policy::{Common, Kind};
use portcullis_control::refusal::Reason;
use portcullis_control::surroundings::HostVersion;
use portcullis_gateway::CONTROLS;
use portcullis_tidy::controls::{GATEWAY, controls};
use portcullis_tidy::fault::none;
use portcullis_tidy::readme::{
    Row, counters_are_documented, fields_are_documented, reasons_are_documented,
};
use portcullis_tidy::repository::Repository;

/// The fields that a control takes, as its own refusal of an unknown one lists them.
fn accepted(kind: Kind) -> Vec<String> {
    let configuration = br#"{"no such field": 1}"#;
    let environment = Environment { variables: &|_| None, host: HostVersion::default() };
    let Err(faults) = module(kind, configuration, &environment) else {
        panic!("{} takes any field", kind.name);
    };
    let unknown = "unknown field `no such field`, expected one of ";
    let list = faults.list.iter().find_map(|fault| fault.message.strip_prefix(unknown));
    let list = list.unwrap_or_else(|| panic!("{} does not list its fields: {faults}", kind.name));
    let mut names: Vec<String> = list.split(", ").map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn every_control_is_in_the_gateway() {
    let mut composed: Vec<&str> = CONTROLS.iter().map(|kind| kind.name).collect();
    composed.push(GATEWAY);
    let missing: Vec<String> = controls(Repository::open())
        .into_iter()
        .filter(|name| !composed.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "filters/gateway/src/lib.rs: add to `controls`: {missing:?}");
}

#[test]
fn reasons_of_the_code_are_those_of_the_readmes() {
    let repository = Repository::open();
    let lists = CONTROLS.iter().map(|kind| (kind.name, kind.reasons));
    for (name, reasons) in lists.chain([(GATEWAY, Common::ALL)]) {
        let row = |reason: &&Reason| Row {
            label: reason.label.to_owned(),
            status: reason.status,
            message: reason.message.to_owned(),
        };
        let code: Vec<Row> = reasons.iter().map(row).collect();
        none(&reasons_are_documented(repository, name, &code));
    }
}

#[test]
fn counters_of_the_code_are_those_of_the_readmes() {
    let repository = Repository::open();
    for kind in CONTROLS {
        let families = kind.families.iter().map(|family| family.member);
        let code: Vec<String> =
            kind.counters.iter().copied().chain(families).map(str::to_owned).collect();
        none(&counters_are_documented(repository, kind.name, &code));
    }
}

#[test]
fn fields_of_the_code_are_those_of_the_readmes() {
    let repository = Repository::open();
    for kind in CONTROLS {
        none(&fields_are_documented(repository, kind.name, &accepted(*kind)));
    }
}
