//! `lowercase` and `uppercase`, of ASCII.

use std::borrow::Cow;

pub(crate) fn lower(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(value.to_ascii_lowercase())
    } else {
        Cow::Borrowed(value)
    }
}

pub(crate) fn upper(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_lowercase) {
        Cow::Owned(value.to_ascii_uppercase())
    } else {
        Cow::Borrowed(value)
    }
}
