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
use std::time::Instant;

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

type Run = fn(&[u8]) -> bool;

#[test]
#[ignore = "a measurement"]
fn measured_beside_the_crate() {
    let recorded = recorded().unwrap_or_default();
    let attacks: Vec<Vec<u8>> = recorded.into_iter().map(|recorded| recorded.value).collect();
    let benign: Vec<Vec<u8>> = [
        "Jane Doe, 42 Main Street", "it's a nice day, isn't it?", "https://www.example.com/path?a=1&b=2",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
        "2026-11-26T20:15:00Z", "please select the option that you would like to update and insert your name",
        "550e8400-e29b-41d4-a716-446655440000", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "en-GB,en;q=0.5",
        "The quick brown fox jumps over the lazy dog. It was not the first time; it would not be the last one either.",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    for (name, values) in [("benign", &benign), ("recorded", &attacks)] {
        let bytes: usize = values.iter().map(Vec::len).sum();
        if values.is_empty() {
            continue;
        }
        println!("{name}: {} values of {} bytes", values.len(), bytes / values.len());
        let runs: [(&str, Run); 4] = [
            ("our SQL", |value| detect_sqli(value).is_some()),
            ("its SQL", |value| libinjectionrs::detect_sqli(value).is_injection()),
            ("our script", detect_xss),
            ("its script", |value| libinjectionrs::detect_xss(value).is_injection()),
        ];
        for (what, run) in runs {
            let best = (0..20)
                .map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(values.iter().filter(|value| run(value)).count());
                    start.elapsed().as_nanos()
                })
                .min()
                .unwrap_or(0);
            println!("  {what}: {} ns a value", best / values.len() as u128);
        }
    }
}
