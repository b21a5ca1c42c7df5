//! The client's address: what a client writes in front of the trusted entries changes nothing.

use portcullis_control::address::{ClientAddress, ClientIp};
use portcullis_control::config::Reader;
use serde_json::Value;

use super::world::{bytes, fields, map};

/// What a client would like to be taken for.
const WISHED: &[u8] = b"6.6.6.6";

/// `{client_ip, peer, headers}`.
pub(super) fn run(data: &[u8]) -> u64 {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return 0 };
    let reader = Reader::new(&|_| None);
    let read = ClientIp::read(reader.root(&input["client_ip"]));
    let Ok((rule, _)) = reader.finish(read) else { return 1 };
    let (peer, headers) = (bytes(&input["peer"]), fields(&input["headers"]));
    let read = map(&headers);
    let found = rule.find(&peer, || &read);
    let wished = map(&in_front(&headers));
    let with_wish = rule.find(&peer, || &wished);
    match &rule {
        ClientIp::Connection | ClientIp::Envoy => {
            let none = map(&[]);
            assert_eq!(rule.find(&peer, || &none), found, "headers decide for {rule:?}");
            assert!(!rule.reads_headers());
        }
        ClientIp::ForwardedFor { .. } => {
            if found != ClientAddress::Unknown {
                assert_eq!(with_wish, found, "an entry in front decides");
            }
        }
        ClientIp::Header { name, .. } => {
            if name.as_str() != "x-forwarded-for" {
                assert_eq!(with_wish, found, "another header decides");
            }
        }
    }
    let kind = match rule {
        ClientIp::Connection => 0,
        ClientIp::Envoy => 1,
        ClientIp::ForwardedFor { .. } => 2,
        ClientIp::Header { .. } => 3,
    };
    let known = match found {
        ClientAddress::Known(ip) => 1 + u8::from(ip.is_ipv6()),
        ClientAddress::Unknown => 0,
    };
    super::shown((kind, known, headers.len()))
}

/// One more line before all others, and one more entry in front of the first.
fn in_front(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let name = b"x-forwarded-for";
    let mut changed = headers.to_vec();
    if let Some((_, value)) = changed.iter_mut().find(|(candidate, _)| candidate == name) {
        *value = [WISHED, b", ", value.as_slice()].concat();
    }
    changed.insert(0, (name.to_vec(), WISHED.to_vec()));
    changed
}
