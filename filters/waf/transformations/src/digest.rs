//! What stands for a value instead of it: `sha1`, `md5` and `length`.

use std::borrow::Cow;

use md5::{Digest, Md5};
use sha1::Sha1;

use crate::rewrite::changed;

/// `sha1`: the twenty bytes; `hexEncode` makes text of them.
pub(crate) fn sha1(value: &[u8]) -> Cow<'_, [u8]> {
    changed(value, Sha1::digest(value).to_vec())
}

/// `md5`: the sixteen bytes.
pub(crate) fn md5(value: &[u8]) -> Cow<'_, [u8]> {
    changed(value, Md5::digest(value).to_vec())
}

/// `length`: how many bytes, as digits.
pub(crate) fn length(value: &[u8]) -> Cow<'_, [u8]> {
    changed(value, value.len().to_string().into_bytes())
}
