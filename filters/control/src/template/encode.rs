//! How a value is written where it will stand: each place has its own way to be broken out of.

use crate::arguments::{encode_form, percent_encode};
use crate::bytes::has_none_of;

/// What a template becomes a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A header field's value (RFC 9110 §5.5): no control bytes, no space at a value's ends.
    Header,
    /// A segment of a path (RFC 3986 §3.3): all that is not `pchar` is percent-encoded, and `;`, behind which some
    /// servers read parameters.
    Segment,
    /// A name or value of a query or form (WHATWG URL §5.2).
    Form,
    /// Between the quotes of a JSON string (RFC 8259 §7).
    Json,
    /// Bytes with a length of their own, such as a part of a multipart body.
    Bytes,
}

impl Target {
    /// Appends a value; false if it is unfit, and then what was appended is no use.
    pub(super) fn write(self, value: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Target::Header => {
                out.extend_from_slice(value);
                is_fit_for_header(value)
            }
            Target::Segment => {
                percent_encode(value, out, is_plain_in_segment);
                true
            }
            Target::Form => {
                encode_form(value, out);
                true
            }
            Target::Json => match std::str::from_utf8(value) {
                Ok(text) => {
                    json_encode(text, out);
                    true
                }
                Err(_) => false,
            },
            Target::Bytes => {
                out.extend_from_slice(value);
                true
            }
        }
    }

    /// Appends text that the operator wrote; false if it can't stand there. In a path it is written as it must be.
    pub(super) fn write_text(self, text: &str, out: &mut Vec<u8>) -> bool {
        match self {
            Target::Header => {
                out.extend_from_slice(text.as_bytes());
                is_plain(text.as_bytes())
            }
            Target::Segment => {
                out.extend_from_slice(text.as_bytes());
                true
            }
            _ => self.write(text.as_bytes(), out),
        }
    }
}

/// No byte that ends a line or a string for somebody; UTF-8 passes.
fn is_plain(value: &[u8]) -> bool {
    has_none_of(value, [0x7f; 2])
}

/// Nothing that an upstream would read as something else: spaces at the ends are taken away (RFC 9110 §5.5), so that
/// `ada ` would become another user's name.
pub(super) fn is_fit_for_header(value: &[u8]) -> bool {
    is_plain(value) && value.first() != Some(&b' ') && value.last() != Some(&b' ')
}

/// `pchar` without `;`.
fn is_plain_in_segment(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte)
}

/// Writes text as it stands between the quotes of a JSON string.
fn json_encode(text: &str, out: &mut Vec<u8>) {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    crate::refusal::push_json_string(&mut quoted, text);
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    out.extend_from_slice(inside.unwrap_or_default().as_bytes());
}
