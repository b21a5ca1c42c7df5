//! What is fuzzed, each target named for what it attacks.

mod address;
mod answer;
mod configuration;
mod headers;
mod inflation;
mod origin;
mod path;
mod request;
mod route;
mod waf;
mod world;

use std::hash::{DefaultHasher, Hash, Hasher};

use portcullis_cases::native::World;
use portcullis_control::certificate::{Subject, fuzz_subject};
use portcullis_control::json::fuzz_json;
use portcullis_control::json_edit::fuzz_json_edit;
use portcullis_control::template::fuzz_template;
use portcullis_jwt_auth::key::fuzz_key;
use portcullis_jwt_auth::remote::{fuzz_discovery, fuzz_key_set, fuzz_revocations};
use portcullis_jwt_auth::token::{DEFAULT_MAX_TOKEN_BYTES, Token, fuzz_token};
use portcullis_key_auth::body::fuzz_body;
use portcullis_mtls_auth::xfcc::{fuzz_xfcc, last};
use portcullis_request_size_limiting::parts::fuzz_parts;
use portcullis_runtime::{fuzz_pairs, fuzz_protobuf, fuzz_structure};

/// Something that takes any bytes and panics where it finds a fault.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name: of its folders of seeds and regressions, and on the command line.
    pub name: &'static str,
    /// Runs an input. Inputs for which it returns something new are changed further.
    pub run: fn(&[u8]) -> u64,
    /// Inputs that are made in a test; the costly ones get fewer.
    pub steps: u32,
}

/// All of them.
pub const TARGETS: [Target; 35] = [
    Target { name: "address", run: address::run, steps: 3_000 },
    Target { name: "answer", run: answer::run, steps: 2_000 },
    Target { name: "body", run: body, steps: 5_000 },
    Target { name: "comparisons", run: waf::comparisons, steps: 3_000 },
    Target { name: "configuration", run: configuration::run, steps: 1_500 },
    Target { name: "discovery", run: discovery, steps: 5_000 },
    Target { name: "headers", run: headers::run, steps: 3_000 },
    Target { name: "inflation", run: inflation::run, steps: 3_000 },
    Target { name: "json", run: json, steps: 5_000 },
    Target { name: "json_body", run: waf::json_body, steps: 3_000 },
    Target { name: "json_edit", run: json_edit, steps: 3_000 },
    Target { name: "key", run: key, steps: 2_000 },
    Target { name: "keyset", run: keyset, steps: 1_000 },
    Target { name: "libinjection", run: waf::libinjection, steps: 5_000 },
    Target { name: "multipart_body", run: waf::multipart_body, steps: 3_000 },
    Target { name: "networks", run: waf::networks, steps: 5_000 },
    Target { name: "origin", run: origin::run, steps: 3_000 },
    Target { name: "pairs", run: pairs, steps: 5_000 },
    Target { name: "parts", run: parts, steps: 5_000 },
    Target { name: "path", run: path::run, steps: 5_000 },
    Target { name: "pattern", run: waf::pattern, steps: 1_500 },
    Target { name: "phrases", run: waf::phrases, steps: 3_000 },
    Target { name: "protobuf", run: protobuf, steps: 5_000 },
    Target { name: "request", run: request::run, steps: 2_000 },
    Target { name: "revocations", run: revocations, steps: 5_000 },
    Target { name: "route", run: route::run, steps: 3_000 },
    Target { name: "seclang", run: waf::seclang, steps: 2_000 },
    Target { name: "structure", run: structure, steps: 5_000 },
    Target { name: "subject", run: subject, steps: 5_000 },
    Target { name: "template", run: template, steps: 5_000 },
    Target { name: "token", run: token, steps: 5_000 },
    Target { name: "transformations", run: waf::transformations, steps: 3_000 },
    Target { name: "urlencoded_body", run: waf::urlencoded_body, steps: 5_000 },
    Target { name: "xfcc", run: xfcc, steps: 5_000 },
    Target { name: "xml_body", run: waf::xml_body, steps: 3_000 },
];

/// What an input showed, as a number.
fn shown(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

fn body(data: &[u8]) -> u64 {
    fuzz_body(data);
    0
}

fn discovery(data: &[u8]) -> u64 {
    fuzz_discovery(data);
    0
}

fn json(data: &[u8]) -> u64 {
    fuzz_json(data);
    let fault = portcullis_control::json::parse(data).err().map(|fault| fault.to_string());
    // The words of the fault, without its place.
    shown(fault.map(|text| text.split(" at line ").next().map(str::to_owned)))
}

fn json_edit(data: &[u8]) -> u64 {
    fuzz_json_edit(data);
    shown(portcullis_control::json_edit::Document::parse(data).err().map(|fault| fault.to_string()))
}

fn key(data: &[u8]) -> u64 {
    fuzz_key(data);
    0
}

fn keyset(data: &[u8]) -> u64 {
    fuzz_key_set(data);
    0
}

fn pairs(data: &[u8]) -> u64 {
    fuzz_pairs(data);
    0
}

fn parts(data: &[u8]) -> u64 {
    fuzz_parts(data)
}

fn protobuf(data: &[u8]) -> u64 {
    fuzz_protobuf(data);
    0
}

fn revocations(data: &[u8]) -> u64 {
    fuzz_revocations(data, &*World::default().host());
    0
}

fn structure(data: &[u8]) -> u64 {
    fuzz_structure(data);
    0
}

fn subject(data: &[u8]) -> u64 {
    fuzz_subject(data);
    let subject = Subject::parse(data);
    shown(subject.map(|subject| (subject.text().len().min(32), subject.common_name().is_some())))
}

fn template(data: &[u8]) -> u64 {
    fuzz_template(data);
    0
}

fn token(data: &[u8]) -> u64 {
    fuzz_token(data);
    match Token::parse(data, DEFAULT_MAX_TOKEN_BYTES) {
        Ok(token) => shown((format!("{:?}", token.algorithm), token.kid().is_some())),
        Err(fault) => shown(format!("{fault:?}")),
    }
}

fn xfcc(data: &[u8]) -> u64 {
    fuzz_xfcc(data);
    let found = last(std::iter::once(data)).map(|found| {
        found.map(|element| (element.subject.len().min(4), element.uris.len(), element.dns.len()))
    });
    shown(format!("{found:?}"))
}
