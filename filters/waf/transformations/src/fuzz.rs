//! Any bytes through every transformation, and what must hold of all of them.

use std::borrow::Cow;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_seclang::syntax::Transformation;

use crate::{MOST_DIGEST, MOST_GROWTH, apply, identity_mask};

/// Whatever the bytes: borrowed exactly when unchanged, unchanged where the mask says so, and no longer than promised.
pub fn fuzz_transformations(data: &[u8]) {
    let bytes = ByteSet::of(data);
    for transformation in Transformation::ALL {
        let name = transformation.name();
        let result = apply(*transformation, data);
        let is_borrowed = matches!(result, Cow::Borrowed(_));
        assert_eq!(is_borrowed, result == data, "{name}: borrowed and equal are not the same");
        let acts = identity_mask(*transformation).meets(&bytes);
        assert!(acts || is_borrowed || data.is_empty(), "{name}: changed what it does not act on");
        let most = data.len().saturating_mul(MOST_GROWTH).saturating_add(MOST_DIGEST);
        assert!(result.len() <= most, "{name}: {} bytes of {}", result.len(), data.len());
    }
}
