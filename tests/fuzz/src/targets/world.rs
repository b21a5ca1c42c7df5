//! The surroundings of a target: a request that is as it is, and a host that can do nothing else.

use std::rc::Rc;

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::HeaderMap;
use portcullis_control::program::Settings;
use portcullis_control::store::{SharedData, StoreError, Version};
use portcullis_control::surroundings::{SignatureCheck, Surroundings, Unavailable};
use serde_json::Value;

/// A request of these header fields, and of nothing else.
struct Request(HeaderMap);

impl SharedData for Request {
    fn get(&self, _key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        Err(StoreError::Down)
    }

    fn set(&self, _key: &str, _value: &[u8], _expected: Option<Version>) -> Result<(), StoreError> {
        Err(StoreError::Down)
    }
}

impl Surroundings for Request {
    fn now(&self) -> u64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn shared(&self) -> &dyn SharedData {
        self
    }

    fn verify_signature(&self, _check: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        (path == ["xds", "route_name"]).then(|| b"premium".to_vec())
    }

    fn request_headers(&self) -> HeaderMap {
        self.0.clone()
    }

    fn request_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
}

/// An exchange of which only the request's headers are known.
pub(super) fn exchange(fields: &[(Vec<u8>, Vec<u8>)]) -> Exchange {
    Exchange::new(Rc::new(Request(map(fields))), Rc::new(Settings::default()))
}

pub(super) fn map(fields: &[(Vec<u8>, Vec<u8>)]) -> HeaderMap {
    let mut map = HeaderMap::default();
    fields.iter().for_each(|(name, value)| map.push(name, value));
    map
}

/// Text of an input as bytes: characters below 256 stand for their byte, so that a seed can be read and still hold
/// any byte; others for their UTF-8.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for character in value.as_str().unwrap_or_default().chars() {
        match u8::try_from(character) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(character.to_string().bytes()),
        }
    }
    bytes
}

/// A list of pairs of text.
pub(super) fn fields(value: &Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (bytes(&pair[0]).to_ascii_lowercase(), bytes(&pair[1]))).collect()
}
