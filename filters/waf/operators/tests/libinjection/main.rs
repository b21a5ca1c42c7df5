//! The verdicts beside those that C's libinjection gave, where `LIBINJECTION_VERDICTS` says that a recording lies.
//!
//! The recording is a file of lines, perhaps compressed: the value in hexadecimal, 0 or 1 for SQL, the fingerprint or a
//! hyphen, 0 or 1 for scripts; with tabs between.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "what cannot be read fails the test"
)]

use std::io::Read;
use std::path::PathBuf;

use portcullis_waf_operators::libinjection::{detect_sqli, detect_xss, sqli_needs, xss_needs};

struct Recorded {
    value: Vec<u8>,
    fingerprint: Option<String>,
    is_xss: bool,
}

fn recorded() -> Option<Vec<Recorded>> {
    let Some(path) = std::env::var_os("LIBINJECTION_VERDICTS").map(PathBuf::from) else {
        eprintln!(
            "LIBINJECTION_VERDICTS is not set: the verdicts are not compared with those of C"
        );
        return None;
    };
    let bytes = std::fs::read(&path).expect("the recording is there");
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .expect("the recording is text");
    } else {
        text = String::from_utf8(bytes).expect("the recording is text");
    }
    let recorded = text.lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [hex, is_sqli, fingerprint, is_xss] = fields[..] else {
            panic!("no line of a recording: {line}")
        };
        let value = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal digits"))
            .collect();
        Recorded {
            value,
            fingerprint: (is_sqli == "1").then(|| fingerprint.to_owned()),
            is_xss: is_xss == "1",
        }
    });
    Some(recorded.collect())
}

#[test]
fn sql_injection_is_judged_as_c_does() {
    let Some(recorded) = recorded() else { return };
    let mut differences = Vec::new();
    for Recorded { value, fingerprint, .. } in &recorded {
        let found = detect_sqli(value).map(|fingerprint| fingerprint.to_string());
        if found != *fingerprint {
            differences
                .push(format!("{}: {found:?} and not {fingerprint:?}", value.escape_ascii()));
        }
        assert!(fingerprint.is_none() || value.iter().any(|byte| sqli_needs().contains(*byte)));
    }
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        recorded.len(),
        differences.join("\n")
    );
}

#[test]
fn script_injection_is_judged_as_c_does() {
    let Some(recorded) = recorded() else { return };
    let mut differences = Vec::new();
    for Recorded { value, is_xss, .. } in &recorded {
        if detect_xss(value) != *is_xss {
            differences.push(format!("{}: not {is_xss}", value.escape_ascii()));
        }
        assert!(!is_xss || value.iter().any(|byte| xss_needs().contains(*byte)));
    }
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        recorded.len(),
        differences.join("\n")
    );
}
