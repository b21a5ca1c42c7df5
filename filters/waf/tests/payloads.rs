//! What everybody tries is stopped by our own rule set wherever it stands, and what people write passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use portcullis_waf_engine::{
    Connection, EngineMode, LogData, Profile, Program, RulePhase, RuleSet, Settings, Store,
    Transaction,
};
use portcullis_waf_seclang::{Source, parse};

const SQLI: &str = include_str!("payloads/sqli.txt");
const XSS: &str = include_str!("payloads/xss.txt");
const BENIGN: &str = include_str!("payloads/benign.txt");

/// The sets as they ship.
struct Waf {
    program: Rc<Program>,
    profile: Rc<Profile>,
}

impl Waf {
    fn new() -> Self {
        let rulesets = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rulesets");
        let mut files: Vec<PathBuf> = std::fs::read_dir(rulesets.join("base"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.insert(0, rulesets.join("recommended.conf"));
        let sources: Vec<Source> = files
            .iter()
            .map(|path| Source {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                text: std::fs::read(path).unwrap(),
            })
            .collect();
        let mut set = RuleSet::default();
        set.extend(parse(&sources).unwrap().statements).unwrap();
        let store = Rc::new(RefCell::new(Store::new()));
        let settings = Settings::of(&set.settings);
        let program = Program::link(&set, settings, &store, &|_| None, None)
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        let profile = Profile::new(&program, EngineMode::On, &[], &[], LogData::Full).unwrap();
        Self { program: Rc::new(program), profile: Rc::new(profile) }
    }

    /// The rules that refused, or nothing.
    fn refused(&self, place: Place, value: &str) -> Option<Vec<u32>> {
        let mut transaction =
            Transaction::new(&self.program, &self.profile, &Connection::default());
        let (target, headers, body) = place.request(value);
        let method: &[u8] = if body.is_empty() { b"GET" } else { b"POST" };
        transaction.request_line(method, target.as_bytes(), b"HTTP/1.1");
        transaction.request_header(b"host", b"gateway.test");
        transaction.request_header(
            b"user-agent",
            b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        );
        for (name, value) in headers {
            transaction.request_header(name.as_bytes(), value.as_bytes());
        }
        transaction.run(RulePhase::RequestHeaders);
        transaction.request_body(body.as_bytes(), true);
        transaction.run(RulePhase::RequestBody);
        let ids = || transaction.matches().iter().map(|one| one.rule.metadata.id).collect();
        (transaction.intervention().is_some() || !transaction.errors().is_empty()).then(ids)
    }
}

/// Where a value stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Query,
    Form,
    Json,
    Cookie,
}

impl Place {
    const ALL: [Place; 4] = [Place::Query, Place::Form, Place::Json, Place::Cookie];

    fn request(self, value: &str) -> (String, Vec<(&'static str, String)>, String) {
        let content_type = |kind: &str| vec![("content-type", kind.to_owned())];
        match self {
            Place::Query => (format!("/search?q={}", encoded(value)), Vec::new(), String::new()),
            Place::Form => (
                "/search".to_owned(),
                content_type("application/x-www-form-urlencoded"),
                format!("a=1&q={}", encoded(value)),
            ),
            Place::Json => (
                "/search".to_owned(),
                content_type("application/json"),
                format!("{{\"q\":{}}}", quoted(value)),
            ),
            Place::Cookie => (
                "/".to_owned(),
                vec![("cookie", format!("a=1; q={}", value.replace(';', "%3B")))],
                String::new(),
            ),
        }
    }
}

/// As a browser sends it.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
    }
    text
}

fn quoted(value: &str) -> String {
    let mut text = "\"".to_owned();
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            character if u32::from(character) < 0x20 => {
                write!(text, "\\u{:04x}", u32::from(character)).unwrap();
            }
            character => text.push(character),
        }
    }
    text + "\""
}

fn lines(list: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        list.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count, "a line stands twice");
    lines
}

fn passed(list: &str) -> Vec<String> {
    let waf = Waf::new();
    let mut passed = Vec::new();
    for line in lines(list) {
        for place in Place::ALL {
            if waf.refused(place, line).is_none() {
                passed.push(format!("{place:?}: {line}"));
            }
        }
    }
    passed
}

#[test]
fn what_everybody_tries_on_databases_is_refused_wherever_it_stands() {
    assert!(lines(SQLI).len() >= 100);
    assert_eq!(passed(SQLI), [""; 0]);
}

#[test]
fn what_everybody_tries_on_browsers_is_refused_wherever_it_stands() {
    assert!(lines(XSS).len() >= 100);
    assert_eq!(passed(XSS), [""; 0]);
}

#[test]
fn what_people_write_passes_wherever_it_stands() {
    assert!(lines(BENIGN).len() >= 500);
    let waf = Waf::new();
    let mut refused = Vec::new();
    for line in lines(BENIGN) {
        for place in Place::ALL {
            if let Some(rules) = waf.refused(place, line) {
                refused.push(format!("{place:?}: {line}: {rules:?}"));
            }
        }
    }
    assert_eq!(refused, [""; 0]);
}
