//! This repository keeps its own rules; a failure names each place and its remedy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_tidy::fault::none;
use portcullis_tidy::graph::{Graph, shipped};
use portcullis_tidy::repository::Repository;
use portcullis_tidy::{
    boundaries, controls, envoy, keys, licences, makefile, manifests, markdown, product, readme,
    repository, rust, text,
};

/// One test for each rule about files.
macro_rules! files {
    ($($module:ident: $($rule:ident),+;)+) => {
        $($(
            #[test]
            fn $rule() {
                none(&$module::$rule(Repository::open()));
            }
        )+)+
    };
}

files! {
    boundaries: unsafe_code_has_one_room, unsafe_blocks_say_why;
    controls: controls_have_their_parts, controls_are_listed;
    envoy: envoys_answer_alike;
    keys: private_keys_stay_at_home;
    makefile: every_target_is_listed, ci_calls_make_alone;
    manifests: versions_are_pinned_once, members_are_alike, the_runtimes_lints_are_the_workspaces,
        a_crate_is_a_module_or_a_library;
    markdown: no_example_is_skipped, links_lead_somewhere;
    product: the_product_alone_is_spoken_of;
    readme: readmes_are_whole;
    repository: made_things_are_ignored;
    rust: files_say_why_they_exist, nothing_is_a_stub, tests_are_named_for_behaviours,
        time_is_an_argument, files_are_short, fuzz_entries_are_run;
    text: lines_end_cleanly;
}

/// One test for each rule about the dependency graph.
macro_rules! graph {
    ($($module:ident: $($rule:ident),+;)+) => {
        $($(
            #[test]
            fn $rule() {
                none(&$module::$rule(Graph::resolve()));
            }
        )+)+
    };
}

graph! {
    boundaries: modules_alone_know_the_runtime, what_ships_does_not_know_the_tests;
    licences: licences_are_allowed;
}

/// One test for each rule about what is linked into modules.
macro_rules! shipped {
    ($($module:ident: $($rule:ident),+;)+) => {
        $($(
            #[test]
            fn $rule() {
                none(&$module::$rule(shipped()));
            }
        )+)+
    };
}

shipped! {
    boundaries: decisions_do_not_know_the_world, json_ships_plain;
    licences: shipped_licences_are_allowed;
}
