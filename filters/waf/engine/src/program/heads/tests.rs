//! What is remembered of values changes no verdict, and saves asking.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_waf_operators::prefilter::build;
use portcullis_waf_seclang::syntax::{EngineMode, Phase};

use crate::prefilter::Prefilter;
use crate::{Connection, LogData, Profile, Program, Store, Transaction};

/// Rules that ask single values, and some that ask more than that.
const RULES: &str = r#"
SecRule ARGS:want "@rx ." "id:1,phase:1,pass,nolog,setvar:tx.want=%{MATCHED_VAR}"
SecRule ARGS:blind "@rx ." "id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetById=11;REQUEST_HEADERS:x"
SecRule ARGS:deaf "@rx ." "id:3,phase:1,pass,nolog,ctl:ruleRemoveById=10-18"
SecRule REQUEST_HEADERS:x "!@rx ^a" "id:10,phase:1,pass,log"
SecRule REQUEST_HEADERS|!REQUEST_HEADERS:y "@rx b$" "id:11,phase:1,pass,log"
SecRule REQUEST_HEADERS:x|REQUEST_HEADERS:y "@streq %{tx.want}" "id:12,phase:1,pass,log"
SecRule &REQUEST_HEADERS:x "@ge 2" "id:13,phase:1,pass,log"
SecRule &REQUEST_HEADERS:x "@lt 1" "id:14,phase:1,pass,log"
SecRule REQUEST_HEADERS:x "@rx a" "id:15,phase:1,pass,log,chain"
    SecRule REQUEST_HEADERS:y "@rx b" "t:none"
SecRule REQUEST_HEADERS:/^x/ "@contains A" "id:16,phase:1,pass,log,t:uppercase,multiMatch"
SecRule ARGS:ip "@ipMatch 192.0.2.0/24" "id:17,phase:1,pass,log"
SecRule REQBODY_ERROR "!@eq 0" "id:18,phase:1,pass,log"
SecRule REQBODY_ERROR "@eq 0" "id:19,phase:2,pass,log"
"#;

/// Query, headers and address.
type Sent = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const REQUESTS: [Sent; 14] = [
    ("", &[], "192.0.2.1"),
    ("", &[("x", "a")], "192.0.2.1"),
    ("", &[("x", "b")], "198.51.100.1"),
    ("", &[("x", "ab"), ("y", "ab")], "198.51.100.1"),
    ("", &[("y", "ab")], "198.51.100.1"),
    ("", &[("x", "a"), ("x", "ab")], "192.0.2.1"),
    ("", &[("x", "c"), ("y", "d")], "unknown"),
    ("want=c", &[("x", "c"), ("y", "d")], "192.0.2.1"),
    ("want=d", &[("x", "c"), ("y", "d")], "192.0.2.1"),
    ("want=e", &[("x", "c"), ("y", "d")], "192.0.2.1"),
    ("blind=1", &[("x", "ab"), ("y", "b")], "192.0.2.1"),
    ("blind=1", &[("x", "a"), ("z", "ab")], "192.0.2.1"),
    ("deaf=1", &[("x", "ab"), ("x", "c"), ("y", "b")], "192.0.2.1"),
    ("", &[("xy", "a"), ("z", "b")], "192.0.2.1"),
];

/// What a request logs, and what could not be asked.
fn run(program: &Rc<Program>, request: usize, learns: bool) -> String {
    let (query, headers, address) = REQUESTS[request];
    let profile = Profile::new(program, EngineMode::On, &[], &[], LogData::Full).unwrap();
    let mut transaction = Transaction::new(program, &Rc::new(profile), &Connection::default());
    if learns {
        transaction.learn();
    }
    transaction.request_line(b"GET", format!("/?ip={address}&{query}").as_bytes(), b"HTTP/1.1");
    for (name, value) in headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.run(Phase::RequestHeaders);
    transaction.run(Phase::RequestBody);
    format!("{:?} {:?}", transaction.matches(), transaction.errors())
}

fn with_tables() -> Rc<Program> {
    let tables = Prefilter::new(build(&[]).unwrap().leak()).map(Rc::new);
    assert!(tables.is_some());
    Program::of_text_in(RULES, &Rc::new(RefCell::new(Store::new())), tables)
}

#[test]
fn what_is_remembered_of_values_changes_nothing_that_a_rule_says() {
    let asked = Program::of_text(RULES);
    let wanted: Vec<String> =
        (0..REQUESTS.len()).map(|request| run(&asked, request, false)).collect();
    for rule in 10..20 {
        let logged = wanted.iter().filter(|log| log.contains(&format!("id: {rule},")));
        assert!((1..REQUESTS.len()).contains(&logged.count()) || rule >= 18, "{rule}");
    }
    // Whatever came before: in either order, again and again.
    for step in [1, 3, 5, 9, 11, 13] {
        let remembering = with_tables();
        for turn in 0..REQUESTS.len() * 4 {
            let request = turn * step % REQUESTS.len();
            let got = run(&remembering, request, true);
            assert_eq!(got, wanted[request], "{:?}, {step}, {turn}", REQUESTS[request]);
        }
    }
}

#[test]
fn a_value_that_did_not_match_is_not_asked_again_and_others_are() {
    let program = with_tables();
    let is_open = |headers: &[(&str, &str)]| {
        let profile = Profile::new(&program, EngineMode::On, &[], &[], LogData::Full);
        let profile = Rc::new(profile.unwrap());
        let mut transaction = Transaction::new(&program, &profile, &Connection::default());
        transaction.learn();
        for (name, value) in headers {
            transaction.request_header(name.as_bytes(), value.as_bytes());
        }
        let open = transaction.values_may_match(&program, 10);
        transaction.run(Phase::RequestHeaders);
        open
    };
    assert!(!is_open(&[("y", "b")]), "nothing has its name");
    // It is remembered from the second time on that it is seen.
    let seen: Vec<bool> = (0..4).map(|_| is_open(&[("x", "ab")])).collect();
    assert_eq!(seen, [true, true, false, false]);
    assert!(is_open(&[("x", "ab"), ("x", "b")]), "another value does");
    assert!(is_open(&[("x", "b")]) && is_open(&[("x", "b")]), "it matched");
}

#[test]
fn a_number_that_is_given_again_brings_nothing_of_the_rule_that_had_it() {
    let rule = |text: &str| {
        format!("SecRule REQUEST_HEADERS:x \"@streq {text}\" \"id:1,phase:1,pass,log\"")
    };
    let store = Rc::new(RefCell::new(Store::new()));
    let tables = Prefilter::new(build(&[]).unwrap().leak()).map(Rc::new);
    for text in ["a", "b", "a", "b"] {
        store.borrow_mut().prune();
        let program = Program::of_text_in(&rule(text), &store, tables.clone());
        assert_eq!(program.rules[0].head, Some(0), "the only rule has the first number");
        for sent in ["a", "b", "a", "b", "a", "b"] {
            let profile = Profile::new(&program, EngineMode::On, &[], &[], LogData::Full);
            let profile = Rc::new(profile.unwrap());
            let mut transaction = Transaction::new(&program, &profile, &Connection::default());
            transaction.learn();
            transaction.request_header(b"x", sent.as_bytes());
            transaction.run(Phase::RequestHeaders);
            assert_eq!(transaction.matches().len(), usize::from(sent == text), "{text} {sent}");
        }
    }
}
