//! The runner itself: what it accepts as a table, and that it tells every way in which a case can be wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::path::Path;

use portcullis_cases::case::Case;
use portcullis_cases::engine::Unable;
use portcullis_cases::native::NativeEngine;
use portcullis_cases::{load, registry, suite};
use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::reasons;
use portcullis_control::refusal::Reason;

reasons! {
    /// Of the control under test.
    enum Because {
        /// The header says so.
        Told = (403, "told", "Told to"),
        /// The body says so.
        Body = (400, "body", "Bad body"),
    }
}

/// Does what the request's `x-do` says.
struct Obedient {
    names: FieldName,
}

impl Control for Obedient {
    const NAME: &'static str = "obedient";
    const PLACES: &'static [Place] = &[Place::Acl];
    const REASONS: &'static [&'static Reason] = Because::ALL;
    const COUNTERS: &'static [&'static str] = &["seen"];
    type State = ();

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        let names = section.required("names").and_then(|node| {
            let name = FieldName::parse(node.text()?);
            if name.is_none() {
                node.fault("expected a header name");
            }
            name
        });
        if let Some(node) = section.optional("careful") {
            node.warn("be careful");
        }
        Some(Obedient { names: names? })
    }

    fn may_hold_request(&self) -> bool {
        true
    }

    fn request_headers(&self, exchange: &mut Exchange, (): &mut (), _end: bool) -> Verdict {
        match exchange.request_headers().first("x-do").map(<[u8]>::to_vec).as_deref() {
            Some(b"refuse") => Verdict::from(Because::Told),
            Some(b"hold") => Verdict::HoldBody { max: 8 },
            Some(b"name") => {
                exchange.note("seen", Vec::new());
                exchange.set_request_header(self.names.clone(), FieldValue::from_static("ada"));
                Verdict::Continue
            }
            _ => Verdict::Continue,
        }
    }

    fn request_body(&self, _: &mut Exchange, (): &mut (), body: Body<'_>) -> Verdict {
        if body.bytes == b"good" { Verdict::Continue } else { Verdict::from(Because::Body) }
    }
}

fn read(text: &str) -> Result<Vec<Case>, Vec<String>> {
    load::read(text, Path::new("filters/obedient/cases/one.toml"), "obedient")
}

/// The outcome of the one case in this text.
fn outcome(text: &str) -> Result<Vec<String>, Unable> {
    let cases = read(text).unwrap();
    let engine = NativeEngine::new(&[registry::of::<Obedient>()]);
    assert_eq!(cases.len(), 1);
    suite::run_case(&engine, &cases[0])
}

/// The report on a case that fails.
fn report(text: &str) -> String {
    match outcome(text) {
        Err(Unable::Failure(report)) => report,
        other => panic!("{other:?}"),
    }
}

const HEAD: &str = r#"
[[case]]
name = "one"
config = { names = "x-name" }
"#;

fn with(request: &str) -> String {
    format!("{HEAD}{request}")
}

#[test]
fn what_a_case_says_is_compared_and_holds() {
    outcome(&with(
        r#"
[[case.request]]
headers = [["x-do", "name"], ["X-Name", "mallory"]]
upstream_headers = { x-up = ["a", "b"] }
[case.request.expect]
status = 200
headers = { x-up = ["a", "b"] }
absent = ["x-none"]
present = ["x-up"]
notes = ["seen"]
record = [{ control = "obedient", outcome = "noted" }]
upstream = { headers = { x-name = "ada", host = "gateway.test" }, path = "/" }

[[case.request]]
method = "POST"
headers = { x-do = "hold" }
body = "good"
[case.request.expect]
status = 200
upstream = { body = "good" }

[[case.request]]
method = "POST"
headers = { x-do = "hold" }
body = "goo"
trailers = { x-t = "1" }
[case.request.expect]
status = 400
reason = "body"
message = "Bad body"

[[case.request]]
headers = { x-do = "refuse", content-type = "application/grpc+proto" }
times = 2
[case.request.expect]
status = 200
grpc_status = 7
reason = "told"
message = "Told to"

[[case.request]]
method = "HEAD"
headers = { x-do = "refuse" }
[case.request.expect]
status = 403
reason = "told"
text = ""
headers = { content-type = "application/json" }
"#,
    ))
    .unwrap();
}

#[test]
fn every_difference_is_told_with_what_was_found() {
    let report = report(&with(
        r#"
[[case.request]]
expect = { status = 200 }

[[case.request]]
headers = { x-do = "refuse" }
times = 2
[case.request.expect]
status = 401
headers = { content-type = "text/plain" }
present = ["www-authenticate"]
absent = ["content-type"]
message = "Unauthorized"
body = { exp = "gone" }
reason = "other"
would_refuse = "told"
notes = ["seen"]
tried = ["seen"]
record = [{ reason = "other" }]
grpc_status = 16
upstream_untouched = false
"#,
    ));
    for line in [
        "one in filters/obedient/cases/one.toml on native",
        "request 2 (time 1 of 2): GET /",
        "request 2 (time 2 of 2): GET /",
        "expected status 401, found Some(403)",
        r#"expected header content-type: "text/plain", found ["application/json"]"#,
        "expected a header www-authenticate, found none",
        r#"expected no header content-type, found "application/json""#,
        r#"expected member message: "Unauthorized", found Some(String("Told to"))"#,
        r#"expected member exp: "gone", found None"#,
        r#"expected reason Some("other"), found ["told"]"#,
        r#"expected would_refuse Some("told"), found []"#,
        r#"expected notes ["seen"], found []"#,
        r#"expected tried ["seen"], found []"#,
        r#"expected the record [{"reason": String("other")}], found [Object {"#,
        r#"expected header grpc-status: "16", found []"#,
        "the upstream saw nothing",
        r#""reason":"told""#,
    ] {
        assert!(report.contains(line), "{line:?} is not in\n{report}");
    }
    assert!(!report.contains("request 1"), "{report}");
}

#[test]
fn what_reaches_the_upstream_is_compared_too() {
    let report = report(&with(
        r#"
[[case.request]]
method = "POST"
headers = { x-do = "name" }
body = "b"
[case.request.expect]
status = 200
reason = "told"

[[case.request]]
method = "POST"
path = "/a"
headers = { x-do = "name" }
body = "b"
trailers = { x-t = "1" }
[case.request.expect]
status = 200
[case.request.expect.upstream]
headers = { x-name = "bob" }
absent = ["x-do"]
path = "/b"
body = "c"
trailers = { x-t = "2" }
absent_trailers = ["x-t"]
"#,
    ));
    for line in [
        "the upstream saw the request",
        r#"expected upstream header x-name: "bob", found ["ada"]"#,
        r#"expected no upstream header x-do, found "name""#,
        "expected upstream path /b, found /a",
        r#"expected upstream body "c", found "b""#,
        r#"expected upstream trailer x-t: "2", found ["1"]"#,
        r#"expected no upstream trailer x-t, found "1""#,
    ] {
        assert!(report.contains(line), "{line:?} is not in\n{report}");
    }
}

#[test]
fn an_answer_where_none_was_to_be_is_told_and_so_is_what_the_log_says() {
    let said = "logged = [\"\\\"reason\\\":\\\"told\\\"\", \"sung\"]\nunlogged = [\"told\", \"whispered\"]\n";
    let request = r#"
[[case.request]]
headers = { x-do = "refuse" }
expect = { dropped = true, reason = "told" }
"#;
    let report = report(&format!("{HEAD}{said}{request}"));
    for line in [
        "expected no answer, found status 403",
        "expected a line of the log with sung",
        "expected no line of the log with told",
    ] {
        assert!(report.contains(line), "{line:?} is not in\n{report}");
    }
    assert!(!report.contains("whispered"), "{report}");
    assert_eq!(report.matches("line of the log with").count(), 2, "{report}");
}

#[test]
fn a_shadow_mode_decision_is_told_and_changes_nothing() {
    let shadow = HEAD.replace("\" }", "\", mode = \"shadow\" }");
    let request = r#"
[[case.request]]
headers = { x-do = "refuse" }
[case.request.expect]
status = 200
would_refuse = "told"
upstream_untouched = false
"#;
    outcome(&format!("{shadow}{request}")).unwrap();
    let silent = request.replace("would_refuse = \"told\"\n", "");
    let report = report(&format!("{shadow}{silent}"));
    assert!(report.contains("expected would_refuse None, found [\"told\"]"), "{report}");
}

#[test]
fn refused_configurations_are_compared_by_their_fault_lines() {
    let case = |config: &str, refused: &str| {
        format!("[[case]]\nname = \"one\"\nconfig = {config}\nrefused = {refused}\n")
    };
    let fault = r#"["names: expected a header name", "other: unknown field"]"#;
    let found = report(&case(r#"{ names = "a b" }"#, fault));
    assert!(found.contains("missing fault: other: unknown field"), "{found}");
    assert!(!found.contains("unexpected"), "{found}");
    outcome(&case(r#"{ names = "a b" }"#, r#"["names: expected a header name"]"#)).unwrap();
    let found = report(&case(r#"{ names = "a" }"#, fault));
    assert!(found.contains("the configuration was accepted"), "{found}");
    let found =
        report(&with("[[case.request]]\nexpect = { status = 200 }").replace("x-name", "a b"));
    assert!(found.contains("the configuration was refused: names: expected"), "{found}");
    let careful = r#"{ names = "a", careful = true }"#;
    let warned = format!(
        "[[case]]\nname = \"one\"\nconfig = {careful}\n[[case.request]]\nexpect = {{ status = 200 }}"
    );
    assert!(report(&warned).contains("unexpected warning: careful: be careful"));
    outcome(
        &warned.replace("[[case.request]]", "warned = [\"careful: be careful\"]\n[[case.request]]"),
    )
    .unwrap();
}

#[test]
fn a_case_for_other_engines_is_skipped_with_its_reason() {
    let only = "only = { engines = [\"envoy\"], reason = \"needs a real socket\" }\n";
    let case = format!("{HEAD}{only}[[case.request]]\nexpect = {{ status = 500 }}");
    assert_eq!(outcome(&case), Err(Unable::Skip("needs a real socket".to_owned())));
}

#[test]
fn tables_that_say_something_unknown_or_nothing_are_refused() {
    let ok = "[[case.request]]\nexpect = { status = 200 }\n";
    for (text, fault) in [
        (String::new(), "there is no [[case]]"),
        (with(""), "either requests or refused"),
        (with("colour = 1"), "unknown field `colour`"),
        (
            with("[[case.request]]\nexpect = { status = 200, text = \"\", foo = 1 }"),
            "unknown field",
        ),
        (with("[[case.request]]\nexpect = {}"), "a status between"),
        (with("[[case.request]]\nexpect = { status = 403, dropped = true }"), "no status beside"),
        (
            with(
                "[[case.request]]\nupstream_body = \"a\"\nupstream_pause = 1\nexpect = { status = 200 }",
            ),
            "only a response in parts",
        ),
        (with("[[case.request]]\nexpect = { status = 2 }"), "a status between"),
        (with(&format!("refused = [\"x\"]\n{ok}")), "either requests or refused"),
        (with(&format!("config_text = \"x\"\n{ok}")), "found both"),
        (with(&format!("only = {{ engines = [], reason = \"x\" }}\n{ok}")), "one or two engines"),
        (
            with(&format!("only = {{ engines = [\"x\"], reason = \"x\" }}\n{ok}")),
            "only the engines",
        ),
        (with(&format!("only = {{ engines = [\"envoy\"], reason = \"\" }}\n{ok}")), "a reason"),
        (
            with("[[case.request]]\nheaders = { a = \"{{nobody}}\" }\nexpect = { status = 200 }"),
            "no token is called `nobody`",
        ),
        (
            with("[[case.request]]\nheaders = { a = { hex = \"0\" } }\nexpect = { status = 200 }"),
            "pairs of hexadecimal digits",
        ),
        (
            with("[[case.request]]\nheaders = [[\"a\"]]\nexpect = { status = 200 }"),
            "expected a pair",
        ),
    ] {
        let faults = read(&text).expect_err(&text).join("\n");
        assert!(faults.contains(fault), "{fault:?} is not in\n{faults}");
    }
}
