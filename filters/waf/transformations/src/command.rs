//! `cmdLine`: what a shell would make of a command, roughly.

use std::borrow::Cow;

use crate::rewrite::changed;

/// Takes out quotes, backslashes and carets, makes one space of blanks, commas and semicolons, takes it out before `/` and
/// `(`, and lowers the case.
pub(crate) fn command_line(value: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        let is_behind_space = out.last() == Some(&b' ');
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !is_behind_space {
                    out.push(b' ');
                }
            }
            b'/' | b'(' => {
                if is_behind_space {
                    out.pop();
                }
                out.push(*byte);
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
    }
    changed(value, out)
}
