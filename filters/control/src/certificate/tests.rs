//! What the properties of a connection become, and how often each is read.

use std::rc::Rc;

use crate::exchange::Exchange;
use crate::program::Settings;
use crate::surroundings::HostVersion;
use crate::surroundings::stub::Stub;

/// A request over a connection with these properties.
fn connection(properties: &[(&str, &[u8])]) -> (Exchange, Rc<Stub>) {
    let owned = |(name, value): &(&str, &[u8])| ((*name).to_owned(), value.to_vec());
    let properties = properties.iter().map(owned).collect();
    let host = Rc::new(Stub { properties, ..Stub::default() });
    let exchange = Exchange::new(Rc::<Stub>::clone(&host), Rc::new(Settings::default()));
    (exchange, host)
}

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn each_property_is_read_when_it_is_looked_at_and_once() {
    let (exchange, host) = connection(&[
        ("connection.peer_certificate_valid", &[1]),
        ("connection.sha256_peer_certificate_digest", DIGEST.as_bytes()),
        ("connection.subject_peer_certificate", b"CN=ada"),
        ("connection.uri_san_peer_certificate", b"spiffe://td/\xff"),
    ]);
    assert!(host.asked.borrow().is_empty());
    for _ in 0..2 {
        let certificate = exchange.peer_certificate();
        assert_eq!(certificate.verified(), Some(true));
        assert_eq!(certificate.fingerprint().map(|own| own.to_string()).as_deref(), Some(DIGEST));
        assert_eq!(certificate.subject(), b"CN=ada");
        assert_eq!(certificate.uri_san(), Some(&b"spiffe://td/\xff"[..]));
        assert_eq!(certificate.dns_san(), None);
    }
    let asked = host.asked.borrow();
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert!(!asked.iter().any(|path| path.contains("mtls")));
}

#[test]
fn what_a_host_cannot_say_is_not_no() {
    // Envoy 1.36 with a certificate, 1.40 with one that nobody trusts, any of them in plaintext.
    for (valid, digest, verified, presented) in [
        (None, Some(DIGEST), None, true),
        (Some(&[0_u8][..]), Some(DIGEST), Some(false), true),
        (Some(&[0]), None, Some(false), false),
        (None, None, None, false),
        // What no Envoy answers counts as nothing.
        (Some(b"true"), Some("00"), Some(false), false),
        (Some(b""), Some(""), Some(false), false),
    ] {
        let digest =
            digest.map(|text| ("connection.sha256_peer_certificate_digest", text.as_bytes()));
        let valid = valid.map(|value| ("connection.peer_certificate_valid", value));
        let properties: Vec<_> = digest.into_iter().chain(valid).collect();
        let (exchange, _) = connection(&properties);
        let certificate = exchange.peer_certificate();
        assert_eq!(certificate.verified(), verified, "{valid:?}");
        assert_eq!(certificate.fingerprint().is_some(), presented, "{digest:?}");
        assert_eq!(certificate.subject(), b"");
    }
}

#[test]
fn a_host_says_whether_a_certificate_was_verified_from_1_39_on() {
    let number = |value: u64| value.to_le_bytes();
    for (major, minor, expected) in [
        (Some(1), Some(38), false),
        (Some(1), Some(39), true),
        (Some(1), Some(40), true),
        (Some(2), Some(0), true),
        (Some(0), Some(99), false),
        (None, Some(40), false),
        (Some(1), None, false),
    ] {
        let path = "xds.node.user_agent_build_version.version.";
        let named = |name: &str, value: Option<u64>| {
            value.map(|value| (format!("{path}{name}"), number(value)))
        };
        let numbers: Vec<_> = [named("major_number", major), named("minor_number", minor)]
            .into_iter()
            .flatten()
            .collect();
        let properties = numbers.into_iter().map(|(name, value)| (name, value.to_vec())).collect();
        let host = Stub { properties, ..Stub::default() };
        assert_eq!(HostVersion::of(&host).says_verified(), expected, "{major:?}.{minor:?}");
    }
}
