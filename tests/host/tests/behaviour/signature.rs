//! `verify_signature` with keys and signatures that openssl made, and the host's way to say no.

use portcullis_host::{Host, Request};

use crate::guest::{Guest, OUT};
use crate::lines;

const VECTORS: &str = include_str!("signatures.txt");
const TEXT: &[u8] = b"header.payload";
const HASHES: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/// A vector by key and kind.
fn vector(key: &str, what: &str) -> Vec<u8> {
    let start = format!("{key} {what} ");
    let hex = VECTORS.lines().find_map(|line| line.strip_prefix(&start)).expect("a known vector");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A serialised `VerifySignatureArguments`.
fn arguments(hash: &str, key: &[u8], signature: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in (1..).zip([hash.as_bytes(), key, signature, text]) {
        out.push(number << 3 | 2);
        let length = bytes.len();
        if length < 128 {
            out.push(length as u8);
        } else {
            out.extend([(length & 127 | 128) as u8, (length >> 7) as u8]);
        }
        out.extend(bytes);
    }
    out
}

/// Status of the call, and the first byte of its result: 8 is `result: true`, 18 an error text.
fn verify(argument: &[u8]) -> (String, u8) {
    let mut g = Guest::new();
    let (name, argument) = (g.text("verify_signature"), g.text(argument));
    let call = g.status(&format!("$foreign {name} {argument} {OUT}"));
    let first = "(call $num (i32.load8_u (i32.load (i32.const 16))))";
    let wasm = g.on("proxy_on_request_headers", format!("{call} {first} (i32.const 0)")).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    let lines = lines(&host);
    (lines[0].clone(), lines[1].parse().unwrap_or(0))
}

fn is_good(hash: &str, key: &[u8], signature: &[u8], text: &[u8]) -> bool {
    let (status, first) = verify(&arguments(hash, key, signature, text));
    assert_eq!(status, "0", "a bad key or signature is no failure of the call");
    assert!(first == 8 || first == 18, "{first}");
    first == 8
}

#[test]
fn every_key_verifies_with_every_hash() {
    for key in ["RSA-2048", "P-256", "P-384", "P-521"] {
        for hash in HASHES {
            let (spki, signature) = (vector(key, "spki"), vector(key, hash));
            assert!(is_good(hash, &spki, &signature, TEXT), "{key} {hash}");
            assert!(!is_good(hash, &spki, &signature, b"header.payloae"), "{key} {hash}");
        }
    }
}

#[test]
fn hash_names_ignore_case_and_have_no_dash() {
    let (key, signature) = (vector("RSA-2048", "spki"), vector("RSA-2048", "sha256"));
    for (name, good) in [
        ("sha256", true),
        ("SHA256", true),
        ("Sha256", true),
        ("SHA-256", false),
        ("md5", false),
        ("", false),
    ] {
        assert_eq!(is_good(name, &key, &signature, TEXT), good, "{name}");
    }
}

#[test]
fn what_boringssl_does_not_take() {
    let rsa = vector("RSA-2048", "spki");
    let signature = vector("RSA-2048", "sha256");
    assert!(!is_good("sha256", &vector("RSA-2048", "pkcs1"), &signature, TEXT), "PKCS#1 keys");
    assert!(!is_good("sha256", &rsa, &vector("RSA-2048", "pss"), TEXT), "PSS");
    assert!(!is_good("sha512", &vector("Ed25519", "spki"), &[0; 64], TEXT), "Ed25519");
    assert!(!is_good("sha256", b"\x01", &signature, TEXT), "no key at all");
    assert!(!is_good("sha256", &rsa[..rsa.len() - 1], &signature, TEXT), "a key cut short");
    assert!(is_good("sha256", &[&rsa[..], b"x"].concat(), &signature, TEXT), "bytes after the key");
    assert!(!is_good("sha256", &rsa, &signature[1..], TEXT), "a signature cut short");
    assert!(!is_good("sha256", &rsa, b"", TEXT), "no signature");
    // r and s side by side, as JWS has them, are no DER.
    assert!(!is_good("sha256", &vector("P-256", "spki"), &[1; 64], TEXT), "raw r and s");
    let other = vector("P-384", "spki");
    assert!(
        !is_good("sha256", &other, &vector("P-256", "sha256"), TEXT),
        "the key of another curve"
    );
}

#[test]
fn bytes_that_are_no_message_are_a_bad_argument() {
    for bytes in [&b"\x0a\xff"[..], b"\x07", b"\x0a\x01\xff", b"\x12"] {
        assert_eq!(verify(bytes).0, "2", "{bytes:?}");
    }
    // A message without a key is none either.
    assert_eq!(verify(b"").0, "2");
    assert_eq!(verify(&arguments("sha256", b"", b"x", TEXT)).0, "2");
}

#[test]
fn other_foreign_functions_are_not_found() {
    let mut g = Guest::new();
    let mut body = String::new();
    for name in ["sign", "get_log_level", "clear_route_cache"] {
        let name = g.text(name);
        body += &g.status(&format!("$foreign {name} (i32.const 0) (i32.const 0) {OUT}"));
    }
    let wasm = g.on("proxy_on_request_headers", body + "(i32.const 0)").build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["1", "1", "0"]);
}
