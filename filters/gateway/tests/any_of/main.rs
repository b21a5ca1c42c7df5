//! Alternatives that wait, call, hold bodies, change their mind: what tables of the controls that ship can't say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod gate;
mod obedient;

use portcullis_cases::native::Part;
use portcullis_control::control::CallAnswer;
use portcullis_control::headers::HeaderMap;
use serde_json::{Value, json};

use crate::gate::{Gate, UNTOUCHED, all, record, told};
use crate::obedient::{PATIENCE, Why};

#[test]
fn what_a_refusing_alternative_did_is_undone() {
    let mut gate = Gate::any();
    let observed = gate.get(&[("one", "say forbid"), ("two", "say"), ("three", "pass")]);
    let (users, kept, secret) = told(&observed);
    assert_eq!((observed.status, users), (Some(200), vec!["three"]));
    assert_eq!((&kept[..], &secret[..]), UNTOUCHED);
    assert_eq!(record(&observed), ["three noted said", "one tried forbidden", "two tried nothing"]);
    let counts = ["one.said", "two.said", "three.said", "three.allowed", "one.allowed"];
    assert_eq!(counts.map(|name| gate.count(name)), [0, 0, 1, 1, 0]);
    let counts = [
        "one.tried.forbidden",
        "two.tried.nothing",
        "one.refused.forbidden",
        "two.refused.nothing",
    ];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 1, 0, 0]);
}

#[test]
fn after_a_success_the_others_are_not_asked_and_hide_what_they_would_have_hidden() {
    let mut gate = Gate::any();
    let credentials = ["one", "two", "three"].map(|name| format!("{name}-credential"));
    let mut headers = vec![("two", "pass"), ("three", "say forbid")];
    headers.extend(credentials.iter().map(|name| (name.as_str(), "c")));
    let observed = gate.send(&headers, Some("b"), &[("x-end", "1")]);
    let (users, kept, secret) = told(&observed);
    assert_eq!((&users[..], (&kept[..], &secret[..])), (&["two"][..], UNTOUCHED));
    assert_eq!(record(&observed), ["two noted said", "one tried nothing"]);
    let upstream = &observed.upstream.as_ref().unwrap().headers;
    let left: Vec<_> = credentials.iter().map(|name| all(upstream, name).len()).collect();
    assert_eq!(left, [0, 1, 0], "the winner hides by its own rule alone");
    let counts = ["one.trailers", "two.trailers", "three.trailers"];
    assert_eq!(counts.map(|name| gate.count(name)), [0, 1, 0]);
}

#[test]
fn an_alternative_that_waits_or_calls_suspends_those_behind_it() {
    for (word, answers) in [("wait", 0), ("call", 1)] {
        let mut gate = Gate::any();
        let go_on = |gate: &mut Gate| match word {
            "wait" => {
                gate.native.world().set_now(gate.native.world().now() + PATIENCE);
                gate.native.wait()
            }
            _ => gate.native.answer_call(
                u32::try_from(gate.native.world().calls().len()).unwrap(),
                &CallAnswer::Http { headers: HeaderMap::default(), body: Vec::new() },
            ),
        };
        let one = format!("say {word} forbid");
        let two = format!("{word} pass");
        let waiting = gate.get(&[("one", &one), ("two", &two), ("three", "pass")]);
        assert_eq!((waiting.status, waiting.upstream.is_none()), (None, true));
        assert_eq!(gate.native.world().calls().len(), answers);
        let waiting = go_on(&mut gate);
        assert_eq!((waiting.status, waiting.upstream.is_none()), (None, true), "two waits as well");
        let observed = go_on(&mut gate);
        let (users, kept, secret) = told(&observed);
        assert_eq!((&users[..], (&kept[..], &secret[..])), (&["two"][..], UNTOUCHED));
        assert_eq!(record(&observed), ["two noted said", "one tried forbidden"]);
    }
}

#[test]
fn a_body_that_one_alternative_judged_bad_is_the_next_ones_as_it_came() {
    let mut gate = Gate::any();
    let observed = gate.send(&[("one", "say hold pass"), ("two", "hold pass")], Some("bad"), &[]);
    assert_eq!(observed.status, Some(401));
    assert_eq!(record(&observed), ["two tried body", "three tried nothing", "one refused body"]);
    // The first one's replacement is undone; the second one's is what goes on.
    let observed =
        gate.send(&[("one", "say hold forbid"), ("two", "hold pass")], Some("good"), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"two:good");
    assert_eq!(told(&observed), (vec!["two"], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    let observed = gate.send(&[("one", "say hold forbid"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"good");
    // One that changes its mind later, after a call, is undone as well.
    let waiting = gate.send(&[("one", "hold call forbid"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(waiting.status, None);
    let observed = gate.native.answer_call(1, &CallAnswer::Failed { grpc_status: 0 });
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"good");
    let waiting = gate.send(&[("one", "hold call pass")], Some("good"), &[]);
    assert_eq!(waiting.status, None);
    let observed = gate.native.answer_call(2, &CallAnswer::Failed { grpc_status: 0 });
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"one:good");
    // Trailers end the body just as well.
    let observed =
        gate.send(&[("one", "hold forbid"), ("two", "hold pass")], Some("good"), &[("x-end", "1")]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"two:good");
}

#[test]
fn a_body_that_is_too_large_for_one_alternative_reaches_the_others_and_the_controls_behind() {
    let mut gate = Gate::new(&json!({
        "one": {}, "two": {}, "behind": {}, "auth": {"any_of": ["one", "two"]},
    }));
    let body = "twelve: good";
    let observed = gate.send(
        &[("one", "hold pass"), ("two", "pass"), ("behind", "hold-more pass")],
        Some(body),
        &[],
    );
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"behind:twelve: good");
    // One that wants to see more of it gets more; one that wants no more than it saw would ask for ever.
    let observed =
        gate.send(&[("one", "hold hold-more pass"), ("behind", "pass")], Some(body), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"one:twelve: good");
    let observed = gate.send(
        &[("one", "hold hold pass"), ("two", "pass"), ("behind", "pass")],
        Some(body),
        &[],
    );
    assert_eq!(
        (observed.status, &record(&observed)[1..]),
        (Some(200), &["one tried internal".to_owned(), "behind noted said".to_owned()][..])
    );
    let observed = gate.send(&[("one", "hold hold hold pass")], Some("good"), &[]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(503), vec!["two tried nothing".to_owned(), "one refused internal".to_owned()])
    );
}

#[test]
fn a_body_that_came_while_another_one_waited_is_still_a_body() {
    let mut gate = Gate::any();
    let headers = [("one", "wait forbid"), ("two", "hold pass")];
    let waiting = gate.send(&headers, Some("good"), &[]);
    assert_eq!(waiting.status, None);
    gate.native.world().set_now(PATIENCE);
    let observed = gate.native.wait();
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["two"]));
    assert_eq!(observed.upstream.unwrap().body, b"two:good");
}

#[test]
fn where_all_refuse_the_client_reads_what_says_most_and_the_first_of_those() {
    let mut gate = Gate::any();
    for (words, status, message, decisive) in [
        (["", "", ""], 401, "Nothing", "one"),
        (["", "forbid", ""], 403, "Forbidden", "two"),
        (["", "large", "forbid"], 413, "Too large", "two"),
        (["forbid", "", "later"], 503, "Later", "three"),
        (["later", "later", "forbid"], 503, "Later", "one"),
    ] {
        let observed = gate.get(&[("one", words[0]), ("two", words[1]), ("three", words[2])]);
        let body: Value = serde_json::from_slice(&observed.body).unwrap();
        assert_eq!(
            (observed.status, &body["message"]),
            (Some(status), &message.into()),
            "{words:?}"
        );
        let challenges = all(&observed.headers, "www-authenticate");
        match status {
            401 => assert_eq!(challenges, ["one", "two", "three"]),
            503 => assert!(challenges.is_empty()),
            _ => assert_eq!(challenges, [decisive]),
        }
        let lines = record(&observed);
        assert_eq!(lines.len(), 3, "each has one line: {lines:?}");
        assert!(lines[2].starts_with(&format!("{decisive} refused ")), "{lines:?}");
    }
    let refused: u64 = ["one", "two", "three"]
        .iter()
        .flat_map(|name| Why::ALL.iter().map(move |why| format!("{name}.refused.{}", why.label)))
        .map(|name| gate.count(&name))
        .sum();
    assert_eq!(refused, 5, "one a request");
}

#[test]
fn one_that_cannot_decide_keeps_nobody_out_that_another_one_knows() {
    let mut gate = Gate::any();
    let observed = gate.get(&[("one", "later"), ("two", "forbid"), ("three", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["three"]));
    // Nor does a body that can't be read, or a call that can't be made.
    gate.native.world().break_down(Part::Bodies);
    let observed = gate.send(&[("one", "hold pass"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(
        (observed.status, &record(&observed)[1..]),
        (Some(200), &["one tried internal".to_owned()][..])
    );
    let observed = gate.send(&[("one", "hold pass"), ("two", "forbid")], Some("good"), &[]);
    assert_eq!(observed.status, Some(503));
    gate.native.world().mend();
    gate.native.world().break_down(Part::Calls);
    let observed = gate.get(&[("one", "call forbid"), ("two", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["two"]));
}

#[test]
fn in_shadow_mode_nobody_waits_and_what_is_not_decided_is_not_counted() {
    let mut gate = Gate::new(&json!({
        "one": {"mode": "shadow"}, "two": {"mode": "shadow"}, "auth": {"any_of": ["one", "two"]},
    }));
    let observed = gate.get(&[("one", "say wait pass")]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(200), vec!["two tried nothing".to_owned()])
    );
    let observed = gate.get(&[("one", "say forbid")]);
    let lines = ["two tried nothing".to_owned(), "one would_refuse forbidden".to_owned()];
    assert_eq!((observed.status, record(&observed)), (Some(200), lines.to_vec()));
    assert_eq!(told(&observed), (vec![], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    let counts = ["one.would_refuse.forbidden", "two.would_refuse.nothing", "one.said"];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 0, 0]);
}

#[test]
fn what_an_alternative_in_shadow_mode_would_have_been_stays_beside_who_it_is() {
    let mut gate = Gate::new(&json!({
        "one": {"mode": "shadow"}, "two": {}, "three": {}, "auth": {"any_of": ["one", "two", "three"]},
    }));
    let observed = gate.get(&[("one", "pass"), ("two", "say forbid"), ("three", "pass")]);
    assert_eq!(told(&observed), (vec!["three"], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    assert_eq!(record(&observed), ["one noted said", "three noted said", "two tried forbidden"]);
    let counts = ["one.said", "two.said", "three.said", "one.allowed", "three.allowed"];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 0, 1, 0, 1]);
}

#[test]
fn a_control_that_is_none_of_the_alternatives_has_to_let_the_request_pass_too() {
    let mut gate = Gate::new(&json!({
        "one": {}, "two": {}, "three": {}, "auth": {"any_of": ["three", "one"]},
    }));
    let observed = gate.get(&[("one", "pass"), ("three", "pass")]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(401), vec!["two refused nothing".to_owned()])
    );
    // They stand where the last of them stands: the identity of whoever succeeds counts, whole.
    let observed = gate.get(&[("one", "pass"), ("two", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["one"]));
    assert_eq!(record(&observed), ["two noted said", "one noted said", "three tried nothing"]);
    let observed = gate.get(&[("one", "say"), ("two", "pass"), ("three", "say")]);
    assert_eq!(observed.status, Some(401));
    assert_eq!(all(&observed.headers, "www-authenticate"), ["three", "one"]);
    assert_eq!(record(&observed), ["two noted said", "one tried nothing", "three refused nothing"]);
}
