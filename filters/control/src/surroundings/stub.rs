//! Surroundings for tests: a request with its headers and properties, and nothing else.

use std::cell::RefCell;

use super::{SignatureCheck, Surroundings, Unavailable};
use crate::headers::HeaderMap;
use crate::store::{SharedData, StoreError, Version};

/// A request; it remembers which properties were read.
#[derive(Default)]
pub(crate) struct Stub {
    pub(crate) headers: HeaderMap,
    /// By their dotted path.
    pub(crate) properties: Vec<(String, Vec<u8>)>,
    pub(crate) asked: RefCell<Vec<String>>,
}

impl SharedData for Stub {
    fn get(&self, _key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        Err(StoreError::Down)
    }
    fn set(&self, _key: &str, _value: &[u8], _expected: Option<Version>) -> Result<(), StoreError> {
        Err(StoreError::Down)
    }
}

impl Surroundings for Stub {
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
        let path = path.join(".");
        let found = self.properties.iter().find(|(name, _)| *name == path);
        self.asked.borrow_mut().push(path);
        found.map(|(_, value)| value.clone())
    }
    fn request_headers(&self) -> HeaderMap {
        self.headers.clone()
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
