//! White space and NUL: `trim…`, `compressWhitespace`, `removeWhitespace`, `removeNulls` and `replaceNulls`.

use std::borrow::Cow;

use memchr::memchr;

use crate::html::NBSP;
use crate::rewrite::changed;

/// `isspace` of C.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// `isspace`, and the space that does not break: the two that work inside of a value count it.
const fn is_blank(byte: u8) -> bool {
    is_space(byte) || byte == NBSP
}

/// `compressWhitespace`: each run becomes one space.
pub(crate) fn compress(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.iter().any(|byte| is_blank(*byte)) {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut was_blank = false;
    for byte in value {
        let blank = is_blank(*byte);
        if !blank {
            out.push(*byte);
        } else if !was_blank {
            out.push(b' ');
        }
        was_blank = blank;
    }
    changed(value, out)
}

/// `removeWhitespace`.
pub(crate) fn remove(value: &[u8]) -> Cow<'_, [u8]> {
    without(value, is_blank)
}

/// `removeNulls`.
pub(crate) fn remove_nulls(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(0, value).is_none() {
        return Cow::Borrowed(value);
    }
    without(value, |byte| byte == 0)
}

fn without(value: &[u8], is_ours: impl Fn(u8) -> bool) -> Cow<'_, [u8]> {
    if !value.iter().any(|byte| is_ours(*byte)) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().copied().filter(|byte| !is_ours(*byte)).collect())
}

/// `replaceNulls`: each becomes a space.
pub(crate) fn replace_nulls(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(0, value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect())
}

/// `trimLeft`.
pub(crate) fn trim_start(value: &[u8]) -> Cow<'_, [u8]> {
    cut(value, without_start(value))
}

/// `trimRight`.
pub(crate) fn trim_end(value: &[u8]) -> Cow<'_, [u8]> {
    cut(value, without_end(value))
}

/// `trim`.
pub(crate) fn trim(value: &[u8]) -> Cow<'_, [u8]> {
    cut(value, without_start(without_end(value)))
}

fn without_start(value: &[u8]) -> &[u8] {
    let count = value.iter().take_while(|byte| is_space(**byte)).count();
    value.get(count..).unwrap_or_default()
}

fn without_end(value: &[u8]) -> &[u8] {
    let count = value.iter().rev().take_while(|byte| is_space(**byte)).count();
    value.get(..value.len() - count).unwrap_or_default()
}

/// A part could be borrowed too, but borrowed means unchanged.
fn cut<'v>(value: &'v [u8], part: &[u8]) -> Cow<'v, [u8]> {
    if part.len() == value.len() { Cow::Borrowed(value) } else { Cow::Owned(part.to_vec()) }
}
